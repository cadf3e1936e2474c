package ledger

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"ramp.dev/ramp/access"
)

const requestColumns = `id, state, outcome, contract, person, plan, stages, decisions, problem, overdue, extensions,
	created_at, active_at, expires_at, ended_at`

type scanner interface{ Scan(...any) error }

// scanRequest reads requestColumns and whatever columns follow them.
func scanRequest(row scanner, more ...any) (access.Request, error) {
	var r access.Request
	var person, plan, stages, decisions string
	var overdue int
	var created int64
	var active, expires, ended sql.NullInt64
	err := row.Scan(append([]any{&r.ID, &r.State, &r.Outcome, &r.Contract, &person, &plan, &stages, &decisions, &r.Problem,
		&overdue, &r.Extensions, &created, &active, &expires, &ended}, more...)...)
	if err != nil {
		return r, err
	}
	r.Overdue, r.CreatedAt = overdue != 0, timeOf(created)
	r.ActiveAt, r.ExpiresAt, r.EndedAt = timePtr(active), timePtr(expires), timePtr(ended)
	return r, errors.Join(
		json.Unmarshal([]byte(person), &r.Requester),
		json.Unmarshal([]byte(plan), &r.Plan),
		json.Unmarshal([]byte(stages), &r.Stages),
		json.Unmarshal([]byte(decisions), &r.Decisions))
}

// Request is one request with its timeline.
func (l *Ledger) Request(ctx context.Context, id string) (access.Request, error) {
	r, err := scanRequest(l.reader().row(ctx, `SELECT `+requestColumns+` FROM requests WHERE id = ?`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return r, unknownRequest(id)
	}
	if err != nil {
		return r, wrapError(err)
	}
	r.Timeline, err = l.Events(ctx, EventFilter{RequestID: id, Limit: 1000})
	return r, err
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

// Requests lists requests, newest first, without timelines, and where the next
// page begins ("" at the end).
func (l *Ledger) Requests(ctx context.Context, f RequestFilter) (items []access.Request, next string, err error) {
	where, args := []string{"1 = 1"}, []any{}
	and := func(cond string, a ...any) { where, args = append(where, cond), append(args, a...) }
	if len(f.States) > 0 {
		marks := strings.TrimSuffix(strings.Repeat("?,", len(f.States)), ",")
		states := []any{}
		for _, s := range f.States {
			states = append(states, string(s))
		}
		and("state IN ("+marks+")", states...)
	}
	if f.Requester != "" {
		and("requester = ?", f.Requester)
	}
	if f.Contract != "" {
		and("contract = ?", f.Contract)
	}
	if f.Target != "" {
		escaped := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(f.Target)
		and(`targets LIKE ? ESCAPE '\'`, "%,"+escaped+",%")
	}
	if f.Cursor != "" {
		created, id, err := parseCursor(f.Cursor)
		if err != nil {
			return nil, "", err
		}
		and("(created_at < ? OR (created_at = ? AND id < ?))", created, created, id)
	}
	limit := f.Limit
	if limit <= 0 {
		limit = 50
	}
	limit = min(limit, 200)
	rows, err := l.reader().rows(ctx, `SELECT `+requestColumns+` FROM requests WHERE `+strings.Join(where, " AND ")+
		fmt.Sprintf(` ORDER BY created_at DESC, id DESC LIMIT %d`, limit+1), args...)
	if err != nil {
		return nil, "", wrapError(err)
	}
	defer rows.Close()
	items = []access.Request{}
	for rows.Next() {
		r, err := scanRequest(rows)
		if err != nil {
			return nil, "", wrapError(err)
		}
		items = append(items, r)
	}
	if err := rows.Err(); err != nil {
		return nil, "", wrapError(err)
	}
	if len(items) > limit {
		items = items[:limit]
		last := items[limit-1]
		next = base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d %s", micros(last.CreatedAt), last.ID))
	}
	return items, next, nil
}

func parseCursor(s string) (created int64, id string, err error) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		_, err = fmt.Sscanf(string(b), "%d %s", &created, &id)
	}
	if err != nil || string(b) != fmt.Sprintf("%d %s", created, id) || !access.IsRequestID(id) {
		err = access.Invalid(access.Issue{Code: "cursor_malformed", Field: "cursor", Message: "this is not a cursor that a list answered"})
	}
	return created, id, err
}
