package access

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestCase93WhoIsOnCall: somebody decides as on call only by a fact that is signed with
// the decision, known, of that minute and of the schedule that the plan names.
func TestCase93WhoIsOnCall(t *testing.T) {
	at := time.Date(2026, 11, 26, 4, 0, 0, 0, time.UTC)
	plan := Plan{RequestID: "r", Digest: "d", CreatedAt: at.Add(-10 * time.Minute), PendingUntil: at.Add(time.Hour),
		Requester: Person{ID: "alice", Kind: KindHuman}}
	fact := func(change func(*Fact)) []Fact {
		f := Fact{FactQuestion: FactQuestion{Kind: FactOnCall, Source: OnCallSource, Key: "db"}, State: FactKnown, At: at, AsOf: &at,
			OnCall: &OnCall{People: []string{"bob"}}}
		change(&f)
		return []Fact{f}
	}
	over, later := at, at.Add(time.Second)
	for _, c := range []struct {
		name   string
		facts  []Fact
		counts bool
	}{
		{"on call", fact(func(*Fact) {}), true},
		{"none", nil, false},
		{"by address", fact(func(f *Fact) { f.OnCall = &OnCall{People: []string{"Bob@example.com"}} }), true},
		{"somebody else", fact(func(f *Fact) { f.OnCall = &OnCall{People: []string{"bobby", "Bob"}} }), false},
		{"another schedule", fact(func(f *Fact) { f.Key = "web" }), false},
		{"another source", fact(func(f *Fact) { f.Source = "jira" }), false},
		{"another kind", fact(func(f *Fact) { f.Kind = FactTicket }), false},
		{"not known", fact(func(f *Fact) { f.State = FactUnknown }), false},
		{"absent", fact(func(f *Fact) { f.State = FactAbsent }), false},
		{"a minute old", fact(func(f *Fact) { f.At = at.Add(-FactWithin) }), true},
		{"older", fact(func(f *Fact) { f.At = at.Add(-FactWithin - time.Second) }), false},
		{"of later", fact(func(f *Fact) { f.At = at.Add(ClockSkew + time.Second) }), false},
		{"until then", fact(func(f *Fact) { f.OnCall = &OnCall{People: []string{"bob"}, Until: &over} }), false},
		{"until later", fact(func(f *Fact) { f.OnCall = &OnCall{People: []string{"bob"}, Until: &later} }), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := Decision{RequestID: "r", PlanDigest: "d", Verdict: Approve, At: at, OnCall: c.facts,
				Approver: Person{ID: "bob", Email: "bob@example.com", EmailVerified: true, Kind: KindHuman}}
			want := map[bool]Tally{true: TallySatisfied, false: TallyUndecided}[c.counts]
			for name, rule := range map[string]Rule{
				"stage":      {Stages: []Stage{{Name: "s", OnCall: []string{"db"}, Approvals: 1}}},
				"way":        {Stages: []Stage{{Name: "s", AnyOf: []Approvers{{From: []string{"x"}, Approvals: 1}, {OnCall: []string{"db"}, Approvals: 1}}}}},
				"escalation": {Stages: []Stage{{Name: "s", From: []string{"x"}, Approvals: 1}}, Escalate: []Escalation{{After: Duration(5 * time.Minute), OnCall: []string{"db"}}}},
			} {
				require.Equal(t, []string{"db"}, rule.Schedules())
				plan.Rule = rule
				tally, _ := rule.Tally(plan, "d", []Decision{d})
				require.Equal(t, want, tally, name)
			}
			plan.Rule = Rule{Stages: []Stage{{Name: "s", From: []string{"x"}, Approvals: 1}}, Escalate: []Escalation{{After: Duration(time.Hour), OnCall: []string{"db"}}}}
			tally, _ := plan.Rule.Tally(plan, "d", []Decision{d})
			require.Equal(t, TallyUndecided, tally, "not yet")
			denied, _ := Rule{Stages: []Stage{{Name: "s", OnCall: []string{"db"}, Approvals: 1}}}.Tally(plan, "d", []Decision{{RequestID: "r", PlanDigest: "d", Verdict: Deny, At: at, OnCall: c.facts, Approver: d.Approver}})
			require.Equal(t, c.counts, denied == TallyDenied)
		})
	}
	own := Rule{Stages: []Stage{{Name: "s", OnCall: []string{"db"}, Approvals: 1}}}
	plan.Requester = Person{ID: "bob", Kind: KindHuman}
	plan.Rule = own
	tally, _ := own.Tally(plan, "d", []Decision{{RequestID: "r", PlanDigest: "d", Verdict: Approve, At: at, OnCall: fact(func(*Fact) {}), Approver: plan.Requester}})
	require.Equal(t, TallyUndecided, tally, "nobody approves their own request, on call or not")
}

// TestCase93OnCallByAddress: an address makes somebody an approver, so it compares exactly
// and counts only where the provider or the directory says that it is theirs.
func TestCase93OnCallByAddress(t *testing.T) {
	for _, c := range []struct {
		rota, email string
		verified    bool
		counts      bool
	}{
		{"kim@example.com", "kim@example.com", true, true},
		{"Kim@example.com", "kIM@Example.COM", true, true},
		{"kim@example.com", "kim@example.com", false, false},
		{"kim@example.com", "\u212aim@example.com", true, false},
		{"kim@example.com", "\uff4b\uff49\uff4d@example.com", true, false},
		{"kims@example.com", "kim\u017f@example.com", true, false},
		{"kim@example.com", "", true, false},
	} {
		p := Person{ID: "mallory", Email: c.email, EmailVerified: c.verified, Kind: KindHuman}
		on := Fact{FactQuestion: FactQuestion{Kind: FactOnCall}, State: FactKnown, OnCall: &OnCall{People: []string{c.rota}}}
		require.Equal(t, c.counts, on.HasOnCall(p, time.Now()), "%+v", c)
		assigned := Fact{FactQuestion: FactQuestion{Kind: FactTicket}, State: FactKnown, Ticket: &Ticket{Assignee: c.rota}}
		require.Equal(t, c.counts, assigned.AssignedTo(p), "%+v", c)
	}
	known, err := DirectorySnapshot{Members: map[string]Member{"kim": {ID: "kim", Email: "kim@example.com", Active: true}}}.Current(Person{ID: "kim", Email: "mallory@example.com"})
	require.NoError(t, err)
	require.True(t, known.EmailVerified, "the directory says it")
	require.Equal(t, "kim@example.com", known.Email)
}
