// Package properties runs random scenarios against the AccessRequest workflow and
// checks Ramp's promises (docs/design.md) at every step of them. A scenario that
// violates one is made as short as it can be and printed in words.
package properties

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestPromises: whatever people do, in whatever order, and whatever fails. More
// scenarios: -rapid.checks=5000.
func TestPromises(t *testing.T) {
	all := newShared(t)
	rapid.Check(t, func(t *rapid.T) {
		plan := plans().Draw(t, "plan")
		all.simulation(t, plan.Plan).play(scenario().Draw(t, "scenario"))
	})
}

// notes are the workflow's own log lines: a move that the state table does not
// know, or a closing that stopped, is a broken promise.
type notes struct{ s *simulation }

func (notes) Debug(string, ...any) {}
func (notes) Info(string, ...any)  {}
func (notes) Warn(string, ...any)  {}
func (n notes) Error(msg string, keyvals ...any) {
	if strings.Contains(msg, "unexpected transition") || strings.Contains(msg, "closing stopped") || strings.Contains(msg, "not recorded") {
		n.s.violated("the workflow says: %s %v", msg, keyvals)
	}
}
