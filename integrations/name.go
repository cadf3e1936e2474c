package integrations

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

const (
	readableName = 30 // characters of a long id that stay readable
	hashedName   = 16 // bytes of a hash: more than anybody can find two ids for
)

// FitName returns the name by which a service that takes few characters knows a
// person. Any byte for which fits is false is written as escape and two hexadecimal
// digits, escape itself too, so that the id can be read back. A name longer than max
// is cut, and ends with escape twice and a hash of the id. No two ids have the same
// name: a service's own log must not mix up two people. The service must take
// escape, letters and digits, and names of 64 characters.
func FitName(id string, max int, escape byte, fits func(byte) bool) string {
	var b strings.Builder
	for i := range len(id) {
		if c := id[i]; c != escape && fits(c) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%c%02x", escape, c)
		}
	}
	if name := b.String(); len(name) <= max {
		return name
	}
	sum := sha256.Sum256([]byte(id))
	return b.String()[:readableName] + strings.Repeat(string(rune(escape)), 2) + hex.EncodeToString(sum[:hashedName])
}
