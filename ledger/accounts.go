package ledger

import (
	"context"
	"crypto/rand"

	"ramp.dev/ramp/access"
)

// linkRecord is what a server signs of an account.
type linkRecord struct {
	Account string `json:"account"`
	Human   string `json:"human"`
	Version int64  `json:"version"`
	Linked  bool   `json:"linked"` // false once it was unlinked
}

// linkRow is the latest row of an account, and what its record says.
type linkRow struct {
	access.AccountLink
	id, key string
	version int64
	record  linkRecord // the zero record where the row is not proven
}

const linkColumns = `id, account_key, account, human_id, linked_by, linked_at, version, record`

func (q querier) scanLink(row scanner) (x linkRow, err error) {
	var linked int64
	var signed string
	err = row.Scan(&x.id, &x.key, &x.Account, &x.Human, &x.LinkedBy, &linked, &x.version, &signed)
	if err != nil {
		return x, err
	}
	x.LinkedAt = timeOf(linked)
	record, ok := readRecord[linkRecord](q.notary, access.RecordLink, signed)
	if x.Unproven = !ok || access.FoldID(record.Account) != x.key || record.Version != x.version; !x.Unproven {
		x.record, x.Account, x.Human = record, record.Account, record.Human
	}
	return x, nil
}

// links returns the latest row of each of at most maxNames accounts, by FoldID.
func (q querier) links(ctx context.Context, keys []string) (map[string]linkRow, error) {
	out := map[string]linkRow{}
	if len(keys) == 0 {
		return out, nil
	}
	marks, args := inList(keys)
	rows, err := collect(ctx, q, q.scanLink, `SELECT `+linkColumns+` FROM linked_accounts WHERE account_key IN `+marks+` ORDER BY version, id`, args...)
	if err != nil {
		return nil, err
	}
	for _, x := range rows {
		out[x.key] = x
	}
	return out, q.doubtOlder(ctx, out)
}

// doubtOlder marks links of which the log has a later version.
func (q querier) doubtOlder(ctx context.Context, links map[string]linkRow) error {
	var later []string
	for _, x := range links {
		later = append(later, linkKey(x.key, x.version+1))
	}
	known, err := q.haveEvents(ctx, later)
	for key, x := range links {
		if known[linkKey(key, x.version+1)] {
			x.Unproven, x.record = true, linkRecord{}
			links[key] = x
		}
	}
	return err
}

// link returns the latest row of one account; false where there is none.
func (q querier) link(ctx context.Context, account string) (linkRow, bool, error) {
	key := access.FoldID(account)
	links, err := q.links(ctx, []string{key})
	x, ok := links[key]
	return x, ok, err
}

// LinkAccount links an account to the human who owns it, with the event that
// says so: the event's actor and time are the link's. An account is the id of the
// person that it is when it signs in; ids are compared by access.FoldID. Linking it to
// the same human again changes nothing. Errors are CodeConflict (account_linked) if the
// account is another human's, if other accounts are linked to it, or if the human is
// itself linked to somebody: links have one step.
func (l *Ledger) LinkAccount(ctx context.Context, account, human string, e access.Event) error {
	accountKey, humanKey := access.FoldID(account), access.FoldID(human)
	if accountKey == "" || humanKey == "" || accountKey == humanKey {
		return access.Invalid(access.Issue{Code: "account_malformed", Field: "account", Message: "an account and another human's id are needed"})
	}
	return l.tx(ctx, func(q querier) error {
		// One link after the other, so that two cannot make a chain.
		if err := q.lock(ctx, lockAccounts, ""); err != nil {
			return err
		}
		before, there, err := q.link(ctx, account)
		switch {
		case err != nil:
			return err
		case there && before.record.Linked && access.FoldID(before.Human) == humanKey:
			return nil
		case there && before.record.Linked:
			return accountLinked(before.AccountLink)
		}
		others, err := collect(ctx, q, q.scanLink, `SELECT `+linkColumns+` FROM linked_accounts
			WHERE unlinked_at IS NULL AND (account_key = ? OR human_key = ?)`, humanKey, accountKey)
		if err != nil {
			return err
		}
		if len(others) > 0 {
			return accountLinked(others[0].AccountLink)
		}
		if _, err := q.exec(ctx, `UPDATE linked_accounts SET unlinked_by = ?, unlinked_at = ? WHERE account_key = ? AND unlinked_at IS NULL`,
			e.Actor, micros(e.At), accountKey); err != nil { // a row that was not believed
			return err
		}
		x := linkRow{id: rand.Text(), key: accountKey, AccountLink: access.AccountLink{Account: account, Human: human, LinkedBy: e.Actor, LinkedAt: e.At}}
		if _, err := q.exec(ctx, `INSERT INTO linked_accounts (id, account, account_key, human_id, human_key, linked_by, linked_at, version, record)
			VALUES (?, ?, ?, ?, ?, ?, ?, 0, '')`, x.id, account, accountKey, human, humanKey, e.Actor, micros(e.At)); err != nil {
			return err
		}
		return q.writeLink(ctx, x, true, e)
	})
}

