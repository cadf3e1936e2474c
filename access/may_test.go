package access_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// extendable is a plan of 30m that may be extended twice, to 2h in all.
func extendable() access.Plan {
	p := asked(access.Stage{Name: "leads", From: []string{"leads"}, Approvals: 1})
	p.Digest, p.Contract, p.Duration = digest, "ssh-demo", minutes(30)
	p.Extend = &access.ExtensionLimits{Times: 2, UpTo: minutes(120)}
	p.StepUp = access.Duration(time.Hour)
	p.Requester.LoggedInAt = at.Add(-time.Minute)
	p.CreatedAt = at
	p.Grants = []access.PlannedGrant{{Name: access.GrantName("r", 0), Target: "ssh/demo"}}
	return p
}

func minutes(n int) access.Duration { return access.Duration(time.Duration(n) * time.Minute) }

func order(p access.Plan, number int, adds access.Duration) access.ExtensionOrder {
	return access.ExtensionOrder{RequestID: p.RequestID, PlanDigest: p.Digest, Number: number, From: at.Add(p.Duration.Std()), Adds: adds, By: p.Requester, At: at}
}

func TestAllowsExtension(t *testing.T) {
	p := extendable()
	for name, c := range map[string]struct {
		change func(*access.Plan, *access.ExtensionOrder)
		total  int // minutes
		code   access.Code
		issue  string
	}{
		"OK":                   {func(*access.Plan, *access.ExtensionOrder) {}, 60, "", ""},
		"to the last second":   {func(*access.Plan, *access.ExtensionOrder) {}, 120, "", ""},
		"longer than approved": {func(*access.Plan, *access.ExtensionOrder) {}, 121, access.CodeForbidden, access.IssueExtendedOver},
		"another request":      {func(_ *access.Plan, o *access.ExtensionOrder) { o.RequestID = "q" }, 60, access.CodeEvidence, access.IssueWrongPlan},
		"another plan":         {func(_ *access.Plan, o *access.ExtensionOrder) { o.PlanDigest = "sha256:0" }, 60, access.CodeEvidence, access.IssueWrongPlan},
		"somebody else":        {func(_ *access.Plan, o *access.ExtensionOrder) { o.By = human("bob") }, 60, access.CodeEvidence, access.IssueNotRequester},
		"an agent of the requester": {func(_ *access.Plan, o *access.ExtensionOrder) {
			o.By = access.Person{ID: "bot", Kind: access.KindAgent, OnBehalfOf: "alice"}
		}, 60, access.CodeEvidence, access.IssueNotRequester},
		"a plan without":                         {func(p *access.Plan, _ *access.ExtensionOrder) { p.Extend = nil }, 60, access.CodeForbidden, access.IssueNotExtendable},
		"too often":                              {func(_ *access.Plan, o *access.ExtensionOrder) { o.Number = 3 }, 60, access.CodeForbidden, access.IssueExtensionNumber},
		"number zero":                            {func(_ *access.Plan, o *access.ExtensionOrder) { o.Number = 0 }, 60, access.CodeForbidden, access.IssueExtensionNumber},
		"adds nothing":                           {func(_ *access.Plan, o *access.ExtensionOrder) { o.Adds = 0 }, 60, access.CodeInvalid, "duration_not_positive"},
		"takes time away":                        {func(_ *access.Plan, o *access.ExtensionOrder) { o.Adds = -minutes(1) }, 60, access.CodeInvalid, "duration_not_positive"},
		"made after the end that it starts from": {func(_ *access.Plan, o *access.ExtensionOrder) { o.At = o.From.Add(access.ClockSkew + 1) }, 60, access.CodeEvidence, access.IssueExtendsNothing},
		"out of the window": {func(p *access.Plan, o *access.ExtensionOrder) {
			end := o.From.Add(o.Adds.Std() - 1)
			p.NotAfter = &end
		}, 60, access.CodeForbidden, access.IssueExtendedOver},
		"an old login": {func(_ *access.Plan, o *access.ExtensionOrder) {
			o.At, o.From = at.Add(2*time.Hour), at.Add(3*time.Hour)
		}, 60, access.CodeUnauthenticated, access.IssueStepUpNeeded},
	} {
		t.Run(name, func(t *testing.T) {
			p, o := p, order(p, 1, minutes(30))
			c.change(&p, &o)
			requireRefused(t, p.AllowsExtension(o, time.Duration(c.total)*time.Minute), c.code, c.issue)
		})
	}
}

