package notices

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// TestNoticeSaysHowItEnded: who revoked access, and what a post-access review came to, is said,
// and what people wrote only where the configuration has reasons in.
func TestNoticeSaysHowItEnded(t *testing.T) {
	opened := asked().CreatedAt
	ended, end := opened.Add(2*time.Minute), opened.Add(90*time.Minute)
	revoked := asked(func(r *access.Request) {
		r.State, r.Outcome, r.ActiveAt, r.ExpiresAt, r.EndedAt, r.Extensions = access.StateEnded, access.OutcomeRevoked, &opened, &end, &ended, 2
		r.EndOrders = []access.EndOrder{{Kind: access.EndRevoke, By: "oscar", Reason: "laptop stolen"}}
	})
	for _, reasons := range []bool{true, false} {
		m := Config{Reasons: reasons}.compose(ledger.Notice{Kind: access.EventAccessEnded, Why: whyRequester}, revoked, time.UTC)
		require.Equal(t, "[Ramp] orders was revoked, and is over, proven gone", m.Subject)
		require.Contains(t, m.Text, "Revoked by:   oscar\n")
		require.Contains(t, m.Text, "Extended:     2 times, to 1h30m in all\n")
		require.Equal(t, reasons, strings.Contains(m.Text, "Because:      laptop stolen\n"))
	}
	unsigned := revoked
	unsigned.EndOrders = nil
	require.NotContains(t, Config{}.compose(ledger.Notice{Kind: access.EventAccessEnded}, unsigned, time.UTC).Text, "Revoked by")

	for _, justified := range []bool{true, false} {
		r := asked(broken, func(r *access.Request) {
			r.State, r.EndedAt = access.StateEnded, &ended
			r.Review = &access.Review{By: access.Person{ID: "bob", Name: "Bob Brandt"}, Justified: justified, Comment: "the database was down"}
		})
		want := map[bool]string{true: "justified", false: "not justified"}[justified]
		m := Config{Reasons: true}.compose(ledger.Notice{Kind: access.EventGlassReviewed}, r, time.UTC)
		require.Equal(t, "[Ramp] The use of break glass under orders was found "+want, m.Subject)
		require.Contains(t, m.Text, "Review:       "+want+"\nReviewed by:  Bob Brandt (bob)\nComment:      the database was down\n")
		require.NotContains(t, Config{}.compose(ledger.Notice{Kind: access.EventGlassReviewed}, r, time.UTC).Text, "the database was down")
	}
}

// TestNoticeSaysThatOpeningFailed: who waits for access that never opened is not told that it is
// over, as if they had had it; and no mail has the words of a target's error, which the page has
// for who may read it.
func TestNoticeSaysThatOpeningFailed(t *testing.T) {
	ended := asked().CreatedAt.Add(2 * time.Minute)
	r := asked(func(r *access.Request) {
		r.State, r.Outcome, r.EndedAt = access.StateEnded, access.OutcomeFailed, &ended
		r.Problem = "opening failed: grant on ssh/web: open /etc/ramp/ssh-ca: permission denied"
	})
	for _, reasons := range []bool{true, false} {
		m := Config{Reasons: reasons}.compose(ledger.Notice{Kind: access.EventAccessEnded, Why: whyRequester}, r, time.UTC)
		require.Equal(t, "[Ramp] orders could not be opened; nothing of it is left, proven", m.Subject)
		require.NotContains(t, m.Text+m.HTML, "ssh-ca")
	}
}
