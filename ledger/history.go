package ledger

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"ramp.dev/ramp/access"
)

// History returns what became of a human's requests under a contract, under all
// accounts by which the person is known now. Errors are CodeThrottled for more than a
// history holds.
func (l *Ledger) History(ctx context.Context, p access.Person, contract string, now time.Time) (access.History, error) {
	h := access.History{Uses: []access.Use{}}
	q := l.reader()
	where, err := q.historyOf(ctx, p, contract, now)
	if err != nil {
		return h, err
	}
	// What came to nothing is read apart, so that no number of it pushes out what
	// opened: asking and cancelling would otherwise make room in a quota.
	for _, part := range []struct {
		term string
		most int
	}{
		{" AND " + mattered, access.HistoryMost + 1},
		{" AND NOT " + mattered, access.HistoryKeeps},
	} {
		items, err := collect(ctx, q, scanRequest, `SELECT `+requestColumns+` FROM requests`+where.String()+part.term+
			` ORDER BY created_at DESC, id DESC LIMIT ?`, append(slices.Clone(where.args), part.most)...)
		if err != nil {
			return h, err
		}
		if len(items) > access.HistoryMost {
			return h, access.Errorf(access.CodeThrottled, "you have had access under contract %s more than %d times in %s", contract, access.HistoryMost, access.Duration(access.HistoryReaches))
		}
		for _, r := range items {
			if len(r.Altered) > 0 { // how long it was open, and when, cannot be known
				return h, access.Errorf(access.CodeEvidence, "request %s counts for this, and %s", r.ID, r.Altered[0])
			}
			h.Uses = append(h.Uses, access.UseOf(r))
		}
	}
	slices.SortStableFunc(h.Uses, func(a, b access.Use) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.RequestID, a.RequestID)) })
	if h.Count, err = q.countWhere(ctx, where); err != nil {
		return h, err
	}
	if h.OpenInAll, err = q.openUnder(ctx, contract); err != nil {
		return h, err
	}
	h.Unreviewed, err = q.unreviewedOf(ctx, p)
	return h, err
}

// mattered are requests that opened something, or have not ended.
const mattered = `(active_at IS NOT NULL OR state NOT IN ('denied', 'cancelled', 'lapsed', 'failed'))`

// ofHuman narrows to the requests of one human: by the accounts that the person has now,
// linked since or not, and by the address, as access.Person.SameHuman does. What the
// links say is not verified here: a false one only makes more requests count.
func (q querier) ofHuman(ctx context.Context, p access.Person) (where conditions, err error) {
	keys, err := q.keysOf(ctx, p)
	return ofKeys(keys, p), err
}

// keysOf returns the accounts of one human, by FoldID.
func (q querier) keysOf(ctx context.Context, p access.Person) (keys []string, err error) {
	for _, id := range p.Identities() {
		keys = append(keys, access.FoldID(id))
	}
	// An account leads to its human, and the human to all other accounts.
	for range 2 {
		marks, args := inList(keys)
		more, err := collect(ctx, q, scanText, `SELECT human_key FROM linked_accounts WHERE unlinked_at IS NULL AND account_key IN `+marks+
			` UNION SELECT account_key FROM linked_accounts WHERE unlinked_at IS NULL AND human_key IN `+marks, append(slices.Clone(args), args...)...)
		if err != nil {
			return nil, err
		}
		for _, key := range more {
			if !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
	}
	return keys, nil
}

func ofKeys(keys []string, p access.Person) (where conditions) {
	marks, args := inList(keys)
	where.and(`(requester_key IN `+marks+` OR human_key IN `+marks+` OR email_key <> '' AND email_key = ?)`,
		append(append(slices.Clone(args), args...), access.FoldID(p.Email))...)
	return where
}

func (q querier) historyOf(ctx context.Context, p access.Person, contract string, now time.Time) (conditions, error) {
	where, err := q.ofHuman(ctx, p)
	where.equal("contract", contract)
	where.and("created_at > ?", micros(now.Add(-access.HistoryReaches)))
	return where, err
}

func (q querier) countWhere(ctx context.Context, where conditions) (n int, err error) {
	err = q.row(ctx, `SELECT count(*) FROM requests`+where.String(), where.args...).Scan(&n)
	return n, wrapError(err)
}

func (q querier) openUnder(ctx context.Context, contract string) (n int, err error) {
	states, args := unfinishedStates()
	err = q.row(ctx, `SELECT count(*) FROM requests WHERE contract = ? AND state IN `+states, append([]any{contract}, args...)...).Scan(&n)
	return n, wrapError(err)
}

// checkHistory refuses a request whose history is another by now: two that were
// asked for at the same instant must see each other, or both would fit a limit that
// has room for one.
func (q querier) checkHistory(ctx context.Context, s Submission) error {
	if s.History == nil {
		return nil
	}
	// The contract's lock is enough: whose history may change asks under it, too.
	if err := q.lock(ctx, lockContracts, s.Request.Contract); err != nil {
		return err
	}
	where, err := q.historyOf(ctx, s.Request.Requester, s.Request.Contract, s.Request.CreatedAt)
	if err != nil {
		return err
	}
	n, err := q.countWhere(ctx, where)
	if err != nil {
		return err
	}
	open, err := q.openUnder(ctx, s.Request.Contract)
	if err != nil {
		return err
	}
	if n > s.History.Count || s.LimitsAll && open > s.History.OpenInAll {
		return &access.Error{Code: access.CodeConflict, Issues: []access.Issue{{Code: "asked_at_once",
			Message: fmt.Sprintf("another request under contract %s was made at this moment; ask again", s.Request.Contract)}}}
	}
	return nil
}
