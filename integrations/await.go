package integrations

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
)

// AwaitGone calls count every step until it returns 0, and returns its error if it
// has one. When ctx ends before, the error is of code unavailable and says how many
// of what are left.
func AwaitGone(ctx context.Context, what string, step time.Duration, count func() (int, error)) error {
	for {
		n, err := count()
		if err != nil || n == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return access.Errorf(access.CodeUnavailable, "%d %s are left: %w", n, what, ctx.Err())
		case <-time.After(step):
		}
	}
}
