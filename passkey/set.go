package passkey

import (
	"bytes"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/goccy/go-yaml"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/strictyaml"
)

// Set says which keys belong to whom, and where they may be used. The zero Set has
// no keys.
type Set struct {
	Origin string           `yaml:"origin"`         // where people reach Ramp, such as https://ramp.example.com
	RPID   string           `yaml:"rpId,omitempty"` // the name that keys are bound to; the origin's host if empty
	People map[string][]Key `yaml:"people"`         // by the id under which a person counts
}

// Key is one enrolled passkey. Its dates are days in UTC, as 2026-01-31.
type Key struct {
	Name      string `yaml:"name"`      // which one it is, for people
	ID        string `yaml:"id"`        // the credential id, base64url
	PublicKey string `yaml:"publicKey"` // COSE, base64url
	Enrolled  string `yaml:"enrolled"`  // the first day on which it counts
	// Until is the day from which it does not count any more. A key that is no
	// longer used keeps its place, for the evidence of what it approved.
	Until string `yaml:"until,omitempty"`
}

// algorithms are what keys may sign with: ES256, EdDSA, RS256, and the larger
// curves. None of them uses SHA-1.
var algorithms = []webauthncose.COSEAlgorithmIdentifier{webauthncose.AlgES256, webauthncose.AlgEdDSA, webauthncose.AlgRS256,
	webauthncose.AlgES384, webauthncose.AlgES512}

const (
	maxFile       = 1 << 20 // bytes
	maxCredential = 1023    // bytes, as in the specification
	maxPublicKey  = 2048    // bytes
)

// Load reads a file of passkeys with every key that was ever enrolled. Errors
// are CodeUnavailable if it cannot be read, CodeInvalid with every issue if it
// is wrong.
func Load(path string) (Set, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return Set{}, access.Errorf(access.CodeUnavailable, "passkeys: %w", err)
	}
	return Parse(path, b)
}

// Parse reads the text of a file; name is for messages.
func Parse(name string, b []byte) (Set, error) {
	var s Set
	if len(b) > maxFile {
		return s, access.Invalid(access.Issue{Code: "passkeys_too_large", Field: name, Message: "the file may have 1 MiB"})
	}
	bodies, err := strictyaml.Parse(b)
	if err != nil {
		return Set{}, access.Invalid(access.Issue{Code: "yaml", Field: name, Message: err.Error()})
	}
	if len(bodies) != 1 {
		return Set{}, access.Invalid(access.Issue{Code: "yaml", Field: name, Message: "a file of passkeys is one YAML document"})
	}
	if err := yaml.NewDecoder(new(bytes.Buffer), yaml.Strict()).DecodeFromNode(bodies[0], &s); err != nil {
		return Set{}, access.Invalid(access.Issue{Code: "yaml", Field: name, Message: err.Error()})
	}
	if issues := s.validate(name); len(issues) > 0 {
		return Set{}, access.Invalid(issues...)
	}
	if s.RPID == "" {
		u, _ := url.Parse(s.Origin)
		s.RPID = u.Hostname()
	}
	return s, nil
}

func (s Set) validate(name string) (issues []access.Issue) {
	bad := func(code, place, format string, args ...any) {
		issues = append(issues, access.Issue{Code: code, Field: name + ": " + place, Message: fmt.Sprintf(format, args...)})
	}
	if err := ValidateOrigin(s.Origin); err != nil {
		bad("origin", "origin", "%s", err)
	} else if u, _ := url.Parse(s.Origin); s.RPID != "" && s.RPID != u.Hostname() && !strings.HasSuffix(u.Hostname(), "."+s.RPID) {
		bad("rp_id", "rpId", "%q is not the origin's host, nor a domain it is in", s.RPID)
	}
	owners := map[string]string{} // of credential ids and of public keys
	people := map[string]string{} // by access.FoldID
	for _, person := range slices.Sorted(maps.Keys(s.People)) {
		if person == "" {
			bad("person", "people", "a person needs an id")
		}
		if other, twice := people[access.FoldID(person)]; twice {
			bad("person_twice", "people."+person, "%s differs in case or in how letters are composed only, and is one person; put all keys below one", other)
		}
		people[access.FoldID(person)] = person
		for i, k := range s.People[person] {
			place := fmt.Sprintf("people.%s[%d]", person, i)
			k.validate(func(code, field, message string) { bad(code, place+"."+field, "%s", message) })
			// Two people with one key would be one human who counts twice.
			for _, once := range []string{k.ID, k.PublicKey} {
				if other, taken := owners[once]; taken {
					bad("key_twice", place, "this key is enrolled for %s already", other)
				}
			}
			owners[k.ID], owners[k.PublicKey] = person, person
		}
	}
	return issues
}

