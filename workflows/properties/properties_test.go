// Package properties plays made-up stories against the access workflow and
// checks Ramp's promises (DESIGN, section 3) at every step of them. A story that
// breaks one is made as short as it can be and printed in words.
package properties

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestPromises: whatever people say, in whatever order, and whatever breaks.
// More stories: -rapid.checks=5000.
func TestPromises(t *testing.T) {
	h := newHouse(t)
	rapid.Check(t, func(t *rapid.T) {
		plan := plans().Draw(t, "plan")
		h.scene(t, plan.Plan).play(story().Draw(t, "story"))
	})
}

// notes are the workflow's own log lines: a move that the state table does not
// know, or a closing that stopped, is a broken promise.
type notes struct{ s *scene }

func (notes) Debug(string, ...any) {}
func (notes) Info(string, ...any)  {}
func (notes) Warn(string, ...any)  {}
func (n notes) Error(msg string, keyvals ...any) {
	if strings.Contains(msg, "unexpected transition") || strings.Contains(msg, "closing stopped") || strings.Contains(msg, "not recorded") {
		n.s.breach("the workflow says: %s %v", msg, keyvals)
	}
}
