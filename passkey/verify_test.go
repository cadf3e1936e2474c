package passkey

import (
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	virtual "github.com/descope/virtualwebauthn"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

var (
	at  = time.Date(2026, 11, 24, 2, 14, 0, 0, time.UTC)
	bob = access.Person{ID: "bob", Kind: access.KindHuman, Groups: []string{"approvers"}}
)

const digest = "sha256:0011"

// site is one Ramp as browsers see it, and a key on a device.
type site struct {
	*testing.T
	rp     virtual.RelyingParty
	device virtual.Authenticator
	key    virtual.Credential
}

func newSite(t *testing.T) site {
	return site{t, virtual.RelyingParty{ID: "ramp.example.com", Name: "Ramp", Origin: "https://ramp.example.com"},
		virtual.NewAuthenticator(), newKey()}
}

// newKey leaves out the keys that the library writes wrongly, one in 128: those
// with a coordinate that begins with a zero byte.
func newKey() virtual.Credential {
	for {
		if k := virtual.NewCredential(virtual.KeyTypeEC2); checkPublic(k.Key.AttestationData()) == nil {
			return k
		}
	}
}

// enrolled is the Set with the site's key made for a person in the ceremony.
func (s site) enrolled(person string, in Set) Set {
	s.Helper()
	k, err := in.Enrol(person, "test key", s.creates(person), at)
	require.NoError(s, err)
	return in.with(person, k)
}

func (s site) creates(person string) []byte {
	return []byte(virtual.CreateAttestationResponse(s.rp, s.device, s.key, virtual.AttestationOptions{
		Challenge: EnrolmentChallenge(person), RelyingPartyID: s.rp.ID}))
}

func (s site) set() Set {
	return Set{Origin: "https://ramp.example.com", RPID: "ramp.example.com"}
}

// signs returns what the device signs for a challenge.
func (s site) signs(challenge []byte) *access.Assertion {
	s.Helper()
	var r struct {
		ID       string `json:"id"`
		Response access.Assertion
	}
	require.NoError(s, json.Unmarshal([]byte(virtual.CreateAssertionResponse(s.rp, s.device, s.key,
		virtual.AssertionOptions{Challenge: challenge, RelyingPartyID: s.rp.ID})), &r))
	r.Response.CredentialID = r.ID
	return &r.Response
}

// approval is bob's, signed by this site's key over what it is about.
func (s site) approval() access.Decision {
	s.Helper()
	return access.Decision{RequestID: "r1", PlanDigest: digest, Verdict: access.Approve, Approver: bob, At: at,
		Passkey: s.signs(Challenge("r1", digest, access.Approve))}
}

func issueOf(err error) string {
	if is := access.IssuesOf(err); len(is) == 1 {
		return is[0].Code
	}
	return ""
}

// TestVerify is every way in which an approval may not be what the person
// signed. All of them are in the hands of anybody who has the server's key.
func TestVerify(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(s *site, d *access.Decision, set *Set)
		want   string // the issue; empty: it verifies
	}{
		{"good", func(*site, *access.Decision, *Set) {}, ""},
		{"no assertion", func(_ *site, d *access.Decision, _ *Set) { d.Passkey = nil }, IssueNeeded},
		{"wrong challenge", func(s *site, d *access.Decision, _ *Set) { d.Passkey = s.signs([]byte("another")) }, IssueInvalid},
		{"challenge of an enrolment", func(s *site, d *access.Decision, _ *Set) { d.Passkey = s.signs(EnrolmentChallenge("bob")) }, IssueInvalid},
		{"replayed onto another request", func(_ *site, d *access.Decision, _ *Set) { d.RequestID = "r2" }, IssueInvalid},
		{"replayed onto another plan", func(_ *site, d *access.Decision, _ *Set) { d.PlanDigest = "sha256:0012" }, IssueInvalid},
		{"a signed denial turned into an approval", func(s *site, d *access.Decision, _ *Set) {
			d.Passkey = s.signs(Challenge("r1", digest, access.Deny))
		}, IssueInvalid},
		{"another origin", func(s *site, d *access.Decision, _ *Set) {
			s.rp.Origin = "https://evil.example.com"
			*d = s.approval()
		}, IssueInvalid},
		{"another port", func(s *site, d *access.Decision, _ *Set) {
			s.rp.Origin = "https://ramp.example.com:8443"
			*d = s.approval()
		}, IssueInvalid},
		{"another relying party", func(s *site, d *access.Decision, _ *Set) {
			s.rp.ID = "example.com"
			*d = s.approval()
		}, IssueInvalid},
		{"user not verified", func(s *site, d *access.Decision, _ *Set) {
			s.device.Options.UserNotVerified = true
			*d = s.approval()
		}, IssueInvalid},
		{"user not present", func(s *site, d *access.Decision, _ *Set) {
			s.device.Options.UserNotPresent = true
			*d = s.approval()
		}, IssueInvalid},
		{"an enrolment instead of an assertion", func(s *site, d *access.Decision, _ *Set) {
			var r struct{ Response access.Assertion }
			require.NoError(s, json.Unmarshal([]byte(virtual.CreateAttestationResponse(s.rp, s.device, s.key,
				virtual.AttestationOptions{Challenge: Challenge("r1", digest, access.Approve)})), &r))
			d.Passkey.ClientDataJSON = r.Response.ClientDataJSON
		}, IssueInvalid},
		{"key that nobody enrolled", func(s *site, d *access.Decision, _ *Set) {
			s.key = newKey()
			*d = s.approval()
		}, IssueUnknown},
		{"unenrolled key under an enrolled name", func(s *site, d *access.Decision, _ *Set) {
			id := s.key.ID
			s.key = newKey()
			s.key.ID = id
			*d = s.approval()
		}, IssueInvalid},
		{"another person's key", func(_ *site, d *access.Decision, _ *Set) { d.Approver.ID = "carol" }, IssueUnknown},
		{"an account linked to another human", func(_ *site, d *access.Decision, _ *Set) { d.Approver.OnBehalfOf = "carol" }, IssueUnknown},
		{"before it was enrolled", func(_ *site, d *access.Decision, _ *Set) { d.At = at.AddDate(0, 0, -1) }, IssueUnknown},
		{"after it was taken back", func(_ *site, d *access.Decision, set *Set) { set.People["bob"][0].Until = "2026-11-24" }, IssueUnknown},
		{"the last day before", func(_ *site, d *access.Decision, set *Set) { set.People["bob"][0].Until = "2026-11-25" }, ""},
		{"nobody is enrolled", func(_ *site, _ *access.Decision, set *Set) { *set = Set{} }, IssueUnknown},
		{"padded", func(_ *site, d *access.Decision, _ *Set) { d.Passkey.Signature += "=" }, IssueInvalid},
		{"with a line break", func(_ *site, d *access.Decision, _ *Set) { d.Passkey.ClientDataJSON += "\n" }, IssueInvalid},
		{"empty", func(_ *site, d *access.Decision, _ *Set) { d.Passkey.AuthenticatorData = "" }, IssueInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t)
			set := s.enrolled("bob", s.set())
			set = newSite(t).enrolled("carol", set)
			d := s.approval()
			c.change(&s, &d, &set)
			err := set.Verify(d)
			require.Equal(t, c.want, issueOf(err), "%v", err)
			require.Equal(t, c.want == "", err == nil, "%v", err)
		})
	}
}

