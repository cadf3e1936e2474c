package ledger

import (
	"context"

	"ramp.dev/ramp/access"
)

// AddStatement stores a signed statement for evidence packs. It is idempotent by
// the statement's key; for a request that nobody submitted it is CodeNotFound.
func (l *Ledger) AddStatement(ctx context.Context, s access.Statement) error {
	return l.tx(ctx, func(q querier) error {
		known, err := q.exists(ctx, `SELECT 1 FROM requests WHERE id = ?`, s.RequestID)
		if err != nil {
			return err
		}
		if !known {
			return unknownRequest(s.RequestID)
		}
		return q.addStatements(ctx, s)
	})
}

func (q querier) addStatements(ctx context.Context, statements ...access.Statement) error {
	for _, s := range statements {
		if _, err := q.exec(ctx, `INSERT INTO statements (request_id, key, envelope) VALUES (?, ?, ?)
			ON CONFLICT (request_id, key) DO NOTHING`, s.RequestID, s.Key, string(s.Envelope)); err != nil {
			return err
		}
	}
	return nil
}

// Statements returns the envelopes stored for a request, the oldest first.
func (l *Ledger) Statements(ctx context.Context, requestID string) ([][]byte, error) {
	return collect(ctx, l.reader(), scanEnvelope, `SELECT envelope FROM statements WHERE request_id = ? ORDER BY id`, requestID)
}

// ShownStatements returns the envelopes of what people are shown of each of some
// requests (at most 200): the decisions, the review, orders to end, and extensions that
// people decide, the oldest first by the number of the event that each was recorded with.
func (l *Ledger) ShownStatements(ctx context.Context, requestIDs ...string) (map[string][][]byte, error) {
	out := map[string][][]byte{}
	if len(requestIDs) == 0 {
		return out, nil
	}
	marks, args := inList(requestIDs)
	rows, err := collect(ctx, l.reader(), scanOwned, `SELECT s.request_id, s.envelope FROM statements s
		LEFT JOIN events e ON e.request_id = s.request_id AND e.idempotency_key = s.key AND e.idempotency_key <> ''
		WHERE s.request_id IN `+marks+
		` AND (s.key LIKE 'decision-%' OR s.key LIKE '`+access.KeyAskedPrefix+`%' OR s.key LIKE '`+access.KeyEndPrefix+`%' OR s.key = ?) ORDER BY coalesce(e.seq, 0), s.id`, append(args, access.KeyReviewed)...)
	for _, r := range rows {
		out[r.request] = append(out[r.request], r.envelope)
	}
	return out, err
}

type ownedEnvelope struct {
	request  string
	envelope []byte
}

func scanOwned(row scanner) (o ownedEnvelope, err error) {
	err = row.Scan(&o.request, &o.envelope)
	return o, err
}

func scanEnvelope(row scanner) ([]byte, error) {
	s, err := scanText(row)
	return []byte(s), err
}

// ContractText returns the name and the exact text of one version of a contract.
func (l *Ledger) ContractText(ctx context.Context, version string) (name, text string, err error) {
	unknown := access.Errorf(access.CodeNotFound, "the ledger has no contract of version %s", access.Clip(version, 80))
	c, err := first(ctx, l.reader(), scanContract, unknown, `SELECT name, text FROM contract_texts WHERE version = ?`, version)
	return c.name, c.text, err
}

type contractText struct{ name, text string }

func scanContract(row scanner) (c contractText, err error) {
	err = row.Scan(&c.name, &c.text)
	return c, err
}
