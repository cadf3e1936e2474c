package notices

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/notices/mail/mailtest"
	"ramp.dev/ramp/review"
)

// TestReviewIsTold: owners with findings and security hear of a weekly review, once, with the
// number of what they read there and nothing of what was found.
func TestReviewIsTold(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	f := newFixture(t, s.Addr)
	until := f.clock.Add(-time.Hour).Truncate(time.Second)
	made := access.ReviewMade{Since: until.Add(-7 * 24 * time.Hour), Until: until, Findings: 3, ByOwner: map[string]int{"dba": 1}, Security: []string{"security"}}
	require.NoError(t, f.ledger.AppendEvent(t.Context(), made.Event()))
	f.handles()
	f.handles()
	require.Equal(t, "sent 2 notices, 0 are tried again", f.sends())
	got := map[string]mailtest.Mail{}
	for _, m := range s.Mails() {
		got[m.To] = m
	}
	require.Len(t, got, 2)
	require.Equal(t, "[Ramp] The weekly review has 1 finding for you", got["dba@example.com"].Header.Get("Subject"))
	require.Equal(t, "[Ramp] The weekly review has 3 findings for you", got["security@example.com"].Header.Get("Subject"))

	old := made
	old.Until = until.Add(-8 * 24 * time.Hour)
	require.NoError(t, f.ledger.AppendEvent(t.Context(), old.Event()))
	f.handles()
	require.Equal(t, "sent 0 notices, 0 are tried again", f.sends(), "a worker that was down for long tells nobody what is old")
}

// TestReviewIsToldByTheLog: whoever writes to the outbox has nothing sent to an address that
// the event in the log does not lead to.
func TestReviewIsToldByTheLog(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	f := newFixture(t, s.Addr)
	made := access.ReviewMade{Until: f.clock.Truncate(time.Second), Findings: 1, Security: []string{"security"}}
	require.NoError(t, f.ledger.AppendEvent(t.Context(), made.Event()))
	row := func(id, address string, seq int64) ledger.Notice {
		return ledger.Notice{ID: id, Seq: seq, Kind: access.EventReviewMade, Channel: mailChannel, Address: address, Why: whySecurity, CreatedAt: f.clock, DueAt: f.clock}
	}
	require.NoError(t, f.ledger.AddNotices(t.Context(), row("00000000000000000000000000000001", "eve@example.com", 1), row("00000000000000000000000000000002", "security@example.com", 7)))
	f.sends()
	require.Empty(t, s.Mails())
}

// madeReview is a review of the weeks until a time, and its event as a server records it.
func (f *fixture) madeReview(until time.Time) access.ReviewMade {
	f.Helper()
	figures := review.Figures{Requests: 30, People: 4, Hours: 12.3, ToAccess: review.Spread{Count: 30, Median: access.Duration(4 * time.Minute), P90: access.Duration(time.Hour + 12*time.Minute), Most: access.Duration(50 * time.Hour)}}
	from := until.Add(-28 * 24 * time.Hour)
	r := review.Report{Period: review.Period{From: from, To: until}, Zone: "Europe/Berlin", Figures: figures,
		Findings: []review.Finding{
			{ID: "0123456789abcdef", Kind: review.MaxTooLong, Contract: "orders", Owner: "dba", Sentence: "orders gives up to 8h. Log in at evil.example", Since: until},
			{ID: "1123456789abcdef", Kind: review.HeldLong, Subject: "mallory", Contract: "payroll", Owner: "people", People: []string{"mallory"}, Sentence: "mallory held it for long", Since: until.Add(-7 * 24 * time.Hour)},
			{ID: "2123456789abcdef", Kind: review.OffHours, Subject: "trudy", People: []string{"trudy", "Log in at evil.example"}, Sentence: "trudy asked at night", Since: until},
		},
		Owners: []review.OwnerPart{{Owner: "dba", Figures: figures, Uses: []review.ContractUses{{Contract: "orders", Figures: figures}}}, {Owner: "people", Uses: []review.ContractUses{{Contract: "payroll"}}}},
		Heat:   []review.Held{{Person: review.Person{ID: "mallory"}, Hours: [7]float64{2, 0, 31.5, 0.5, 0, 0, 8}, Share: 0.31}, {Person: review.Person{ID: "trudy"}, Hours: [7]float64{0, 4, 0, 0, 0, 0, 0}, Share: 0.02}}}
	for i := range 4 {
		r.Weeks = append(r.Weeks, review.Week{From: from.Add(time.Duration(i) * 7 * 24 * time.Hour), States: map[string]int{"ended": 5 + i, "denied": i}, ToAccess: figures.ToAccess})
	}
	b, err := json.Marshal(r)
	require.NoError(f, err)
	made := access.ReviewMade{Since: from, Until: until, Findings: len(r.Findings), ByOwner: map[string]int{"dba": 1}, Security: []string{"security"}, Digest: review.Digest(b)}
	kept, err := f.ledger.KeepReview(f.Context(), ledger.KeptReview{From: from, Until: until, Report: b}, made.Event())
	require.NoError(f, err)
	require.True(f, kept)
	return made
}

