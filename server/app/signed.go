package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/internal/strictjson"
	"ramp.dev/ramp/ledger"
)

// signedLedger reads requests out of the ledger as they were signed. Everybody who
// writes to the ledger's database can change what its columns say: approvers would
// read one plan and approve the digest of another (docs/threats.md, case 53). So
// plan, requester, decisions and review come from envelopes whose signatures are verified at
// each read, and the columns serve to find requests and for nothing else. A column
// that differs is an alarm.
type signedLedger struct {
	Ledger
	keys  evidence.Keyring
	log   logrus.FieldLogger
	now   clock
	count func() // of requests that were found altered; may be nil

	mu     sync.Mutex
	plans  map[[sha256.Size]byte]access.Plan // verified, by their envelopes
	raised map[string]bool                   // the alarms of this process
}

// maxVerified bounds how many plans, and alarms, are remembered. When there are more,
// all are forgotten.
const maxVerified = 10_000

// Request returns one request as it was signed; see ledger.Ledger.
func (l *signedLedger) Request(ctx context.Context, id string) (access.Request, error) {
	r, err := l.Ledger.Request(ctx, id)
	if err != nil {
		return r, err
	}
	list, err := l.asSigned(ctx, []access.Request{r})
	if err != nil {
		return access.Request{}, err
	}
	return list[0], nil
}

// Requests lists requests as they were signed; see ledger.Ledger. The filter's columns
// only find them: what does not belong into the list by what was signed is left out.
func (l *signedLedger) Requests(ctx context.Context, f ledger.RequestFilter) ([]access.Request, string, error) {
	items, next, err := l.Ledger.Requests(ctx, f)
	if err != nil {
		return nil, "", err
	}
	if items, err = l.asSigned(ctx, items); err != nil {
		return nil, "", err
	}
	return slices.DeleteFunc(items, func(r access.Request) bool {
		return f.Requester != "" && r.Requester.ID != f.Requester || f.Contract != "" && r.Contract != f.Contract ||
			f.Target != "" && !slices.ContainsFunc(r.Plan.Grants, func(g access.PlannedGrant) bool { return g.Target == f.Target })
	}), next, nil
}

// Unstarted lists requests whose workflow is not known to exist, as they were signed;
// see ledger.Ledger. One whose plan nobody signed is left out, and is an alarm.
func (l *signedLedger) Unstarted(ctx context.Context, before time.Time) ([]ledger.Submission, error) {
	list, err := l.Ledger.Unstarted(ctx, before)
	if err != nil {
		return nil, err
	}
	out := []ledger.Submission{}
	for _, s := range list {
		signed, err := l.asSigned(ctx, []access.Request{s.Request})
		if err != nil {
			return nil, err
		}
		if s.Request = signed[0]; s.Request.Plan.Digest != "" {
			out = append(out, s)
		}
	}
	return out, nil
}

// asSigned returns requests as they were signed, each with what differs in the ledger.
func (l *signedLedger) asSigned(ctx context.Context, list []access.Request) ([]access.Request, error) {
	ids := make([]string, len(list))
	for i, r := range list {
		ids[i] = r.ID
	}
	statements, err := l.ShownStatements(ctx, ids...)
	if err != nil {
		return nil, err
	}
	out := make([]access.Request, len(list))
	for i, r := range list {
		out[i] = l.oneAsSigned(r, statements[r.ID])
		if len(out[i].Altered) == 0 {
			continue
		}
		if out[i], err = l.readAgain(ctx, r.ID); err != nil {
			return nil, err
		}
		if len(out[i].Altered) > 0 {
			l.raise(ctx, out[i])
		}
	}
	return out, nil
}

func (l *signedLedger) oneAsSigned(r access.Request, statements [][]byte) access.Request {
	plan, err := l.plan(r.PlanEnvelope)
	if err == nil && plan.RequestID != r.ID {
		err = access.Errorf(access.CodeEvidence, "its plan is that of request %s", access.Clip(plan.RequestID, 40))
	}
	if err != nil {
		return unsigned(r, err)
	}
	out := restored(r, plan, l.decisions(plan, statements), l.review(plan, statements))
	out.Asked = l.asked(out, statements)
	return out
}

