package devidp

import (
	"slices"

	"ramp.dev/ramp/access"
)

// Person is one of the made-up people.
type Person struct {
	ID         string
	Name       string
	Groups     []string
	Employment string
	About      string // one line, for the login page
}

// People are everybody that the provider knows.
func People() []Person {
	return []Person{
		{"alice", "Alice Ahn", []string{"engineering"}, "employee", "engineer: asks for access"},
		{"bob", "Bob Brandt", []string{"engineering", "approvers"}, "employee", "team lead: approves"},
		{"carol", "Carol Cruz", []string{"security"}, "employee", "security: the second approver of guarded access"},
		{"dave", "Dave Dunn", []string{"contractors"}, "contractor", "contractor: may ask for little"},
		{"erin", "Erin Eze", []string{"engineering", "oncall"}, "employee", "engineer on call: gets in at once"},
		{"oscar", "Oscar Ost", []string{"operators"}, "employee", "operator: sees everything, may revoke"},
	}
}

// Find looks a person up. Errors are CodeNotFound and name everybody there is.
func Find(id string) (Person, error) {
	all := People()
	if i := slices.IndexFunc(all, func(p Person) bool { return p.ID == id }); i >= 0 {
		return all[i], nil
	}
	names := ""
	for i, p := range all {
		if i > 0 {
			names += ", "
		}
		names += p.ID
	}
	return Person{}, access.Errorf(access.CodeNotFound, "there is no %q; there are %s", access.Clip(id, 40), names)
}

var (
	scopes = []string{"openid", "profile", "email", "groups"}
	claims = []string{"sub", "aud", "exp", "iat", "iss", "auth_time", "nonce", "name", "email", "email_verified", "groups", "employment"}
)

// claims are what tokens say of a person beside the protocol's own.
func (p Person) claims() map[string]any {
	return map[string]any{"name": p.Name, "email": p.ID + "@example.test", "email_verified": true,
		"groups": p.Groups, "employment": p.Employment}
}
