package reconcile_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/faketarget"
)

// listing is a target with hooks before and after List.
type listing struct {
	*faketarget.Target
	before func()
	after  func([]integrations.ListedGrant) []integrations.ListedGrant
	hidden error // why a part is not listed
}

func (l *listing) List(ctx context.Context) ([]integrations.ListedGrant, error) {
	if l.before != nil {
		l.before()
	}
	found, err := l.Target.List(ctx)
	if l.after != nil {
		found = l.after(found)
	}
	if err == nil && l.hidden != nil {
		err = &integrations.Unlisted{Why: l.hidden}
	}
	return found, err
}

// TestCase36MadeWhileListing: a grant is made while the target is being listed.
// Only the order of reading, the target before the ledger, then explains it.
func TestCase36MadeWhileListing(t *testing.T) {
	f := newFixture(t)
	g := f.grantOf(f.asked())
	l := &listing{Target: f.target}
	l.before = func() {
		require.NoError(t, f.IntendGrant(ctx, g, f.now()))
		require.NoError(t, f.broker.Grant(ctx, g))
	}
	f.serve(l)
	r := f.reconciler()
	r.Runs = nil // no workflow explains it either
	report, err := r.ReconcileTarget(ctx, target)
	require.NoError(t, err)
	require.Empty(t, report.Findings)
	require.Equal(t, 1, report.Found)
	require.Equal(t, []string{g.Name}, f.target.Usable())
}

// TestPartOfATargetIsHidden: what a target does show is compared and put right, and what it
// does not is said.
func TestPartOfATargetIsHidden(t *testing.T) {
	f := newFixture(t)
	over := f.opened()
	f.advance(2 * time.Hour)
	l := &listing{Target: f.target, hidden: errors.New("a team is not shown")}
	f.serve(l)
	report, err := f.reconciler().ReconcileTarget(ctx, target)
	require.NoError(t, err)
	require.Contains(t, report.Unlisted, "a team is not shown")
	require.Equal(t, 1, report.Unresolved())
	require.NotEmpty(t, report.Findings)
	require.Equal(t, over.Name, report.Findings[0].Grant)
	require.Empty(t, f.target.Objects(), "one that is past its end is closed")
}

// TestListIsLate: what a list shows too late is looked at again before anything
// is done, and is no finding.
func TestListIsLate(t *testing.T) {
	f := newFixture(t)
	g := f.opened()
	l := &listing{Target: f.target}
	l.after = func([]integrations.ListedGrant) []integrations.ListedGrant {
		return []integrations.ListedGrant{{Name: g.Name, ExpiresAt: g.ExpiresAt}, {Name: "ramp-zzzzzzzzzzzzzzzz-a"}}
	}
	f.serve(l)
	f.target.Remove(g.Name)
	require.NoError(t, f.MarkClosed(ctx, g.Name, f.now()))
	f.advance(time.Minute)
	f.findsNothing()
	l.after = func([]integrations.ListedGrant) []integrations.ListedGrant { return nil }
	healthy := f.opened()
	f.findsNothing()
	require.Equal(t, []string{healthy.Name}, f.target.Usable())
}
