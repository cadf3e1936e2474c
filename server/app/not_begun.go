package app

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
)

// notBegunLedger knows the requests that are ending, and records which of their grants
// were never begun.
type notBegunLedger interface {
	EndingFor(ctx context.Context, before time.Time, most int) (ids []string, err error)
	PlanEnvelope(ctx context.Context, id string) ([]byte, error)
	Grants(ctx context.Context, f ledger.GrantFilter) ([]ledger.GrantRecord, error)
	RuleOut(ctx context.Context, requestID, grant, target string, at time.Time) error
	AddStatement(ctx context.Context, s access.Statement) error
}

// notBegunSigner signs that a grant was never begun.
type notBegunSigner interface {
	SignNotBegun(n access.NotBegun) (evidence.Envelope, error)
}

// notBegun signs which grants of requests that are ending were never begun, so that a
// target which is off does not keep a request from ending of which it never had anything.
//
// The order of events decides: a worker records that it is about to open a grant before it
// touches the target. So the server first records that the grant is ruled out, which the
// ledger refuses if an opening was recorded, and after which it refuses to record one. Then
// it verifies the log, that event included, and signs only if no opening is in it. Nothing
// of this comes from a workflow, or from a column that somebody could set (docs/threats.md,
// case 156).
type notBegun struct {
	ledger notBegunLedger
	signer notBegunSigner
	keys   evidence.Keyring // of all servers: another one may have signed the plan
	log    *auditor
	warn   logrus.FieldLogger
	now    clock
	next   map[string]time.Time // by request, when it is looked at again
}

const (
	ruleOutEvery = 5 * time.Second
	// ruleOutAfter is how long a request has been ending before anything is ruled out: most
	// are over by then, and their targets were asked.
	ruleOutAfter = 10 * time.Second
	// ruleOutAgain is how long a request is left alone of which nothing could be signed.
	ruleOutAgain = time.Minute
	// ruleOutDone is how long one is left alone of which all is signed; it is done again
	// then, should somebody have deleted that.
	ruleOutDone = time.Hour
	ruleOutMost = 1000 // requests that are looked at in one round
)

// RuleOutNotBegun works until ctx ends.
func (n *notBegun) RuleOutNotBegun(ctx context.Context) {
	repeat(ctx, ruleOutEvery, func() { n.ruleOutOnce(ctx) })
}

func (n *notBegun) ruleOutOnce(ctx context.Context) {
	now := n.now()
	ids, err := n.ledger.EndingFor(ctx, now.Add(-ruleOutAfter), ruleOutMost)
	if err != nil {
		if ctx.Err() == nil {
			n.warn.WithError(err).Warn("requests that are ending cannot be listed")
		}
		return
	}
	for id := range n.next {
		if !slices.Contains(ids, id) {
			delete(n.next, id)
		}
	}
	for _, id := range ids {
		if now.Before(n.next[id]) {
			continue
		}
		n.next[id] = now.Add(ruleOutAgain)
		switch err := n.ruleOut(ctx, id); {
		case err == nil:
			n.next[id] = now.Add(ruleOutDone)
		case access.CodeOf(err) != access.CodeTooLate && ctx.Err() == nil: // otherwise it has ended meanwhile
			n.warn.WithError(err).WithField("request", id).Error("which grants of this request were never begun cannot be signed: it ends when their targets' workers have looked")
		}
	}
}

// ruleOut rules out the grants of a request that the ledger has no row of, and signs of
// each that it was never begun, if the log says so too.
func (n *notBegun) ruleOut(ctx context.Context, id string) error {
	stored, err := n.ledger.PlanEnvelope(ctx, id)
	if err != nil {
		return err
	}
	envelope, err := evidence.ReadEnvelope(stored)
	if err != nil {
		return err
	}
	plan, err := n.keys.VerifyPlan(envelope)
	if err != nil {
		return err
	}
	rows, err := n.ledger.Grants(ctx, ledger.GrantFilter{RequestID: id})
	if err != nil {
		return err
	}
	out := slices.DeleteFunc(slices.Clone(plan.Grants), func(g access.PlannedGrant) bool {
		return slices.ContainsFunc(rows, func(r ledger.GrantRecord) bool { return r.Name == g.Name })
	})
	for _, g := range out {
		if err := n.ledger.RuleOut(ctx, id, g.Name, g.Target, n.now()); err != nil {
			return err
		}
	}
	if len(out) == 0 {
		return nil
	}
	size, err := n.checkLog(ctx, plan, out)
	if err != nil {
		return err
	}
	for _, g := range out {
		if err := n.sign(ctx, access.NotBegun{RequestID: id, PlanDigest: plan.Digest, Grant: g.Name, Target: g.Target, LogSize: size, At: n.now()}); err != nil {
			return err
		}
	}
	return nil
}

// checkLog verifies the log since the plan was made: each of the grants is ruled out, and
// none of them was begun. It returns how many events the log has. Errors are CodeEvidence,
// or those of reading the log.
func (n *notBegun) checkLog(ctx context.Context, plan access.Plan, out []access.PlannedGrant) (size int64, err error) {
	ruledOut, created := map[string]bool{}, false
	size, err = n.log.eventsSince(ctx, plan, func(leaf int64, e access.Event) error {
		grant := e.Detail["grant"]
		switch e.Kind {
		case access.EventRequestCreated:
			created = created || e.Detail["planDigest"] == plan.Digest
		case access.EventGrantNotBegun:
			ruledOut[grant] = true
		case access.EventGrantIntended, access.EventGrantOpened, access.EventGrantClosed, access.EventCredentialMinted:
			if slices.ContainsFunc(out, func(g access.PlannedGrant) bool { return g.Name == grant }) {
				return access.Errorf(access.CodeEvidence, "event %d of the log records that grant %s was begun, and the ledger's row of it is missing", leaf+1, access.Clip(grant, 60))
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	if !created {
		return 0, access.Errorf(access.CodeEvidence, "the log has no event of the request being made")
	}
	for _, g := range out {
		if !ruledOut[g.Name] {
			return 0, access.Errorf(access.CodeEvidence, "the log has no event that rules grant %s out", g.Name)
		}
	}
	return size, nil
}

func (n *notBegun) sign(ctx context.Context, s access.NotBegun) error {
	signed, err := n.signer.SignNotBegun(s)
	if err != nil {
		return err
	}
	envelope, err := json.Marshal(signed)
	if err != nil {
		return err
	}
	return n.ledger.AddStatement(ctx, access.Statement{RequestID: s.RequestID, Key: access.KeyNotBegun(s.Grant), Envelope: envelope})
}