// readAgain reads a request that seems altered once more, row after statements: a
// decision that was recorded between the two reads is no alarm.
func (l *signedLedger) readAgain(ctx context.Context, id string) (out access.Request, err error) {
	for range 3 {
		before, err := l.ShownStatements(ctx, id)
		if err != nil {
			return out, err
		}
		r, err := l.Ledger.Request(ctx, id)
		if err != nil {
			return out, err
		}
		if out = l.oneAsSigned(r, before[id]); len(out.Altered) == 0 {
			return out, nil
		}
	}
	return out, nil
}

// plan returns the plan in an envelope, verified once for each text of the envelope.
func (l *signedLedger) plan(envelope []byte) (access.Plan, error) {
	key := sha256.Sum256(envelope)
	l.mu.Lock()
	p, known := l.plans[key]
	l.mu.Unlock()
	if known {
		return p, nil
	}
	e, err := evidence.ReadEnvelope(envelope)
	if err != nil {
		return p, err
	}
	if p, err = l.keys.VerifyPlan(e); err != nil {
		return p, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.plans == nil || len(l.plans) >= maxVerified {
		l.plans = map[[sha256.Size]byte]access.Plan{}
	}
	l.plans[key] = p
	return p, nil
}

// decisions returns those decisions on a plan that were signed, in the order of their
// times.
func (l *signedLedger) decisions(p access.Plan, envelopes [][]byte) []access.Decision {
	out := []access.Decision{}
	for _, b := range envelopes {
		e, err := evidence.ReadEnvelope(b)
		if err != nil {
			continue
		}
		if d, err := l.keys.VerifyDecision(e); err == nil && d.RequestID == p.RequestID && d.PlanDigest == p.Digest {
			out = append(out, d)
		}
	}
	slices.SortStableFunc(out, func(a, b access.Decision) int { return a.At.Compare(b.At) })
	return out
}

// review returns the review of a plan's use of break glass that was signed and counts,
// nil if there is none.
func (l *signedLedger) review(p access.Plan, envelopes [][]byte) *access.Review {
	for _, b := range envelopes {
		e, err := evidence.ReadEnvelope(b)
		if err != nil {
			continue
		}
		if r, err := l.keys.VerifyReview(e); err == nil && p.AllowsReview(r) == nil {
			return &r
		}
	}
	return nil
}

// unsigned is a request of which nothing can be shown but that it is there: nobody
// sees it but operators, who can still revoke it.
func unsigned(r access.Request, why error) access.Request {
	return access.Request{ID: r.ID, State: r.State, Outcome: r.Outcome, CreatedAt: r.CreatedAt, ActiveAt: r.ActiveAt, ExpiresAt: r.ExpiresAt, EndedAt: r.EndedAt,
		Overdue: r.Overdue, Problem: r.Problem, Plan: access.Plan{RequestID: r.ID}, Stages: []access.StageStatus{}, Decisions: []access.Decision{},
		Altered: []string{"the plan in the ledger is not one that Ramp signed for this request: " + why.Error()}, PlanEnvelope: r.PlanEnvelope}
}

// restored is a request with what was signed in the place of what the ledger says.
func restored(r access.Request, plan access.Plan, signed []access.Decision, review *access.Review) access.Request {
	out := r
	out.Altered = nil
	if fields := differing(r.Plan, plan); len(fields) > 0 {
		out.Altered = append(out.Altered, "the plan in the ledger is not the signed one (it differs in "+strings.Join(fields, ", ")+")")
	}
	if len(differing(r.Requester, plan.Requester)) > 0 || r.Contract != plan.Contract || !r.CreatedAt.Equal(plan.CreatedAt) {
		out.Altered = append(out.Altered, "requester, contract or time in the ledger are not those that were signed")
	}
	out.Plan, out.Requester, out.Contract, out.CreatedAt = plan, plan.Requester, plan.Contract, plan.CreatedAt
	var unlike bool
	if out.Decisions, unlike = sameDecisions(r.Decisions, signed); unlike {
		out.Altered = append(out.Altered, "the decisions in the ledger are not those that were signed")
	}
	if out.Review = review; (r.Review == nil) != (review == nil) || review != nil && len(differing(r.Review, review)) > 0 {
		out.Altered = append(out.Altered, "the review in the ledger is not the one that was signed")
	}
	if stages, ok := plausibleStages(r.Stages, plan.Rule, out.Decisions); ok {
		out.Stages = stages
	} else {
		_, out.Stages = plan.Rule.Tally(plan, plan.Digest, out.Decisions)
		out.Altered = append(out.Altered, "the stages in the ledger are not what the signed decisions come to")
	}
	return out
}

// differing returns the JSON fields in which two of Ramp's own values differ, which always
// marshal, and in the same order.
func differing(a, b any) (fields []string) {
	textA, errA := json.Marshal(a)
	textB, errB := json.Marshal(b)
	if errA == nil && errB == nil && bytes.Equal(textA, textB) {
		return nil // as nearly always
	}
	x, y := fieldsOf(textA, errA), fieldsOf(textB, errB)
	names := maps.Clone(x)
	maps.Copy(names, y)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if x[name] != y[name] {
			fields = append(fields, name)
		}
	}
	return fields
}