// mails are the mails that were sent, by their address.
func mailsTo(s *mailtest.Server) map[string]mailtest.Mail {
	out := map[string]mailtest.Mail{}
	for _, m := range s.Mails() {
		out[m.To] = m
	}
	return out
}

// TestReviewIsMailed: the mail of a review has its findings with links, and tables in the place
// of charts; owners read what is about their contracts. It names people only where the
// configuration says so, and has no sentence that the ledger's database could hold.
func TestReviewIsMailed(t *testing.T) {
	for _, names := range []bool{false, true} {
		t.Run(fmt.Sprint("names ", names), func(t *testing.T) {
			s := mailtest.Start(t, nil, "")
			f := newFixture(t, s.Addr)
			f.engine.config.ReviewNames = names
			until := f.clock.Add(-time.Hour).Truncate(time.Second)
			f.madeReview(until)
			f.handles()
			f.sends()
			got := mailsTo(s)
			require.Len(t, got, 2)
			all, theirs := got["security@example.com"], got["dba@example.com"]
			page := "https://ramp.example.com/review?until=" + url.QueryEscape(until.UTC().Format(time.RFC3339))
			for _, m := range []mailtest.Mail{all, theirs} {
				require.Contains(t, m.HTML, html.EscapeString(page)+`#finding-0123456789abcdef">longer than is used (new)</a>`)
				require.Contains(t, m.Body, page+"#finding-0123456789abcdef")
				require.Contains(t, m.HTML, `<th scope="row">orders</th><td>30</td><td>12.3</td><td>4m</td>`)
				for _, never := range []string{"evil.example", "<script", "<img", "src=", "asked at night"} {
					require.NotContains(t, m.HTML+m.Body, never)
				}
				require.Contains(t, m.HTML, `<table class="figures" aria-label="Findings">`)
			}
			require.Contains(t, all.HTML, "held for long</a></th><td>payroll</td>")
			require.Contains(t, all.HTML, `<th scope="row">opened and ended</th><td>5</td><td>6</td><td>7</td><td>8</td>`)
			require.Contains(t, all.HTML, `<th scope="row">nine of ten</th><td>1h12m</td>`)
			require.Regexp(t, `opened and ended +5 +6 +7 +8\r?\n`, all.Body)
			for _, others := range []string{"payroll", "mallory", "trudy", "1123456789abcdef", "opened and ended"} {
				require.NotContains(t, theirs.HTML+theirs.Body, others)
			}
			for _, person := range []string{"mallory", "trudy"} {
				require.Equal(t, names, strings.Contains(all.HTML, person))
				require.Equal(t, names, strings.Contains(all.Body, person))
			}
			if names {
				require.Contains(t, all.HTML, `<th scope="row">mallory</th><td class="heat1">2</td><td></td><td class="heat4">32</td><td class="heat1">0.5</td>`)
				require.Contains(t, all.HTML, "trudy, (not as Ramp writes it)")
			}
		})
	}
}

// TestAlteredReviewIsNotMailed: of a report that somebody changed in the database the mail has
// nothing but that, and the figures of the log.
func TestAlteredReviewIsNotMailed(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	f := newFixture(t, s.Addr)
	made := f.madeReview(f.clock.Add(-time.Hour).Truncate(time.Second))
	f.handles()
	other := made
	other.Until = made.Until.Add(time.Minute)
	require.NoError(t, f.ledger.AppendEvent(t.Context(), other.Event())) // of which there is no row
	f.handles()
	raw, err := sql.Open("sqlite", strings.TrimPrefix(f.path, "sqlite:"))
	require.NoError(t, err)
	defer raw.Close()
	_, err = raw.Exec(`UPDATE reviews SET report = '{"findings":[{"id":"0123456789abcdef","kind":"drift","contract":"planted","owner":"dba"}]}'`)
	require.NoError(t, err)
	f.sends()
	require.Len(t, s.Mails(), 4)
	for _, m := range s.Mails() {
		require.Contains(t, m.Body, "somebody changed it in the database")
		require.NotContains(t, m.HTML, "planted")
		require.NotContains(t, m.HTML, "<h2>")
	}
}
