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

// oracle is what the test itself has observed: who decided what, and what was on the
// target when. It is independent of everything that Ramp records.
type oracle struct {
	approvals []access.Decision    // signed by the server, for this plan, by anybody
	denied    bool                 // a denial was accepted and stood
	ordered   time.Duration        // all that the requester's extension orders add
	pickUps   int                  // the requester's own
	endedAt   time.Time            // when somebody first asked for the end
	stopped   bool                 // an order to end is in the ledger
	first     map[string]time.Time // each grant's first end
	ends      map[string]time.Time // each grant's end now
	state     access.State
}

// openingBegins is called when an opening begins.
func (s *simulation) openingBegins() {
	if s.oracle.denied {
		s.violated("an opening began although a denial had been accepted (promise 1)")
	}
}

// onEffect sees every effect on the target.
func (s *simulation) onEffect(m faketarget.Effect) {
	name, until := m.Grant.Name, m.Grant.ExpiresAt
	s.note("  on the target: %s %s, until %s", m.Op, name[len(name)-1:], until.Sub(start))
	row, known := s.row(name)
	if s.oracle.stopped && (m.Op == faketarget.OpGrant || m.Op == faketarget.OpExtend || m.Op == faketarget.OpMint) {
		s.violated("%s although an order to end is in the ledger (promise 2)", m.Op)
	}
	switch m.Op {
	case faketarget.OpGrant:
		s.granted(m, row, known)
	case faketarget.OpExtend:
		first := s.oracle.first[name]
		switch {
		case until.Before(s.oracle.ends[name]):
			s.violated("an extension shortened access (promise 9)")
		case until.Sub(first.Add(-s.plan.Duration.Std())) > s.plan.Extend.UpTo.Std():
			s.violated("access is longer than the plan allows in all (promise 2)")
		case until.Sub(first) > s.oracle.ordered:
			s.violated("access is longer than ordered (promise 2)")
		}
		s.oracle.ends[name] = until
	case faketarget.OpMint:
		if s.oracle.pickUps == 0 {
			s.violated("a credential was minted that the requester did not ask for (promise 7)")
		}
		if row.Status != ledger.GrantOpen || !m.At.Before(s.oracle.ends[name]) {
			s.violated("a credential was minted for a grant that is over (promise 2)")
		}
	}
}

func (s *simulation) granted(m faketarget.Effect, row ledger.GrantRecord, known bool) {
	name, until := m.Grant.Name, m.Grant.ExpiresAt
	switch {
	case !known:
		s.violated("the target was touched before the ledger was written (promise 4)")
	case row.Status == ledger.GrantClosed:
		s.violated("what had been closed was opened again (promise 3)")
	}
	if !proven(s.plan, s.oracle.approvals) {
		s.violated("access was opened without a satisfied rule (promises 1, 5 and 6)")
	}
	if at := s.plan.StartAt; at != nil && m.At.Before(at.Add(-time.Second)) {
		s.violated("access was opened before its start (promise 1)")
	}
	if until.After(m.At.Add(s.plan.Duration.Std() + time.Second)) {
		s.violated("access was opened for longer than approved (promise 2)")
	}
	if end, again := s.oracle.ends[name]; again && !end.Equal(until) {
		s.violated("a second grant moved the end (promise 2)")
	}
	if _, again := s.oracle.first[name]; !again {
		s.oracle.first[name] = until
	}
	s.oracle.ends[name] = until
}

func (s *simulation) row(name string) (ledger.GrantRecord, bool) {
	rows, err := s.ledger.Grants(context.Background(), ledger.GrantFilter{RequestID: s.plan.RequestID})
	if err != nil {
		s.violated("the ledger does not answer: %v", err)
	}
	n := slices.IndexFunc(rows, func(r ledger.GrantRecord) bool { return r.Name == name })
	if n < 0 {
		return ledger.GrantRecord{}, false
	}
	return rows[n], true
}

// observeTransition sees every transition before it is recorded.
func (s *simulation) observeTransition(a access.Transition) {
	if a.To == "" {
		return
	}
	s.note("  to be recorded: %s %s", a.To, a.Outcome)
	if left := s.target.Objects(); a.To.Final() && len(left) > 0 {
		s.violated("%s although %s is on the target (promise 3)", a.To, left)
	}
}

