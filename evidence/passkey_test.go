package evidence

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/passkey"
	"ramp.dev/ramp/passkey/passkeytest"
)

// TestCapturedServer: anybody who has the server's key signs what they like for
// whom they like; a plan that wants passkeys is approved by none of it.
func TestCapturedServer(t *testing.T) {
	p := plan(lead)
	p.Rule.Passkey = true
	bob := human("bob", "approvers")
	device, stolen := passkeytest.New(t), passkeytest.New(t)
	enrolled := device.Enrolled("bob", passkey.Set{})
	signed := func(d *access.Decision) { d.Passkey = device.Signs(d.RequestID, d.PlanDigest, d.Verdict) }
	for _, c := range []struct {
		name  string
		known Passkeys
		give  func(d desk) []Envelope
		want  string // of the error; else the standing
	}{
		{"bob's own", enrolled, func(d desk) []Envelope { return []Envelope{d.decision(bob, access.Approve, signed)} }, "satisfied"},
		{"the server's word alone", enrolled, func(d desk) []Envelope { return []Envelope{d.decision(bob, access.Approve)} }, "the approval carries none"},
		{"a key that only the server knows", enrolled, func(d desk) []Envelope {
			return []Envelope{d.decision(bob, access.Approve, func(d *access.Decision) { d.Passkey = stolen.Signs(d.RequestID, d.PlanDigest, d.Verdict) })}
		}, "not enrolled for bob"},
		{"bob's key in somebody else's name", enrolled, func(d desk) []Envelope {
			return []Envelope{d.decision(human("carol", "approvers"), access.Approve, signed)}
		}, "not enrolled for carol"},
		{"bob's signature on another plan", enrolled, func(d desk) []Envelope {
			return []Envelope{d.decision(bob, access.Approve, func(dec *access.Decision) { dec.Passkey = device.Signs(dec.RequestID, "sha256:00", dec.Verdict) })}
		}, "challenge"},
		{"beside one that is good", enrolled, func(d desk) []Envelope {
			return []Envelope{d.decision(bob, access.Approve, signed), d.decision(human("ben", "approvers"), access.Approve)}
		}, "the approval carries none"},
		{"nobody enrolled", passkey.Set{}, func(d desk) []Envelope { return []Envelope{d.decision(bob, access.Approve, signed)} }, "not enrolled for bob"},
		{"no passkeys known here", nil, func(d desk) []Envelope { return []Envelope{d.decision(bob, access.Approve, signed)} }, "keys.passkeys"},
		{"a denial needs none", nil, func(d desk) []Envelope { return []Envelope{d.decision(bob, access.Deny)} }, "denied"},
		{"nobody yet", nil, func(d desk) []Envelope { return nil }, "undecided"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, p)
			a, err := NewKeyring(d.Public()).WithPasskeys(c.known).Authorize(d.plan, c.give(d))
			if err != nil {
				require.ErrorContains(t, err, c.want)
				require.Zero(t, a)
				return
			}
			require.Equal(t, c.want, string(a.Tally))
		})
	}
	t.Run("approved by the contract itself", func(t *testing.T) {
		p := plan()
		p.Rule.Auto, p.Rule.Passkey = true, true
		d := newDesk(t, p)
		a, err := NewKeyring(d.Public()).WithPasskeys(enrolled).Authorize(d.plan, nil)
		require.NoError(t, err)
		require.Equal(t, access.TallyUndecided, a.Tally, "no person, no passkey")
	})
}

// TestPackOfPasskeys: a pack proves an approval by passkey to those who have the
// file of passkeys, and to nobody else.
func TestPackOfPasskeys(t *testing.T) {
	device := passkeytest.New(t)
	enrolled := device.Enrolled("bob", passkey.Set{})
	tell := func(a *access.Assertion, sign bool) (*story, Pack) {
		s := newTale(t, func(p *access.Plan) { p.Rule.Passkey = true })
		s.evaluate()
		if sign {
			a = device.Signs(s.plan.RequestID, s.plan.Digest, access.Approve)
		}
		s.keep(s.server.SignDecision(access.Decision{RequestID: s.plan.RequestID, PlanDigest: s.plan.Digest, Verdict: access.Approve,
			Approver: human("bob", "approvers"), At: at.Add(time.Minute), Passkey: a}))
		s.event(access.EventDecisionRecorded, "bob", time.Minute, map[string]string{"decision": "approve"})
		s.open(2 * time.Minute)
		s.close(time.Hour, access.ReadBack{})
		return s, s.pack()
	}
	verify := func(s *story, p Pack, known Passkeys) Report {
		return p.Verify(NewKeyring(s.server.Public()).WithPasskeys(known), NewKeyring(s.worker.Public()))
	}
	s, p := tell(nil, true)
	r := verify(s, p, enrolled)
	require.Equal(t, ProvenEnded, r.Conclusion, r.Summary)
	require.Contains(t, r.Checks[5].Detail, "own passkey")
	require.False(t, verify(s, p, nil).Proven(), "without the file it is the server's word")
	require.False(t, verify(s, p, passkeytest.New(t).Enrolled("bob", passkey.Set{})).Proven(), "another key of bob's")
	s, p = tell(nil, false)
	require.False(t, verify(s, p, enrolled).Proven(), "a server that left it out")
	s, p = tell(device.Signs("another", s.plan.Digest, access.Approve), false)
	require.False(t, verify(s, p, enrolled).Proven(), "a signature for another request")
}
