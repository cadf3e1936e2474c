package auth

import (
	"fmt"
	"slices"

	"ramp.dev/ramp/access"
)

// Links are accounts that are one human's: of each list, the first is the id
// under which they count.
type Links [][]string

// validate refuses an account in two lists: it would be two people's.
func (l Links) validate() (issues access.Issues) {
	seen := map[string]bool{}
	for i, accounts := range l {
		field := fmt.Sprintf("server.identity.links[%d]", i)
		if len(accounts) < 2 {
			issues = append(issues, access.Issue{Code: "link_too_short", Field: field, Message: "a link joins two accounts or more"})
		}
		for _, id := range accounts {
			if id == "" || seen[id] {
				issues = append(issues, access.Issue{Code: "link_twice", Field: field, Message: fmt.Sprintf("%q is linked twice; put all accounts of one human into one list", id)})
			}
			seen[id] = true
		}
	}
	return issues
}

// link says whose account this is. An agent is the account's for whom it acts.
func (l Links) link(p access.Person) access.Person {
	p.LinkedHumanID = ""
	for _, accounts := range l {
		if slices.Contains(accounts, p.HumanID()) && accounts[0] != p.HumanID() {
			p.LinkedHumanID = accounts[0]
			return p
		}
	}
	return p
}
