package notices

import (
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// TestPageOfALetter: it says what the text says, makes no markup of what people chose, and
// loads nothing.
func TestPageOfALetter(t *testing.T) {
	c := Config{Pages: "https://ramp.example.com"}
	r := asked()
	r.Requester.Name = `<img src="https://evil.example/x.png"> & <script>alert(1)</script>`
	r.Altered = []string{"the state"}
	m := c.compose(ledger.Notice{ID: "1", RequestID: r.ID, Kind: access.EventRequestCreated, Why: whyApprover}, r, time.UTC)
	require.Contains(t, m.HTML, "&lt;img src=&#34;https://evil.example/x.png&#34;&gt; &amp; &lt;script&gt;")
	require.NotContains(t, m.HTML, "<img")
	require.NotContains(t, m.HTML, "<script")
	require.NotContains(t, m.HTML, "order 4711", "reasons stay in Ramp")
	for _, says := range []string{"read orders on postgres/orders", "Tue 24 Nov 2026, 03:14 UTC", "Decide on the page, logged in.", "the ledger does not say what was signed: the state", noCredential} {
		require.Contains(t, m.HTML, says)
		require.Contains(t, m.Text, says)
	}
	require.Equal(t, []string{`href="https://ramp.example.com/requests/0123456789abcdef"`}, regexp.MustCompile(`(href|src)="[^"]+"|url\([^)]*\)`).FindAllString(m.HTML, -1))
}

// TestWhoMayDoWhat: a letter offers what its reader can do, and no more.
func TestWhoMayDoWhat(t *testing.T) {
	r := asked()
	for _, c := range []struct {
		kind access.EventKind
		why  string
		note string
	}{
		{access.EventRequestCreated, whyApprover, "Decide on the page, logged in."},
		{access.EventRequestCreated, whyOnCall, "Decide on the page, logged in."},
		{access.EventGlassBroken, whyReviewer, "Review it on the page, logged in."},
		{access.EventAccessActive, whyRequester, "The page says how to connect. Release access there once you are done."},
		{access.EventAccessActive, whyEnds, "Save your work, or release it. This access cannot be extended."},
		{access.EventAccessActive, whyAgentEnds, "Your agent has it. You see and end it on the page, logged in."},
		{access.EventAccessEnded, whyRequester, ""},
		{access.EventRequestDenied, whyRequester, ""},
		{access.EventRequestLapsed, whyRequester, ""},
		{access.EventGlassBroken, whyAlarm, ""},
		{access.EventRequestCreated, whyContract, ""},
	} {
		require.Equal(t, c.note, noteOf(ledger.Notice{Kind: c.kind, Why: c.why}, r), "%s %s", c.kind, c.why)
	}
	r.Plan.Extend = &access.ExtensionLimits{}
	require.Equal(t, "Save your work, extend it, or release it.", noteOf(ledger.Notice{Kind: access.EventAccessActive, Why: whyEnds}, r))
}

// TestMailOfAProposal: its owners read what it changes, and not two digests.
func TestMailOfAProposal(t *testing.T) {
	r := asked()
	r.Plan.Change = &access.ContractChange{Differences: []string{"orders: duration.max: 1h → 45m"}}
	r.Plan.Grants[0].Scope.Summary = "sha256:0123 in the place of sha256:4567"
	text := Config{}.compose(ledger.Notice{Kind: access.EventRequestCreated, Why: whyApprover}, r, time.UTC).Text
	require.Contains(t, text, "Changes:      orders: duration.max: 1h → 45m\n")
	require.NotContains(t, text, "sha256")
	for len(r.Plan.Change.Differences) < 25 {
		r.Plan.Change.Differences = append(r.Plan.Change.Differences, "another")
	}
	require.Contains(t, Config{}.compose(ledger.Notice{Kind: access.EventRequestCreated}, r, time.UTC).Text, "And:          5 changes more\n")
}
