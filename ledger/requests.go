package ledger

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"ramp.dev/ramp/access"
)

const requestColumns = `id, state, outcome, contract, requester, plan, plan_envelope, stages, decisions, problem, overdue, extensions,
	created_at, active_at, expires_at, ended_at, review, removal, dropped_at`

func scanRequest(row scanner) (access.Request, error) { return scanRequestAnd(row) }

// scanRequestAnd reads requestColumns and the columns that follow them. One row that
// somebody else than Ramp has made unreadable must not keep anybody from all others
// (docs/threats.md, case 53): what cannot be read is zero, and Altered says so.
func scanRequestAnd(row scanner, more ...any) (access.Request, error) {
	var r access.Request
	var id, state, outcome, contract, requester, plan, envelope, stages, decisions, problem, review text
	var overdue, extensions, created, active, expires, ended, removal, dropped number
	err := row.Scan(append([]any{&id, &state, &outcome, &contract, &requester, &plan, &envelope, &stages, &decisions, &problem,
		&overdue, &extensions, &created, &active, &expires, &ended, &review, &removal, &dropped}, more...)...)
	if err != nil {
		return r, err
	}
	r.ID, r.State, r.Outcome, r.Contract, r.Problem = string(id), access.State(state), access.Outcome(outcome), string(contract), string(problem)
	r.PlanEnvelope, r.Dropped = []byte(envelope), droppedBy(removal.Int64, dropped.Int64)
	r.Overdue, r.Extensions = overdue.Int64 != 0, int(extensions.Int64)
	if created.Valid {
		r.CreatedAt = timeOf(created.Int64)
	}
	r.ActiveAt, r.ExpiresAt, r.EndedAt = timePtr(active.NullInt64), timePtr(expires.NullInt64), timePtr(ended.NullInt64)
	var unreadable []string
	for name, n := range map[string]number{"overdue": overdue, "extensions": extensions, "created_at": created, "active_at": active, "expires_at": expires, "ended_at": ended,
		"removal": removal, "dropped_at": dropped} {
		if n.damaged {
			unreadable = append(unreadable, name)
		}
	}
	if !r.State.Known() {
		unreadable = append(unreadable, "state")
	}
	// A document that is unreadable in part is not shown in part.
	if decodeJSON(string(requester), &r.Requester) != nil {
		r.Requester, unreadable = access.Person{}, append(unreadable, "requester")
	}
	if decodeJSON(string(plan), &r.Plan) != nil {
		r.Plan, unreadable = access.Plan{}, append(unreadable, "plan")
	}
	if decodeJSON(string(stages), &r.Stages) != nil {
		r.Stages, unreadable = nil, append(unreadable, "stages")
	}
	if decodeJSON(string(decisions), &r.Decisions) != nil {
		r.Decisions, unreadable = nil, append(unreadable, "decisions")
	}
	if review != "" {
		if r.Review = new(access.Review); decodeJSON(string(review), r.Review) != nil {
			r.Review, unreadable = nil, append(unreadable, "review")
		}
	}
	if len(unreadable) > 0 {
		slices.Sort(unreadable)
		r.Altered = []string{"the row in the ledger cannot be read (" + strings.Join(unreadable, ", ") + ")"}
	}
	return r, nil
}

// Request returns one request, without its timeline; CodeNotFound if there is
// none.
func (l *Ledger) Request(ctx context.Context, id string) (access.Request, error) {
	return first(ctx, l.reader(), scanRequest, unknownRequest(id), `SELECT `+requestColumns+` FROM requests WHERE id = ?`, id)
}

// maxRefusals bounds how many refusals of a request are shown, of which anybody may
// cause any number.
const maxRefusals = 200

// refusalKinds is for IN.
var refusalKinds = fmt.Sprintf("('%s', '%s')", access.EventActRefused, access.EventDecisionRefused)

// Timeline returns every event of a request, in order, but of refused acts only the
// latest 200, and how many it leaves out: no number of them hides what was decided
// and done (docs/threats.md, case 65).
func (l *Ledger) Timeline(ctx context.Context, id string) (events []access.Event, refusalsLeftOut int, err error) {
	const of = ` WHERE request_id = ? AND kind `
	events, err = collect(ctx, l.reader(), scanEvent, selectEvents+of+`NOT IN `+refusalKinds, id)
	if err != nil {
		return nil, 0, err
	}
	refusals, err := collect(ctx, l.reader(), scanEvent, selectEvents+of+`IN `+refusalKinds+` ORDER BY seq DESC LIMIT ?`, id, maxRefusals)
	if err == nil && len(refusals) == maxRefusals {
		err = l.reader().row(ctx, `SELECT count(*) FROM events`+of+`IN `+refusalKinds+` AND seq < ?`, id, refusals[maxRefusals-1].Seq).Scan(&refusalsLeftOut)
	}
	events = append(events, refusals...)
	slices.SortFunc(events, func(a, b access.Event) int { return cmp.Compare(a.Seq, b.Seq) })
	return events, refusalsLeftOut, wrapError(err)
}

// RequestFilter narrows a list of requests. Zero fields do not narrow.
type RequestFilter struct {
	States    []access.State
	Requester string
	Contract  string
	Target    string
	// Asked adds active requests of which an extension was asked for that people decide
	// to those in States; without States it is these alone.
	Asked    bool
	EndWhen  bool   // those whose plan has conditions that end access
	ToReview bool   // uses of break glass that nobody has reviewed
	Cursor   string // where the last page ended
	Limit    int    // 1 to 200; 0 is 50
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
		next = requestCursor(items[limit-1])
	}
	return items, next, nil
}

// requestCursor returns the cursor of the page after a request.
func requestCursor(last access.Request) string {
	if last.CreatedAt.IsZero() {
		// A time that is no number comes before all others, as SQLite orders them.
		last.CreatedAt = time.UnixMicro(math.MaxInt64)
	}
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d %s", micros(last.CreatedAt), last.ID))
}

func (f RequestFilter) conditions() (where conditions, err error) {
	const asked = `state = 'active' AND EXISTS (SELECT 1 FROM statements
		WHERE statements.request_id = requests.id AND statements.key LIKE '` + access.KeyAskedPrefix + `extension %')`
	switch marks, args := inList(f.States); {
	case len(f.States) > 0 && f.Asked:
		where.and("(state IN "+marks+" OR "+asked+")", args...)
	case len(f.States) > 0:
		where.and("state IN "+marks, args...)
	case f.Asked:
		where.and(asked)
	}
	where.equal("requester_id", f.Requester)
	where.equal("contract", f.Contract)
	if f.EndWhen {
		// It only finds them: the column is not believed, and a plan whose texts look alike is
		// found beside them.
		where.and(`plan LIKE '%"endWhen":[{%'`)
	}
	if f.ToReview {
		where.and(unreviewed)
	}
	if f.Target != "" {
		where.and(targetMatches, likeTarget(f.Target))
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

// targetMatches is the condition that a request is for a target; its argument is
// likeTarget's.
const targetMatches = `targets LIKE ? ESCAPE '\'`

func likeTarget(target string) string {
	return "%," + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(target) + ",%"
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
