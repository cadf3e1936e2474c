package ledger

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
)

// Meaning is what an entitlement on a target means, as a worker signed it. The ledger
// believes nothing of it; its readers verify it.
type Meaning struct {
	Entitlement string // its digest
	Envelope    []byte
}

// maxMeanings is how many are kept of a target: parameters can make any number of
// entitlements.
const maxMeanings = 1000

// KeepMeaning keeps what an entitlement means, in place of what was kept before, and
// forgets what was kept longest ago where a target has too many.
func (l *Ledger) KeepMeaning(ctx context.Context, target string, m Meaning, at time.Time) error {
	return l.tx(ctx, func(q querier) error {
		if _, err := q.exec(ctx, `INSERT INTO meanings (target, entitlement, envelope, kept_at) VALUES (?, ?, ?, ?)
			ON CONFLICT (target, entitlement) DO UPDATE SET envelope = excluded.envelope, kept_at = excluded.kept_at`,
			target, m.Entitlement, string(m.Envelope), micros(at)); err != nil {
			return err
		}
		_, err := q.exec(ctx, `DELETE FROM meanings WHERE target = ? AND entitlement NOT IN
			(SELECT entitlement FROM meanings WHERE target = ? ORDER BY kept_at DESC, entitlement LIMIT ?)`, target, target, maxMeanings)
		return err
	})
}

// ForgetMeaning forgets what an entitlement meant: it means nothing any more.
func (l *Ledger) ForgetMeaning(ctx context.Context, target, entitlement string) error {
	return l.tx(ctx, func(q querier) error {
		_, err := q.exec(ctx, `DELETE FROM meanings WHERE target = ? AND entitlement = ?`, target, entitlement)
		return err
	})
}

// Meaning returns the envelope that is kept for an entitlement; CodeNotFound if there is
// none.
func (l *Ledger) Meaning(ctx context.Context, target, entitlement string) ([]byte, error) {
	envelope, err := first(ctx, l.reader(), scanText, access.Errorf(access.CodeNotFound, "the ledger keeps no meaning of this entitlement"),
		`SELECT envelope FROM meanings WHERE target = ? AND entitlement = ?`, target, entitlement)
	return []byte(envelope), err
}

// Meanings returns all that is kept of a target.
func (l *Ledger) Meanings(ctx context.Context, target string) ([]Meaning, error) {
	return collect(ctx, l.reader(), scanMeaning, `SELECT entitlement, envelope FROM meanings WHERE target = ? ORDER BY entitlement`, target)
}

func scanMeaning(row scanner) (m Meaning, err error) {
	var envelope string
	err = row.Scan(&m.Entitlement, &envelope)
	m.Envelope = []byte(envelope)
	return m, err
}