// writeLink signs a link as it is from now on, and records the event of it.
func (q querier) writeLink(ctx context.Context, x linkRow, linked bool, e access.Event) error {
	version, err := q.nextVersion(ctx, x.record.Version, func(v int64) string { return linkKey(x.key, v) })
	if err != nil {
		return err
	}
	signed, err := signRecord(q.notary, access.RecordLink, linkRecord{Account: x.Account, Human: x.Human, Version: version, Linked: linked})
	if err != nil {
		return err
	}
	if _, err := q.exec(ctx, `UPDATE linked_accounts SET version = ?, record = ? WHERE id = ?`, version, signed, x.id); err != nil {
		return err
	}
	// A row that nobody signed may say that it is later than all.
	if _, err := q.exec(ctx, `DELETE FROM linked_accounts WHERE account_key = ? AND version >= ? AND id <> ?`, x.key, version, x.id); err != nil {
		return err
	}
	e.Key = linkKey(x.key, version)
	return q.append(ctx, e)
}

// UnlinkAccount removes the link of an account, with the event that says so; the
// link stays in the table as one that was. Errors are also CodeNotFound
// (account_not_linked).
func (l *Ledger) UnlinkAccount(ctx context.Context, account string, e access.Event) error {
	return l.tx(ctx, func(q querier) error {
		if err := q.lock(ctx, lockAccounts, ""); err != nil {
			return err
		}
		x, there, err := q.link(ctx, account)
		if err != nil {
			return err
		}
		if !there || !x.Unproven && !x.record.Linked {
			return &access.Error{Code: access.CodeNotFound, Issues: []access.Issue{{Code: "account_not_linked",
				Message: "account " + access.Clip(account, 100) + " is not linked to anybody"}}}
		}
		if _, err := q.exec(ctx, `UPDATE linked_accounts SET unlinked_by = ?, unlinked_at = ? WHERE account_key = ? AND unlinked_at IS NULL`,
			e.Actor, micros(e.At), x.key); err != nil {
			return err
		}
		x.Account = account
		return q.writeLink(ctx, x, false, e)
	})
}

// LinkedHumans returns, for each of the accounts that is linked, the id of its
// human. Errors are also CodeEvidence where a link is not recorded as a server signed
// it last: one that was taken out of the database would make one human two.
func (l *Ledger) LinkedHumans(ctx context.Context, accounts ...string) (map[string]string, error) {
	r := snapshotReader{querier: l.reader(), groups: &l.groups}
	keys := map[string]bool{}
	var ask []string
	for _, a := range accounts {
		if key := access.FoldID(a); key != "" && !keys[key] {
			keys[key], ask = true, append(ask, key)
		}
	}
	if len(ask) > maxNames {
		return nil, access.Errorf(access.CodeInvalid, "ledger: %d accounts are too many for one query; %d are allowed", len(accounts), maxNames)
	}
	if err := r.readLinks(ctx, ask); err != nil {
		return nil, wrapError(err)
	}
	for _, doubt := range r.doubts {
		l.report(doubt)
		return nil, access.Errorf(access.CodeEvidence, "%s", doubt)
	}
	out := map[string]string{}
	for _, a := range accounts {
		if human := r.out.Accounts[access.FoldID(a)]; len(human) > 0 {
			out[a] = human[0]
		}
	}
	return out, nil
}

// AccountLinks lists the links that stand, by account, those that are not believed
// among them; 1,000 at most.
func (l *Ledger) AccountLinks(ctx context.Context) ([]access.AccountLink, error) {
	q := l.reader()
	rows, err := collect(ctx, q, q.scanLink, `SELECT `+linkColumns+` FROM linked_accounts WHERE unlinked_at IS NULL ORDER BY account_key, version, id LIMIT 1000`)
	if err != nil {
		return nil, err
	}
	latest := map[string]linkRow{}
	var keys []string
	for _, x := range rows {
		if _, seen := latest[x.key]; !seen {
			keys = append(keys, x.key)
		}
		latest[x.key] = x
	}
	if err := q.doubtOlder(ctx, latest); err != nil {
		return nil, wrapError(err)
	}
	out := []access.AccountLink{}
	for _, key := range keys {
		out = append(out, latest[key].AccountLink)
	}
	return out, nil
}

func accountLinked(x access.AccountLink) error {
	return &access.Error{Code: access.CodeConflict, Issues: []access.Issue{{Code: "account_linked", Field: "account",
		Message: "account " + access.Clip(x.Account, 100) + " is linked to " + access.Clip(x.Human, 100) + " already"}}}
}
