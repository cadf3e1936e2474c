package people

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
	"ramp.dev/ramp/cmd/ramp/internal/output"
	"ramp.dev/ramp/contracts"
)

// TestShowSaysHowFarEachGrantIs, with what keeps it from going on.
func TestShowSaysHowFarEachGrantIs(t *testing.T) {
	at := time.Date(2026, 11, 26, 20, 0, 0, 0, time.UTC)
	r := access.Request{State: access.StateEnded, Outcome: access.OutcomeFailed, Problem: "opening failed: no route",
		Plan:     access.Plan{Grants: []access.PlannedGrant{{Name: "a", Target: "ssh/a"}, {Name: "b", Target: "ssh/b"}, {Name: "c", Target: "ssh/c"}}},
		Timeline: []access.Event{{Kind: access.EventGrantOpened, At: at, Detail: map[string]string{"grant": "a"}}, {Kind: access.EventGrantClosed, At: at, Detail: map[string]string{"grant": "a"}}}}
	r.Grants = r.GrantStates()
	var b strings.Builder
	requestDetail(r)(&b)
	for _, says := range []string{"closed since ", "failed: opening failed: no route", "not opened"} {
		require.Contains(t, b.String(), says)
	}
}

// TestShowHasWhatIsDecided: a person who approves on the terminal reads what the page has.
func TestShowHasWhatIsDecided(t *testing.T) {
	end := time.Now().Add(time.Hour)
	start := end.Add(time.Hour)
	stage := access.Stage{Name: "extension", From: []string{"leads"}, Approvals: 1}
	r := access.Request{ID: "0123456789abcdef", State: access.StatePending, Plan: access.Plan{Params: map[string]any{"table": "refunds", "id": 4711}, StartAt: &start,
		Rule:   access.Rule{Confirm: []string{"I have read the ticket."}, Comment: 5},
		Extend: &access.ExtensionLimits{Times: 2, UpTo: access.Duration(3 * time.Hour), Rule: &access.Rule{Stages: []access.Stage{stage}}}}}
	shown := func() string {
		var b strings.Builder
		requestDetail(r)(&b)
		return strings.Join(strings.Fields(b.String()), " ")
	}
	for _, want := range []string{"Parameter id = 4711 Parameter table = refunds", "Start " + start.Local().Format("2006-01-02 15:04:05"), "To confirm I have read the ticket.",
		"Comment an approval's has at least 5 letters and digits", "Extension 2 times at the most, to 3h in all, each time approved by 1 of leads"} {
		require.Contains(t, shown(), want)
	}
	r.State, r.ExpiresAt = access.StateActive, &end
	r.Asked = &access.Asked{Order: access.ExtensionOrder{Adds: access.Duration(20 * time.Minute), From: end, Reason: "it takes longer"}, Until: end.Add(20 * time.Minute), Tally: access.TallyUndecided, Stages: []access.StageStatus{{Stage: stage}}}
	require.NotContains(t, shown(), "To confirm")
	require.Contains(t, shown(), ": it takes longer It waits for 0 of 1 from leads")
	var list strings.Builder
	requestTable(client.Query{ToDecide: true}, client.Page[access.Request]{Items: []access.Request{r}})(&list)
	require.Contains(t, list.String(), "active (extension by 20m waits)")
}

// TestShowHasTheFacts: who approves on the terminal reads what each grant means on its
// target, whole: a plan of Terraform's is in its facts.
func TestShowHasTheFacts(t *testing.T) {
	long := `create module.grant.x {"policy":"` + strings.Repeat("allow ", 500) + `"}`
	r := access.Request{ID: "0123456789abcdef", State: access.StatePending, Plan: access.Plan{Grants: []access.PlannedGrant{
		{Target: "terraform/doors", Scope: access.Scope{Summary: "apply the module door", Facts: map[string]string{"plan digest": "sha256:00", "plan 02": "create y", "plan 01": long}, Ends: "it stays\x1b[2J"}},
		{Target: "ssh/demo", Scope: access.Scope{Summary: "log in as demo", Facts: map[string]string{"host": "one"}}}}}}
	var b strings.Builder
	requestDetail(r)(&b)
	require.Contains(t, strings.Join(strings.Fields(b.String()), " "), "Grant terraform/doors: apply the module door plan 01 "+strings.Join(strings.Fields(long), " ")+
		" plan 02 create y plan digest sha256:00 Without Ramp it stays·[2J Grant ssh/demo: log in as demo host one")
}

