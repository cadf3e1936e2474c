package passkey

import (
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/goccy/go-yaml"

	"ramp.dev/ramp/access"
)

// Algorithms returns the algorithms that a new key may sign with, by their COSE
// numbers, the preferred ones first.
func Algorithms() []int {
	var out []int
	for _, a := range algorithms {
		out = append(out, int(a))
	}
	return out
}

// Enrol verifies a browser's response to EnrolmentChallenge and returns the entry
// of the new key, which counts once it is in the file. Errors are CodeInvalid.
func (s Set) Enrol(person, name string, response []byte, at time.Time) (Key, error) {
	parsed, err := protocol.ParseCredentialCreationResponseBytes(response)
	if err != nil {
		return Key{}, invalid("the browser's response is malformed: %s", detailed(err))
	}
	params := make([]protocol.CredentialParameter, len(algorithms))
	for i, a := range algorithms {
		params[i] = protocol.CredentialParameter{Type: protocol.PublicKeyCredentialType, Algorithm: a}
	}
	const crossOrigin, verified, present = false, true, true
	if _, err := parsed.Verify(Base64URL(EnrolmentChallenge(person)), s.RPID, []string{s.Origin}, nil, nil,
		protocol.TopOriginExplicitVerificationMode, crossOrigin, verified, present, nil, params,
		protocol.AttestationPolicy{}, protocol.SignaturePolicy{}); err != nil {
		return Key{}, invalid("the new key could not be verified: %s", detailed(err))
	}
	made := parsed.Response.AttestationObject.AuthData.AttData
	k := Key{Name: strings.TrimSpace(name), ID: Base64URL(made.CredentialID), PublicKey: Base64URL(made.CredentialPublicKey),
		Enrolled: at.UTC().Format(time.DateOnly)}
	with := s.with(person, k)
	if issues := with.validate("new key"); len(issues) > 0 {
		return Key{}, access.Invalid(issues...)
	}
	return k, nil
}

// with returns the Set with one more key.
func (s Set) with(person string, k Key) Set {
	people := map[string][]Key{}
	for p, keys := range s.People {
		people[p] = keys
	}
	people[person] = append(s.KeysOf(person), k)
	s.People = people
	return s
}

// FileEntry is a key as it is written in the file, below people.
func FileEntry(person string, k Key) (string, error) {
	b, err := yaml.Marshal(map[string][]Key{person: {k}})
	return string(b), err
}

func invalid(format string, args ...any) error {
	return refuse(access.CodeInvalid, IssueInvalid, format, args...)
}
