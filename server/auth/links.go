package auth

import (
	"context"
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
			key := access.FoldID(id)
			if id == "" || seen[key] {
				issues = append(issues, access.Issue{Code: "link_twice", Field: field, Message: fmt.Sprintf("%q is linked twice; put all accounts of one human into one list", id)})
			}
			seen[key] = true
		}
	}
	return issues
}

// group returns all accounts that configuration links to this one, itself among
// them, the id under which they count first.
func (l Links) group(account string) []string {
	for _, accounts := range l {
		if slices.ContainsFunc(accounts, func(id string) bool { return access.FoldID(id) == access.FoldID(account) }) {
			return accounts
		}
	}
	return []string{account}
}

// AccountLinks are the links of accounts that operators have made. A link says
// whose an account is.
type AccountLinks interface {
	LinkedHumans(ctx context.Context, accounts ...string) (map[string]string, error)
}

// maxLinks bounds how many links lead from an account to its human: links of
// configuration and of the ledger take turns, and may have been made into a
// circle.
const maxLinks = 4

// linked returns the person with the human behind them, as configuration and the
// ledger link them. An agent's human is the one for whom it acts. Errors are
// CodeForbidden where the links contradict each other: to take one human for two
// would give an approval away.
func (a *Auth) linked(ctx context.Context, p access.Person) (access.Person, error) {
	p.LinkedHumanID = ""
	human := a.config.Links.group(p.HumanID())[0]
	for range maxLinks {
		next, err := a.ledgerLink(ctx, human)
		if err != nil {
			return access.Person{}, err
		}
		if access.FoldID(next) == access.FoldID(human) {
			if access.FoldID(human) != access.FoldID(p.HumanID()) {
				p.LinkedHumanID = human
			}
			return p, nil
		}
		human = next
	}
	return access.Person{}, contradictingLinks(human)
}

// ledgerLink returns the human to whom operators have linked any of the accounts
// of a human of the configuration; the same human where they have linked none.
func (a *Auth) ledgerLink(ctx context.Context, human string) (string, error) {
	if a.Accounts == nil {
		return human, nil
	}
	links, err := a.Accounts.LinkedHumans(ctx, a.config.Links.group(human)...)
	if err != nil {
		return "", access.Errorf(access.CodeUnavailable, "linked accounts cannot be read: %w", err)
	}
	next := human
	for _, to := range links {
		to = a.config.Links.group(to)[0]
		switch same := func(a, b string) bool { return access.FoldID(a) == access.FoldID(b) }; {
		case same(to, human):
		case same(next, human):
			next = to
		case !same(to, next):
			return "", contradictingLinks(human)
		}
	}
	return next, nil
}

func contradictingLinks(human string) error {
	return access.Refuse(access.CodeForbidden, "links_contradict", "the accounts linked to %s contradict each other; an operator must mend them", access.Clip(human, 60))
}