func (k Key) validate(bad func(code, field, message string)) {
	if strings.TrimSpace(k.Name) == "" || len(k.Name) > 100 {
		bad("key_name", "name", "a key needs a name of at most 100 characters, such as the device it is on")
	}
	if _, ok := decodeBase64URL(k.ID, maxCredential); !ok {
		bad("key_id", "id", "the credential id must be base64url without padding")
	}
	if cose, ok := decodeBase64URL(k.PublicKey, maxPublicKey); !ok {
		bad("key_public", "publicKey", "the public key must be base64url without padding")
	} else if err := checkPublic(cose); err != nil {
		bad("key_public", "publicKey", err.Error())
	}
	if _, err := time.Parse(time.DateOnly, k.Enrolled); err != nil {
		bad("key_enrolled", "enrolled", "the day of enrolment is needed, as 2026-01-31")
	}
	if _, err := time.Parse(time.DateOnly, k.Until); err != nil && k.Until != "" {
		bad("key_until", "until", "a day is written as 2026-01-31")
	}
}

func checkPublic(cose []byte) error {
	pub, err := webauthncose.ParsePublicKey(cose)
	if err != nil {
		return fmt.Errorf("this is not a COSE public key")
	}
	var alg int64
	switch k := pub.(type) {
	case webauthncose.EC2PublicKeyData:
		alg = k.Algorithm
	case webauthncose.OKPPublicKeyData:
		alg = k.Algorithm
	case webauthncose.RSAPublicKeyData:
		alg = k.Algorithm
	}
	if !slices.Contains(algorithms, webauthncose.COSEAlgorithmIdentifier(alg)) {
		return fmt.Errorf("the key's algorithm is none of ES256, ES384, ES512, EdDSA and RS256")
	}
	return nil
}

// ValidateOrigin returns nil if browsers offer passkeys at an address, and else
// why not.
func ValidateOrigin(origin string) error {
	u, err := url.Parse(origin)
	switch {
	case err != nil || u.Host == "" || u.Scheme+"://"+u.Host != origin:
		return fmt.Errorf("the origin is needed, such as https://ramp.example.com: scheme, name and, if it is not the usual one, port")
	case net.ParseIP(u.Hostname()) != nil:
		return fmt.Errorf("browsers have no passkeys for a numeric address such as %s; a name is needed, such as localhost", u.Hostname())
	case u.Scheme != "https" && !(u.Scheme == "http" && u.Hostname() == "localhost"):
		return fmt.Errorf("browsers have passkeys over https only, but at localhost")
	}
	return nil
}

// counts reports whether the key is enrolled at a time.
func (k Key) counts(at time.Time) bool {
	from, err := time.Parse(time.DateOnly, k.Enrolled)
	return err == nil && !at.Before(from) && !k.expired(at)
}

func (k Key) expired(at time.Time) bool {
	until, err := time.Parse(time.DateOnly, k.Until)
	return k.Until != "" && (err != nil || !at.Before(until))
}

// Current returns the Set itself: a fixed Set also verifies what was long ago.
func (s Set) Current() (Set, error) { return s, nil }
