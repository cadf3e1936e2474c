package awsiam

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"

	"ramp.dev/ramp/access"
)

// principalShape is what an STS session name, a source identity and a tag accept.
var principalShape = regexp.MustCompile(`^[A-Za-z0-9_+=.@-]{2,64}$`)

const (
	maxPrincipal  = 64 // characters
	hashedPrefix  = 30 // characters of a long name that stay readable
	hashedMark    = "=="
	hashedEntropy = 16 // bytes of a hash: more than anybody can find two names for
)

// principalName returns the name by which AWS knows a person. Where the requester
// assumes roles by themselves (trust.arn), their own identity provider gives
// their session its name, so an id that AWS does not take is an error of code
// invalid. Everywhere else Ramp gives the session its name; see sessionName.
func (c Config) principalName(id string) (string, error) {
	var issues access.Issues
	switch {
	case id == "":
		issues.Add("principal_malformed", "principal", "a principal is needed")
	case c.Trust.ARN == "":
		return sessionName(id), nil
	case !principalShape.MatchString(id):
		issues.Add("principal_malformed", "principal",
			"AWS takes names of 2 to 64 letters, digits and _+=.@- and this one does not match; with trust.arn, Ramp cannot choose another")
	}
	return id, issues.Err()
}

// sessionName returns an id in the characters that AWS takes: any other byte is
// written as = and two hexadecimal digits, = itself too, so that the id can be read
// back. A longer name is cut, and ends with a hash of the id. No two ids have the
// same name: CloudTrail must not mix up two people.
func sessionName(id string) string {
	var b strings.Builder
	for i := range len(id) {
		if c := id[i]; c != '=' && principalShape.MatchString(string(rune(c))+"x") {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "=%02x", c)
		}
	}
	name := b.String()
	switch {
	case len(name) > maxPrincipal:
		sum := sha256.Sum256([]byte(id))
		return name[:hashedPrefix] + hashedMark + hex.EncodeToString(sum[:hashedEntropy])
	case len(name) == 1: // too short for AWS
		return fmt.Sprintf("=%02x", name[0])
	}
	return name
}
