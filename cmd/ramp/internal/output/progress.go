package output

import (
	"fmt"
	"io"
	"time"
)

// progressEvery is how often long work says how far it is.
const progressEvery = 2 * time.Second

// Progress returns a function that says on w, every other second, how much is done. What
// is quick says nothing.
func Progress(w io.Writer, what string) func(done, of int) {
	next := time.Now().Add(progressEvery)
	return func(done, of int) {
		if now := time.Now(); now.After(next) {
			fmt.Fprintf(w, "%d of %d %s\n", done, of, what)
			next = now.Add(progressEvery)
		}
	}
}
