package reconcile_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/faketarget"
)

// watchedTarget is a fake target that notes what is in use.
type watchedTarget struct {
	*faketarget.Target
	looks int
	err   error
}

func (t *watchedTarget) Usage(context.Context, access.Grant) (access.Usage, error) {
	return access.Usage{Kind: access.UsageSeen}, nil
}

func (t *watchedTarget) WatchUsage(context.Context) error {
	t.looks++
	return t.err
}

func (t *watchedTarget) UsageStays() bool { return true }

// TestEachLookNotesUse: what was in use between two looks is known from them alone. A
// target that cannot note it is reconciled all the same; a dry run notes nothing.
func TestEachLookNotesUse(t *testing.T) {
	f := newFixture(t)
	watched := &watchedTarget{Target: f.target}
	f.serve(watched)
	require.Empty(t, f.look().Findings)
	require.Equal(t, 1, watched.looks)
	watched.err = access.Errorf(access.CodeUnavailable, "the disk is full")
	require.NoError(t, f.target.Grant(ctx, access.Grant{Name: access.GrantName(access.NewRequestID(), 0), ExpiresAt: f.now().Add(1)}))
	require.NotEmpty(t, f.look().Findings, "what nobody asked for is found")
	require.Equal(t, 2, watched.looks)
	dry := f.reconciler()
	dry.DryRun = true
	_, err := dry.ReconcileTarget(ctx, target)
	require.NoError(t, err)
	require.Equal(t, 2, watched.looks)
}
