package ledger

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"ramp.dev/ramp/access"
)

// Misstated is a request of which the requests' table says another state than the log.
type Misstated struct {
	ID     string
	Is     access.State // in the table; "" if the row is gone
	Logged access.State // by the events in the log
}

// loggedStates are the states of all requests that are not over, by the log, as far
// as it was read.
type loggedStates struct {
	mu   sync.Mutex
	seq  int64 // of the last event that was read
	live map[string]access.State
}

// Misstated lists the requests that are not over by the log, and whose state in the
// table is another one: somebody who writes to the database hides in that way what
// approvers would deny (docs/threats.md, case 58). Every state comes with its event in
// one transaction, and the log is append-only and signed. The first call reads the
// events of all requests that are not over, each later one only new events.
func (l *Ledger) Misstated(ctx context.Context) ([]Misstated, error) {
	l.logged.mu.Lock()
	defer l.logged.mu.Unlock()
	if err := l.readLogged(ctx); err != nil {
		return nil, err
	}
	states, args := unfinishedStates()
	rows, err := collect(ctx, l.reader(), scanStateRow, `SELECT id, state FROM requests WHERE state IN `+states, args...)
	if err != nil {
		return nil, err
	}
	table := map[string]access.State{}
	for _, r := range rows {
		table[r.ID] = r.Is
	}
	out := []Misstated{}
	for id, logged := range l.logged.live {
		if table[id] == logged {
			continue
		}
		m, err := l.misstated(ctx, id)
		if err != nil {
			return nil, err
		}
		if m.Is != m.Logged {
			out = append(out, m)
		}
		if m.Is == "" {
			delete(l.logged.live, id) // it is said once; nothing brings the row back
		}
	}
	slices.SortFunc(out, func(a, b Misstated) int { return cmp.Compare(a.ID, b.ID) })
	return out, nil
}

// misstated reads one request again, row before events, as often as it takes: what was
// recorded between the two reads says nothing.
func (l *Ledger) misstated(ctx context.Context, id string) (m Misstated, err error) {
	for range 3 {
		if m, err = l.reader().stateOf(ctx, id); err != nil || m.Is == m.Logged {
			return m, err
		}
	}
	return m, nil
}

// stateOf returns the state of a request in the table and by its events. One that was
// reopened is ending until its grants are closed, for which the log has no second
// event: it is as the table says.
func (q querier) stateOf(ctx context.Context, id string) (m Misstated, err error) {
	m.ID = id
	rows, err := collect(ctx, q, scanStateRow, `SELECT id, state FROM requests WHERE id = ?`, id)
	if err != nil {
		return m, err
	}
	if len(rows) == 1 {
		m.Is = rows[0].Is
	}
	kinds, err := collect(ctx, q, scanText, `SELECT kind FROM events WHERE request_id = ? ORDER BY seq`, id)
	for _, k := range kinds {
		if access.EventKind(k) == access.EventAccessReopened {
			m.Logged = m.Is
			return m, err
		}
		m.Logged = m.Logged.After(access.EventKind(k))
	}
	return m, err
}

// RestoreState gives a request the state that the log says, and records the event. It
// reports whether it changed anything. Nothing is open by that: what opens needs the
// signed decisions.
func (l *Ledger) RestoreState(ctx context.Context, id string, e access.Event) (changed bool, err error) {
	err = l.tx(ctx, func(q querier) error {
		changed = false
		if _, err := q.lockRequest(ctx, id); err != nil {
			return err
		}
		m, err := q.stateOf(ctx, id)
		if err != nil || m.Is == m.Logged || m.Logged == "" || m.Logged.Final() {
			return err
		}
		changed = true
		if _, err := q.exec(ctx, `UPDATE requests SET state = ?, ended_at = NULL WHERE id = ?`, string(m.Logged), id); err != nil {
			return err
		}
		return q.append(ctx, e)
	})
	return changed, err
}

// readLogged reads what the log has of states since it was read last.
func (l *Ledger) readLogged(ctx context.Context) error {
	newest, err := l.LastSeq(ctx)
	if err != nil {
		return err
	}
	kinds, args := inList(stateKinds())
	query := `SELECT request_id, kind FROM events WHERE seq > ? AND seq <= ? AND kind IN ` + kinds
	from := l.logged.seq
	if from == 0 || newest < from { // nothing is known yet, or an older ledger was put back
		from, l.logged.live = 0, map[string]access.State{}
		final, finals := inList(finalKinds())
		query += ` AND request_id IN (SELECT request_id FROM events c WHERE c.kind = 'request.created'
			AND NOT EXISTS (SELECT 1 FROM events d WHERE d.request_id = c.request_id AND d.kind IN ` + final + `))`
		args = append(args, finals...)
	}
	events, err := collect(ctx, l.reader(), scanLogged, query+` ORDER BY seq`, append([]any{from, newest}, args...)...)
	if err != nil {
		return err
	}
	for _, e := range events {
		state, known := l.logged.live[e.ID]
		if !known && e.kind != access.EventRequestCreated {
			continue // it was over before
		}
		if state = state.After(e.kind); state.Final() || e.kind == access.EventAccessReopened {
			delete(l.logged.live, e.ID)
			continue
		}
		l.logged.live[e.ID] = state
	}
	l.logged.seq = newest
	return nil
}

type loggedEvent struct {
	ID   string
	kind access.EventKind
}

func scanLogged(row scanner) (e loggedEvent, err error) {
	err = row.Scan(&e.ID, &e.kind)
	return e, err
}

func scanStateRow(row scanner) (m Misstated, err error) {
	var id, state text
	err = row.Scan(&id, &state)
	m.ID, m.Is = string(id), access.State(state)
	return m, err
}

// stateKinds are the kinds of events that a state comes with.
func stateKinds() []access.EventKind {
	return slices.DeleteFunc(access.EventKinds(), func(k access.EventKind) bool {
		return k.State() == "" && k != access.EventEndOrdered && k != access.EventAccessReopened
	})
}

// finalKinds are those after which nothing follows.
func finalKinds() []access.EventKind {
	return slices.DeleteFunc(stateKinds(), func(k access.EventKind) bool { return !k.State().Final() })
}
