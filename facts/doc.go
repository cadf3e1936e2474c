// Package facts asks the world outside of Ramp what contracts want to know: whether a
// ticket is open, who is on call. A source replies with what it knows, or that there is
// no such thing; what it cannot say is unknown, with the reason, and nobody takes it for
// anything else.
//
// Typical usage:
//
//	known := facts.New(config, log, nil)
//	input.Facts = known.Ask(ctx, contract.Questions(request)...)
package facts
