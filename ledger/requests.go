package ledger

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"ramp.dev/ramp/access"
)

const requestColumns = `id, state, outcome, contract, requester, plan, stages, decisions, problem, overdue, extensions,
	created_at, active_at, expires_at, ended_at`

func scanRequest(row scanner) (access.Request, error) { return scanRequestAnd(row) }

// scanRequestAnd reads requestColumns and the columns that follow them.
func scanRequestAnd(row scanner, more ...any) (access.Request, error) {
	var r access.Request
	var requester, plan, stages, decisions string
	var overdue int
	var created int64
	var active, expires, ended sql.NullInt64
	err := row.Scan(append([]any{&r.ID, &r.State, &r.Outcome, &r.Contract, &requester, &plan, &stages, &decisions, &r.Problem,
		&overdue, &r.Extensions, &created, &active, &expires, &ended}, more...)...)
	if err != nil {
		return r, err
	}
	r.Overdue, r.CreatedAt = overdue != 0, timeOf(created)
	r.ActiveAt, r.ExpiresAt, r.EndedAt = timePtr(active), timePtr(expires), timePtr(ended)
	err = errors.Join(
		decodeJSON(requester, &r.Requester),
		decodeJSON(plan, &r.Plan),
		decodeJSON(stages, &r.Stages),
		decodeJSON(decisions, &r.Decisions))
	return r, err
}

// Request returns one request, without its timeline; CodeNotFound if there is
// none.
func (l *Ledger) Request(ctx context.Context, id string) (access.Request, error) {
	return first(ctx, l.reader(), scanRequest, unknownRequest(id), `SELECT `+requestColumns+` FROM requests WHERE id = ?`, id)
}

// maxTimeline bounds how much of a request's timeline is shown.
const maxTimeline = 1000

// Timeline returns the events of a request, the first 1,000.
func (l *Ledger) Timeline(ctx context.Context, id string) ([]access.Event, error) {
	return l.Events(ctx, EventFilter{RequestID: id, Limit: maxTimeline})
}

// RequestFilter narrows a list of requests. Zero fields do not narrow.
type RequestFilter struct {
	States    []access.State
	Requester string
	Contract  string
	Target    string
	Cursor    string // where the last page ended
	Limit     int    // 1 to 200; 0 is 50
}

// Requests lists requests, newest first, without timelines, and returns where
// the next page begins ("" at the end).
func (l *Ledger) Requests(ctx context.Context, f RequestFilter) (items []access.Request, next string, err error) {
	where, err := f.conditions()
	if err != nil {
		return nil, "", err
	}
	limit := f.Limit
	if limit <= 0 {
		limit = 50
	}
	limit = min(limit, 200)
	items, err = collect(ctx, l.reader(), scanRequest, `SELECT `+requestColumns+` FROM requests`+where.String()+
		` ORDER BY created_at DESC, id DESC LIMIT ?`, append(where.args, limit+1)...)
	if err != nil {
		return nil, "", err
	}
	if len(items) > limit {
		items = items[:limit]
		last := items[limit-1]
		next = base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d %s", micros(last.CreatedAt), last.ID))
	}
	return items, next, nil
}

func (f RequestFilter) conditions() (where conditions, err error) {
	if len(f.States) > 0 {
		marks, args := inList(f.States)
		where.and("state IN "+marks, args...)
	}
	where.equal("requester_id", f.Requester)
	where.equal("contract", f.Contract)
	if f.Target != "" {
		escaped := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(f.Target)
		where.and(`targets LIKE ? ESCAPE '\'`, "%,"+escaped+",%")
	}
	if f.Cursor != "" {
		created, id, err := parseCursor(f.Cursor)
		if err != nil {
			return where, err
		}
		where.and("(created_at < ? OR (created_at = ? AND id < ?))", created, created, id)
	}
	return where, nil
}

func parseCursor(s string) (created int64, id string, err error) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		_, err = fmt.Sscanf(string(b), "%d %s", &created, &id)
	}
	if err != nil || string(b) != fmt.Sprintf("%d %s", created, id) || !access.IsRequestID(id) {
		err = malformedCursor()
	}
	return created, id, err
}
