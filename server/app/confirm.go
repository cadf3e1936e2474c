package app

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// confirmationLedger knows the planned starts that have come, and all that was
// signed about them.
type confirmationLedger interface {
	Starting(ctx context.Context, from, until time.Time) (ids []string, err error)
	PlanEnvelope(ctx context.Context, id string) ([]byte, error)
	Statements(ctx context.Context, requestID string) ([][]byte, error)
	AddStatement(ctx context.Context, s access.Statement) error
}

// confirmationSigner signs which decisions there are on a plan, and that there are no
// others.
type confirmationSigner interface {
	SignConfirmation(c access.Confirmation) (evidence.Envelope, error)
}

// confirmer confirms planned starts when they come: an approval that was given days
// before proves nothing about a denial that came since, and somebody who writes to the
// ledger and to Temporal could take that denial away. The server signs only if the log,
// which goes on from what it has signed before, has no decision that is not here, and
// no order to end (docs/threats.md, case 60).
type confirmer struct {
	ledger confirmationLedger
	signer confirmationSigner
	keys   evidence.Keyring // the server's own
	log    *auditor
	warn   logrus.FieldLogger
	now    clock
}

const (
	confirmEvery = time.Second
	// rememberEvery is how often the server takes a checkpoint of the log by itself, so
	// that a denial that another server took is among what it knows.
	rememberEvery = time.Minute
)

// ConfirmStarts works until ctx ends.
func (c *confirmer) ConfirmStarts(ctx context.Context) {
	remembered := time.Time{}
	repeat(ctx, confirmEvery, func() {
		if c.now().Sub(remembered) >= rememberEvery {
			if _, _, err := c.log.checkpoint(ctx); err == nil {
				remembered = c.now()
			}
		}
		c.confirmOnce(ctx)
	})
}

func (c *confirmer) confirmOnce(ctx context.Context) {
	now := c.now()
	ids, err := c.ledger.Starting(ctx, now.Add(-access.ActWithin), now.Add(access.ConfirmAhead))
	if err != nil {
		if ctx.Err() == nil {
			c.warn.WithError(err).Warn("planned starts cannot be listed")
		}
		return
	}
	for _, id := range ids {
		if err := c.confirm(ctx, id); err != nil && ctx.Err() == nil {
			c.warn.WithError(err).WithField("request", id).Error("a planned start is not confirmed: nothing opens for it")
		}
	}
}

// confirm signs that no decision on a request is missing, and stores that for the
// worker that opens it. A request that was denied or ended needs none, nor one whose
// start has not come or has passed.
func (c *confirmer) confirm(ctx context.Context, id string) error {
	proof, err := c.proof(ctx, id)
	if err != nil {
		return err
	}
	t, now := proof.Term(""), c.now()
	if t.Stopped != nil || t.Tally != access.TallySatisfied || now.Before(t.Opens.Add(-access.ConfirmAhead)) || now.After(t.OpenBy) {
		return nil
	}
	keys := access.DecisionKeys(proof.Decisions)
	if err := c.checkLog(ctx, proof.Plan, keys); err != nil {
		return err
	}
	signed, err := c.signer.SignConfirmation(access.Confirmation{RequestID: id, PlanDigest: proof.Plan.Digest, Decisions: keys, At: c.now()})
	if err != nil {
		return err
	}
	envelope, err := json.Marshal(signed)
	if err != nil {
		return err
	}
	return c.ledger.AddStatement(ctx, access.Statement{RequestID: id, Key: access.KeyConfirmation, Envelope: envelope})
}

// proof is all that was signed about a request, verified.
func (c *confirmer) proof(ctx context.Context, id string) (evidence.Authorized, error) {
	b, err := c.ledger.PlanEnvelope(ctx, id)
	if err != nil {
		return evidence.Authorized{}, err
	}
	plan, err := evidence.ReadEnvelope(b)
	if err != nil {
		return evidence.Authorized{}, err
	}
	stored, err := c.ledger.Statements(ctx, id)
	if err != nil {
		return evidence.Authorized{}, err
	}
	var statements []evidence.Envelope
	for _, b := range stored {
		if e, err := evidence.ReadEnvelope(b); err == nil {
			statements = append(statements, e)
		}
	}
	return c.keys.AuthorizeRequest(plan, statements, evidence.Keyring{})
}

// checkLog verifies the log since the plan was made, and that it records no decision
// but these, and no end. Errors are CodeEvidence, or those of reading the log.
func (c *confirmer) checkLog(ctx context.Context, plan access.Plan, decisions []string) error {
	created := false
	_, err := c.log.eventsSince(ctx, plan, func(leaf int64, e access.Event) error {
		switch e.Kind {
		case access.EventRequestCreated:
			created = created || e.Detail["planDigest"] == plan.Digest
		case access.EventDecisionRecorded:
			if !slices.Contains(decisions, e.Key) {
				return access.Errorf(access.CodeEvidence, "event %d of the log records a decision of %s, and the signed decision is missing from the ledger", leaf+1, e.Actor)
			}
		case access.EventEndOrdered, access.EventRequestDenied, access.EventRequestCancelled, access.EventRequestLapsed, access.EventRequestFailed:
			return access.Errorf(access.CodeEvidence, "event %d of the log records that the request is over", leaf+1)
		}
		return nil
	})
	if err == nil && !created {
		err = access.Errorf(access.CodeEvidence, "the log has no event of the request being made")
	}
	return err
}

// leaves reads the log's leaves as the ledger has them.
type leaves struct{ ledger auditLedger }

// Leaves implements evidence.LogReader.
func (l leaves) Leaves(ctx context.Context, from, to int64) ([]evidence.LogLeaf, error) {
	entries, err := l.ledger.Entries(ctx, from, to)
	if err != nil {
		return nil, err
	}
	events := make([]access.Event, len(entries))
	for i, e := range entries {
		events[i] = e.Event
	}
	return evidence.LeavesOf(from, events, l.ledger.HashReader(ctx))
}

// Removal implements evidence.LogReader.
func (l leaves) Removal(ctx context.Context, event int64) ([]byte, error) {
	return l.ledger.Removal(ctx, event)
}
