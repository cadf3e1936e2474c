package passkey

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"ramp.dev/ramp/access"
)

// Challenge returns what a passkey signs to give a verdict on one plan of one
// request. It begins with its purpose, so that no signature made for another one
// passes for a decision; the parts contain no zero byte.
func Challenge(requestID, planDigest string, v access.Verdict) []byte {
	return challenge("ramp passkey decision v1", requestID, planDigest, string(v))
}

// EnrolmentChallenge returns the challenge with which one person's new key is made. It need not
// be fresh: an enrolment counts once people have reviewed it, and the same again
// is the same key.
func EnrolmentChallenge(person string) []byte {
	return challenge("ramp passkey enrolment v1", person)
}

func challenge(parts ...string) []byte {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return sum[:]
}

// Base64URL is how bytes are written in files, pages and decisions: base64url
// without padding.
func Base64URL(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// decodeBase64URL reads Text back, bounded, and in the one way it can be written.
func decodeBase64URL(text string, most int) ([]byte, bool) {
	if len(text) > base64.RawURLEncoding.EncodedLen(most) || strings.ContainsAny(text, "\r\n") {
		return nil, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return b, err == nil && len(b) > 0
}