// TestShowSaysWhyAccessEnds: the first rows say which condition ended access, and nothing
// says how much is left of access that is being closed; a value that was chosen is there once.
func TestShowSaysWhyAccessEnds(t *testing.T) {
	end := time.Now().Add(time.Hour)
	r := access.Request{ID: "0123456789abcdef", State: access.StateEnding, ExpiresAt: &end,
		Plan: access.Plan{Params: map[string]any{"login": "demo", "id": 4711}, Choices: []access.Chosen{{Param: "login", Choice: access.Choice{Value: "demo"}}}}}
	shown := func() string {
		var b strings.Builder
		requestDetail(r)(&b)
		return strings.Join(strings.Fields(b.String()), " ")
	}
	require.Contains(t, shown(), "State ending, not proven gone yet Contract")
	require.Equal(t, 1, strings.Count(shown(), "demo"))
	require.Contains(t, shown(), "Parameter id = 4711")
	r.State, r.EndedAt, r.Outcome = access.StateEnded, &end, access.OutcomeCondition
	require.Contains(t, shown(), "State ended, by a condition")
	r.Timeline = []access.Event{{Kind: access.EventEndOrdered, Actor: access.ActorContract, Message: "the ticket was closed"}}
	require.Contains(t, shown(), "State ended, because the ticket was closed")
}

// TestShowSaysHowAccessWasUsed by its targets, each by its name where there are several.
func TestShowSaysHowAccessWasUsed(t *testing.T) {
	active := time.Date(2026, 11, 26, 8, 0, 0, 0, time.UTC)
	ended := active.Add(time.Hour)
	closed := func(target string, u access.Usage) access.Event {
		e := access.Event{Kind: access.EventGrantClosed, Detail: map[string]string{"grant": "g", "target": target}}
		u.Into(e.Detail)
		return e
	}
	r := access.Request{ID: "0123456789abcdef", State: access.StateEnded, ActiveAt: &active, EndedAt: &ended,
		Plan:     access.Plan{Grants: make([]access.PlannedGrant, 1)},
		Timeline: []access.Event{closed("ssh/demo", access.Usage{Kind: access.UsageSessions})}}
	shown := func() string {
		var b strings.Builder
		requestDetail(r)(&b)
		return strings.Join(strings.Fields(b.String()), " ")
	}
	require.Contains(t, shown(), "Usage not used")
	r.Plan.Grants = make([]access.PlannedGrant, 2)
	r.Timeline = append(r.Timeline, closed("aws/prod", access.Usage{Kind: access.UsageLast, Last: active.Add(time.Minute)}))
	require.Contains(t, shown(), "Usage ssh/demo: not used")
	require.Contains(t, shown(), "Usage aws/prod: last used at "+output.Time(active.Add(time.Minute)))
}

// TestCatalogueSaysWhoApproves in the words that a request has for it.
func TestCatalogueSaysWhoApproves(t *testing.T) {
	stages := []access.Stage{{Name: "team", AnyOf: []access.Approvers{{From: []string{"dba", "sre"}, Approvals: 2}, {From: []string{"leads"}}}}, {Name: "security", From: []string{"security"}}}
	for want, of := range map[string]contracts.OfferApproval{
		"2 of dba or sre, or 1 of leads; and 1 of security at times":                       {Stages: stages, Conditional: []string{"security"}},
		"nobody at times, else 2 of dba or sre, or 1 of leads; and 1 of security at times": {Stages: stages, Conditional: []string{"security"}, Automatic: true},
		"nobody: the contract approves":                                                    {Automatic: true},
	} {
		require.Equal(t, want, approvers(contracts.Offer{Approval: of}))
		var b strings.Builder
		catalogTable([]contracts.Offer{{Contract: "c", Approval: of}})(&b)
		require.Contains(t, b.String(), want)
	}
}