// queryStatus queries the workflow after every step.
func (s *simulation) queryStatus() {
	v, err := s.env.QueryWorkflow(workflows.QueryStatus)
	if err != nil {
		return // before the first step, or after the last
	}
	var st workflows.Status
	if err := v.Get(&st); err != nil {
		s.violated("the status cannot be read: %v", err)
		return
	}
	if from := s.oracle.state; from != "" && from != st.State && !from.CanReach(st.State) {
		s.violated("%s came after %s", st.State, from)
	}
	s.oracle.state = st.State
	if left := s.target.Objects(); !st.State.MayHaveAccess() && len(left) > 0 {
		s.violated("the request is %s and %s is on the target (promise 3)", st.State, left)
	}
}

// checkEnd checks what must hold when the workflow is done.
func (s *simulation) checkEnd() {
	var renewed *workflow.ContinueAsNewError
	if errors.As(s.env.GetWorkflowError(), &renewed) {
		return // the test environment has one run; going on is tried on a real server
	}
	if !s.env.IsWorkflowCompleted() || s.env.GetWorkflowError() != nil {
		s.violated("the workflow did not come to its end: %v", s.env.GetWorkflowError())
		return
	}
	var res workflows.AccessRequestResult
	if err := s.env.GetWorkflowResult(&res); err != nil {
		s.violated("the result cannot be read: %v", err)
	}
	if left := s.target.Objects(); len(left) > 0 {
		s.violated("at the end, %s is on the target (promise 2)", left)
	}
	r, err := s.ledger.Request(context.Background(), s.plan.RequestID)
	// An order to end that only the ledger knows is why access ended, though the
	// workflow knows nothing of it.
	if err != nil || r.State != res.State || (r.Outcome != res.Outcome && !s.oracle.stopped) || r.Overdue {
		s.violated("the ledger says %s %s (overdue: %t, %v), the workflow %s %s", r.State, r.Outcome, r.Overdue, err, res.State, res.Outcome)
	}
	s.closedInTime()
	if r.Timeline, _, err = s.ledger.Timeline(context.Background(), s.plan.RequestID); err != nil {
		s.violated("the timeline cannot be read: %v", err)
	}
	s.complete(r)
}

// closedInTime: every grant was closed within its bound, which is what the
// scenario's own faults may cost and nothing else.
func (s *simulation) closedInTime() {
	rows, err := s.ledger.Grants(context.Background(), ledger.GrantFilter{RequestID: s.plan.RequestID})
	if err != nil {
		s.violated("the ledger does not answer: %v", err)
	}
	for _, row := range rows {
		if row.Status != ledger.GrantClosed || row.ClosedAt == nil {
			s.violated("%s is %s at the end (promise 2)", row.Name, row.Status)
			continue
		}
		due := row.ExpiresAt
		if end, opened := s.oracle.ends[row.Name]; opened {
			due = end // an order to end moves the row's; no closer runs here, which would go by that
		}
		if stopped := s.oracle.endedAt; !stopped.IsZero() && stopped.Before(due) {
			due = stopped
		}
		if bound := due.Add(s.troubled + 10*time.Second); row.ClosedAt.After(bound) {
			s.violated("%s was due at %s and closed at %s (promise 2)", row.Name, due.Sub(start), row.ClosedAt.Sub(start))
		}
	}
}

// onceEvents returns the event kinds of which a request has one, or one for each grant.
func onceEvents() []access.EventKind {
	return []access.EventKind{access.EventRequestCreated, access.EventRequestApproved, access.EventRequestScheduled, access.EventGrantIntended,
		access.EventGrantOpened, access.EventAccessActive, access.EventAccessEnding, access.EventGrantClosed, access.EventAccessEnded,
		access.EventRequestDenied, access.EventRequestCancelled, access.EventRequestLapsed, access.EventRequestFailed}
}

// complete: the timeline has every step, once and in order (promise 10).
func (s *simulation) complete(r access.Request) {
	at := map[string]int{}
	for n, e := range r.Timeline {
		what := string(e.Kind) + " " + e.Detail["grant"]
		if _, twice := at[what]; twice && slices.Contains(onceEvents(), e.Kind) {
			s.violated("%s is recorded twice", what)
		}
		at[what] = n
	}
	order := func(kinds ...string) {
		last := -1
		for _, k := range kinds {
			n, known := at[k]
			if !known || n < last {
				s.violated("%q is missing from the timeline, or out of order", k)
			}
			last = n
		}
	}
	if r.State != access.StateEnded {
		order("request.created ", "request."+string(r.State)+" ")
		return
	}
	order("request.created ", "request.approved ", "access.ending ", "access.ended ")
	for name := range s.oracle.ends {
		order("request.approved ", "grant.intended "+name, "grant.closed "+name, "access.ended ")
	}
}
