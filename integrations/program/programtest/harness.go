package programtest

import (
	"context"
	"encoding/json"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/program"
	"ramp.dev/ramp/integrations/targettest"
	"ramp.dev/ramp/internal/strictjson"
)

// suite is one run over one subject.
type suite struct {
	Subject
	description program.Description
	ways        []string // how the probe can widen a grant
}

// harness returns what the suite of all targets needs of a program.
func (s suite) harness() targettest.Harness {
	d := s.description
	h := targettest.Harness{
		Open: func(t *testing.T) integrations.Target { return s.open(t, nil) }, Target: name, Principal: s.Principal,
		Entitlement: d.Examples[0], Other: d.Examples[1],
		ListNames: s.names, Remove: s.remove, Use: s.use,
		Faulty: func(t *testing.T, f targettest.Fault, n int) integrations.Target { return s.open(t, faults(f, n)) },
		Slack:  2 * time.Second,
		Lacks: targettest.Lacks{
			Sessions: "nothing here opens a session that stays open",
			Foreign:  "nothing here makes things on the service that are not Ramp's",
		},
	}
	if !d.Has(program.OpMint) {
		h.Lacks.Mint = "the description has no operation mint"
	}
	if !d.Has(program.OpExtend) {
		h.Lacks.Extend = "the description has no operation extend"
	}
	if d.ConsistencySeconds == 0 {
		h.Lacks.NotFoundYet = "the description says that reads are consistent"
	}
	switch {
	case !d.EndsByItself:
		h.Lacks.Expiry = "the description says that the service ends nothing by itself: with Ramp gone, access goes on"
	case len(s.Probe) == 0:
		h.Lacks.Expiry = "without a probe (--probe) nothing uses the access, so that it ends by itself is the description's word alone"
	}
	if d.Has(program.OpDrift) {
		h.Widen = map[string]func(context.Context, access.Grant) error{}
		for _, way := range s.ways {
			h.Widen[way] = func(ctx context.Context, g access.Grant) error {
				return s.done(s.ask(ctx, question{Probe: "widen", Grant: granted(g), Way: way}))
			}
		}
	}
	return h
}

// open returns the subject as a target, with what comes between the two, if anything.
func (s suite) open(t *testing.T, between func(program.Caller) program.Caller) integrations.Target {
	t.Helper()
	c, err := s.Caller()
	require.NoError(t, err)
	if between != nil {
		c = between(c)
	}
	return program.New(name, s.description, c, timeout)
}

func granted(g access.Grant) *program.Grant {
	return &program.Grant{Name: g.Name, RequestID: g.RequestID, Principal: g.Principal, Entitlement: g.Entitlement, ExpiresAt: g.ExpiresAt}
}

func (s suite) done(f finding, err error) error {
	if err == nil && !f.Done {
		err = errors.New("the probe does not reply that it is done")
	}
	return err
}

// names returns what there is of Ramp's on the service.
func (s suite) names(ctx context.Context) ([]string, error) {
	if len(s.Probe) > 0 {
		f, err := s.ask(ctx, question{Probe: "names"})
		if err == nil && f.Names == nil {
			err = errors.New("the probe replies no names")
		}
		if err != nil {
			return nil, err
		}
		return *f.Names, nil
	}
	c, err := s.Caller()
	if err != nil {
		return nil, err
	}
	listed, err := program.New(name, s.description, c, timeout).List(ctx)
	var out []string
	for _, l := range listed {
		out = append(out, l.Name)
	}
	return out, err
}

// remove removes a grant, as somebody would by hand.
func (s suite) remove(ctx context.Context, grant string) error {
	if len(s.Probe) > 0 {
		return s.done(s.ask(ctx, question{Probe: "remove", Grant: &program.Grant{Name: grant}}))
	}
	c, err := s.Caller()
	if err != nil {
		return err
	}
	return program.New(name, s.description, c, timeout).Revoke(ctx, access.Grant{Name: grant})
}

// use uses the access once; without a probe it asks the program whether it is open.
func (s suite) use(ctx context.Context, g access.Grant, c access.Credential) error {
	if len(s.Probe) == 0 {
		caller, err := s.Caller()
		if err != nil {
			return err
		}
		found, err := program.New(name, s.description, caller, timeout).Inspect(ctx, g)
		if err == nil && !found.Open {
			err = targettest.ErrRefused
		}
		return err
	}
	q := question{Probe: "use", Grant: granted(g)}
	if s.description.Has(program.OpMint) {
		q.Credential = &c
	}
	f, err := s.ask(ctx, q)
	switch {
	case err != nil:
		return err
	case f.Works == nil:
		return errors.New("the probe does not reply whether the access works")
	case !*f.Works:
		return targettest.ErrRefused
	}
	return nil
}

// between is a caller with something between it and the subject.
type between func(ctx context.Context, id string, message []byte) ([]byte, error)

// Call implements program.Caller.
func (b between) Call(ctx context.Context, id string, message []byte) ([]byte, error) {
	return b(ctx, id, message)
}

// faults has the n-th call meet a fault; see targettest.Harness.
func faults(f targettest.Fault, n int) func(program.Caller) program.Caller {
	return func(to program.Caller) program.Caller {
		var calls atomic.Int64
		return between(func(ctx context.Context, id string, message []byte) ([]byte, error) {
			now := int(calls.Add(1))
			switch {
			case f == targettest.LostReply && now == n:
				_, _ = to.Call(ctx, id, message) // whatever it was, nobody hears of it
				return nil, access.Errorf(access.CodeUnavailable, "the reply was lost")
			case f == targettest.Throttled && now >= n:
				return nil, access.Errorf(access.CodeThrottled, "too many calls")
			case f == targettest.Unavailable && now >= n:
				return nil, access.Errorf(access.CodeUnavailable, "it cannot be reached")
			case f == targettest.NotFoundYet && now >= n:
				return notFoundYet(ctx, to, id, message)
			}
			return to.Call(ctx, id, message)
		})
	}
}

// notFoundYet replies as a service that does not see its own objects yet.
func notFoundYet(ctx context.Context, to program.Caller, id string, message []byte) ([]byte, error) {
	var r program.Request
	if err := strictjson.UnmarshalOpen(message, &r); err != nil {
		return nil, err
	}
	reply := program.Reply{Ramp: program.Version, Call: id}
	switch r.Operation {
	case program.OpInspect:
		reply.Open = new(bool)
	case program.OpRevoke:
		reply.Done = true
	case program.OpList:
		reply.Grants = &[]integrations.ListedGrant{}
	default:
		return to.Call(ctx, id, message)
	}
	return json.Marshal(reply)
}
