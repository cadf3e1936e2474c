package ledger

import (
	"context"
	"database/sql"
	"errors"

	"ramp.dev/ramp/access"
)

// Statement is one signed statement about a request.
type Statement struct {
	RequestID string
	Key       string // one statement for each; the first stands
	Envelope  []byte // DSSE, JSON
}

// AddStatement keeps a signed statement for evidence packs. Idempotent by its key; for
// a request that nobody submitted it is CodeNotFound.
func (l *Ledger) AddStatement(ctx context.Context, s Statement) error {
	return l.tx(ctx, func(q querier) error {
		var one int
		err := q.row(ctx, `SELECT 1 FROM requests WHERE id = ?`, s.RequestID).Scan(&one)
		if errors.Is(err, sql.ErrNoRows) {
			return unknownRequest(s.RequestID)
		}
		if err != nil {
			return err
		}
		return q.addStatements(ctx, s)
	})
}

func (q querier) addStatements(ctx context.Context, list ...Statement) error {
	for _, s := range list {
		if _, err := q.exec(ctx, `INSERT INTO statements (request_id, key, envelope) VALUES (?, ?, ?)
			ON CONFLICT (request_id, key) DO NOTHING`, s.RequestID, s.Key, string(s.Envelope)); err != nil {
			return err
		}
	}
	return nil
}

// Statements are the envelopes kept for a request, in the order of keeping.
func (l *Ledger) Statements(ctx context.Context, requestID string) ([][]byte, error) {
	rows, err := l.reader().rows(ctx, `SELECT envelope FROM statements WHERE request_id = ? ORDER BY id`, requestID)
	if err != nil {
		return nil, wrapError(err)
	}
	defer rows.Close()
	var out [][]byte
	for rows.Next() {
		var e string
		if err := rows.Scan(&e); err != nil {
			return nil, wrapError(err)
		}
		out = append(out, []byte(e))
	}
	return out, wrapError(rows.Err())
}

// ContractText is the exact text of one version of a contract.
func (l *Ledger) ContractText(ctx context.Context, version string) (name, text string, err error) {
	err = l.reader().row(ctx, `SELECT name, text FROM contracts WHERE version = ?`, version).Scan(&name, &text)
	if errors.Is(err, sql.ErrNoRows) {
		return "", "", access.Errorf(access.CodeNotFound, "the ledger has no contract of version %s", access.Clip(version, 80))
	}
	return name, text, wrapError(err)
}
