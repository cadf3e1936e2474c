package notices

import (
	"html"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// TestScreens writes mails as their readers see them, as pages and as text, to be looked at:
// go test ./notices -run TestScreens -artifacts -outputdir DIR.
func TestScreens(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	c := Config{Pages: "https://ramp.example.com"}
	ends := at.Add(time.Hour)
	open := func(r *access.Request) { r.State, r.ActiveAt, r.ExpiresAt = access.StateActive, &at, &ends }
	letters := map[string]letter{}
	of := func(name string, n ledger.Notice, change ...func(*access.Request)) {
		n.Urgent = n.Kind.Urgent()
		letters[name] = c.letterOf(n, asked(change...), berlin, true)
	}
	of("asks", ledger.Notice{RequestID: "0123456789abcdef", Kind: access.EventRequestCreated, Why: whyApprover})
	of("glass", ledger.Notice{RequestID: "0123456789abcdef", Kind: access.EventGlassBroken, Why: whyReviewer}, broken, open, func(r *access.Request) { r.Altered = []string{"the state"} })
	of("open", ledger.Notice{RequestID: "0123456789abcdef", Kind: access.EventAccessActive, Why: whyRequester}, open)
	of("ends", ledger.Notice{RequestID: "0123456789abcdef", Kind: access.EventAccessActive, Why: whyEnds}, open, func(r *access.Request) { r.Plan.Extend = &access.ExtensionLimits{} })
	of("handled", ledger.Notice{RequestID: "0123456789abcdef", Kind: access.EventDecisionRecorded, Why: whyHandled})
	f := newFixture(t, "127.0.0.1:1")
	f.links(alice)
	f.behind("4711")
	require.NoError(t, f.ledger.AppendEvent(t.Context(), access.UndeliveredAlarm("0123456789abcdef", access.EventGlassBroken, "mail did not take it", "k", f.clock)))
	events, err := f.ledger.Events(t.Context(), ledger.EventFilter{})
	require.NoError(t, err)
	for _, ev := range events {
		if concernsNoRequest(ev.Kind, ev.RequestID) {
			letters[string(ev.Kind)], err = f.engine.letterAlone(t.Context(), ev, map[bool]string{true: whyLinked, false: whyAlarm}[ev.Kind == access.EventExternalLinked], berlin)
			require.NoError(t, err)
		}
	}
	until := time.Date(2026, 11, 22, 23, 0, 0, 0, time.UTC)
	made := f.madeReview(until)
	for name, of := range map[string]part{"review-all": {all: true}, "review-owner": {owners: []string{"dba"}}} {
		report, problem, err := f.engine.readReport(t.Context(), access.Event{At: until, Seq: int64(len(events) + 1), Kind: access.EventReviewMade, Detail: made.Event().Detail})
		require.NoError(t, err)
		require.Empty(t, problem)
		why := whySecurity
		if !of.all {
			*report, why = report.For(of.owners...), whyOwner
		}
		l := c.reviewLetter(ledger.Notice{Why: why}, made, of, berlin)
		l.Tables = reviewTables(*report, l.Link, of.all)
		letters[name] = l
	}
	require.Len(t, letters, 10)
	for name, l := range letters {
		require.NotEmpty(t, l.Head)
		require.Contains(t, l.HTML(), html.EscapeString(l.Link))
		require.NoError(t, os.WriteFile(filepath.Join(t.ArtifactDir(), name+".html"), []byte(l.HTML()), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(t.ArtifactDir(), name+".txt"), []byte(l.Text()), 0o600))
	}
}
