package ledger

import (
	"context"
	"slices"
	"strconv"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/strictjson"
)

// OrderEnd records an order to end a request, with its signed statement, before any
// workflow is told: from then on the ledger takes no opening and no extension of the
// request, and closers and the reconciler find the order (docs/threats.md, case 57). A
// request that may have access is ending from then on, and the end of its grants is the
// time of the order. The same person's order of the same kind again changes nothing.
// Errors are CodeNotFound for a request that nobody submitted, and CodeConflict for one
// that is over, with the issue IssueEndedBySame where it ended after the same order.
func (l *Ledger) OrderEnd(ctx context.Context, o access.EndOrder, envelope []byte) error {
	return l.tx(ctx, func(q querier) error {
		state, err := q.lockRequest(ctx, o.RequestID)
		if err != nil {
			return err
		}
		if state.Final() {
			// What is said to be over may be open all the same; that is always ended.
			open, err := q.exists(ctx, `SELECT 1 FROM grants WHERE request_id = ? AND status <> 'closed' LIMIT 1`, o.RequestID)
			if err != nil {
				return err
			}
			if !open {
				again, err := q.exists(ctx, `SELECT 1 FROM statements WHERE request_id = ? AND key = ?`, o.RequestID, access.KeyEnd(o))
				if err != nil {
					return err
				}
				if again {
					return access.Refuse(access.CodeConflict, IssueEndedBySame, "the request is %s, as the same person ordered before", state)
				}
				return access.Refuse(access.CodeConflict, "wrong_state", "the request is %s", state)
			}
		}
		if state.MayHaveAccess() && state != access.StateEnding {
			if _, err := q.exec(ctx, `UPDATE requests SET state = ?, outcome = ? WHERE id = ?`,
				string(access.StateEnding), string(o.Kind.Outcome()), o.RequestID); err != nil {
				return err
			}
		}
		// The end of what is open is now the time of the order, so that closers find it due
		// and close it without being asked.
		if _, err := q.exec(ctx, `UPDATE grants SET expires_at = ? WHERE request_id = ? AND status <> 'closed' AND expires_at > ?`,
			micros(o.At), o.RequestID, micros(o.At)); err != nil {
			return err
		}
		key := access.KeyEnd(o)
		if err := q.addStatements(ctx, access.Statement{RequestID: o.RequestID, Key: key, Envelope: envelope}); err != nil {
			return err
		}
		return q.append(ctx, endEvent(o))
	})
}

// IssueEndedBySame is the code of the issue of an order to end that was given before, of a
// request that is over.
const IssueEndedBySame = "ended_by_same"

// endEvent returns the event of an order to end. Of one that a condition gave it says
// what was known: who reads the timeline must not have to look for the statement.
func endEvent(o access.EndOrder) access.Event {
	detail := map[string]string{"end": string(o.Kind)}
	if by := o.EndedBy; by != nil {
		detail["condition"], detail["facts"] = strconv.Itoa(by.Index), access.Clip(access.FactsInWords(by.Facts), 1000)
	}
	return access.Event{At: o.At, RequestID: o.RequestID, Kind: access.EventEndOrdered, Actor: o.By, Message: o.Reason, Key: access.KeyEnd(o), Detail: o.Via.Detail(detail)}
}

// ConditionEvents returns the events of requests that say when a condition that ends
// access could not be evaluated, by request (access.LastUnknownPeriod). What else such an event
// says is not read: one that is damaged holds up no other request, nor its own.
func (l *Ledger) ConditionEvents(ctx context.Context, requestIDs ...string) (map[string][]access.Event, error) {
	out := map[string][]access.Event{}
	if len(requestIDs) == 0 {
		return out, nil
	}
	marks, args := inList(requestIDs)
	list, err := collect(ctx, l.reader(), scanConditionEvent, `SELECT at, request_id, kind, idempotency_key FROM events WHERE request_id IN `+marks+` AND kind IN (?, ?) ORDER BY seq`,
		append(args, string(access.EventConditionUnknown), string(access.EventConditionKnown))...)
	for _, e := range list {
		out[e.RequestID] = append(out[e.RequestID], e)
	}
	return out, err
}

// scanConditionEvent reads of an event what access.LastUnknownPeriod needs.
func scanConditionEvent(row scanner) (e access.Event, err error) {
	var at int64
	err = row.Scan(&at, &e.RequestID, &e.Kind, &e.Key)
	e.At = timeOf(at)
	return e, err
}

