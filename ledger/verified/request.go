package verified

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/strictjson"
)

// unsigned is a request of which nothing can be shown but that it is there: nobody
// sees it but operators, who can still revoke it.
func unsigned(r access.Request, why error) access.Request {
	return access.Request{ID: r.ID, State: r.State, Outcome: r.Outcome, CreatedAt: r.CreatedAt, ActiveAt: r.ActiveAt, ExpiresAt: r.ExpiresAt, EndedAt: r.EndedAt,
		Overdue: r.Overdue, Problem: r.Problem, Plan: access.Plan{RequestID: r.ID}, Stages: []access.StageStatus{}, Decisions: []access.Decision{},
		Altered: append(slices.Clone(r.Altered), "the plan in the ledger is not one that Ramp signed for this request: "+why.Error()), PlanEnvelope: r.PlanEnvelope}
}

// restored is a request with what was signed in the place of what the ledger says.
func restored(r access.Request, plan access.Plan, signed []access.Decision, review *access.Review) access.Request {
	out := r
	out.Altered = slices.Clone(r.Altered)
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
