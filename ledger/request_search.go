package ledger

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"ramp.dev/ramp/access"
)

// RequestSearch narrows a search through all requests. Zero fields do not narrow.
type RequestSearch struct {
	Person   string // the requester: an account's id, that of the human behind it, or an address
	Contract string
	Target   string
	// Outcome is why access ended (access.Outcome), or the state of a request (access.State);
	// both are in one list, of which "failed" means either.
	Outcome string
	Since   time.Time // asked for at this time or later
	Until   time.Time // before this time
	Cursor  string    // where the last page ended
	Limit   int       // 1 to 1000; 0 is 50
}

// SearchRequests lists requests, those that were asked for last first, without timelines,
// and returns where the next page begins ("" at the end). It finds by the ledger's columns,
// which nobody has signed: what was removed there is in the log alone.
func (l *Ledger) SearchRequests(ctx context.Context, f RequestSearch) (items []access.Request, next string, err error) {
	limit := f.Limit
	if limit <= 0 {
		limit = 50
	}
	limit = min(limit, 1000)
	query, args, err := f.query(l.dialect, limit+1)
	if err != nil {
		return nil, "", err
	}
	items, err = collect(ctx, l.reader(), scanRequest, query, args...)
	if err != nil {
		return nil, "", err
	}
	if len(items) > limit {
		items = items[:limit]
		next = requestCursor(items[limit-1])
	}
	return items, next, nil
}

// branch is one way in which a request may match: by an index, and one more condition.
type branch struct {
	index, term string
	args        []any
}

// branches returns the ways in which a request may match by what narrows most: a person
// has made few requests, a contract and a target have some, and most end alike.
func (f RequestSearch) branches() []branch {
	one := func(index, column, value string) branch { return branch{index, column + " = ?", []any{value}} }
	switch {
	case f.Person != "":
		key := access.FoldID(f.Person)
		return []branch{one("requests_account", "requester_key", key), one("requests_human", "human_key", key), one("requests_email", "email_key", key)}
	case f.Contract != "":
		return []branch{one("requests_contract", "contract", f.Contract)}
	case f.Target != "":
		return []branch{{index: "requests_targets"}}
	case f.Outcome != "":
		return []branch{one("requests_outcome", "outcome", f.Outcome), one("requests_state", "state", f.Outcome)}
	}
	return []branch{{index: "requests_newest"}}
}

func (f RequestSearch) query(d dialect, limit int) (query string, args []any, err error) {
	var where conditions
	if f.Contract != "" && f.Person != "" {
		where.equal("contract", f.Contract)
	}
	if f.Target != "" {
		where.and(targetMatches, likeTarget(f.Target))
	}
	if f.Outcome != "" && (f.Person != "" || f.Contract != "" || f.Target != "") {
		where.and("(outcome = ? OR state = ?)", f.Outcome, f.Outcome)
	}
	if !f.Since.IsZero() {
		where.and("created_at >= ?", micros(f.Since))
	}
	if !f.Until.IsZero() {
		where.and("created_at < ?", micros(f.Until))
	}
	if f.Cursor != "" {
		created, id, err := parseCursor(f.Cursor)
		if err != nil {
			return "", nil, err
		}
		where.and("(created_at, id) < (?, ?)", created, id)
	}
	const order = ` ORDER BY created_at DESC, id DESC LIMIT ?`
	var found []string
	for i, b := range f.branches() {
		own := conditions{slices.Clone(where.terms), slices.Clone(where.args)}
		if b.term != "" {
			own.terms, own.args = append([]string{b.term}, own.terms...), append(slices.Clone(b.args), own.args...)
		}
		// Ids are found first, by the index alone where it has all that is asked; the rows,
		// with their plans, are read of those that are returned.
		found = append(found, fmt.Sprintf(`SELECT id FROM (SELECT id FROM requests%s%s%s) AS by_%d`, d.indexedBy(b.index), own.String(), order, i))
		args = append(append(args, own.args...), limit)
	}
	in := `IN (` + strings.Join(found, " UNION ") + `)`
	if d == postgres { // which would not know how few there are, and might read the whole table
		in = `= ANY (ARRAY(` + strings.Join(found, " UNION ") + `))`
	}
	return `SELECT ` + requestColumns + ` FROM requests WHERE id ` + in + order, append(args, limit), nil
}
