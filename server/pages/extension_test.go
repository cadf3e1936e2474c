package pages

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/server/app"
)

// TestPageOfExtension: an extension that people decide says from which end to which, and
// those who may decide it find the form; the others read how it stands.
func TestPageOfExtension(t *testing.T) {
	p, err := New(nil, nil, TemporalUI{})
	require.NoError(t, err)
	r := example(access.StateActive)
	end := r.CreatedAt.Add(time.Hour)
	r.ExpiresAt = &end
	rule := access.Rule{DenyThreshold: 1, Comment: 20, Confirm: []string{"The customer has agreed."}, Stages: []access.Stage{{Name: "extension", From: []string{"leads"}, Approvals: 2}}}
	r.Plan.Extend = &access.ExtensionLimits{Times: 2, UpTo: access.Duration(4 * time.Hour), Rule: &rule}
	r.Asked = &access.Asked{Order: access.ExtensionOrder{Digest: "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", From: end, Adds: access.Duration(30 * time.Minute),
		By: r.Requester, Reason: "the import is at 80 %", At: r.CreatedAt}, Until: end.Add(30 * time.Minute), Tally: access.TallyUndecided,
		Stages:    []access.StageStatus{{Stage: rule.Stages[0], Approved: []string{"eve"}}},
		Decisions: []access.Decision{{Verdict: access.Approve, Approver: access.Person{ID: "eve", Name: "Eve"}, Comment: "as agreed", Confirmed: rule.Confirm, At: r.CreatedAt}}}
	html := shown(t, p, "request", requestPage{Request: r, Can: app.Permissions{DecideExtension: true}})
	for _, want := range []string{"30 minutes more", "instead of", "the import is at 80 %", `name="planDigest" value="` + r.Asked.Order.Digest + `"`, `name="confirmed" value="The customer has agreed."`,
		"to approve, at least 20 letters and digits", "1 of 2 from leads", "Approve the extension", "each time approved by 2 of leads", "as agreed"} {
		require.Contains(t, html, want)
	}
	keep(t, "extension", html)
	html = shown(t, p, "request", requestPage{Request: r, Can: app.Permissions{Release: true}})
	require.NotContains(t, html, "Approve the extension")
	require.Contains(t, html, "ends then if nobody has decided")
	require.Contains(t, shown(t, p, "inbox", listPage{Items: []access.Request{r}}), "extension by 30 minutes")
	r.Asked.Tally = access.TallyDenied
	require.Contains(t, shown(t, p, "request", requestPage{Request: r}), "Denied. Access goes on until")
}