// endOrdered reports whether somebody has ordered the end of a request, by the
// statements: no column says so, and none can be set back.
func (q querier) endOrdered(ctx context.Context, requestID string) (bool, error) {
	return q.exists(ctx, `SELECT 1 FROM statements WHERE request_id = ? AND key LIKE '`+access.KeyEndPrefix+`%' LIMIT 1`, requestID)
}

// refuseEndOrdered returns CodeConflict if somebody has ordered the end of a request.
func (q querier) refuseEndOrdered(ctx context.Context, requestID string) error {
	ordered, err := q.endOrdered(ctx, requestID)
	if err == nil && ordered {
		err = access.Refuse(access.CodeConflict, access.IssueStopped, "somebody has ended request %s; nothing more is opened for it", requestID)
	}
	return err
}

// EndOrders returns the orders to end of requests that are not over, by request: of
// each the first. Nobody has verified their signatures; an order to end needs none.
func (l *Ledger) EndOrders(ctx context.Context) (map[string]access.EndOrder, error) {
	states, args := unfinishedStates()
	rows, err := collect(ctx, l.reader(), scanEndOrder, `SELECT requests.id, statements.envelope FROM requests
		JOIN statements ON statements.request_id = requests.id AND statements.key LIKE '`+access.KeyEndPrefix+`%'
		WHERE requests.state IN `+states+` ORDER BY statements.id`, args...)
	out := map[string]access.EndOrder{}
	for _, r := range rows {
		if _, earlier := out[r.RequestID]; !earlier {
			out[r.RequestID] = r
		}
	}
	return out, err
}

// scanEndOrder reads an order to end. One that cannot be read still ends its request.
func scanEndOrder(row scanner) (access.EndOrder, error) {
	var id, envelope text
	if err := row.Scan(&id, &envelope); err != nil {
		return access.EndOrder{}, err
	}
	var signed struct {
		Payload []byte `json:"payload"`
	}
	o := access.EndOrder{Kind: access.EndRevoke}
	if strictjson.UnmarshalOpen([]byte(envelope), &signed) == nil {
		_ = strictjson.UnmarshalOpen(signed.Payload, &o)
	}
	o.RequestID = string(id)
	return o, nil
}

// Denial is a denial of a request, as it was signed.
type Denial struct {
	RequestID string
	Envelope  []byte
}

// Undelivered returns the denials that were recorded when they were given, of
// requests that are not ending, and that no worker has counted yet: their workflow
// has not been told, or was told and has not acted.
func (l *Ledger) Undelivered(ctx context.Context) ([]Denial, error) {
	type row struct{ id, decisions, key, envelope text }
	scan := func(s scanner) (r row, err error) {
		err = s.Scan(&r.id, &r.decisions, &r.key, &r.envelope)
		return r, err
	}
	// The key finds them, and an approver's id may have "-deny-" in it. What cannot be read
	// is delivered: its readers verify it before they act on it.
	rows, err := collect(ctx, l.reader(), scan, `SELECT requests.id, requests.decisions, statements.key, statements.envelope FROM requests
		JOIN statements ON statements.request_id = requests.id AND statements.key LIKE '`+decisionOfDenial+`'
		WHERE requests.state IN ('pending', 'approved', 'scheduled', 'granting', 'active') ORDER BY statements.id`)
	var out []Denial
	for _, r := range rows {
		if d, readable := readDecision(string(r.envelope)); readable && d.Verdict != access.Deny {
			continue
		}
		var counted []access.Decision
		if strictjson.UnmarshalOpen([]byte(r.decisions), &counted) == nil &&
			slices.ContainsFunc(counted, func(d access.Decision) bool { return access.KeyDecision(d) == string(r.key) }) {
			continue
		}
		out = append(out, Denial{RequestID: string(r.id), Envelope: []byte(r.envelope)})
	}
	return out, err
}

// decisionOfDenial is for LIKE: the key of every denial's statement, and of some others.
const decisionOfDenial = "decision-%-deny-%"

// readDecision returns the decision in an envelope, and reports whether it can be read.
// Nobody has verified its signature.
func readDecision(envelope string) (d access.Decision, readable bool) {
	var signed struct {
		Payload []byte `json:"payload"`
	}
	readable = strictjson.UnmarshalOpen([]byte(envelope), &signed) == nil && strictjson.UnmarshalOpen(signed.Payload, &d) == nil
	return d, readable
}
