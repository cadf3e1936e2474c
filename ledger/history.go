package ledger

import (
	"context"
	"fmt"
	"time"

	"ramp.dev/ramp/access"
)

// History returns what became of a human's requests under a contract, under all
// accounts by which the person is known.
func (l *Ledger) History(ctx context.Context, p access.Person, contract string, now time.Time) (access.History, error) {
	var h access.History
	where := historyOf(p, contract, now)
	items, err := collect(ctx, l.reader(), scanRequest, `SELECT `+requestColumns+` FROM requests`+where.String()+
		` ORDER BY created_at DESC, id DESC LIMIT ?`, append(where.args, access.HistoryKeeps)...)
	if err != nil {
		return h, err
	}
	h.Uses = make([]access.Use, len(items))
	for i, r := range items {
		h.Uses[i] = access.UseOf(r)
	}
	if h.OpenInAll, err = l.reader().openUnder(ctx, contract); err != nil {
		return h, err
	}
	h.Unreviewed, err = l.reader().unreviewedOf(ctx, p)
	return h, err
}

func historyOf(p access.Person, contract string, now time.Time) (where conditions) {
	marks, ids := inList(p.Identities())
	where.and("human_id IN "+marks, ids...)
	where.equal("contract", contract)
	where.and("created_at > ?", micros(now.Add(-access.HistoryReaches)))
	return where
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
	where := historyOf(s.Request.Requester, s.Request.Contract, s.Request.CreatedAt)
	var n int
	if err := q.row(ctx, `SELECT count(*) FROM requests`+where.String(), where.args...).Scan(&n); err != nil {
		return err
	}
	open, err := q.openUnder(ctx, s.Request.Contract)
	if err != nil {
		return err
	}
	if min(n, access.HistoryKeeps) > len(s.History.Uses) || s.LimitsAll && open > s.History.OpenInAll {
		return &access.Error{Code: access.CodeConflict, Issues: []access.Issue{{Code: "asked_at_once",
			Message: fmt.Sprintf("another request under contract %s was made at this moment; ask again", s.Request.Contract)}}}
	}
	return nil
}