// TestOneFlippedBit anywhere in what is signed, or in the signature, is no
// approval.
func TestOneFlippedBit(t *testing.T) {
	s := newSite(t)
	set := s.enrolled("bob", s.set())
	good := s.approval()
	for name, part := range map[string]func(*access.Assertion) *string{
		"authenticatorData": func(a *access.Assertion) *string { return &a.AuthenticatorData },
		"clientDataJSON":    func(a *access.Assertion) *string { return &a.ClientDataJSON },
		"signature":         func(a *access.Assertion) *string { return &a.Signature },
	} {
		b, err := base64.RawURLEncoding.DecodeString(*part(good.Passkey))
		require.NoError(t, err)
		for i := range len(b) * 8 {
			b[i/8] ^= 1 << (i % 8)
			a := *good.Passkey
			*part(&a) = Base64URL(b)
			d := good
			d.Passkey = &a
			require.Error(t, set.Verify(d), "%s, bit %d", name, i)
			b[i/8] ^= 1 << (i % 8)
		}
	}
	require.NoError(t, set.Verify(good))
}

// TestKindsOfKeys: those that authenticators make.
func TestKindsOfKeys(t *testing.T) {
	for _, key := range []virtual.Credential{newKey(), virtual.NewCredential(virtual.KeyTypeRSA)} {
		s := newSite(t)
		s.key = key
		require.NoError(t, s.enrolled("bob", s.set()).Verify(s.approval()))
	}
}

func TestEnrol(t *testing.T) {
	s := newSite(t)
	answer := s.creates("bob")
	for _, c := range []struct {
		name, person string
		set          Set
		answer       []byte
	}{
		{"made for another person", "carol", s.set(), answer},
		{"made at another place", "bob", Set{Origin: "https://other.example.com", RPID: "ramp.example.com"}, answer},
		{"made for another name", "bob", Set{Origin: "https://ramp.example.com", RPID: "example.com"}, answer},
		{"no answer", "bob", s.set(), nil},
		{"cut off", "bob", s.set(), answer[:len(answer)/2]},
		{"enrolled already, by somebody else", "bob", s.set().with("carol", must(s.set().Enrol("bob", "k", answer, at))), answer},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := c.set.Enrol(c.person, "laptop", c.answer, at)
			require.Equal(t, access.CodeInvalid, access.CodeOf(err), "%v", err)
		})
	}
	s.device.Options.UserNotVerified = true
	_, err := s.set().Enrol("bob", "laptop", s.creates("bob"), at)
	require.ErrorContains(t, err, "verif")
	_, err = s.set().Enrol("bob", " ", answer, at)
	require.ErrorContains(t, err, "needs a name")
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
