// Package clock is the wall clock of a worker. In an ordinary build it is the
// machine's; the chaos run builds one that can be wrong.
package clock

import "time"

// Until is how long it is from Now to t.
func Until(t time.Time) time.Duration { return t.Sub(Now()) }
