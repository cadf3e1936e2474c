package properties

import (
	"context"
	"errors"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/faketarget"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/workflows"
)

// witness is what an onlooker has seen: what was said by whom, and what was on
// the target when. It is kept apart from all that Ramp keeps.
type witness struct {
	approvals []access.Decision    // signed by the server, for this plan, whoever may decide
	denied    bool                 // a denial was accepted and stood
	ordered   time.Duration        // all that the requester's extension orders add
	pickUps   int                  // the requester's own
	stoppedAt time.Time            // when somebody first asked for the end
	first     map[string]time.Time // each grant's first end
	ends      map[string]time.Time // each grant's end now
	state     access.State
}

// begins is called when an opening begins.
func (s *scene) begins() {
	if s.seen.denied {
		s.breach("an opening began although a denial had been accepted (promise 1)")
	}
}

// watch is told of every effect on the target.
func (s *scene) watch(m faketarget.Effect) {
	name, until := m.Grant.Name, m.Grant.ExpiresAt
	s.note("  on the target: %s %s, until %s", m.Op, name[len(name)-1:], until.Sub(start))
	row, known := s.row(name)
	switch m.Op {
	case faketarget.OpGrant:
		s.granted(m, row, known)
	case faketarget.OpExtend:
		first := s.seen.first[name]
		switch {
		case until.Before(s.seen.ends[name]):
			s.breach("an extension shortened access (promise 9)")
		case until.Sub(first.Add(-s.plan.Duration.Std())) > s.plan.Extend.UpTo.Std():
			s.breach("access is longer than the plan allows in all (promise 2)")
		case until.Sub(first) > s.seen.ordered:
			s.breach("access is longer than ordered (promise 2)")
		}
		s.seen.ends[name] = until
	case faketarget.OpMint:
		if s.seen.pickUps == 0 {
			s.breach("a credential was minted that the requester did not ask for (promise 7)")
		}
		if row.Status != ledger.GrantOpen || !m.At.Before(s.seen.ends[name]) {
			s.breach("a credential was minted for a grant that is over (promise 2)")
		}
	}
}

func (s *scene) granted(m faketarget.Effect, row ledger.GrantRecord, known bool) {
	name, until := m.Grant.Name, m.Grant.ExpiresAt
	switch {
	case !known:
		s.breach("the target was touched before the ledger was written (promise 4)")
	case row.Status == ledger.GrantClosed:
		s.breach("what had been closed was opened again (promise 3)")
	}
	if !proven(s.plan, s.seen.approvals) {
		s.breach("access was opened without a satisfied rule (promises 1, 5 and 6)")
	}
	if at := s.plan.StartAt; at != nil && m.At.Before(at.Add(-time.Second)) {
		s.breach("access was opened before its start (promise 1)")
	}
	if until.After(m.At.Add(s.plan.Duration.Std() + time.Second)) {
		s.breach("access was opened for longer than approved (promise 2)")
	}
	if end, again := s.seen.ends[name]; again && !end.Equal(until) {
		s.breach("a second grant moved the end (promise 2)")
	}
	if _, again := s.seen.first[name]; !again {
		s.seen.first[name] = until
	}
	s.seen.ends[name] = until
}

func (s *scene) row(name string) (ledger.GrantRecord, bool) {
	rows, err := s.ledger.Grants(context.Background(), ledger.GrantFilter{RequestID: s.plan.RequestID})
	if err != nil {
		s.breach("the ledger does not answer: %v", err)
	}
	n := slices.IndexFunc(rows, func(r ledger.GrantRecord) bool { return r.Name == name })
	if n < 0 {
		return ledger.GrantRecord{}, false
	}
	return rows[n], true
}

// told hears of every step before it is written down.
func (s *scene) told(a access.Transition) {
	if a.To == "" {
		return
	}
	s.note("  to be recorded: %s %s", a.To, a.Outcome)
	if left := s.target.Objects(); a.To.Final() && len(left) > 0 {
		s.breach("%s although %s is on the target (promise 3)", a.To, left)
	}
}

