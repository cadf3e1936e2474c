package record_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/review"
	"ramp.dev/ramp/review/record"
)

// TestReaderHoldsEventsAgainstTheLog: what somebody changes in the table of events is told by
// the report, and the time of one event hides no page behind it.
func TestReaderHoldsEventsAgainstTheLog(t *testing.T) {
	const told = "are not those of the log that Ramp signed"
	for name, change := range map[string]string{
		"a use becomes a denial": `UPDATE events SET kind = 'request.denied' WHERE kind = 'access.active' AND request_id = '`,
		"events are gone":        `DELETE FROM events WHERE request_id = '`,
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(b *book) {
				id := b.ask("mallory", period.From.Add(9*time.Hour), time.Hour, 0)
				b.ask("alice", period.From.Add(10*time.Hour), time.Hour, 1)
				require.NotContains(b, strings.Join(b.report(nil).Unknown, "\n"), told)
				b.mayWrite()
				b.exec(change + id + "'")
				r := b.report(nil)
				require.Contains(b, strings.Join(r.Unknown, "\n"), told)
				require.Contains(b, strings.Join(r.For("team-data").Unknown, "\n"), told, "owners read it too")
			})
		})
	}
	t.Run("the time of one event", func(t *testing.T) {
		onBoth(t, func(b *book) {
			at := period.From.Add(9 * time.Hour)
			for i := range 204 {
				b.ask("alice", at.Add(time.Duration(i)*time.Minute), time.Hour, 1)
			}
			b.mayWrite()
			b.exec(`UPDATE events SET at = 4102444800000000 WHERE seq = 1`)
			r := b.report(nil)
			require.Equal(b, 203, r.Figures.Requests, "those of the second page are there")
			require.Contains(b, strings.Join(r.Unknown, "\n"), told)
		})
	})
}

// TestOwnersReadNoRequestsOfOthers: what could not be read is told to owners without ids.
func TestOwnersReadNoRequestsOfOthers(t *testing.T) {
	onBoth(t, func(b *book) {
		id := b.ask("mallory", period.From.Add(9*time.Hour), time.Hour, 1)
		b.ask("alice", period.From.Add(10*time.Hour), time.Hour, 1)
		b.exec(`UPDATE requests SET plan_envelope = '{}' WHERE id = '` + id + `'`)
		r := b.report(nil)
		require.Contains(b, strings.Join(r.Unknown, "\n"), id)
		theirs := strings.Join(r.For("others").Unknown, "\n")
		require.NotContains(b, theirs, id)
		require.Contains(b, theirs, "Of 1 request in the ledger the plan is not one that Ramp signed")
	})
}

// TestOneDamagedEvent: details that cannot be read are named, and the rest of the request is
// there.
func TestOneDamagedEvent(t *testing.T) {
	onBoth(t, func(b *book) {
		id := b.ask("alice", period.From.Add(10*time.Hour), time.Hour, 1)
		b.mayWrite()
		b.exec(`UPDATE events SET detail = '[' WHERE kind = 'credential.minted'`)
		r := &record.Reader{Ledger: b.Ledger, Keys: b.keys}
		_, problems, err := r.Read(b.Context(), review.New(nil, period, review.Thresholds{}), period)
		require.NoError(b, err)
		require.Len(b, problems, 1)
		require.Contains(b, problems[0].Named, id)
	})
}

// mayWrite takes away what keeps people from writing the log by accident.
func (b *book) mayWrite() {
	b.Helper()
	for _, suffix := range []string{"_no_update", "_no_delete"} {
		if _, err := b.raw.ExecContext(b.Context(), `DROP TRIGGER events`+suffix); err != nil {
			b.exec(`ALTER TABLE events DISABLE TRIGGER ALL`)
		}
	}
}
