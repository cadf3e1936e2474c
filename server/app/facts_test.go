package app

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/evidence"
)

// fakeFacts says of each schedule who is on call, of each ticket whether it is open, and
// knows nothing else.
type fakeFacts struct {
	onCall  map[string][]string
	tickets map[string]bool
	asked   []access.FactQuestion
	now     func() time.Time
	calls   int
	bounded bool   // it was asked with a deadline, last
	takes   func() // lets time pass while it is asked; nil: none does
}

func (f *fakeFacts) Ask(ctx context.Context, questions ...access.FactQuestion) (out []access.Fact) {
	f.asked = append(f.asked, questions...)
	f.calls++
	_, f.bounded = ctx.Deadline()
	asked := f.now()
	if f.takes != nil {
		f.takes()
	}
	for _, q := range questions {
		fact := access.Fact{FactQuestion: q, State: access.FactUnknown, At: asked, Why: "it does not respond"}
		if people, known := f.onCall[q.Key]; known && q.Kind == access.FactOnCall {
			fact.State, fact.OnCall, fact.Why = access.FactKnown, &access.OnCall{People: people}, ""
		}
		if open, known := f.tickets[q.Key]; known && q.Kind == access.FactTicket {
			fact.State, fact.Ticket, fact.Why = access.FactKnown, &access.Ticket{Open: open}, ""
		}
		out = append(out, fact)
	}
	return out
}

// withFacts returns a fixture under a contract that differs from testContract, and what
// the world outside says in it.
func withFacts(t *testing.T, old, new string) (*fixture, *fakeFacts) {
	text := strings.Replace(testContract, old, new, 1)
	require.NotEqual(t, testContract, text)
	set, err := contracts.Parse(map[string][]byte{"orders.yaml": []byte(strings.TrimSpace(text) + "\n")})
	require.NoError(t, err)
	world := &fakeFacts{onCall: map[string][]string{}, tickets: map[string]bool{}}
	return newFixture(t, func(c *Config) { c.Contracts, c.Facts, world.now = contractSet{set}, world, c.Now }), world
}

// TestFactsAreAsked: the server asks what the contract reads, when it is requested, and
// signs it into the plan; what it cannot know opens nothing.
func TestFactsAreAsked(t *testing.T) {
	f, world := withFacts(t, `reason: {minLength: 10}`, `reason: {minLength: 10}, ticket: {system: jira, open: true, required: true}`)
	in := testInput
	in.Ticket = "OPS-1"
	_, _, err := f.Submit(t.Context(), alice, in, "")
	require.Equal(t, access.CodeUnevaluated, access.CodeOf(err))
	require.Equal(t, "ticket_unknown", access.IssuesOf(err)[0].Code)
	require.Equal(t, []access.FactQuestion{{Kind: access.FactTicket, Source: "jira", Key: "OPS-1"}}, world.asked)
	world.tickets["OPS-1"] = false
	_, err = f.DryRun(t.Context(), alice, in)
	require.Equal(t, "ticket_closed", access.IssuesOf(err)[0].Code)
	world.tickets["OPS-1"] = true
	r, _, err := f.Submit(t.Context(), alice, in, "")
	require.NoError(t, err)
	require.Len(t, r.Plan.Facts, 1)
	require.Equal(t, &access.Ticket{Open: true}, r.Plan.Facts[0].Ticket)
}

// TestWhoIsOnCall: the catalogue and an extension ask who is on call, too.
func TestWhoIsOnCall(t *testing.T) {
	f, world := withFacts(t, `'"engineering" in person.groups'`, `'oncall("orders")'`)
	require.Empty(t, f.Catalog(t.Context(), alice.Person, ""), "nobody knows")
	world.onCall["orders"] = []string{"bob"}
	require.Empty(t, f.Catalog(t.Context(), alice.Person, ""))
	require.Len(t, f.Catalog(t.Context(), bob.Person, ""), 1)
	world.onCall["orders"] = []string{"alice"}
	require.Len(t, f.Catalog(t.Context(), alice.Person, ""), 1)
	r, _, err := f.Submit(t.Context(), alice, testInput, "")
	require.NoError(t, err)
	more := access.ExtensionOrder{By: alice.Person, From: testTime.Add(time.Hour), Adds: access.Duration(time.Minute), At: testTime}
	require.NoError(t, f.checkEligible(t.Context(), r, more))
	world.onCall["orders"] = []string{"bob"}
	require.Error(t, f.checkEligible(t.Context(), r, more))
}

