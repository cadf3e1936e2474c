package access

import (
	"slices"
	"strings"
	"time"
)

// Verdict is what one person said of a plan.
type Verdict string

const (
	Approve Verdict = "approve"
	Deny    Verdict = "deny"
)

// Decision is one person's verdict on one plan digest.
type Decision struct {
	RequestID  string    `json:"requestId"`
	PlanDigest string    `json:"planDigest"`
	Verdict    Verdict   `json:"decision"`
	Approver   Person    `json:"approver"`      // groups as they were at decision time
	Via        Via       `json:"via,omitempty"` // through what they decided
	Comment    string    `json:"comment,omitempty"`
	At         time.Time `json:"at"` // UTC
	// Passkey is the approver's own signature, where the rule wants one. Package
	// passkey verifies it.
	Passkey *Assertion `json:"passkey,omitempty"`
}

// Stage is one group of approvers with a count.
type Stage struct {
	Name      string   `json:"name"`
	From      []string `json:"from"` // group names; a member of any of them may decide
	Approvals int      `json:"count"`
}

// Rule is what must be decided before a plan may run: every stage met, by
// distinct people. A rule with no stages is satisfied only when Auto says that
// the contract approved by itself; the zero Rule approves nothing.
type Rule struct {
	Stages        []Stage `json:"stages,omitempty"`
	DenyThreshold int     `json:"deny"`                   // how many denials deny; at least 1
	Auto          bool    `json:"auto,omitempty"`         // the contract's auto condition was satisfied
	SelfApproval  bool    `json:"selfApproval,omitempty"` // the contract lets requesters count, by name
	Passkey       bool    `json:"passkey,omitempty"`      // an approval counts only with the approver's own signature; nothing is approved without a person
	// StepUp is how lately before an approval its approver must have logged in; 0:
	// at any time.
	StepUp Duration `json:"stepUp,omitempty"`
}

// StageStatus is how far one stage is.
type StageStatus struct {
	Stage
	Approved []string `json:"approved"` // people counted here
	Met      bool     `json:"met"`
}

// DecisionOutcome is what the decisions so far amount to.
type DecisionOutcome string

const (
	DecisionsUndecided DecisionOutcome = "open"
	DecisionsSatisfied DecisionOutcome = "satisfied"
	DecisionsDenied    DecisionOutcome = "denied"
)

// MayDecide reports whether p may decide a plan of requester under this rule.
// Errors are of code CodeForbidden with one issue that says why.
func (r Rule) MayDecide(requester, p Person) error {
	refuse := func(code, message string) error {
		return &Error{Code: CodeForbidden, Message: "you cannot decide this request",
			Issues: []Issue{{Code: code, Message: message}}}
	}
	switch {
	case p.Kind != KindHuman:
		return refuse("approver_not_human", "only people decide; agents and services never do")
	// An alias or an agent of the requester is the requester (CASES 2 and 3).
	case p.SameHuman(requester) && !r.SelfApproval:
		return refuse("own_request", "nobody decides their own request")
	}
	for _, s := range r.Stages {
		if p.InAnyGroup(s.From...) {
			return nil
		}
	}
	return refuse("not_an_approver", "you are in none of the groups that approve this request")
}

// Tally counts decisions. Decisions that may not count are passed over: wrong
// request or digest, outside the time for deciding, by someone who may not
// decide, or an approval without the passkey or the fresh login that the rule
// wants. The last verdict of each account stands; of one human's accounts, a denial stands
// before an approval. It is a pure function of its arguments, and the order of
// decisions by different people does not matter.
func (r Rule) Tally(plan Plan, digest string, decisions []Decision) (DecisionOutcome, []StageStatus) {
	last := map[string]Decision{} // by account
	var accounts []string         // sorted below: a workflow must not iterate over a map
	for _, d := range decisions {
		if d.RequestID != plan.RequestID || d.PlanDigest != digest || d.At.After(plan.PendingUntil) ||
			r.MayDecide(plan.Requester, d.Approver) != nil || r.Passkey && d.Verdict == Approve && d.Passkey == nil {
			continue
		}
		if d.Verdict == Approve && d.Approver.RequireRecentLogin(r.StepUp, d.At) != nil {
			continue
		}
		if _, seen := last[d.Approver.ID]; !seen {
			accounts = append(accounts, d.Approver.ID)
		}
		last[d.Approver.ID] = d
	}
	slices.Sort(accounts)
	standing := make([]Decision, len(accounts))
	for i, id := range accounts {
		standing[i] = last[id]
	}
	denials := 0
	var approvers []Person
	for _, theirs := range humans(standing) {
		if slices.ContainsFunc(theirs, func(d Decision) bool { return d.Verdict != Approve }) {
			denials++
			continue
		}
		one := Person{ID: theirs[0].Approver.HumanID()}
		for _, d := range theirs {
			one.ID = min(one.ID, d.Approver.HumanID())
			one.Groups = append(one.Groups, d.Approver.Groups...)
		}
		approvers = append(approvers, one)
	}
	slices.SortFunc(approvers, func(a, b Person) int { return strings.Compare(a.ID, b.ID) })
	stages, met := assign(r.Stages, approvers)
	switch {
	case denials >= max(r.DenyThreshold, 1):
		return DecisionsDenied, stages
	case len(r.Stages) == 0 && r.Auto && !r.Passkey, len(r.Stages) > 0 && met:
		return DecisionsSatisfied, stages
	}
	return DecisionsUndecided, stages
}

// humans groups accounts by the human behind them. Two that have nothing in
// common are one human's all the same when a third is the same as both.
func humans(last []Decision) [][]Decision {
	var out [][]Decision
	for _, d := range last {
		mine := []Decision{d}
		var others [][]Decision
		for _, h := range out {
			if slices.ContainsFunc(h, func(o Decision) bool { return o.Approver.SameHuman(d.Approver) }) {
				mine = append(mine, h...)
			} else {
				others = append(others, h)
			}
		}
		out = append(others, mine)
	}
	return out
}

// assign seats approvers in stages so that as many seats as possible are taken
// and nobody sits twice (CASES 4): bipartite matching by augmenting paths, since
// one who could serve two stages must not block another who could serve one.
func assign(stages []Stage, approvers []Person) ([]StageStatus, bool) {
	var seats []int // seat to stage
	for i, s := range stages {
		for range max(s.Approvals, 1) {
			seats = append(seats, i)
		}
	}
	taken := make([]int, len(seats)) // seat to approver + 1
	var seat func(a int, tried []bool) bool
	seat = func(a int, tried []bool) bool {
		for i, stage := range seats {
			if tried[i] || !approvers[a].InAnyGroup(stages[stage].From...) {
				continue
			}
			tried[i] = true
			if taken[i] == 0 || seat(taken[i]-1, tried) {
				taken[i] = a + 1
				return true
			}
		}
		return false
	}
	for a := range approvers {
		seat(a, make([]bool, len(seats)))
	}
	out := make([]StageStatus, len(stages))
	all := true
	for i, s := range stages {
		out[i] = StageStatus{Stage: s, Approved: []string{}, Met: true}
	}
	for i, stage := range seats {
		if taken[i] == 0 {
			out[stage].Met, all = false, false
			continue
		}
		out[stage].Approved = append(out[stage].Approved, approvers[taken[i]-1].ID)
	}
	return out, all
}
