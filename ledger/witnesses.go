package ledger

import (
	"context"
	"time"
)

// WitnessedCheckpoint is a checkpoint that witnesses were asked to cosign.
type WitnessedCheckpoint struct {
	Origin       string
	Size         int64
	Signed       string    // by a server
	At           time.Time // when it was made; UTC
	Cosignatures []Cosignature
}

// Cosignature is what one witness has signed of a checkpoint.
type Cosignature struct {
	Witness string // its key's name, NAME+HASH
	Line    string // as a line of the signed note
	At      time.Time
}

// KeepWitnessed keeps a checkpoint that witnesses are to cosign; one of that size that is
// kept already stays. It verifies nothing.
func (l *Ledger) KeepWitnessed(ctx context.Context, origin string, size int64, signed string, at time.Time) error {
	return l.tx(ctx, func(q querier) error {
		_, err := q.exec(ctx, `INSERT INTO witnessed_checkpoints (origin, size, signed, asked_at) VALUES (?, ?, ?, ?) ON CONFLICT (origin, size) DO NOTHING`,
			origin, size, signed, micros(at))
		return err
	})
}

// KeepCosignature keeps what a witness has signed of a checkpoint; the first stays.
func (l *Ledger) KeepCosignature(ctx context.Context, origin string, size int64, c Cosignature) error {
	return l.tx(ctx, func(q querier) error {
		_, err := q.exec(ctx, `INSERT INTO cosignatures (origin, size, witness, line, cosigned_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (origin, size, witness) DO NOTHING`,
			origin, size, c.Witness, c.Line, micros(c.At))
		return err
	})
}

// ForgetWitnessed forgets the checkpoints of a log that are smaller than size, with their
// cosignatures.
func (l *Ledger) ForgetWitnessed(ctx context.Context, origin string, size int64) error {
	return l.tx(ctx, func(q querier) error {
		for _, table := range []string{"cosignatures", "witnessed_checkpoints"} {
			if _, err := q.exec(ctx, `DELETE FROM `+table+` WHERE origin = ? AND size < ?`, origin, size); err != nil { // #nosec G202 -- two constants
				return err
			}
		}
		return nil
	})
}

// Witnessed returns the largest checkpoints of a log that witnesses were asked to cosign,
// the largest first, each with its cosignatures by the witness. Who reads them verifies
// them.
func (l *Ledger) Witnessed(ctx context.Context, origin string, limit int) ([]WitnessedCheckpoint, error) {
	list, err := collect(ctx, l.reader(), scanWitnessed, `SELECT origin, size, signed, asked_at FROM witnessed_checkpoints WHERE origin = ? ORDER BY size DESC LIMIT ?`, origin, limit)
	if err != nil || len(list) == 0 {
		return list, err
	}
	type of struct {
		size int64
		Cosignature
	}
	all, err := collect(ctx, l.reader(), func(row scanner) (c of, err error) {
		var at int64
		err = row.Scan(&c.size, &c.Witness, &c.Line, &at)
		c.At = timeOf(at)
		return c, err
	}, `SELECT size, witness, line, cosigned_at FROM cosignatures WHERE origin = ? AND size >= ? ORDER BY size, witness`, origin, list[len(list)-1].Size)
	if err != nil {
		return nil, err
	}
	place := map[int64]int{}
	for i, w := range list {
		place[w.Size] = i
	}
	for _, c := range all {
		if i, ok := place[c.size]; ok {
			list[i].Cosignatures = append(list[i].Cosignatures, c.Cosignature)
		}
	}
	return list, nil
}

func scanWitnessed(row scanner) (w WitnessedCheckpoint, err error) {
	var at int64
	err = row.Scan(&w.Origin, &w.Size, &w.Signed, &at)
	w.At = timeOf(at)
	return w, err
}
