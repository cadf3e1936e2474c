package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"ramp.dev/ramp/access"
)

// Submission is a new request with its signed plan.
type Submission struct {
	Request      access.Request
	PlanEnvelope []byte // the signed envelope, JSON
	Input        access.RequestInput
	// Evaluation is the signed statement of why, and ContractText what the plan
	// was made under; both for the evidence pack.
	Evaluation   []byte
	ContractText string
	MaxOpen      int // requests that the requester may have open, this one included; 0: any number
	// RefuseDuplicate refuses what the requester has asked, word for word, in a
	// request that is still pending: approvers are not asked the same twice
	// (docs/threats.md, case 47).
	RefuseDuplicate bool
	// History is what the contract's evaluation knew of earlier requests; nil if it
	// asked for nothing. A request that has come since refuses the submission.
	History *access.History
	// LimitsAll: the contract limits what everybody has open together.
	LimitsAll bool
}

// Submit records a new request before its workflow is started. The same
// submission again returns created=false. Errors are CodeConflict if the id is
// taken by another input or another requester, or for a duplicate that
// RefuseDuplicate refuses, and CodeThrottled for more than MaxOpen.
func (l *Ledger) Submit(ctx context.Context, s Submission) (created bool, err error) {
	r := s.Request
	err = l.tx(ctx, func(q querier) error {
		created = false
		// Two submissions of one person at the same instant see each other.
		if err := q.lock(ctx, lockRequesters, r.Requester.ID); err != nil {
			return err
		}
		var requester, input string
		err := q.row(ctx, `SELECT requester_id, input FROM requests WHERE id = ?`, r.ID).Scan(&requester, &input)
		if err == nil {
			if requester != r.Requester.ID || input != encodeJSON(s.Input) {
				return &access.Error{Code: access.CodeConflict, Issues: []access.Issue{{Code: "idempotency_key_reused",
					Field: "Idempotency-Key", Message: "this key was used for another request; use a new key for each request"}}}
			}
			return nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if err := q.checkSubmission(ctx, s); err != nil {
			return err
		}
		if err := q.proposeContracts(ctx, r.Plan.Change); err != nil {
			return err
		}
		created, err = q.insertRequest(ctx, s)
		return err
	})
	return created, err
}

func (q querier) insertRequest(ctx context.Context, s Submission) (created bool, err error) {
	r := s.Request
	targets := ","
	for _, g := range r.Plan.Grants {
		targets += g.Target + ","
	}
	n, err := q.exec(ctx, `INSERT INTO requests
		(id, state, contract, requester_id, requester_key, human_key, email_key, targets, input, requester, plan, plan_envelope, stages, decisions, created_at, start_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '[]', ?, ?) ON CONFLICT (id) DO NOTHING`,
		r.ID, string(access.StatePending), r.Contract, r.Requester.ID, access.FoldID(r.Requester.ID), access.FoldID(r.Requester.HumanID()), access.FoldID(r.Requester.Email), targets,
		encodeJSON(s.Input), encodeJSON(r.Requester), encodeJSON(r.Plan), string(s.PlanEnvelope), encodeJSON(r.Stages), micros(r.CreatedAt), microsOf(r.Plan.StartAt))
	if err != nil {
		return false, err
	}
	if n == 0 {
		return false, access.Errorf(access.CodeUnavailable, "the same request is being submitted at this moment; try again")
	}
	if s.ContractText != "" {
		if _, err := q.exec(ctx, `INSERT INTO contract_texts (version, name, text, recorded_at) VALUES (?, ?, ?, ?) ON CONFLICT (version) DO NOTHING`,
			r.Plan.ContractVersion, r.Contract, s.ContractText, micros(r.CreatedAt)); err != nil {
			return false, err
		}
	}
	if s.Evaluation != nil {
		if err := q.addStatements(ctx, access.Statement{RequestID: r.ID, Key: "evaluation", Envelope: s.Evaluation}); err != nil {
			return false, err
		}
	}
	// A request's events begin with this one; the offline verifier says so.
	err = q.append(ctx, access.Event{At: r.CreatedAt, RequestID: r.ID, Kind: access.EventRequestCreated,
		Actor: r.Requester.ID, Message: r.Plan.Reason, Key: access.KeyCreated,
		Detail: r.Plan.Via.Detail(map[string]string{"contract": r.Contract, "planDigest": r.Plan.Digest})})
	if err == nil && r.Plan.BreakGlass != nil {
		err = q.append(ctx, glassBroken(r))
	}
	return err == nil, err
}

func (q querier) checkSubmission(ctx context.Context, s Submission) error {
	refuse := func(code access.Code, name, format string, args ...any) error {
		return &access.Error{Code: code, Issues: []access.Issue{{Code: name, Message: fmt.Sprintf(format, args...)}}}
	}
	requester := s.Request.Requester.ID
	if s.RefuseDuplicate {
		var pending string
		err := q.row(ctx, `SELECT id FROM requests WHERE requester_id = ? AND state = 'pending' AND input = ? LIMIT 1`, requester, encodeJSON(s.Input)).Scan(&pending)
		if err == nil {
			return refuse(access.CodeConflict, "duplicate_pending", "request %s asks for exactly this and is waiting for decisions", pending)
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
	}
	if err := q.checkReviewed(ctx, s.Request); err != nil {
		return err
	}
	if err := q.checkHistory(ctx, s); err != nil {
		return err
	}
	if s.MaxOpen > 0 {
		states, args := unfinishedStates()
		var open int
		err := q.row(ctx, `SELECT count(*) FROM requests WHERE requester_id = ? AND state IN `+states, append([]any{requester}, args...)...).Scan(&open)
		if err != nil {
			return err
		}
		if open >= s.MaxOpen {
			return refuse(access.CodeThrottled, "too_many_open", "you have %d requests open, and may have %d; cancel or release some first", open, s.MaxOpen)
		}
	}
	return nil
}

// MarkStarted records that the request's workflow exists.
func (l *Ledger) MarkStarted(ctx context.Context, id string) error {
	return l.write(ctx, `UPDATE requests SET workflow_started = 1 WHERE id = ?`, id)
}

// Unstarted lists requests whose workflow is not known to exist, submitted
// before a time, oldest first: a crash came between the ledger and Temporal.
func (l *Ledger) Unstarted(ctx context.Context, before time.Time) ([]Submission, error) {
	return collect(ctx, l.reader(), scanSubmission, `SELECT `+requestColumns+`, input FROM requests
		WHERE workflow_started = 0 AND state = 'pending' AND created_at < ? ORDER BY created_at LIMIT 100`, micros(before))
}

func scanSubmission(row scanner) (s Submission, err error) {
	var input text
	s.Request, err = scanRequestAnd(row, &input)
	s.PlanEnvelope = s.Request.PlanEnvelope
	if decodeJSON(string(input), &s.Input) != nil {
		s.Input = access.RequestInput{} // the plan is what starts
	}
	return s, err
}

// Starting returns all approved requests whose start, as their approvals leave it,
// lies between two times, both included, and that have no confirmation yet, the
// earliest first. It takes no part of them only: whatever the list had no room for
// would not open (docs/threats.md, case 60).
func (l *Ledger) Starting(ctx context.Context, from, until time.Time) ([]string, error) {
	return collect(ctx, l.reader(), scanText, `SELECT id FROM requests WHERE state IN ('approved', 'scheduled')
		AND start_at BETWEEN ? AND ?
		AND NOT EXISTS (SELECT 1 FROM statements WHERE request_id = requests.id AND key = ?) ORDER BY start_at, id`,
		micros(from), micros(until), access.KeyConfirmation)
}

// PlanEnvelope returns the signed envelope of a request's plan, JSON;
// CodeNotFound if there is no such request.
func (l *Ledger) PlanEnvelope(ctx context.Context, id string) ([]byte, error) {
	envelope, err := first(ctx, l.reader(), scanText, unknownRequest(id), `SELECT plan_envelope FROM requests WHERE id = ?`, id)
	if err != nil {
		return nil, err
	}
	return []byte(envelope), nil
}

// unknownRequest is CodeNotFound.
func unknownRequest(id string) error {
	return &access.Error{Code: access.CodeNotFound, Issues: []access.Issue{{Code: "unknown_request",
		Message: fmt.Sprintf("there is no request %q", access.Clip(id, 40))}}}
}
