package ledger_test

import (
	"strconv"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

var reviewSuite = map[string]func(b fixture){
	"a review is kept once, with its event": func(b fixture) {
		until := time.Date(2031, 1, 6, 0, 0, 0, 0, time.UTC)
		r := ledger.KeptReview{From: until.Add(-7 * 24 * time.Hour), Until: until, Report: []byte(`{"a": 1}`)}
		made := access.ReviewMade{Since: r.From, Until: until, Digest: "sha256:1"}
		for i, want := range []bool{true, false} {
			kept, err := b.KeepReview(ctx, r, made.Event())
			require.NoError(b, err)
			require.Equal(b, want, kept, "server %d", i)
		}
		got, told, err := b.ReviewUntil(ctx, until)
		require.NoError(b, err)
		require.Equal(b, r, got)
		require.Equal(b, "sha256:1", access.ReviewMadeOf(told).Digest)
		_, _, err = b.ReviewUntil(ctx, until.Add(-time.Microsecond))
		require.Equal(b, access.CodeNotFound, access.CodeOf(err))
		ends, err := b.ReviewEnds(ctx, 10)
		require.NoError(b, err)
		require.Equal(b, until, ends[0])
		// Rows that the log does not tell of count for nothing, and are written over.
		later := until.Add(7 * 24 * time.Hour)
		for _, row := range []string{`4102444800000000, 0, '{}'`, strconv.FormatInt(later.UnixMicro(), 10) + `, 0, '{}'`} {
			_, err = b.raw.Exec(`INSERT INTO reviews (until, since, report) VALUES (` + row + `)`)
			require.NoError(b, err)
		}
		got, _, err = b.ReviewUntil(ctx, until.Add(100*365*24*time.Hour))
		require.NoError(b, err)
		require.Equal(b, r, got)
		ends, err = b.ReviewEnds(ctx, 1)
		require.NoError(b, err)
		require.Equal(b, []time.Time{until}, ends)
		next := ledger.KeptReview{From: until, Until: later, Report: []byte(`{"b": 1}`)}
		kept, err := b.KeepReview(ctx, next, access.ReviewMade{Since: next.From, Until: later, Digest: "sha256:2"}.Event())
		require.NoError(b, err)
		require.True(b, kept)
		got, _, err = b.ReviewUntil(ctx, later)
		require.NoError(b, err)
		require.Equal(b, next, got)
		again := next
		again.Report = []byte(`{"c": 1}`)
		kept, err = b.KeepReview(ctx, again, access.ReviewMade{Since: next.From, Until: later, Digest: "sha256:3"}.Event())
		require.NoError(b, err)
		require.False(b, kept)
		got, _, err = b.ReviewUntil(ctx, later)
		require.NoError(b, err)
		require.Equal(b, next, got, "the one that the log tells of stays")
		_, err = b.raw.Exec(`DELETE FROM reviews WHERE until = ` + strconv.FormatInt(later.UnixMicro(), 10))
		require.NoError(b, err)
		_, _, err = b.ReviewUntil(ctx, later)
		require.Equal(b, access.CodeEvidence, access.CodeOf(err), "the log tells of it, and it is gone")
	},
	"reading begins at a time, however many events there are": func(b fixture) {
		last, err := b.LastSeq(ctx)
		require.NoError(b, err)
		begin := time.Date(2032, 1, 1, 0, 0, 0, 0, time.UTC)
		for i := range 40 {
			require.NoError(b, b.AppendEvent(ctx, access.Event{At: begin.Add(time.Duration(i) * time.Hour), Kind: access.EventActRefused, Actor: "mallory"}))
		}
		for _, hours := range []int{0, 1, 13, 39, 100} {
			seq, err := b.SeqBefore(ctx, begin.Add(time.Duration(hours)*time.Hour))
			require.NoError(b, err)
			require.Equal(b, last+int64(min(max(hours-1, 0), 40)), seq, "%d hours: the clocks of servers may differ by one", hours)
		}
		var seen int
		require.NoError(b, b.Refusals(ctx, begin.Add(3*time.Hour), begin.Add(30*time.Hour), func(access.Event) error { seen++; return nil }))
		require.Equal(b, 27, seen)
	},
}
