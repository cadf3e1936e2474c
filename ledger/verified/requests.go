// Package verified reads requests out of the ledger as they were signed. Everybody who
// writes to the ledger's database can change what its columns say: approvers would
// read one plan and approve the digest of another, and who has left would be somebody
// else (docs/threats.md, case 53). So plan, requester, decisions and review come from
// envelopes whose signatures are verified, each text once in a process, and the columns
// serve to find requests and for nothing else. A column that differs, or that cannot be read, is an
// alarm.
package verified

import (
	"context"
	"crypto/sha256"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// Ledger is what is read, and where alarms are recorded.
type Ledger interface {
	Request(ctx context.Context, id string) (access.Request, error)
	Requests(ctx context.Context, f ledger.RequestFilter) (items []access.Request, next string, err error)
	ShownStatements(ctx context.Context, requestIDs ...string) (map[string][][]byte, error)
	AppendEvent(ctx context.Context, e access.Event) error
	Removal(ctx context.Context, event int64) ([]byte, error)
	Tree(ctx context.Context) (ledger.Tree, error)
}

// Requests reads requests as they were signed. It is safe for concurrent use.
type Requests struct {
	Ledger Ledger
	Keys   Verifier // by the keys of the servers whose statements count
	Log    logrus.FieldLogger
	Now    func() time.Time
	Count  func() // of requests that were found altered; may be nil

	mu         sync.Mutex
	statements map[[sha256.Size]byte]statement // verified, by their envelopes
	removals   map[int64]removal               // verified, by the number of their events
	raised     map[string]bool                 // the alarms of this process
}

// maxVerified bounds how many statements, and alarms, are remembered. When there are more,
// all are forgotten.
const maxVerified = 10_000

// Request returns one request as it was signed; see ledger.Ledger.
func (v *Requests) Request(ctx context.Context, id string) (access.Request, error) {
	r, err := v.Ledger.Request(ctx, id)
	if err != nil {
		return r, err
	}
	list, err := v.AsSigned(ctx, []access.Request{r})
	if err != nil {
		return access.Request{}, err
	}
	return list[0], nil
}

// Requests lists requests as they were signed; see ledger.Ledger. The filter's columns
// only find them: what does not belong into the list by what was signed is left out.
func (v *Requests) Requests(ctx context.Context, f ledger.RequestFilter) ([]access.Request, string, error) {
	items, next, err := v.Ledger.Requests(ctx, f)
	if err != nil {
		return nil, "", err
	}
	if items, err = v.AsSigned(ctx, items); err != nil {
		return nil, "", err
	}
	return slices.DeleteFunc(items, func(r access.Request) bool {
		return f.Requester != "" && r.Requester.ID != f.Requester || f.Contract != "" && r.Contract != f.Contract ||
			f.Target != "" && !slices.ContainsFunc(r.Plan.Grants, func(g access.PlannedGrant) bool { return g.Target == f.Target })
	}), next, nil
}

// AsSigned returns requests as they were signed, each with what differs in the ledger.
func (v *Requests) AsSigned(ctx context.Context, list []access.Request) ([]access.Request, error) {
	ids := make([]string, len(list))
	for i, r := range list {
		ids[i] = r.ID
	}
	statements, err := v.Ledger.ShownStatements(ctx, ids...)
	if err != nil {
		return nil, err
	}
	out := make([]access.Request, len(list))
	for i, r := range list {
		if out[i], err = v.oneAsSigned(ctx, r, statements[r.ID]); err != nil {
			return nil, err
		}
		if len(out[i].Altered) == 0 {
			continue
		}
		if out[i], err = v.readAgain(ctx, r.ID); err != nil {
			return nil, err
		}
		if len(out[i].Altered) > 0 {
			v.raise(ctx, out[i])
		}
	}
	return out, nil
}

func (v *Requests) oneAsSigned(ctx context.Context, r access.Request, statements [][]byte) (access.Request, error) {
	if r.Dropped != nil {
		if outline, signed, err := v.outline(ctx, r); signed || err != nil {
			return outline, err
		}
	}
	plan, err := v.plan(r.PlanEnvelope)
	if err == nil && plan.RequestID != r.ID {
		err = access.Errorf(access.CodeEvidence, "its plan is that of request %s", access.Clip(plan.RequestID, 40))
	}
	if err != nil {
		return unsigned(r, err), nil
	}
	r.Dropped = nil // its plan is there
	out := restored(r, plan, v.decisions(plan, statements), v.review(plan, statements))
	out.Asked, out.EndOrders = v.asked(out, statements), v.ends(plan, statements)
	return out, nil
}

// readAgain reads a request that seems altered once more, row after statements: a
// decision that was recorded between the two reads is no alarm.
func (v *Requests) readAgain(ctx context.Context, id string) (out access.Request, err error) {
	for range 3 {
		before, err := v.Ledger.ShownStatements(ctx, id)
		if err != nil {
			return out, err
		}
		r, err := v.Ledger.Request(ctx, id)
		if err != nil {
			return out, err
		}
		if out, err = v.oneAsSigned(ctx, r, before[id]); err != nil || len(out.Altered) == 0 {
			return out, err
		}
	}
	return out, nil
}

// plan returns the plan in an envelope.
func (v *Requests) plan(envelope []byte) (access.Plan, error) {
	s, err := v.statement(envelope)
	if err == nil && s.plan == nil {
		err = access.Errorf(access.CodeEvidence, "the statement is no plan")
	}
	if err != nil {
		return access.Plan{}, err
	}
	return *s.plan, nil
}

// decisions returns those decisions on a plan that were signed, in the order of their
// times.
func (v *Requests) decisions(p access.Plan, envelopes [][]byte) []access.Decision {
	out := []access.Decision{}
	for _, b := range envelopes {
		if s, err := v.statement(b); err == nil && s.decision != nil && s.decision.RequestID == p.RequestID && s.decision.PlanDigest == p.Digest {
			out = append(out, *s.decision)
		}
	}
	slices.SortStableFunc(out, func(a, b access.Decision) int { return a.At.Compare(b.At) })
	return out
}

// ends returns the orders to end that a server signed, in the order of their times. One that
// a worker signed, or nobody, ends access as well, and nothing is said of who gave it.
func (v *Requests) ends(p access.Plan, envelopes [][]byte) (out []access.EndOrder) {
	for _, b := range envelopes {
		if s, err := v.statement(b); err == nil && s.end != nil && s.end.RequestID == p.RequestID && s.end.PlanDigest == p.Digest {
			out = append(out, *s.end)
		}
	}
	slices.SortStableFunc(out, func(a, b access.EndOrder) int { return a.At.Compare(b.At) })
	return out
}

// review returns the review of a plan's use of break glass that was signed and counts,
// nil if there is none.
func (v *Requests) review(p access.Plan, envelopes [][]byte) *access.Review {
	for _, b := range envelopes {
		if s, err := v.statement(b); err == nil && s.review != nil && p.AllowsReview(*s.review) == nil {
			r := *s.review
			return &r
		}
	}
	return nil
}

// recordWithin bounds how long somebody who reads waits for the record of an alarm. A ledger
// that is only busy takes it in this time: of a request that has ended meanwhile there may be
// no next read that says it again.
const recordWithin = 10 * time.Second

// raise says, once in this process and once in the log, that the ledger was changed. What
// could not be recorded is said again at the next read.
func (v *Requests) raise(ctx context.Context, r access.Request) {
	what := strings.Join(r.Altered, "; ")
	v.mu.Lock()
	told := v.raised[r.ID+what]
	if v.raised == nil || len(v.raised) >= maxVerified {
		v.raised = map[string]bool{}
	}
	v.raised[r.ID+what] = true
	v.mu.Unlock()
	if told {
		return
	}
	if v.Count != nil {
		v.Count()
	}
	log := v.Log.WithField("request", r.ID)
	log.Error("the ledger was changed by something else than Ramp: " + what)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	if err := v.Ledger.AppendEvent(ctx, access.Event{At: v.Now(), RequestID: r.ID, Kind: access.EventRecordAltered, Actor: access.ActorRamp, Message: what,
		Key: access.KeyAltered(what)}); err != nil {
		v.mu.Lock()
		delete(v.raised, r.ID+what)
		v.mu.Unlock()
		log.WithError(err).Error("the alarm is not recorded yet")
	}
}
