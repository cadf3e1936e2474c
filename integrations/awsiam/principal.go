package awsiam

import (
	"fmt"
	"regexp"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// principalShape is what an STS session name, a source identity and a tag accept.
var principalShape = regexp.MustCompile(`^[A-Za-z0-9_+=.@-]{2,64}$`)

const maxPrincipal = 64 // characters

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

// sessionName returns an id as a name that AWS takes; see integrations.FitName.
func sessionName(id string) string {
	name := integrations.FitName(id, maxPrincipal, '=', func(c byte) bool { return principalShape.MatchString(string(rune(c)) + "x") })
	if len(name) == 1 { // too short for AWS
		return fmt.Sprintf("=%02x", name[0])
	}
	return name
}
