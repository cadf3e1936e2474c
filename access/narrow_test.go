package access_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
)

func upTo(d time.Duration) func(*access.Decision) {
	return func(one *access.Decision) { one.UpTo = access.Duration(d) }
}

// TestNarrowed: of all approvals that count, the shortest length and the latest start
// hold, and what was shortened is not extended.
func TestNarrowed(t *testing.T) {
	p := asked(access.Stage{Name: "leads", From: []string{"leads"}, Approvals: 2})
	p.Digest, p.CreatedAt, p.Duration = digest, at, access.Duration(2*time.Hour)
	p.Extend = &access.ExtensionLimits{Times: 1, UpTo: access.Duration(4 * time.Hour)}
	bob, carol := human("bob", "leads"), human("carol", "leads")
	tomorrow := at.Add(24 * time.Hour)
	from := func(d *access.Decision) { d.StartAt = &tomorrow }
	end := at.Add(time.Minute)
	require.Equal(t, p, p.Narrowed([]access.Decision{says(bob, access.Approve), says(carol, access.Approve)}, end))
	got := p.Narrowed([]access.Decision{says(bob, access.Approve, upTo(time.Hour)), says(carol, access.Approve, upTo(30*time.Minute), from)}, end)
	require.Equal(t, access.Duration(30*time.Minute), got.Duration)
	require.Equal(t, tomorrow, *got.StartAt)
	require.Nil(t, got.Extend)
	require.Equal(t, p.Digest, got.Digest)
	for name, d := range map[string]access.Decision{
		"a denial":                says(bob, access.Deny, upTo(time.Minute)),
		"who may not decide":      says(human("dave"), access.Approve, upTo(time.Minute)),
		"the requester":           says(human("alice", "leads"), access.Approve, upTo(time.Minute)),
		"after it was approved":   says(bob, access.Approve, upTo(time.Minute), later(2*time.Minute)),
		"more than the plan":      says(bob, access.Approve, upTo(3*time.Hour)),
		"less than nothing":       says(bob, access.Approve, upTo(-time.Hour)),
		"another plan's approval": says(bob, access.Approve, upTo(time.Minute), func(d *access.Decision) { d.PlanDigest = "sha256:0" }),
	} {
		require.Equal(t, p, p.Narrowed([]access.Decision{d}, end), name)
	}
}

// TestNarrowedNeverGivesMore: whatever is approved, nobody gets a longer time, an
// earlier start or a later extension than the plan has, nor than any approval gave.
func TestNarrowedNeverGivesMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := asked(access.Stage{Name: "leads", From: []string{"leads"}, Approvals: 2})
		p.Digest, p.CreatedAt, p.Duration = digest, at, access.Duration(2*time.Hour)
		p.Extend = &access.ExtensionLimits{Times: 1, UpTo: access.Duration(4 * time.Hour)}
		var said []access.Decision
		for _, who := range []string{"bob", "carol", "erin"} {
			said = append(said, says(human(who, "leads"), access.Approve, func(d *access.Decision) {
				d.UpTo = access.Duration(rapid.IntRange(-1, 5).Draw(t, "hours")) * access.Duration(30*time.Minute)
				if n := rapid.IntRange(-2, 5).Draw(t, "start"); n != 0 {
					start := at.Add(time.Duration(n) * time.Hour)
					d.StartAt = &start
				}
			}))
		}
		got := p.Narrowed(said, at)
		require.LessOrEqual(t, got.Duration, p.Duration)
		require.Positive(t, got.Duration)
		for _, d := range said {
			if d.UpTo > 0 {
				require.LessOrEqual(t, got.Duration, max(d.UpTo, 0))
			}
			if d.StartAt != nil {
				require.False(t, got.StartAt.Before(*d.StartAt))
			}
		}
		if got.Duration < p.Duration {
			require.Nil(t, got.Extend)
		}
		require.Equal(t, got, got.Narrowed(said, at), "once more changes nothing")
		require.Equal(t, got, p.Narrowed(rapid.Permutation(said).Draw(t, "order"), at))
	})
}

// TestCheckNarrowing: what the server does not sign.
func TestCheckNarrowing(t *testing.T) {
	p := asked()
	p.Duration = access.Duration(time.Hour)
	passkey := p
	passkey.Rule.Passkey = true
	early, far := at.Add(-time.Minute), at.Add(31*24*time.Hour)
	for want, c := range map[string]struct {
		plan access.Plan
		said access.Decision
	}{
		"narrow_denial":   {p, says(human("bob"), access.Deny, upTo(time.Minute))},
		"narrow_passkey":  {passkey, says(human("bob"), access.Approve, upTo(time.Minute))},
		"up_to_not_less":  {p, says(human("bob"), access.Approve, upTo(time.Hour))},
		"start_not_later": {p, says(human("bob"), access.Approve, func(d *access.Decision) { d.StartAt = &early })},
		"start_too_far":   {p, says(human("bob"), access.Approve, func(d *access.Decision) { d.StartAt = &far })},
	} {
		require.Equal(t, want, access.IssuesOf(c.plan.CheckNarrowing(c.said, at))[0].Code)
	}
	require.NoError(t, passkey.CheckNarrowing(says(human("bob"), access.Approve), at))
	require.NoError(t, p.CheckNarrowing(says(human("bob"), access.Approve, upTo(time.Minute)), at))
}
