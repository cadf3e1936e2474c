package app

import (
	"context"
	"unicode/utf8"

	"ramp.dev/ramp/access"
)

// accountLedger keeps which accounts are one human's.
type accountLedger interface {
	LinkAccount(ctx context.Context, account, human string, e access.Event) error
	UnlinkAccount(ctx context.Context, account string, e access.Event) error
	LinkedHumans(ctx context.Context, accounts ...string) (map[string]string, error)
	AccountLinks(ctx context.Context) ([]access.AccountLink, error)
}

// accounts lets operators link the accounts of one human, so that the human
// counts once in a request, whichever account they use. What configuration links
// stays linked.
type accounts struct {
	ledger  accountLedger
	roles   roles
	refused refusals
	now     clock
}

// maxAccount bounds the id of an account, in characters.
const maxAccount = 300

// LinkAccount makes an account count as human; operators only, and not for
// themselves. Errors are also CodeConflict for an account that is linked to
// somebody else.
func (a *accounts) LinkAccount(ctx context.Context, by access.Actor, account, human string) error {
	if err := a.check(by, account, human); err != nil {
		return a.refused.record(ctx, by, "", access.ActLinkAccount, err)
	}
	e := by.Event(access.EventAccountLinked, a.now())
	e.Detail["account"], e.Detail["human"] = account, human
	return a.ledger.LinkAccount(ctx, account, human, e)
}

// AccountLinks lists the links that stand, for operators.
func (a *accounts) AccountLinks(ctx context.Context, by access.Actor) ([]access.AccountLink, error) {
	if !a.roles.isOperator(by.Person) {
		return nil, a.refused.record(ctx, by, "", access.ActLinkAccount, notOperator())
	}
	return a.ledger.AccountLinks(ctx)
}

func notOperator() error {
	return access.Refuse(access.CodeForbidden, "not_operator", "only operators see and link accounts")
}

// UnlinkAccount lets an account count for itself again; operators only, and not
// for themselves. CodeNotFound for one that no operator has linked.
func (a *accounts) UnlinkAccount(ctx context.Context, by access.Actor, account string) error {
	err := a.check(by, account)
	if err == nil {
		// An operator's other account is theirs by the very link.
		var links map[string]string
		links, err = a.ledger.LinkedHumans(ctx, account)
		switch human, linked := links[account]; {
		case access.CodeOf(err) == access.CodeEvidence:
			err = nil // whose it is, is not believed; unlinking it mends that
		case err != nil:
			return err
		case linked:
			err = a.check(by, human)
		}
	}
	if err != nil {
		return a.refused.record(ctx, by, "", access.ActUnlink, err)
	}
	e := by.Event(access.EventAccountUnlinked, a.now())
	e.Detail["account"] = account
	return a.ledger.UnlinkAccount(ctx, account, e)
}

// check reports why by may not change what ids are linked to. Operators do not
// change their own: an account that no longer counts as theirs would be a second
// vote.
func (a *accounts) check(by access.Actor, ids ...string) error {
	switch {
	case !a.roles.isOperator(by.Person):
		return notOperator()
	case by.Person.Kind != access.KindHuman:
		return access.Refuse(access.CodeForbidden, "not_human", "only people link accounts")
	}
	for _, id := range ids {
		if id == "" || !utf8.ValidString(id) || utf8.RuneCountInString(id) > maxAccount {
			return access.InvalidField("account_malformed", "account", "an account's id is needed, of at most %d characters", maxAccount)
		}
		if by.Person.SameHuman(access.Person{ID: id}) {
			return access.Refuse(access.CodeForbidden, "own_account", "nobody links or unlinks their own accounts")
		}
	}
	return nil
}
