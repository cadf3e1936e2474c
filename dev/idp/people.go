package idp

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
	Kind       string // service or agent; a human if empty
	OnBehalfOf string // the human an agent acts for
}

// People returns everybody that the provider knows.
func People() []Person {
	return []Person{
		{ID: "alice", Name: "Alice Ahn", Groups: []string{"engineering"}, Employment: "employee", About: "engineer: asks for access"},
		{ID: "bob", Name: "Bob Brandt", Groups: []string{"engineering", "approvers"}, Employment: "employee", About: "team lead: approves"},
		{ID: "carol", Name: "Carol Cruz", Groups: []string{"security"}, Employment: "employee", About: "security: approves guarded access; auditor: reads log and review"},
		{ID: "dave", Name: "Dave Dunn", Groups: []string{"contractors"}, Employment: "contractor", About: "contractor: may ask for nothing here"},
		{ID: "erin", Name: "Erin Eze", Groups: []string{"engineering", "oncall"}, Employment: "employee", About: "engineer on call: gets in at once"},
		{ID: "oscar", Name: "Oscar Ost", Groups: []string{"operators"}, Employment: "employee", About: "operator: sees all requests, may revoke; reads no log"},
		{ID: "alice-agent", Name: "Alice's agent", Groups: []string{"engineering"}, About: "program that asks on behalf of alice",
			Kind: "agent", OnBehalfOf: "alice"},
		{ID: "bob-agent", Name: "Bob's agent", Groups: []string{"engineering", "approvers"}, About: "program that acts on behalf of bob; decides nothing",
			Kind: "agent", OnBehalfOf: "bob"},
		{ID: "deployer", Name: "Deployer", Groups: []string{"engineering", "approvers"}, About: "service; decides nothing", Kind: "service"},
	}
}

// Find returns the person with an id. Its error is of code not_found, and names
// everybody there is.
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
	claims = []string{"sub", "aud", "exp", "iat", "iss", "auth_time", "nonce", "name", "email", "email_verified", "groups", "employment",
		"ramp_kind", "ramp_on_behalf_of"}
)

// claims returns the claims about p, beside those of the protocol itself.
func (p Person) claims() map[string]any {
	c := map[string]any{"name": p.Name, "email": p.ID + "@example.test", "email_verified": true, "groups": p.Groups}
	for name, v := range map[string]string{"employment": p.Employment, "ramp_kind": p.Kind, "ramp_on_behalf_of": p.OnBehalfOf} {
		if v != "" {
			c[name] = v
		}
	}
	return c
}
