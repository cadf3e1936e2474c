package contracts_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

const engaged = "engagement: {from: begins, until: ends, zone: Europe/Berlin}\nextend: {times: 2, upTo: 8h}\nbreakGlass: {who: 'true', max: 1h, reviewWithin: 24h, reviewers: [security]}"

func contractor(from, until string) access.Person {
	return access.Person{ID: "dave", Kind: access.KindHuman, Attributes: map[string]string{"begins": from, "ends": until}}
}

// TestEngagement: access begins and ends within the days of the engagement, broken
// glass included, and what cannot be read refuses.
func TestEngagement(t *testing.T) {
	set, err := parse(t, `{stages: [{name: a, from: [x]}]}`, engaged)
	require.NoError(t, err)
	at := func(text string) time.Time {
		v, err := time.Parse(time.RFC3339, text)
		require.NoError(t, err)
		return v
	}
	for _, c := range []struct{ from, until, now, want string }{
		{"2026-11-24", "2026-11-30", "2026-11-23T22:59:59Z", "engagement_not_begun"},
		{"2026-11-24", "2026-11-30", "2026-11-23T23:00:00Z", ""}, // midnight in Berlin
		{"2026-11-24", "2026-11-30", "2026-11-30T22:00:00Z", ""},
		{"2026-11-24", "2026-11-30", "2026-11-30T22:45:00Z", "engagement_too_short"},
		{"2026-11-24", "2026-11-30", "2026-11-30T23:00:00Z", "engagement_over"},
		{"", "2026-11-30", "2026-11-24T12:00:00Z", "engagement_unknown"},
		{"2026-11-24", "", "2026-11-24T12:00:00Z", "engagement_unknown"},
		{"2026-11-24", "31.12.2026", "2026-11-24T12:00:00Z", "engagement_unknown"},
		{"2026-11-24", "2026-02-30", "2026-11-24T12:00:00Z", "engagement_unknown"},
	} {
		for _, glass := range []bool{false, true} {
			e := set.Contracts[0].Evaluate(contracts.Input{Person: contractor(c.from, c.until), Now: at(c.now), History: &access.History{},
				Request: access.RequestInput{Reason: "a good reason", BreakGlass: glass}})
			require.Equal(t, c.want, codes(e.Issues), "%v, break glass: %v", c, glass)
			if c.want == "engagement_unknown" {
				require.Equal(t, contracts.CouldNotEvaluate, e.Result)
			}
		}
	}
}

// TestEngagementEndsAccess: however late it is approved, and however far it is
// extended, the plan has access end with the engagement; an extension is given only
// while it lasts, as it is known then.
func TestEngagementEndsAccess(t *testing.T) {
	set, err := parse(t, `{pendingFor: 2h, stages: [{name: a, from: [x]}]}`, engaged)
	require.NoError(t, err)
	c, over := set.Contracts[0], time.Date(2026, 11, 30, 23, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		now := over.Add(-time.Duration(rapid.IntRange(1, 24*3600).Draw(t, "before")) * time.Second)
		e := c.Evaluate(contracts.Input{Person: contractor("2026-01-01", "2026-11-30"), Now: now, Request: access.RequestInput{Reason: "a good reason"}})
		if e.Err() != nil {
			require.True(t, now.Add(30*time.Minute+time.Minute).After(over))
			return
		}
		require.False(t, e.Draft.PendingUntil.Add(e.Draft.Duration.Std()).After(over))
		require.NotNil(t, e.Draft.NotAfter)
		require.Equal(t, over, *e.Draft.NotAfter)
	})
	still := func(until string, end time.Time) error {
		return c.CheckEligible(contracts.Input{Person: contractor("2026-01-01", until), Now: end.Add(-time.Hour), Request: access.RequestInput{Reason: "a good reason"}}, access.Duration(time.Hour), end)
	}
	require.NoError(t, still("2026-11-30", over))
	for until, want := range map[string]string{
		"2026-11-29": "engagement_over", // their contract was shortened meanwhile
		"soon":       "engagement_unknown",
	} {
		require.Equal(t, want, codes(access.IssuesOf(still(until, over))))
	}
	require.Equal(t, "engagement_over", codes(access.IssuesOf(still("2026-11-30", over.Add(time.Second)))))
}

// TestCase94StartAfterTheEngagement: an approver cannot put the start of access past the
// requester's last day, and an approval that does opens nothing.
func TestCase94StartAfterTheEngagement(t *testing.T) {
	set, err := parse(t, `{pendingFor: 2h, stages: [{name: a, from: [x]}]}`, engaged)
	require.NoError(t, err)
	over := time.Date(2026, 11, 30, 23, 0, 0, 0, time.UTC)
	now := over.Add(-5 * 24 * time.Hour)
	e := set.Contracts[0].Evaluate(contracts.Input{Person: contractor("2026-01-01", "2026-11-30"), Now: now, Request: access.RequestInput{Reason: "a good reason"}})
	require.NoError(t, e.Err())
	plan := e.Draft
	plan.RequestID, plan.Digest, plan.CreatedAt = "r", "d", now
	length := plan.Duration.Std()
	approve := func(start time.Time) access.Decision {
		return access.Decision{RequestID: "r", PlanDigest: "d", Verdict: access.Approve, StartAt: &start, At: now.Add(time.Minute),
			Approver: access.Person{ID: "bob", Kind: access.KindHuman, Groups: []string{"x"}}}
	}
	for start, want := range map[time.Time]string{
		over.Add(-length):               "",
		over.Add(-length + time.Second): "start_outlasts",
		over.Add(20 * 24 * time.Hour):   "start_outlasts",
	} {
		d := approve(start)
		require.Equal(t, want, codes(access.IssuesOf(plan.CheckNarrowing(d, d.At))), "%s", start)
	}
	less := approve(over.Add(-length / 2))
	less.UpTo = access.Duration(length / 2)
	require.NoError(t, plan.CheckNarrowing(less, less.At))

	late := approve(over.Add(20 * 24 * time.Hour))
	term := access.Signed{Plan: plan, Decisions: []access.Decision{late},
		Confirmations: []access.Confirmation{{RequestID: "r", PlanDigest: "d", At: *late.StartAt, Decisions: access.DecisionKeys([]access.Decision{late})}}}.Term("g")
	require.Error(t, term.AllowsOpening(late.StartAt.Add(time.Second), late.StartAt.Add(length)), "though an earlier server signed it")
}

func TestEngagementIsChecked(t *testing.T) {
	for _, c := range []struct{ written, want string }{
		{"engagement: {until: ends, zoneOf: requester}", ""},
		{"engagement: {from: begins, zone: UTC}", ""},
		{"engagement: {zone: UTC}", "engagement_none"},
		{"engagement: {until: ends}", "engagement_zone"},
		{"engagement: {until: ends, zone: Mars}", "engagement_zone"},
		{"engagement: {until: ends, zone: UTC, zoneOf: requester}", "engagement_zone"},
		{"engagement: {until: ends, zoneOf: manager}", "engagement_zone"},
	} {
		_, err := parse(t, `{auto: 'true'}`, c.written)
		require.Equal(t, c.want, codes(access.IssuesOf(err)), "%s: %v", c.written, err)
	}
}
