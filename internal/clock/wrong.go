//go:build failpoints

package clock

import (
	"os"
	"time"
)

// Now is the machine's time, wrong by RAMP_CLOCK_SKEW (such as -3m).
func Now() time.Time {
	skew, _ := time.ParseDuration(os.Getenv("RAMP_CLOCK_SKEW")) // empty is none
	return time.Now().Add(skew)
}