func TestAllowsPickUp(t *testing.T) {
	p := extendable()
	for name, c := range map[string]struct {
		change func(*access.PickUpOrder)
		later  time.Duration // of the worker's clock
		code   access.Code
		issue  string
	}{
		"OK":                        {func(*access.PickUpOrder) {}, 0, "", ""},
		"in the last second":        {func(*access.PickUpOrder) {}, access.PickUpWithin, "", ""},
		"too old":                   {func(*access.PickUpOrder) {}, access.PickUpWithin + time.Second, access.CodeTooLate, access.IssueStalePickUp},
		"by a clock a little slow":  {func(*access.PickUpOrder) {}, -access.ClockSkew, "", ""},
		"by a clock that is slow":   {func(*access.PickUpOrder) {}, -access.ClockSkew - time.Second, access.CodeUnavailable, ""},
		"another plan":              {func(o *access.PickUpOrder) { o.PlanDigest = "sha256:0" }, 0, access.CodeEvidence, access.IssueWrongPlan},
		"an approver":               {func(o *access.PickUpOrder) { o.By = human("bob", "leads") }, 0, access.CodeEvidence, access.IssueNotRequester},
		"a grant that is not there": {func(o *access.PickUpOrder) { o.Grant = access.GrantName("r", 1) }, 0, access.CodeNotFound, access.IssueUnknownGrant},
		"an old login":              {func(o *access.PickUpOrder) { o.By.LoggedInAt = at.Add(-2 * time.Hour) }, 0, access.CodeUnauthenticated, access.IssueStepUpNeeded},
	} {
		t.Run(name, func(t *testing.T) {
			o := access.PickUpOrder{RequestID: p.RequestID, PlanDigest: p.Digest, Grant: p.Grants[0].Name, By: p.Requester, At: at}
			c.change(&o)
			requireRefused(t, p.AllowsPickUp(o, at.Add(c.later)), c.code, c.issue)
		})
	}
}

// TestCountsAllowsLateDenials: an approval must come in time; a denial closes
// access whenever it comes (docs/threats.md, case 15).
func TestCountsAllowsLateDenials(t *testing.T) {
	p, bob := extendable(), human("bob", "leads")
	late := func(d *access.Decision) { d.At = p.PendingUntil.Add(time.Second) }
	requireRefused(t, p.Rule.Counts(p, digest, says(bob, access.Approve, late)), access.CodeTooLate, "lapsed")
	require.NoError(t, p.Rule.Counts(p, digest, says(bob, access.Deny, late)))
	got, _ := p.Rule.Tally(p, digest, []access.Decision{says(human("carol", "leads"), access.Approve), says(bob, access.Deny, late)})
	require.Equal(t, access.TallyDenied, got)
}

func TestAllowsRequest(t *testing.T) {
	p := extendable()
	require.NoError(t, p.AllowsRequest())
	p.Requester.LoggedInAt = time.Time{}
	requireRefused(t, p.AllowsRequest(), access.CodeUnauthenticated, access.IssueStepUpNeeded)
}

// requireRefused requires an error of a code with one issue; no error where code
// is empty, and no issue where issue is.
func requireRefused(t *testing.T, err error, code access.Code, issue string) {
	t.Helper()
	if code == "" {
		require.NoError(t, err)
		return
	}
	require.Equal(t, code, access.CodeOf(err), "%v", err)
	if issue != "" {
		require.Len(t, access.IssuesOf(err), 1)
		require.Equal(t, issue, access.IssuesOf(err)[0].Code)
	}
}
