package pages

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/server/app"
)

// TestPageOfApprovals: who decides sees what must be written and confirmed, and can say
// yes to less; how stages stand is said in words.
func TestPageOfApprovals(t *testing.T) {
	p, err := New(nil, nil, TemporalUI{})
	require.NoError(t, err)
	r := example(access.StatePending)
	r.Plan.Rule = access.Rule{Confirm: []string{"The customer has agreed."}, Comment: 20}
	team := access.Stage{Name: "database team", AnyOf: []access.Approvers{{From: []string{"dba"}, Approvals: 2}, {From: []string{"leads"}, Approvals: 1,
		Where: &access.ApproverCheck{Field: "attributes.team", In: []string{"payments"}}}}}
	r.Stages = []access.StageStatus{{Stage: team, Approved: []string{"carol"}}, {Stage: access.Stage{Name: "security", From: []string{"security"}, Approvals: 1, Level: 1}, Waits: true}}
	from := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	r.Decisions = []access.Decision{{Verdict: access.Approve, Approver: access.Person{ID: "carol", Name: "Carol"}, Comment: "as agreed in the channel", Confirmed: []string{"The customer has agreed."},
		UpTo: access.Duration(30 * time.Minute), StartAt: &from, At: r.CreatedAt}}
	html := shown(t, p, "request", requestPage{Request: r, Can: app.Permissions{Decide: true}})
	for _, want := range []string{`name="confirmed" value="The customer has agreed."`, "to approve, at least 20 letters and digits", `name="upTo"`, `name="startAt"`,
		"1 so far; needs 2 of dba, or 1 of leads (team is payments)", "asked after the earlier ones", "for 30 minutes at the most"} {
		require.Contains(t, html, want)
	}
	r.Plan.Rule.Passkey = true
	require.NotContains(t, shown(t, p, "request", requestPage{Request: r, Can: app.Permissions{Decide: true}}), `name="upTo"`, "a passkey signs no length")
	keep(t, "approvals", html)
}

// TestFormOfBreakGlass: what holds only without break glass is marked, so that the
// style sheet hides it when the box is ticked, with JavaScript and without.
func TestFormOfBreakGlass(t *testing.T) {
	p, err := New(nil, nil, TemporalUI{})
	require.NoError(t, err)
	o := contracts.Offer{Contract: "cluster", During: "on Mondays", Limits: []string{"1 at once"}, Duration: contracts.OfferDuration{Default: access.Duration(time.Hour), Max: access.Duration(2 * time.Hour)},
		BreakGlass: &contracts.OfferBreakGlass{Max: access.Duration(30 * time.Minute), ReviewWithin: access.Duration(time.Hour), Reviewers: []string{"security"}}}
	html := shown(t, p, "ask", askPage{Offer: o})
	require.Contains(t, html, `<span class="usual"> Access can be open only in these windows: on Mondays. Limits for each person: 1 at once.</span>`)
	require.Contains(t, html, `<label class="usual"><input type="radio" name="duration" value="2h"`)
	require.Contains(t, html, `<label><input type="radio" name="duration" value="30m"`)
	require.Contains(t, html, `<span class="emergency">At most 30 minutes with break glass, and that if you choose none. No window and no limit holds it back, and it cannot be extended.</span>`)
	b, err := os.ReadFile("static/ramp.css")
	require.NoError(t, err)
	require.Contains(t, string(b), "main:has(#break-glass:checked) .usual, main:not(:has(#break-glass:checked)) .emergency { display: none; }")
	o.BreakGlass = nil
	require.NotContains(t, shown(t, p, "ask", askPage{Offer: o}), "emergency")
}

// TestCase43PageOfBreakGlass: a use of break glass says so before anything else, and
// a person who may review it finds the form.
func TestCase43PageOfBreakGlass(t *testing.T) {
	p, err := New(nil, nil, TemporalUI{})
	require.NoError(t, err)
	r := example(access.StateActive)
	r.Stages, r.Decisions = nil, nil
	r.Plan.BreakGlass = &access.BreakGlass{Reviewers: []string{"security"}, ReviewBy: r.CreatedAt.Add(24 * time.Hour)}
	html := shown(t, p, "request", requestPage{Request: r, Can: app.Permissions{Review: true, Revoke: true}})
	require.Contains(t, html, "Nobody approved this.")
	require.Contains(t, html, `action="/requests/0123456789abcdef/review"`)
	require.NotContains(t, html, "The contract approves this automatically.")
	keep(t, "glass", html)
	r.Review = &access.Review{By: access.Person{ID: "carol"}, Comment: "the database was down", At: r.CreatedAt}
	html = shown(t, p, "request", requestPage{Request: r})
	require.Contains(t, html, "not justified")
	require.Contains(t, html, "status glass overdue")
	r.Review.Justified = true
	require.NotContains(t, shown(t, p, "request", requestPage{Request: r}), "status glass overdue", "what was right is no alarm")
	require.NotContains(t, html, "/review\"")
	home := shown(t, p, "inbox", listPage{Glass: []access.Request{r}})
	require.Contains(t, home, "Break glass: waiting for your post-access review")
	require.Contains(t, home, "badge glass")
	require.Equal(t, 1, strings.Count(home, "aiting for your post-access review"))
	both := shown(t, p, "inbox", listPage{Glass: []access.Request{r}, Items: []access.Request{r}})
	require.Equal(t, 1, strings.Count(both, "Waiting for your approval"), "each heading stands once")
	require.Equal(t, 1, strings.Count(both, "aiting for your post-access review"))
}

// keep writes a page to RAMP_PAGES, to look at.
func keep(t *testing.T, name, html string) {
	if dir := os.Getenv("RAMP_PAGES"); dir != "" {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+".html"), []byte(html), 0o600))
	}
}
