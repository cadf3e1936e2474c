package output

import (
	"fmt"
	"time"
)

// Count returns a number of things: "1 contract", "2 contracts".
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Time returns a time in the reader's zone.
func Time(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05 MST") }
