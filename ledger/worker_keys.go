package ledger

import (
	"context"

	"ramp.dev/ramp/access"
)

// KeepWorkerKeys keeps which keys of workers the servers accept, as a server signed it, in
// place of what was kept before. The ledger believes nothing of it; its readers verify it.
func (l *Ledger) KeepWorkerKeys(ctx context.Context, envelope []byte) error {
	return l.write(ctx, `INSERT INTO worker_keys (name, envelope) VALUES ('accepted', ?) ON CONFLICT (name) DO UPDATE SET envelope = excluded.envelope`, string(envelope))
}

// WorkerKeys returns the statement that KeepWorkerKeys kept last. Errors are CodeNotFound if no server has said
// anything.
func (l *Ledger) WorkerKeys(ctx context.Context) ([]byte, error) {
	envelope, err := first(ctx, l.reader(), scanText, access.Errorf(access.CodeNotFound, "no server has said which keys of workers it accepts"),
		`SELECT envelope FROM worker_keys WHERE name = 'accepted'`)
	return []byte(envelope), err
}
