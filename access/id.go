package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"regexp"
	"strings"
)

var idEncoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

var idShape = regexp.MustCompile(`^[0-9a-hjkmnp-tv-z]{16}$`)

// NewRequestID returns a random request id: 16 characters, 80 bits.
func NewRequestID() string {
	var b [10]byte
	rand.Read(b[:]) // never fails
	return idEncoding.EncodeToString(b[:])
}

// RequestIDFor derives the id of a request from who asks and their idempotency
// key, so that a second request with the same key finds the first one.
func RequestIDFor(person, key string) string {
	sum := sha256.Sum256([]byte("ramp request\x00" + person + "\x00" + key))
	return idEncoding.EncodeToString(sum[:10])
}

// RequestIDFor is RequestIDFor of the actor's person, for what the person asks for by
// themselves. What asks in the person's name, such as an agent, has keys of its own: it
// must not be given a request of theirs for having guessed how they named it.
func (a Actor) RequestIDFor(key string) string {
	if a.Via.ByThemselves() {
		return RequestIDFor(a.Person.ID, key)
	}
	sum := sha256.Sum256([]byte("ramp request via " + string(a.Via) + "\x00" + a.Person.ID + "\x00" + key))
	return idEncoding.EncodeToString(sum[:10])
}

// IsRequestID reports whether s has the shape of a request id.
func IsRequestID(s string) bool { return idShape.MatchString(s) }

// RequestIDFromGrantName returns the request id in a grant's name, for objects that
// are found on a target. It reports false for a name that Ramp did not make.
func RequestIDFromGrantName(grantName string) (string, bool) {
	rest, ok := strings.CutPrefix(grantName, NamePrefix)
	if !ok || len(rest) != 18 || rest[16] != '-' || rest[17] < 'a' || rest[17] >= 'a'+MaxGrants {
		return "", false
	}
	return rest[:16], IsRequestID(rest[:16])
}