// TestNothingToList says what was looked for.
func TestNothingToList(t *testing.T) {
	for want, q := range map[string]client.Query{
		"Nothing waits for your decision.\n":                         {ToDecide: true, States: []string{"pending"}},
		"No use of break glass waits for your post-access review.\n": {ToReview: true},
		"None of the requests that you may see is like that.\n":      {States: []string{"active"}},
		"No requests. `ramp catalog` shows what you may ask for.\n":  {Mine: true},
	} {
		var b strings.Builder
		requestTable(q, client.Page[access.Request]{})(&b)
		require.Equal(t, want, b.String())
	}
}

// TestInAll: access counts from its opening, and is active some seconds later.
func TestInAll(t *testing.T) {
	for d, want := range map[time.Duration]string{7*time.Minute - time.Second: "7m", 6*time.Minute + 30*time.Second: "6m30s", 15 * time.Second: "15s", 59 * time.Second: "1m", time.Hour: "1h"} {
		require.Equal(t, want, inAll(d).String())
	}
}

// TestWhoAmI shows by which groups contracts go, and nothing of it moves the cursor.
func TestWhoAmI(t *testing.T) {
	var b strings.Builder
	whoAmI(access.Person{ID: "bob", Kind: access.KindHuman, Email: "bob@example.com", Groups: []string{"approvers", "on\x1b[2J"}})(&b)
	require.Regexp(t, `(?m)^Groups +approvers, on·\[2J$`, b.String())
	require.Contains(t, b.String(), "bob@example.com")
	b.Reset()
	whoAmI(access.Person{ID: "dave"})(&b)
	require.Regexp(t, `(?m)^Groups +none$`, b.String())
}

// TestShowSaysWhyNothingOpened: of an opening that failed until its end, the target's last error
// stands beside the grant, in the kind of the failure where its worker could not start it, and
// with the reader's own times.
func TestShowSaysWhyNothingOpened(t *testing.T) {
	at := time.Date(2026, 11, 27, 2, 14, 0, 0, time.UTC)
	t.Setenv("TZ", "UTC")
	for _, why := range []string{"target ssh/a is off: its worker cannot start it (it refuses Ramp's own credential)",
		"the time for it was over, at 2026-11-27T02:14:00Z, before ssh/a was open: the target's worker did not respond until then"} {
		problem := "opening failed: " + why
		r := access.Request{ID: "0123456789abcdef", State: access.StateEnded, Outcome: access.OutcomeFailed, Problem: problem, EndedAt: &at,
			Plan: access.Plan{Grants: []access.PlannedGrant{{Name: "a", Target: "ssh/a"}, {Name: "b", Target: "ssh/b"}}},
			Timeline: []access.Event{{Kind: access.EventGrantIntended, At: at, Detail: map[string]string{"grant": "a"}}, {Kind: access.EventAccessEnding, At: at, Message: problem},
				{Kind: access.EventGrantClosed, At: at, Detail: map[string]string{"grant": "a"}}}}
		r.Grants = r.GrantStates()
		var b strings.Builder
		requestDetail(r)(&b)
		said := output.WithTimes(problem)
		require.NotContains(t, said, "T02:14:00Z")
		require.Regexp(t, `(?m)^Problem +`+regexp.QuoteMeta(said)+`$`, b.String())
		require.Regexp(t, `State +failed since .*: `+regexp.QuoteMeta(said)+`\n`, b.String())
		require.Contains(t, b.String(), "not opened")
	}
}

// TestCatalogSaysWhyATargetCannotBeUsed, in the kind of the failure.
func TestCatalogSaysWhyATargetCannotBeUsed(t *testing.T) {
	since := time.Date(2026, 11, 27, 2, 14, 0, 0, time.UTC)
	off := access.TargetState{Target: "ssh/web", Condition: access.TargetOff, Fault: access.FaultConfiguration, Reason: "open /etc/ramp/ssh-ca: permission denied", Since: since, At: since}
	var b strings.Builder
	catalogTable([]contracts.Offer{{Contract: "web", Unusable: []access.TargetState{off.WithoutInternals()}}})(&b)
	require.Contains(t, b.String(), "web: ssh/web has been off since "+output.Time(since)+": its worker cannot start it (something is wrong with how it is set up for Ramp). It is on again as soon as that works.")
	require.NotContains(t, b.String(), "ssh-ca")
}
