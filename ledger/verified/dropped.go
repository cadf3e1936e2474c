package verified

import (
	"context"

	"ramp.dev/ramp/access"
)

// removal is what a signed removal says of requests.
type removal struct {
	dropped  access.Dropped
	requests map[string]access.RemovedRequest
}

// outline returns a request that the ledger says was dropped as a server has signed that it
// was. It reports false where none has, so that nobody hides a request by such a row. Errors
// are those of reading the ledger.
func (v *Requests) outline(ctx context.Context, r access.Request) (out access.Request, signed bool, err error) {
	of, err := v.removal(ctx, r.Dropped.Event)
	if err != nil {
		return out, false, err
	}
	kept, ok := of.requests[r.ID]
	if !ok {
		return out, false, nil
	}
	out = kept.Request(of.dropped)
	if r.State != out.State || r.Contract != out.Contract || !r.CreatedAt.Equal(out.CreatedAt) {
		out.Altered = append(out.Altered, "state, contract or time in the ledger are not those that were signed when the rest was dropped by policy")
	}
	return out, true, nil
}

// maxRemovals bounds how many removals are remembered. When there are more, all are
// forgotten.
const maxRemovals = 1000

// removal returns a removal by the number of its event, verified once; of one that is not
// there, that no server has signed, or that is of another log, nothing: a copy of the ledger
// is signed with the same key and has removals of its own. Whoever changes the name of the
// log in the database stops every server from signing it.
func (v *Requests) removal(ctx context.Context, event int64) (removal, error) {
	v.mu.Lock()
	of, known := v.removals[event]
	v.mu.Unlock()
	if known {
		return of, nil
	}
	stored, err := v.Ledger.Removal(ctx, event)
	if access.CodeOf(err) == access.CodeNotFound {
		return of, nil
	}
	if err != nil {
		return of, err
	}
	signed, _, err := v.Keys.VerifyRemoval(stored)
	if err != nil {
		return of, nil // it is looked at again whenever it is read
	}
	log, err := v.Ledger.Tree(ctx)
	if err != nil || signed.Log != log.Origin {
		return of, err
	}
	of = removal{access.Dropped{At: signed.At, Event: event}, map[string]access.RemovedRequest{}}
	for _, r := range signed.Requests {
		of.requests[r.ID] = r
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.removals == nil || len(v.removals) >= maxRemovals {
		v.removals = map[int64]removal{}
	}
	v.removals[event] = of
	return of, nil
}
