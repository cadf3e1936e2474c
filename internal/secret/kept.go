package secret

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"ramp.dev/ramp/access"
)

// cachedFor bounds how long a secret that was changed in Vault is still used.
const cachedFor = 30 * time.Second

// Cached is a secret for those who need it at every call. It is safe for
// concurrent use.
type Cached struct {
	ref     string
	reading singleflight.Group

	mu    sync.Mutex
	value string
	at    time.Time // when the reading of value began; zero if there is none
}

// NewCached reads nothing yet.
func NewCached(ref string) *Cached { return &Cached{ref: ref} }

// Read reads a file anew each time, and Vault when what it last said is 30 s old,
// once for all who wait. Nothing older is used when Vault does not answer: it may
// have been changed because somebody stole it. Errors are Read's; they are not
// remembered.
func (k *Cached) Read(ctx context.Context) (string, error) {
	if IsFile(k.ref) {
		return Read(ctx, k.ref)
	}
	if value, ok := k.fresh(); ok {
		return value, nil
	}
	answer := k.reading.DoChan("", func() (any, error) {
		if value, ok := k.fresh(); ok {
			return value, nil // it was read after this looked, and before it asked
		}
		began := time.Now()
		// Whoever asked first may leave before the others have their answer.
		value, err := Read(context.WithoutCancel(ctx), k.ref)
		if err == nil {
			k.mu.Lock()
			k.value, k.at = value, began
			k.mu.Unlock()
		}
		return value, err
	})
	select {
	case <-ctx.Done():
		return "", access.Errorf(access.CodeUnavailable, "%s: Vault does not answer: %w", k.ref, ctx.Err())
	case r := <-answer:
		value, _ := r.Val.(string)
		return value, r.Err
	}
}

func (k *Cached) fresh() (string, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.value, !k.at.IsZero() && time.Since(k.at) < cachedFor
}
