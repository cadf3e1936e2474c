package app

import (
	"context"
	"encoding/json"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// workerKeyLedger keeps which keys of workers the servers accept.
type workerKeyLedger interface {
	KeepWorkerKeys(ctx context.Context, envelope []byte) error
	WorkerKeys(ctx context.Context) ([]byte, error)
}

// workerKeySigner signs it.
type workerKeySigner interface {
	SignWorkerKeys(k access.WorkerKeys) (evidence.Envelope, error)
}

// workerKeys tells workers, through the ledger, which keys this server accepts for which
// targets: a worker with another environment's target in its file then leaves that target's
// work to those whose it is.
type workerKeys struct {
	ledger   workerKeyLedger
	signer   workerKeySigner
	servers  evidence.Keyring
	accepted evidence.Keyring
	log      logrus.FieldLogger
	now      clock
	since    time.Time // when this server started
}

const (
	workerKeysLook = 10 * time.Second
	// workerKeysAgain is how old a statement is when it is signed again.
	workerKeysAgain = time.Minute
	// workerKeysLeft is how old another server's is when that server is taken to be gone.
	workerKeysLeft = 3 * time.Minute
)

// KeepWorkerKeys works until ctx ends.
func (w *workerKeys) KeepWorkerKeys(ctx context.Context) {
	w.since = w.now().Truncate(time.Microsecond)
	repeat(ctx, workerKeysLook, func() {
		if err := w.keep(ctx); err != nil && ctx.Err() == nil {
			w.log.WithError(err).Warn("workers cannot be told whose keys are accepted; it is tried again")
		}
	})
}

// keep says it again if that is due, or if what is there is not what stands.
func (w *workerKeys) keep(ctx context.Context) error {
	said, err := w.said(ctx)
	if err != nil {
		return err
	}
	now := w.now()
	age := now.Sub(said.At)
	later := said.Since.After(w.since) && age < workerKeysLeft && age > -workerKeysLeft
	mine := said.Since.Equal(w.since) && age < workerKeysAgain && age >= 0
	if later || mine {
		return nil
	}
	e, err := w.signer.SignWorkerKeys(access.WorkerKeys{Keys: w.accepted.WorkerKeys(), Since: w.since, At: now})
	if err != nil {
		return err
	}
	b, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return w.ledger.KeepWorkerKeys(ctx, b)
}

// said returns what a server has said last; nothing where none has, or somebody else wrote it.
func (w *workerKeys) said(ctx context.Context) (none access.WorkerKeys, err error) {
	b, err := w.ledger.WorkerKeys(ctx)
	if access.CodeOf(err) == access.CodeNotFound {
		return none, nil
	}
	if err != nil {
		return none, err
	}
	e, err := evidence.ReadEnvelope(b)
	if err != nil {
		return none, nil
	}
	said, err := w.servers.VerifyWorkerKeys(e)
	if err != nil {
		return none, nil
	}
	return said, nil
}
