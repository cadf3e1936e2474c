package app

import (
	"context"
	"time"
)

// repeat does round at once and then at each interval, until ctx ends. A round that takes
// longer than the interval is followed by the next one at once, and by one only.
func repeat(ctx context.Context, interval time.Duration, round func()) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		round()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
