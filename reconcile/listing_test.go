package reconcile_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/faketarget"
)

// listing is a target around whose listing something happens.
type listing struct {
	*faketarget.Target
	before func()
	after  func([]integrations.ListedGrant) []integrations.ListedGrant
}

func (l *listing) List(ctx context.Context) ([]integrations.ListedGrant, error) {
	if l.before != nil {
		l.before()
	}
	found, err := l.Target.List(ctx)
	if l.after != nil {
		found = l.after(found)
	}
	return found, err
}

// The whole of a grant's making falls into the moment of listing: only the
// order of looking, the target first, then explains it.
func TestCase36MadeWhileListing(t *testing.T) {
	w := newWorld(t)
	g := w.grantOf(w.asked())
	l := &listing{Target: w.target}
	l.before = func() {
		require.NoError(t, w.IntendGrant(ctx, g, w.now()))
		require.NoError(t, w.broker.Grant(ctx, g))
	}
	w.serve(l)
	r := w.reconciler()
	r.Runs = nil // nobody to vouch for it
	report, err := r.ReconcileTarget(ctx, target)
	require.NoError(t, err)
	require.Empty(t, report.Findings)
	require.Equal(t, 1, report.Found)
	require.Equal(t, []string{g.Name}, w.target.Usable())
}

// What a list shows too late is looked at again, and not told of.
func TestListIsLate(t *testing.T) {
	w := newWorld(t)
	g := w.opened()
	l := &listing{Target: w.target}
	l.after = func([]integrations.ListedGrant) []integrations.ListedGrant {
		return []integrations.ListedGrant{{Name: g.Name, ExpiresAt: g.ExpiresAt}, {Name: "ramp-zzzzzzzzzzzzzzzz-a"}}
	}
	w.serve(l)
	w.target.Remove(g.Name)
	require.NoError(t, w.MarkClosed(ctx, g.Name, w.now()))
	w.pass(time.Minute)
	w.well()
	l.after = func([]integrations.ListedGrant) []integrations.ListedGrant { return nil }
	healthy := w.opened()
	w.well()
	require.Equal(t, []string{healthy.Name}, w.target.Usable())
}