func fieldsOf(text []byte, err error) map[string]string {
	var raw map[string]json.RawMessage
	if err == nil {
		err = strictjson.Unmarshal(text, &raw)
	}
	if err != nil {
		return map[string]string{"everything": err.Error()}
	}
	out := map[string]string{}
	for name, text := range raw {
		out[name] = string(text)
	}
	return out
}

// sameDecisions returns the signed decisions that count, and reports whether the
// ledger has one that nobody signed. Of each person the ledger keeps one approval and
// one denial. A signed one that it does not have yet counts: a denial is stored before
// the workflow hears of it.
func sameDecisions(kept, signed []access.Decision) (out []access.Decision, unlike bool) {
	out = []access.Decision{}
	for _, d := range signed {
		has := func(k access.Decision) bool { return access.KeyDecision(k) == access.KeyDecision(d) }
		like := func(k access.Decision) bool { return k.Approver.ID == d.Approver.ID && k.Verdict == d.Verdict }
		if slices.ContainsFunc(kept, has) || !slices.ContainsFunc(kept, like) && !slices.ContainsFunc(out, like) {
			out = append(out, d)
		}
	}
	for _, k := range kept {
		if !slices.ContainsFunc(signed, func(d access.Decision) bool { return len(differing(k, d)) == 0 }) {
			unlike = true
		}
	}
	return out, unlike
}

// plausibleStages returns the ledger's stages with the words of the signed rule. It
// reports false where they are another rule's, or count somebody who did not approve.
// They may count fewer than approved: who has lost a group no longer counts.
func plausibleStages(kept []access.StageStatus, rule access.Rule, decisions []access.Decision) ([]access.StageStatus, bool) {
	if len(kept) != len(rule.Stages) {
		return nil, false
	}
	approved := map[string]bool{}
	for _, d := range decisions {
		if d.Verdict == access.Approve {
			approved[d.Approver.ID], approved[d.Approver.HumanID()] = true, true
		}
	}
	seated := map[string]bool{}
	for i, s := range kept {
		if len(differing(s.Stage, rule.Stages[i])) > 0 || s.Met && len(s.Approved) == 0 || s.Met && len(s.AnyOf) == 0 && len(s.Approved) < s.Approvals {
			return nil, false
		}
		for _, who := range s.Approved {
			if !approved[who] || seated[who] {
				return nil, false
			}
			seated[who] = true
		}
	}
	return kept, true
}

// raise says, once in this process and once in the log, that the ledger was changed.
func (l *signedLedger) raise(ctx context.Context, r access.Request) {
	what := strings.Join(r.Altered, "; ")
	l.mu.Lock()
	told := l.raised[r.ID+what]
	if l.raised == nil || len(l.raised) >= maxVerified {
		l.raised = map[string]bool{}
	}
	l.raised[r.ID+what] = true
	l.mu.Unlock()
	if told {
		return
	}
	if l.count != nil {
		l.count()
	}
	log := l.log.WithField("request", r.ID)
	log.Error("the ledger was changed by something else than Ramp: " + what)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := l.AppendEvent(ctx, access.Event{At: l.now(), RequestID: r.ID, Kind: access.EventRecordAltered, Actor: access.ActorRamp, Message: what,
		Key: access.KeyAltered(what)}); err != nil {
		log.WithError(err).Error("the alarm is not recorded")
	}
}

// signedPlan returns the bytes of the plan that was signed, in base64.
func signedPlan(r access.Request) string {
	e, err := evidence.ReadEnvelope(r.PlanEnvelope)
	if err != nil || r.Plan.Digest == "" {
		return ""
	}
	payload, err := e.DecodeB64Payload()
	if err != nil {
		return ""
	}
	return base64.StdEncoding.EncodeToString(payload)
}
