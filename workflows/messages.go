package workflows

import (
	"go.temporal.io/sdk/workflow"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
)

// How many messages of each kind one request accepts, far below Temporal's limits for one
// history (docs/threats.md, case 39).
const (
	maxApprovals  = 100
	maxExtensions = 100
	maxPickUps    = 200 // each mints one more credential
	maxRecounts   = 100 // what is missed is found before anything opens
)

// maxEnvelope bounds a signed statement, in bytes.
const maxEnvelope = 16 << 10

// validateSize refuses a statement that would fill the history.
func validateSize(m SignedStatement) error {
	size := len(m.Envelope.Payload) + len(m.Envelope.PayloadType)
	for _, s := range m.Envelope.Signatures {
		size += len(s.KeyID) + len(s.Sig)
	}
	if size > maxEnvelope {
		return api.ToTemporal(access.Errorf(access.CodeTooLarge, "the statement has %d bytes; at most %d are taken", size, maxEnvelope))
	}
	return nil
}

// validateCount refuses one message more than a request takes.
func validateCount(received, limit int, what string) error {
	if received < limit {
		return nil
	}
	return api.ToTemporal(access.Errorf(access.CodeThrottled, "this request has taken %d %s, and takes no more", limit, what))
}

// handleMessages registers every handler. An update that a validator rejects
// leaves no trace in the history: the server records it.
func (r *request) handleMessages() error {
	for _, u := range []struct {
		name               string
		handler, validator any
	}{
		{UpdateDecide, r.onDecide, r.validateDecision},
		{UpdateExtend, r.onExtend, r.validateExtension},
		{UpdatePickUp, r.onPickUp, r.validatePickUp},
	} {
		if err := workflow.SetUpdateHandlerWithOptions(r.ctx, u.name, u.handler, workflow.UpdateHandlerOptions{Validator: u.validator}); err != nil {
			return err
		}
	}
	if r.first() {
		r.receiveApart()
	}
	return workflow.SetQueryHandler(r.ctx, QueryStatus, func() (Status, error) { return r.status(), nil })
}

// validateChange is what the validators of extensions and pick-ups have in
// common. The ledger may say active a moment before this workflow learns it: an
// order that comes in that moment is accepted, and waits for the opening.
func (r *request) validateChange(m SignedStatement) error {
	if err := validateSize(m); err != nil {
		return err
	}
	if r.State == access.StateGranting && r.End == nil {
		return nil
	}
	return r.requireActive()
}

// awaitActive waits for an opening that is under way.
func (r *request) awaitActive(ctx workflow.Context) error {
	if err := workflow.Await(ctx, func() bool { return r.State != access.StateGranting }); err != nil {
		return err
	}
	return r.requireActive()
}

func (r *request) requireActive() error {
	if r.State != access.StateActive || r.End != nil {
		return api.ToTemporal(access.Errorf(access.CodeConflict, "the request is %s, not active", r.State))
	}
	return nil
}
