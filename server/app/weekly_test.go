package app

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/review"
)

// TestCase130NoRowStopsTheReview: a row that somebody writes into the ledger's database keeps
// no week from being reviewed, and a review is of the weeks that the thresholds were chosen
// for.
func TestCase130NoRowStopsTheReview(t *testing.T) {
	onEachLedger(t, func(w written) {
		w.asked()
		v := w.reviews
		now := v.now().Add(8 * 24 * time.Hour)
		until := endOfWeek(now.Add(-time.Hour), nil)
		w.exec(`INSERT INTO reviews (until, since, report) VALUES (253402300000000000, 0, '{}')`,
			`INSERT INTO reviews (until, since, report) VALUES (`+strconv.FormatInt(until.UnixMicro(), 10)+`, 0, '{}')`)
		for i, want := range []bool{true, false} {
			kept, err := v.keepWeek(t.Context(), now)
			require.NoError(t, err)
			require.Equal(t, want, kept, "round %d", i)
		}
		report, err := v.kept(t.Context(), now)
		require.NoError(t, err)
		require.Equal(t, review.WeeklyUntil(until, nil).From, report.Period.From.UTC())
		require.Equal(t, 28*24*time.Hour, report.Period.Length())
		require.Equal(t, 1, report.Figures.Requests)
		require.NotContains(t, strings.Join(report.Unknown, "\n"), "log that Ramp signed")

		// The report and the event that has its digest, both changed: the log has neither.
		w.mayWrite()
		w.exec(`UPDATE reviews SET report = '{}' WHERE until = `+strconv.FormatInt(until.UnixMicro(), 10),
			`UPDATE events SET detail = replace(detail, '`+digestInLog(w, now)+`', '`+review.Digest([]byte("{}"))+`') WHERE kind = 'review.made'`)
		_, err = v.kept(t.Context(), now)
		require.ErrorContains(t, err, "is not what the log has")
		_, err = v.keepWeek(t.Context(), now.Add(2*reviewLate))
		require.Error(t, err)
		require.True(t, v.ReviewOverdue(), "it is an alarm")
		_, err = v.keepWeek(t.Context(), now.Add(2*reviewLate+time.Minute))
		require.Error(t, err)
		var told []access.Event
		events, err := w.real.Events(t.Context(), ledger.EventFilter{Limit: 1000})
		require.NoError(t, err)
		for _, e := range events {
			if e.Kind == access.EventReviewOverdue {
				told = append(told, e)
			}
		}
		require.Len(t, told, 1, "once a day")
		require.Equal(t, access.FormatTime(until), told[0].Detail[access.DetailUntil])
	})
}

// digestInLog is the digest of the newest review's report.
func digestInLog(w written, now time.Time) string {
	_, made, err := w.real.ReviewUntil(w.t.Context(), now)
	require.NoError(w.t, err)
	return access.ReviewMadeOf(made).Digest
}

// TestCase130ForgedMark: what somebody makes of an event in the database is no mark.
func TestCase130ForgedMark(t *testing.T) {
	onEachLedger(t, func(w written) {
		w.asked()
		require.NoError(t, w.real.AppendEvent(t.Context(), access.Event{At: w.now, Kind: access.EventActRefused, Actor: "bob", Detail: map[string]string{"act": "submit"}}))
		w.mayWrite()
		w.exec(`UPDATE events SET kind = 'finding.marked', actor = 'carol', detail = '{"finding":"0123456789abcdef","mark":"dismissed"}' WHERE kind = 'act.refused'`)
		marks, altered, err := w.reviews.marks(t.Context())
		require.NoError(t, err)
		require.Empty(t, marks)
		require.Len(t, altered, 1)
	})
}

func TestEndOfWeek(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	for now, want := range map[string]string{
		"2026-03-30T00:30:00Z": "2026-03-29T22:00:00Z", // the clocks went forward on the 29th
		"2026-03-29T21:59:59Z": "2026-03-22T23:00:00Z",
		"2026-10-25T23:00:00Z": "2026-10-25T23:00:00Z", // and back on the 25th
		"2026-10-25T22:59:59Z": "2026-10-18T22:00:00Z",
	} {
		at, err := time.Parse(time.RFC3339, now)
		require.NoError(t, err)
		require.Equal(t, want, endOfWeek(at, berlin).Format(time.RFC3339), now)
	}
	until := time.Date(2026, 10, 25, 23, 0, 0, 0, time.UTC)
	require.Equal(t, "2026-09-27T22:00:00Z", review.WeeklyUntil(until, berlin).From.Format(time.RFC3339))
	require.Len(t, review.Make(nil, nil, nil, review.WeeklyUntil(until, berlin), review.Thresholds{}).Weeks, review.Weeks, "the hour more is no week")
}

// secondAccounts is a directory in which bob has a second account with his address, a linked one,
// and one of which nobody can tell whose it is.
type secondAccounts struct{}

func (secondAccounts) DirectorySnapshot(_ context.Context, ids ...string) (access.DirectorySnapshot, error) {
	return access.DirectorySnapshot{
		Members:  map[string]access.Member{"bob": {Email: "bob@example.com"}, "robert": {Email: "Bob@example.com"}},
		Accounts: map[string][]string{"bob-admin": {"bob"}},
		Unproven: map[string]string{"bobby": "its link was not signed"},
	}, nil
}

// TestCase130FindingAboutAnotherAccount: a finding about somebody is about all their accounts.
func TestCase130FindingAboutAnotherAccount(t *testing.T) {
	v := newFixture(t, func(c *Config) { c.Directory = secondAccounts{} }).reviews
	about := review.Finding{People: []string{"bob"}}
	for id, want := range map[string]bool{"bob": true, "BOB": true, "robert": true, "bob-admin": true, "carol": false} {
		is, err := v.isAbout(t.Context(), about, access.Person{ID: id, Kind: access.KindHuman})
		require.NoError(t, err, id)
		require.Equal(t, want, is, id)
		is, err = v.isAbout(t.Context(), review.Finding{People: []string{id}}, access.Person{ID: "bob", Kind: access.KindHuman})
		require.NoError(t, err, id)
		require.Equal(t, want, is, id)
	}
	is, err := v.isAbout(t.Context(), about, access.Person{ID: "robot", Kind: access.KindAgent, OnBehalfOf: "bob"})
	require.NoError(t, err)
	require.True(t, is, "his agent")
	_, err = v.isAbout(t.Context(), about, access.Person{ID: "bobby", Kind: access.KindHuman})
	require.Equal(t, access.CodeEvidence, access.CodeOf(err), "where nobody can tell, nobody marks")
}