// look asks the workflow how it is, after every act.
func (s *scene) look() {
	v, err := s.env.QueryWorkflow(workflows.QueryStatus)
	if err != nil {
		return // before the first step, or after the last
	}
	var st workflows.Status
	if err := v.Get(&st); err != nil {
		s.breach("the status cannot be read: %v", err)
		return
	}
	if from := s.seen.state; from != "" && from != st.State && !from.CanReach(st.State) {
		s.breach("%s came after %s", st.State, from)
	}
	s.seen.state = st.State
	if left := s.target.Objects(); !st.State.MayHaveAccess() && len(left) > 0 {
		s.breach("the request is %s and %s is on the target (promise 3)", st.State, left)
	}
}

// finale is what must hold when the workflow is done.
func (s *scene) finale() {
	var renewed *workflow.ContinueAsNewError
	if errors.As(s.env.GetWorkflowError(), &renewed) {
		return // the test environment has one run; going on is tried on a real server
	}
	if !s.env.IsWorkflowCompleted() || s.env.GetWorkflowError() != nil {
		s.breach("the workflow did not come to its end: %v", s.env.GetWorkflowError())
		return
	}
	var res workflows.AccessRequestResult
	if err := s.env.GetWorkflowResult(&res); err != nil {
		s.breach("the result cannot be read: %v", err)
	}
	if left := s.target.Objects(); len(left) > 0 {
		s.breach("at the end, %s is on the target (promise 2)", left)
	}
	r, err := s.ledger.Request(context.Background(), s.plan.RequestID)
	if err != nil || r.State != res.State || r.Outcome != res.Outcome || r.Overdue {
		s.breach("the ledger says %s %s (overdue: %t, %v), the workflow %s %s", r.State, r.Outcome, r.Overdue, err, res.State, res.Outcome)
	}
	s.closedInTime()
	s.complete(r)
}

// closedInTime: every grant was closed within its bound, which is what the
// story's own faults may cost and nothing else.
func (s *scene) closedInTime() {
	rows, err := s.ledger.Grants(context.Background(), ledger.GrantFilter{RequestID: s.plan.RequestID})
	if err != nil {
		s.breach("the ledger does not answer: %v", err)
	}
	for _, row := range rows {
		if row.Status != ledger.GrantClosed || row.ClosedAt == nil {
			s.breach("%s is %s at the end (promise 2)", row.Name, row.Status)
			continue
		}
		due := row.ExpiresAt
		if stopped := s.seen.stoppedAt; !stopped.IsZero() && stopped.Before(due) {
			due = stopped
		}
		if bound := due.Add(s.troubled + 10*time.Second); row.ClosedAt.After(bound) {
			s.breach("%s was due at %s and closed at %s (promise 2)", row.Name, due.Sub(start), row.ClosedAt.Sub(start))
		}
	}
}

// steps are the events of which a request has one, or one for each grant.
func steps() []access.EventKind {
	return []access.EventKind{access.EventRequestCreated, access.EventRequestApproved, access.EventRequestScheduled, access.EventGrantIntended,
		access.EventGrantOpened, access.EventAccessActive, access.EventAccessEnding, access.EventGrantClosed, access.EventAccessEnded,
		access.EventRequestDenied, access.EventRequestCancelled, access.EventRequestLapsed, access.EventRequestFailed}
}

// complete: the timeline has every step, once and in order (promise 10).
func (s *scene) complete(r access.Request) {
	at := map[string]int{}
	for n, e := range r.Timeline {
		what := string(e.Kind) + " " + e.Detail["grant"]
		if _, twice := at[what]; twice && slices.Contains(steps(), e.Kind) {
			s.breach("%s is told twice", what)
		}
		at[what] = n
	}
	order := func(kinds ...string) {
		last := -1
		for _, k := range kinds {
			n, told := at[k]
			if !told || n < last {
				s.breach("%q is missing from the timeline, or out of order", k)
			}
			last = n
		}
	}
	if r.State != access.StateEnded {
		order("request.created ", "request."+string(r.State)+" ")
		return
	}
	order("request.created ", "request.approved ", "access.ending ", "access.ended ")
	for name := range s.seen.ends {
		order("request.approved ", "grant.intended "+name, "grant.closed "+name, "access.ended ")
	}
}