// TestCase93DecisionOfSomebodyOnCall: who is on call sees the request and decides it; the
// server asks at that moment, and signs what it heard. Who handed over does not.
func TestCase93DecisionOfSomebodyOnCall(t *testing.T) {
	f, world := withFacts(t, `from: [leads]`, `oncall: [orders]`)
	r, _, err := f.Submit(t.Context(), alice, testInput, "")
	require.NoError(t, err)
	require.Equal(t, []string{"orders"}, r.Plan.Rule.Stages[0].OnCall)
	decide := func(by access.Actor) error {
		_, err := f.Decide(t.Context(), by, r.ID, DecisionInput{Verdict: access.Approve, PlanDigest: r.Plan.Digest})
		return err
	}
	require.Equal(t, access.CodeNotFound, access.CodeOf(decide(dave)), "nobody knows who is on call")
	f.now = f.now.Add(rotaFor)
	world.onCall["orders"] = []string{"dave"}
	require.True(t, f.Permissions(t.Context(), dave.Person, r).Decide)
	require.False(t, f.Permissions(t.Context(), bob.Person, r).Decide)
	world.onCall["orders"] = []string{"carol"}
	require.Equal(t, "not_an_approver", access.IssuesOf(decide(dave))[0].Code, "what is shown is some seconds old; what is decided is not")
	world.onCall["orders"] = []string{"dave"}
	require.NoError(t, decide(dave))
	signed, err := evidence.ReadDecision(f.gateway.decisions[0])
	require.NoError(t, err)
	require.Len(t, signed.OnCall, 1)
	require.NoError(t, r.Plan.Rule.Counts(r.Plan, r.Plan.Digest, signed))
}

// TestCase92RotaThatHangs: a person who may see and end a request as its requester, an
// operator or a member of a group waits for no rota. Others wait once, for all schedules
// and all requests.
func TestCase92RotaThatHangs(t *testing.T) {
	f, world := withFacts(t, `from: [leads]`, `oncall: [s1, s2, s3]`)
	r := f.request(access.StateActive)
	other := f.request(access.StateActive)
	other.Plan.Rule.Stages = []access.Stage{{Name: "another", OnCall: []string{"s4", "s5"}, Approvals: 1}}
	f.ledger.put(other)
	world.calls = 0
	world.takes = func() { f.now = f.now.Add(5 * time.Second) }

	f.Permissions(t.Context(), oscar.Person, r)
	_, err := f.Revoke(t.Context(), oscar, r.ID, "now")
	require.NoError(t, err)
	_, err = f.Release(t.Context(), alice, r.ID, "done")
	require.NoError(t, err)
	_, _, err = f.Requests(t.Context(), oscar.Person, Query{})
	require.NoError(t, err)
	inGroup := r
	inGroup.Plan.Rule.Stages = append(inGroup.Plan.Rule.Stages, access.Stage{Name: "group", From: []string{"leads"}, Approvals: 1})
	inGroup = f.ledger.put(inGroup)
	_, err = f.Revoke(t.Context(), bob, inGroup.ID, "now")
	require.NoError(t, err)
	require.Zero(t, world.calls, "of none of them")

	f.ledger.put(r)
	_, err = f.Revoke(t.Context(), dave, r.ID, "now")
	require.Equal(t, access.CodeNotFound, access.CodeOf(err))
	require.Equal(t, 1, world.calls, "three schedules are one question")
	require.Len(t, world.asked, 3)
	_, err = f.Revoke(t.Context(), dave, other.ID, "now")
	require.Equal(t, access.CodeNotFound, access.CodeOf(err))
	_, _, err = f.Requests(t.Context(), dave.Person, Query{})
	require.NoError(t, err)
	require.Equal(t, 1, world.calls, "it hung, and is asked again later")
	f.now = f.now.Add(rotaFor)
	world.onCall["s4"] = []string{"dave"}
	_, err = f.Revoke(t.Context(), dave, other.ID, "now")
	require.NoError(t, err)
	require.Equal(t, 2, world.calls)
}

// TestCase92DecisionsWaitForNoRota: a denial by somebody whose group lets them deny asks no
// rota, and an approval by such a person waits a second for one that hangs, and then
// not again for a while. Who decides as on call alone is looked up.
func TestCase92DecisionsWaitForNoRota(t *testing.T) {
	f, world := withFacts(t, `from: [leads]`, `oncall: [s1]`)
	world.takes = func() { f.now = f.now.Add(5 * time.Second) }
	decide := func(by access.Actor, v access.Verdict) error {
		r := f.request(access.StatePending)
		r.Plan.Rule.Stages = []access.Stage{{Name: "one of them", From: []string{"leads"}, OnCall: []string{"s1"}, Approvals: 1}}
		r = f.ledger.put(r)
		world.calls = 0
		_, err := f.Decide(t.Context(), by, r.ID, DecisionInput{Verdict: v, PlanDigest: r.Plan.Digest, Comment: "no"})
		return err
	}
	require.NoError(t, decide(bob, access.Deny))
	require.Zero(t, world.calls)
	require.NoError(t, decide(bob, access.Approve))
	require.Equal(t, 1, world.calls)
	require.True(t, world.bounded)
	require.NoError(t, decide(bob, access.Approve))
	require.Zero(t, world.calls, "it hung, and is asked again later")
	f.now = f.now.Add(rotaFor)
	world.onCall["s1"] = []string{"dave"}
	require.NoError(t, decide(dave, access.Deny))
}
