package evidence

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
)

var at = time.Date(2026, 11, 24, 2, 14, 0, 0, time.UTC)

func signer() *Signer {
	_, key, _ := ed25519.GenerateKey(rand.Reader)
	return NewSigner(key)
}

func human(id string, groups ...string) access.Person {
	return access.Person{ID: id, Kind: access.KindHuman, Groups: groups}
}

func plan(stages ...access.Stage) access.Plan {
	return access.Plan{RequestID: "0123456789abcdef", Contract: "c", Requester: human("alice", "engineering"),
		Duration: access.Duration(time.Hour), CreatedAt: at, PendingUntil: at.Add(time.Hour),
		Rule: access.Rule{DenyThreshold: 1, Stages: stages}}
}

var lead = access.Stage{Name: "lead", From: []string{"approvers"}, Approvals: 1}

type desk struct {
	*testing.T
	*Signer
	plan   Envelope
	digest string
}

func newDesk(t *testing.T, p access.Plan) desk {
	s := signer()
	e, digest, err := s.SignPlan(p)
	require.NoError(t, err)
	return desk{t, s, e, digest}
}

func (d desk) decision(p access.Person, v access.Verdict, change ...func(*access.Decision)) Envelope {
	dec := access.Decision{RequestID: "0123456789abcdef", PlanDigest: d.digest, Verdict: v, Approver: p, At: at.Add(time.Minute)}
	for _, c := range change {
		c(&dec)
	}
	e, err := d.SignDecision(dec)
	require.NoError(d, err)
	return e
}

func (d desk) authorize(es ...Envelope) (Authorized, error) {
	return NewKeyring(d.Public()).Authorize(d.plan, es)
}

func TestAuthorize(t *testing.T) {
	bob, carol := human("bob", "approvers"), human("carol", "approvers", "security")
	two := []access.Stage{lead, {Name: "security", From: []string{"security"}, Approvals: 1}}
	later := func(d *access.Decision) { d.At = at.Add(2 * time.Hour) }
	for _, c := range []struct {
		name   string
		stages []access.Stage
		give   func(d desk) []Envelope
		want   access.Tally
	}{
		{"nobody yet", []access.Stage{lead}, func(d desk) []Envelope { return nil }, access.TallyUndecided},
		{"the right person", []access.Stage{lead}, func(d desk) []Envelope { return []Envelope{d.decision(bob, access.Approve)} }, access.TallySatisfied},
		{"Case01 the requester, by hand", []access.Stage{lead}, func(d desk) []Envelope {
			return []Envelope{d.decision(human("alice", "approvers"), access.Approve)}
		}, access.TallyUndecided},
		{"Case03 the requester's agent", []access.Stage{lead}, func(d desk) []Envelope {
			return []Envelope{d.decision(access.Person{ID: "bot", Kind: access.KindAgent, OnBehalfOf: "alice", Groups: []string{"approvers"}}, access.Approve)}
		}, access.TallyUndecided},
		{"Case04 one human in two groups fills one seat", two, func(d desk) []Envelope {
			return []Envelope{d.decision(carol, access.Approve)}
		}, access.TallyUndecided},
		{"two people, one of whom could do both", two, func(d desk) []Envelope {
			return []Envelope{d.decision(carol, access.Approve), d.decision(bob, access.Approve)}
		}, access.TallySatisfied},
		{"Case05 more approvals than needed", []access.Stage{lead}, func(d desk) []Envelope {
			return []Envelope{d.decision(bob, access.Approve), d.decision(carol, access.Approve)}
		}, access.TallySatisfied},
		{"Case12 a denial wins", []access.Stage{lead}, func(d desk) []Envelope {
			return []Envelope{d.decision(bob, access.Approve), d.decision(carol, access.Deny)}
		}, access.TallyDenied},
		{"Case13 too late", []access.Stage{lead}, func(d desk) []Envelope {
			return []Envelope{d.decision(bob, access.Approve, later)}
		}, access.TallyUndecided},
		{"no stages and no automatic approval", nil, func(d desk) []Envelope { return nil }, access.TallyUndecided},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, plan(c.stages...))
			a, err := d.authorize(c.give(d)...)
			require.NoError(t, err)
			require.Equal(t, c.want, a.Tally)
			require.Equal(t, c.want == access.TallySatisfied, !a.Term("").Approved.IsZero())
		})
	}
}

