package ledger

import (
	"context"
	"crypto/rand"
	"slices"

	"ramp.dev/ramp/access"
)

// LinkAccount links an account to the human who owns it, with the event that
// says so: the event's actor and time are the link's. An account is the id of the
// person that it is when it signs in. Linking it to the same human again changes
// nothing. Errors are CodeConflict (account_linked) if the account is another
// human's, if other accounts are linked to it, or if the human is itself linked
// to somebody: links have one step.
func (l *Ledger) LinkAccount(ctx context.Context, account, human string, e access.Event) error {
	if account == "" || human == "" || account == human {
		return access.Invalid(access.Issue{Code: "account_malformed", Field: "account", Message: "an account and another human's id are needed"})
	}
	return l.tx(ctx, func(q querier) error {
		// One link after the other, so that two cannot make a chain.
		if err := q.lock(ctx, lockAccounts, ""); err != nil {
			return err
		}
		links, err := collect(ctx, q, scanLink, `SELECT account, human_id FROM linked_accounts
			WHERE unlinked_at IS NULL AND (account IN (?, ?) OR human_id = ?)`, account, human, account)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(links, func(x link) bool { return x.account == account && x.human == human }) {
			return nil
		}
		if len(links) > 0 {
			return accountLinked(links[0])
		}
		if _, err := q.exec(ctx, `INSERT INTO linked_accounts (id, account, human_id, linked_by, linked_at) VALUES (?, ?, ?, ?, ?)`,
			rand.Text(), account, human, e.Actor, micros(e.At)); err != nil {
			return err
		}
		return q.append(ctx, e)
	})
}

// UnlinkAccount removes the link of an account, with the event that says so; the
// link stays in the table as one that was. Errors are also CodeNotFound
// (account_not_linked).
func (l *Ledger) UnlinkAccount(ctx context.Context, account string, e access.Event) error {
	return l.tx(ctx, func(q querier) error {
		n, err := q.exec(ctx, `UPDATE linked_accounts SET unlinked_by = ?, unlinked_at = ? WHERE account = ? AND unlinked_at IS NULL`,
			e.Actor, micros(e.At), account)
		if err != nil {
			return err
		}
		if n == 0 {
			return &access.Error{Code: access.CodeNotFound, Issues: []access.Issue{{Code: "account_not_linked",
				Message: "account " + access.Clip(account, 100) + " is not linked to anybody"}}}
		}
		return q.append(ctx, e)
	})
}

// LinkedHumans returns, for each of the accounts that is linked, the id of its
// human.
func (l *Ledger) LinkedHumans(ctx context.Context, accounts ...string) (map[string]string, error) {
	if len(accounts) == 0 {
		return map[string]string{}, nil
	}
	if len(accounts) > maxNames {
		return nil, access.Errorf(access.CodeInvalid, "ledger: %d accounts are too many for one query; %d are allowed", len(accounts), maxNames)
	}
	marks, args := inList(accounts)
	links, err := collect(ctx, l.reader(), scanLink, `SELECT account, human_id FROM linked_accounts WHERE unlinked_at IS NULL AND account IN `+marks, args...)
	out := map[string]string{}
	for _, x := range links {
		out[x.account] = x.human
	}
	return out, err
}

// link is an account and the human who owns it.
type link struct{ account, human string }

func scanLink(row scanner) (x link, err error) {
	err = row.Scan(&x.account, &x.human)
	return x, err
}

func accountLinked(x link) error {
	return &access.Error{Code: access.CodeConflict, Issues: []access.Issue{{Code: "account_linked", Field: "account",
		Message: "account " + access.Clip(x.account, 100) + " is linked to " + access.Clip(x.human, 100) + " already"}}}
}
