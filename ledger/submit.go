package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pressly/goose/v3"

	"ramp.dev/ramp/access"
)

// Submission is a new request with its signed plan.
type Submission struct {
	Request      access.Request
	PlanEnvelope []byte // the signed envelope, JSON
	Ask          access.RequestInput
	// Evaluation is the signed statement of why, and ContractText what the plan
	// was made under; both for the evidence pack.
	Evaluation   []byte
	ContractText string
	MaxOpen      int // requests that the requester may have open, this one included; 0: any number
	// RefuseDuplicate refuses what the requester has asked, word for word, in a request
	// that is still pending: approvers are not asked the same twice (CASES 47).
	RefuseDuplicate bool
}

// Submit records a new request before its workflow is started. Submitting the
// same again answers created=false; the same id with another question or
// another requester is CodeConflict, and so is one that is not Distinct; over
// MaxOpen is CodeThrottled.
func (l *Ledger) Submit(ctx context.Context, s Submission) (created bool, err error) {
	r := s.Request
	var targets []string
	for _, g := range r.Plan.Grants {
		targets = append(targets, g.Target)
	}
	err = l.tx(ctx, func(q querier) error {
		created = false
		if err := l.lockRequester(ctx, q, r.Requester.ID); err != nil {
			return err
		}
		var requester, ask string
		err := q.row(ctx, `SELECT requester, ask FROM requests WHERE id = ?`, r.ID).Scan(&requester, &ask)
		if err == nil {
			if requester != r.Requester.ID || ask != encodeJSON(s.Ask) {
				return &access.Error{Code: access.CodeConflict, Issues: []access.Issue{{Code: "idempotency_key_reused",
					Field: "Idempotency-Key", Message: "this key was used for another request; take a new key for each question"}}}
			}
			return nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if err := checkSubmission(ctx, q, s); err != nil {
			return err
		}
		n, err := q.exec(ctx, `INSERT INTO requests
			(id, state, contract, requester, targets, ask, person, plan, plan_envelope, stages, decisions, created_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '[]', ?) ON CONFLICT (id) DO NOTHING`,
			r.ID, string(access.StatePending), r.Contract, r.Requester.ID, ","+strings.Join(targets, ",")+",",
			encodeJSON(s.Ask), encodeJSON(r.Requester), encodeJSON(r.Plan), string(s.PlanEnvelope), encodeJSON(r.Stages), micros(r.CreatedAt))
		if err != nil {
			return err
		}
		if n == 0 {
			return access.Errorf(access.CodeUnavailable, "the same request is being submitted at this moment; ask again")
		}
		created = true
		if s.ContractText != "" {
			if _, err := q.exec(ctx, `INSERT INTO contracts (version, name, text, at) VALUES (?, ?, ?, ?) ON CONFLICT (version) DO NOTHING`,
				r.Plan.ContractVersion, r.Contract, s.ContractText, micros(r.CreatedAt)); err != nil {
				return err
			}
		}
		if s.Evaluation != nil {
			if err := q.addStatements(ctx, Statement{RequestID: r.ID, Key: "evaluation", Envelope: s.Evaluation}); err != nil {
				return err
			}
		}
		return l.append(ctx, q, access.Event{At: r.CreatedAt, RequestID: r.ID, Kind: access.EventRequestCreated,
			Actor: r.Requester.ID, Message: r.Plan.Reason, Key: "created",
			Detail: map[string]string{"contract": r.Contract, "planDigest": r.Plan.Digest}})
	})
	return created, err
}

// lockRequester lets one person submit one request after the other, so that two
// at the same instant see each other. SQLite has one writer anyway.
func (l *Ledger) lockRequester(ctx context.Context, q querier, id string) error {
	if l.dialect != goose.DialectPostgres {
		return nil
	}
	_, err := q.exec(ctx, `SELECT pg_advisory_xact_lock(?, hashtext(?))`, eventsLock, id)
	return err
}

func checkSubmission(ctx context.Context, q querier, s Submission) error {
	refuse := func(code access.Code, name, format string, args ...any) error {
		return &access.Error{Code: code, Issues: []access.Issue{{Code: name, Message: fmt.Sprintf(format, args...)}}}
	}
	who := s.Request.Requester.ID
	if s.RefuseDuplicate {
		var first string
		err := q.row(ctx, `SELECT id FROM requests WHERE requester = ? AND state = 'pending' AND ask = ? LIMIT 1`, who, encodeJSON(s.Ask)).Scan(&first)
		if err == nil {
			return refuse(access.CodeConflict, "duplicate_pending", "you asked exactly this in request %s, which is waiting for decisions; it is not asked twice", first)
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
	}
	if s.MaxOpen > 0 {
		var open int
		err := q.row(ctx, `SELECT count(*) FROM requests WHERE requester = ? AND state IN `+openStates(), who).Scan(&open)
		if err != nil {
			return err
		}
		if open >= s.MaxOpen {
			return refuse(access.CodeThrottled, "too_many_open", "you have %d requests open, and may have %d; cancel or release some first", open, s.MaxOpen)
		}
	}
	return nil
}

// openStates is a list in SQL of every state that something follows.
func openStates() string {
	var names []string
	for _, s := range access.States() {
		if !s.Final() {
			names = append(names, "'"+string(s)+"'")
		}
	}
	return "(" + strings.Join(names, ", ") + ")"
}

// MarkStarted notes that the request's workflow exists.
func (l *Ledger) MarkStarted(ctx context.Context, id string) error {
	return l.tx(ctx, func(q querier) error {
		_, err := q.exec(ctx, `UPDATE requests SET started = 1 WHERE id = ?`, id)
		return err
	})
}

// Unstarted lists requests whose workflow is not known to exist, submitted
// before a time, oldest first: those that a crash caught between the two.
func (l *Ledger) Unstarted(ctx context.Context, before time.Time) ([]Submission, error) {
	rows, err := l.reader().rows(ctx, `SELECT `+requestColumns+`, plan_envelope, ask FROM requests
		WHERE started = 0 AND state = 'pending' AND created_at < ? ORDER BY created_at LIMIT 100`, micros(before))
	if err != nil {
		return nil, wrapError(err)
	}
	defer rows.Close()
	var out []Submission
	for rows.Next() {
		var s Submission
		var envelope, ask string
		if s.Request, err = scanRequest(rows, &envelope, &ask); err != nil {
			return nil, wrapError(err)
		}
		s.PlanEnvelope = []byte(envelope)
		if err := json.Unmarshal([]byte(ask), &s.Ask); err != nil {
			return nil, wrapError(err)
		}
		out = append(out, s)
	}
	return out, wrapError(rows.Err())
}

// PlanEnvelope is the signed envelope of a request's plan, JSON.
func (l *Ledger) PlanEnvelope(ctx context.Context, id string) ([]byte, error) {
	var envelope string
	err := l.reader().row(ctx, `SELECT plan_envelope FROM requests WHERE id = ?`, id).Scan(&envelope)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, unknownRequest(id)
	}
	return []byte(envelope), wrapError(err)
}

func unknownRequest(id string) error {
	return &access.Error{Code: access.CodeNotFound, Issues: []access.Issue{{Code: "unknown_request",
		Message: fmt.Sprintf("there is no request %q", access.Clip(id, 40))}}}
}
