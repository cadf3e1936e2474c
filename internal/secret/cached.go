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

// NewCached returns a reader that has read nothing yet.
func NewCached(ref string) *Cached { return &Cached{ref: ref} }

// Read reads a file or a variable each time, and Vault when what it last
// returned is 30 s old, once for all who wait. Nothing older is used when Vault
// does not respond: it may have been changed because somebody stole it. Errors are
// those of the function Read, and are not remembered.
func (c *Cached) Read(ctx context.Context) (string, error) {
	if !InVault(c.ref) {
		return Read(ctx, c.ref)
	}
	if value, ok := c.fresh(); ok {
		return value, nil
	}
	result := c.reading.DoChan("", func() (any, error) {
		if value, ok := c.fresh(); ok {
			return value, nil // it was read after this looked, and before it asked
		}
		began := time.Now()
		// The caller who asked first may leave before the others have the value.
		value, err := Read(context.WithoutCancel(ctx), c.ref)
		if err == nil {
			c.mu.Lock()
			c.value, c.at = value, began
			c.mu.Unlock()
		}
		return value, err
	})
	select {
	case <-ctx.Done():
		return "", access.Errorf(access.CodeUnavailable, "%s: Vault does not answer: %w", c.ref, ctx.Err())
	case r := <-result:
		value, _ := r.Val.(string)
		return value, r.Err
	}
}

func (c *Cached) fresh() (string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.value, !c.at.IsZero() && time.Since(c.at) < cachedFor
}
