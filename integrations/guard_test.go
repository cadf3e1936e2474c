package integrations_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/faketarget"
)

const grantName = "ramp-0123456789abcdef-a"

// careless is a target that checks nothing, and records what reaches it.
type careless struct {
	reached []string
	granted access.Grant
	listed  []integrations.ListedGrant
}

func (c *careless) Resolve(_ context.Context, e access.Entitlement) (access.Scope, error) {
	if e["what"] == nil {
		return access.Scope{}, access.Invalid(access.Issue{Code: "what_missing", Field: "what", Message: "is needed"})
	}
	return access.Scope{Summary: "it"}, nil
}

func (c *careless) reach(op string, g access.Grant) error {
	c.reached, c.granted = append(c.reached, op), g
	return nil
}

func (c *careless) Grant(_ context.Context, g access.Grant) error   { return c.reach("grant", g) }
func (c *careless) Extend(_ context.Context, g access.Grant) error  { return c.reach("extend", g) }
func (c *careless) Restore(_ context.Context, g access.Grant) error { return c.reach("restore", g) }
func (c *careless) Revoke(_ context.Context, g access.Grant) error  { return c.reach("revoke", g) }
func (c *careless) Bounds() integrations.Bounds                     { return integrations.Bounds{} }

func (c *careless) Mint(_ context.Context, g access.Grant) (access.Credential, error) {
	return access.Credential{}, c.reach("mint", g)
}

func (c *careless) Inspect(_ context.Context, g access.Grant) (access.ReadBack, error) {
	return access.ReadBack{}, c.reach("inspect", g)
}

func (c *careless) Drift(_ context.Context, g access.Grant) ([]string, error) {
	return nil, c.reach("drift", g)
}

func (c *careless) List(context.Context) ([]integrations.ListedGrant, error) { return c.listed, nil }

// operations returns every operation on one grant, by name.
func operations(t *integrations.Guarded) map[string]func(access.Grant) error {
	ctx := context.Background()
	return map[string]func(access.Grant) error{
		"grant": func(g access.Grant) error { return t.Grant(ctx, g) }, "extend": func(g access.Grant) error { return t.Extend(ctx, g) },
		"restore": func(g access.Grant) error { return t.Restore(ctx, g) }, "revoke": func(g access.Grant) error { return t.Revoke(ctx, g) },
		"mint":    func(g access.Grant) error { _, err := t.Mint(ctx, g); return err },
		"inspect": func(g access.Grant) error { _, err := t.Inspect(ctx, g); return err },
		"drift":   func(g access.Grant) error { _, err := t.Drift(ctx, g); return err },
	}
}

func validGrant() access.Grant {
	return access.Grant{Name: grantName, Entitlement: access.Entitlement{"what": "it"}, ExpiresAt: time.Now().Add(time.Hour)}
}

func TestGuardRefusesNamesThatRampDidNotMake(t *testing.T) {
	for _, name := range []string{"", "admin", "ramp-", "ramp-admin", "ramp-0123456789abcdef", "ramp-0123456789abcdef-z", "Ramp-0123456789abcdef-a", "ramp-0123456789abcdef-a/../admin"} {
		c := &careless{}
		for op, run := range operations(integrations.Guard(c)) {
			g := validGrant()
			g.Name = name
			require.Equal(t, access.CodeInvalid, access.CodeOf(run(g)), "%s %q", op, name)
		}
		require.Empty(t, c.reached)
	}
}

func TestGuardRefusesBadEntitlements(t *testing.T) {
	c := &careless{}
	for op, run := range operations(integrations.Guard(c)) {
		g := validGrant()
		g.Entitlement = access.Entitlement{}
		err := run(g)
		if op == "revoke" || op == "inspect" { // they need no more than the name
			require.NoError(t, err, op)
			continue
		}
		require.Equal(t, access.CodeInvalid, access.CodeOf(err), op)
		require.NotEmpty(t, access.IssuesOf(err), op)
	}
	slices.Sort(c.reached)
	require.Equal(t, []string{"inspect", "revoke"}, c.reached)
}

func TestGuardRefusesWhatHasExpired(t *testing.T) {
	for _, at := range []time.Time{time.Now().Add(-time.Second), {}, time.Now().Truncate(time.Second).Add(time.Nanosecond)} {
		c := &careless{}
		for op, run := range operations(integrations.Guard(c)) {
			g := validGrant()
			g.ExpiresAt = at
			err := run(g)
			if slices.Contains([]string{"revoke", "inspect", "drift"}, op) {
				require.NoError(t, err, op)
				continue
			}
			require.Equal(t, integrations.ErrExpired, err, op)
		}
		require.Len(t, c.reached, 3)
	}
}

func TestGuardPassesWholeSecondsOfUTC(t *testing.T) {
	c := &careless{}
	g := validGrant()
	require.NoError(t, integrations.Guard(c).Grant(t.Context(), g))
	require.Equal(t, g.ExpiresAt.UTC().Truncate(time.Second), c.granted.ExpiresAt)
}

func TestGuardMergesWhatIsListed(t *testing.T) {
	early, late := time.Now().UTC(), time.Now().UTC().Add(time.Hour)
	other := "ramp-0123456789abcdef-b"
	c := &careless{listed: []integrations.ListedGrant{{Name: other}, {Name: grantName, ExpiresAt: early}, {Name: "ramp-build", ExpiresAt: late},
		{Name: grantName, ExpiresAt: late}, {Name: grantName}, {Name: other}}}
	listed, err := integrations.Guard(c).List(t.Context())
	require.NoError(t, err)
	require.Equal(t, []integrations.ListedGrant{{Name: grantName, ExpiresAt: late}, {Name: other}}, listed)
}

// What a target cannot do is said, not tried.
func TestGuardKnowsWhatATargetCannotDo(t *testing.T) {
	g := integrations.Guard(struct{ integrations.Target }{&careless{}})
	require.False(t, g.CanMint() || g.CanExtend() || g.CanDetectDrift() || g.CanPing())
	_, err := g.Mint(t.Context(), validGrant())
	require.Equal(t, access.CodeInvalid, access.CodeOf(err))
	require.Equal(t, access.CodeInvalid, access.CodeOf(g.Extend(t.Context(), validGrant())))
	require.Equal(t, access.CodeConflict, access.CodeOf(g.Restore(t.Context(), validGrant())), "as what cannot be put right")
	differences, err := g.Drift(t.Context(), validGrant())
	require.NoError(t, err)
	require.Empty(t, differences)
	require.NoError(t, g.Ping(t.Context()))
	require.Same(t, g, integrations.Guard(g))
}

// A fake in simulated time is judged by its own clock.
func TestGuardUsesTheTargetsClock(t *testing.T) {
	past := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	g := integrations.Guard(faketarget.New(faketarget.Config{Now: func() time.Time { return past }}))
	grant := validGrant()
	grant.ExpiresAt = past.Add(time.Minute)
	require.NoError(t, g.Grant(t.Context(), grant))
	grant.ExpiresAt = past
	require.Equal(t, integrations.ErrExpired, g.Grant(t.Context(), grant))
}
