package notices

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/notices/mail/mailtest"
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