func TestAuthorizeRefuses(t *testing.T) {
	bob := human("bob", "approvers")
	d := newDesk(t, plan(lead))
	good := d.decision(bob, access.Approve)
	stranger := newDesk(t, plan(lead))
	stranger.digest = d.digest
	for name, es := range map[string][]Envelope{
		"Case09 a decision on another digest":  {d.decision(bob, access.Approve, func(x *access.Decision) { x.PlanDigest = "sha256:0" })},
		"Case10 a decision of another request": {d.decision(bob, access.Approve, func(x *access.Decision) { x.RequestID = "fedcba9876543210" })},
		"Case40 signed by somebody else":       {stranger.decision(bob, access.Approve)},
		"one bad among good":                   {good, stranger.decision(bob, access.Approve)},
		"a plan as a decision":                 {d.plan},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := d.authorize(es...)
			require.Equal(t, access.CodeEvidence, access.CodeOf(err))
		})
	}
	t.Run("logins that are older than the plan wants", func(t *testing.T) {
		ago := func(p access.Person, d time.Duration) access.Person { p.LoggedInAt = at.Add(time.Minute - d); return p }
		wants := func(change func(*access.Plan)) desk {
			p := plan(lead)
			change(&p)
			return newDesk(t, p)
		}
		d := wants(func(p *access.Plan) { p.Rule.StepUp = access.Duration(15 * time.Minute) })
		for _, stale := range []access.Person{bob, ago(bob, 16*time.Minute)} {
			_, err := d.authorize(d.decision(stale, access.Approve))
			require.Equal(t, access.CodeEvidence, access.CodeOf(err))
			denied, err := d.authorize(d.decision(stale, access.Deny))
			require.NoError(t, err)
			require.Equal(t, access.TallyDenied, denied.Tally, "a denial needs no login")
		}
		a, err := d.authorize(d.decision(ago(bob, 14*time.Minute), access.Approve))
		require.NoError(t, err)
		require.Equal(t, access.TallySatisfied, a.Tally)

		asked := wants(func(p *access.Plan) { p.StepUp = access.Duration(15 * time.Minute) })
		_, err = asked.authorize(asked.decision(bob, access.Approve))
		require.Equal(t, access.CodeEvidence, access.CodeOf(err), "the requester's own")
	})
	t.Run("an empty keyring believes nobody", func(t *testing.T) {
		_, err := Keyring{}.Authorize(d.plan, nil)
		require.Equal(t, access.CodeEvidence, access.CodeOf(err))
	})
}

// Whatever one byte of an envelope becomes, it never authorizes something else
// than what was signed.
func TestAnyFlipIsRefused(t *testing.T) {
	d := newDesk(t, plan(lead))
	good := d.decision(human("bob", "approvers"), access.Approve)
	want, err := d.authorize(good)
	require.NoError(t, err)
	rapid.Check(t, func(rt *rapid.T) {
		e := good
		raw, _ := base64.StdEncoding.DecodeString(e.Payload)
		i := rapid.IntRange(0, len(raw)-1).Draw(rt, "at")
		raw[i] ^= byte(rapid.IntRange(1, 255).Draw(rt, "flip"))
		e.Payload = base64.StdEncoding.EncodeToString(raw)
		_, err := d.authorize(e)
		require.Equal(rt, access.CodeEvidence, access.CodeOf(err))
	})
	require.Equal(t, access.TallySatisfied, want.Tally)
}

func TestSealed(t *testing.T) {
	r, err := NewRecipient()
	require.NoError(t, err)
	secret := access.Credential{Kind: "ssh", Files: map[string]string{"id": "private"}, ExpiresAt: at}
	s, err := Seal(r.Public(), CredentialContext("r", "g"), secret)
	require.NoError(t, err)
	require.NotContains(t, s.Box, "private")
	got, err := r.Open(s, CredentialContext("r", "g"))
	require.NoError(t, err)
	require.Equal(t, secret, got)

	_, err = r.Open(s, CredentialContext("r", "other"))
	require.Equal(t, access.CodeEvidence, access.CodeOf(err), "a box of another grant")
	other, _ := NewRecipient()
	_, err = other.Open(s, CredentialContext("r", "g"))
	require.Error(t, err, "another's key")
	for _, bad := range []string{"", "not base64!", base64.StdEncoding.EncodeToString([]byte("short"))} {
		require.Equal(t, access.CodeInvalid, access.CodeOf(ValidateRecipient(bad)))
	}
}

func TestKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key.pem")
	made, err := LoadOrCreateSigner(path)
	require.NoError(t, err)
	read, err := LoadOrCreateSigner(path)
	require.NoError(t, err)
	require.Equal(t, made.KeyID(), read.KeyID())

	require.NoError(t, made.WritePublic(path+".pub"))
	ring, err := LoadKeyring(path + ".pub")
	require.NoError(t, err)
	e, digest, err := read.SignPlan(plan(lead))
	require.NoError(t, err)
	p, err := ring.VerifyPlan(e)
	require.NoError(t, err)
	require.Equal(t, digest, p.Digest)

	require.NoError(t, os.Chmod(path, 0o644))
	_, err = LoadOrCreateSigner(path)
	require.ErrorContains(t, err, "read by others")
}
