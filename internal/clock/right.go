//go:build !failpoints

package clock

import "time"

// Now is the machine's time.
func Now() time.Time { return time.Now() }
