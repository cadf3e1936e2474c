// Package targettest is the conformance suite of targets. A new integration
// passes Run against its real service, or it is not merged: a fake agrees with
// its author. The suite reaches the target as the Broker does, through
// integrations.Guard.
//
// The suite comes in tiers: core, expiry, sessions, mint, extend, concurrency,
// overlap, faults, drift, foreign. What a target lacks it says in a named field
// of Lacks, with the reason; a tier that is neither lacking nor supplied fails.
// A target whose service forces grants to share objects passes Sharing as well.
package targettest
