package ledger

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
)

// Whether targets can be used, as their workers signed it. The ledger believes nothing of
// it; its readers verify it.

// TargetStatesFor is how long what a worker said is kept: a target whose workers are gone
// is known for that long.
const TargetStatesFor = 7 * 24 * time.Hour

// KeptTargetState is what one worker process said of a target last.
type KeptTargetState struct {
	Target   string
	Envelope []byte
}

// KeepTargetState keeps what a worker process says of a target, in place of what it said
// before. It forgets what others said of the target too long ago to count, so that a
// worker that starts again and again leaves no rows, and what is older than
// TargetStatesFor.
func (l *Ledger) KeepTargetState(ctx context.Context, target, worker string, envelope []byte, at time.Time) error {
	return l.tx(ctx, func(q querier) error {
		_, err := q.exec(ctx, `INSERT INTO target_states (target, worker, envelope, kept_at) VALUES (?, ?, ?, ?)
			ON CONFLICT (target, worker) DO UPDATE SET envelope = excluded.envelope, kept_at = excluded.kept_at`,
			target, worker, string(envelope), micros(at))
		if err == nil {
			_, err = q.exec(ctx, `DELETE FROM target_states WHERE kept_at < ? OR (target = ? AND worker <> ? AND kept_at < ?)`,
				micros(at.Add(-TargetStatesFor)), target, worker, micros(at.Add(-access.TargetStateLasts)))
		}
		return err
	})
}

// TargetStates returns what worker processes said, in the order of targets: of each the ten
// that spoke last.
func (l *Ledger) TargetStates(ctx context.Context) ([]KeptTargetState, error) {
	return collect(ctx, l.reader(), func(row scanner) (k KeptTargetState, err error) {
		var envelope string
		err = row.Scan(&k.Target, &envelope)
		k.Envelope = []byte(envelope)
		return k, err
	}, `SELECT target, envelope FROM (SELECT target, envelope, kept_at, ROW_NUMBER() OVER (PARTITION BY target ORDER BY kept_at DESC, worker) AS n FROM target_states) AS latest
		WHERE n <= 10 ORDER BY target, kept_at DESC`)
}
