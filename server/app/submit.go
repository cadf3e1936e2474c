package app

import (
	"context"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/failpoint"
	"ramp.dev/ramp/ledger"
)

// submissionLedger records new requests.
type submissionLedger interface {
	Submit(ctx context.Context, s ledger.Submission) (created bool, err error)
	Request(ctx context.Context, id string) (access.Request, error)
}

// submitter makes requests.
type submitter struct {
	planner *planner
	ledger  submissionLedger
	starter *starter
	refused refusals
	maxOpen int // requests that a person may have open at once
}

// maxKey bounds an idempotency key, in bytes.
const maxKey = 200

// DryRun returns the request that Submit would make, and records and starts
// nothing.
func (s *submitter) DryRun(ctx context.Context, by access.Actor, in access.RequestInput) (access.Request, error) {
	made, err := s.planner.propose(ctx, by, in, access.NewRequestID())
	if err != nil {
		return access.Request{}, err
	}
	return made.request(), nil
}

// Submit makes a request. With an idempotency key, a second call returns the
// request that the first one made (created is false), for each thing that asks in the
// person's name apart; the same key for another input is CodeConflict. The ledger is written before the workflow is started:
// StartUnstarted starts it where a crash came between the two.
func (s *submitter) Submit(ctx context.Context, by access.Actor, in access.RequestInput, key string) (r access.Request, created bool, err error) {
	id, earlier, err := s.identify(ctx, by, in, key)
	if err != nil || earlier != nil {
		return deref(earlier), false, err
	}
	made, err := s.planner.propose(ctx, by, in, id)
	if err == nil {
		err = made.plan.AllowsRequest()
	}
	if err != nil {
		return r, false, s.refused.record(ctx, by, "", access.ActRequest.Of(in.Contract), err)
	}
	submission, err := s.planner.submission(made, in)
	if err != nil {
		return r, false, err
	}
	submission.MaxOpen = s.maxOpen
	if created, err = s.ledger.Submit(ctx, submission); err != nil {
		return r, false, s.refused.record(ctx, by, "", access.ActRequest.Of(in.Contract), err)
	}
	failpoint.Here(failpoint.RequestWritten)
	if created {
		s.starter.start(ctx, made.plan, made.signed)
	}
	r, err = s.ledger.Request(ctx, id)
	return r, created, err
}

// identify returns the id of the request to make; or, where the key has made
// one already, that request.
func (s *submitter) identify(ctx context.Context, by access.Actor, in access.RequestInput, key string) (id string, earlier *access.Request, err error) {
	if key == "" {
		return access.NewRequestID(), nil, nil
	}
	if len(key) > maxKey {
		return "", nil, access.Invalid(access.Issue{Code: "idempotency_key_too_long", Field: "Idempotency-Key", Message: "the key may have 200 bytes"})
	}
	id = by.RequestIDFor(key)
	r, err := s.ledger.Request(ctx, id)
	if err != nil {
		return id, nil, nil // none yet, or none that can be read: Submit fails if it is the latter
	}
	// Submitting once more compares the two inputs.
	_, err = s.ledger.Submit(ctx, ledger.Submission{Request: r, Input: in})
	return id, &r, err
}

// deref returns what p points at; the zero value where it points at nothing.
func deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
