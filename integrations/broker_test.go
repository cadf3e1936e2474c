package integrations_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/faketarget"
	"ramp.dev/ramp/integrations/pacing"
)

// No mistake above the Broker reaches an object that Ramp did not make.
func TestBrokerGuardsItsTargets(t *testing.T) {
	var touched []faketarget.Op
	target := faketarget.New(faketarget.Config{Now: time.Now, OnEffect: func(e faketarget.Effect) { touched = append(touched, e.Op) }})
	b := integrations.NewBroker(map[string]integrations.Target{"fake/one": target}, nil)
	for _, name := range []string{"", "admin", "ramp-0123456789abcdef-a/../admin"} {
		g := access.Grant{Name: name, Target: "fake/one", Entitlement: access.Entitlement{"what": "it"}, ExpiresAt: time.Now().Add(time.Hour)}
		require.Equal(t, access.CodeInvalid, access.CodeOf(b.Revoke(t.Context(), g)), "revoke %q", name)
		require.Equal(t, access.CodeInvalid, access.CodeOf(b.Grant(t.Context(), g)), "grant %q", name)
	}
	require.Empty(t, touched)
}

func TestBrokerNamesWhatFailed(t *testing.T) {
	b := integrations.NewBroker(map[string]integrations.Target{"fake/one": faketarget.New(faketarget.Config{Now: time.Now})},
		map[string]error{"aws/prod": errors.New("no such region")})
	require.Equal(t, []string{"aws/prod", "fake/one"}, b.Names())
	_, err := b.List(t.Context(), "aws/prod")
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
	require.ErrorContains(t, err, "target aws/prod is off: its worker cannot start it (something is wrong with how it is set up for Ramp)")
	require.NotContains(t, err.Error(), "no such region", "people who asked for access read it")
	require.EqualError(t, b.Disabled("aws/prod"), "no such region")
	require.NoError(t, b.Disabled("fake/one"))
	require.NoError(t, b.Disabled("fake/two"))
	_, err = b.List(t.Context(), "fake/two")
	require.Equal(t, access.CodeNotFound, access.CodeOf(err))
	_, err = b.Resolve(t.Context(), "fake/one", nil)
	require.Equal(t, access.CodeInvalid, access.CodeOf(err))
	require.ErrorContains(t, err, "resolve on fake/one")
}

func TestBrokerSlowsDownWhenThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		b := integrations.NewBroker(map[string]integrations.Target{"aws/prod": &busy{}}, nil)
		g := access.Grant{Name: grantName, Target: "aws/prod"}
		require.Equal(t, access.CodeThrottled, access.CodeOf(b.Revoke(t.Context(), g)))
		require.NoError(t, b.Revoke(t.Context(), g))
		require.GreaterOrEqual(t, time.Since(start), 3*time.Second)
		_, err := b.Resolve(t.Context(), "aws/prod", nil)
		require.NoError(t, err, "what does not touch the target does not wait")
	})
}

// busy is throttled on its first call.
type busy struct {
	integrations.Target
	calls int
}

func (b *busy) Bounds() integrations.Bounds {
	return integrations.Bounds{Rate: pacing.Rate{PerSecond: 5}}
}

func (b *busy) Resolve(context.Context, access.Entitlement) (access.Scope, error) {
	return access.Scope{Summary: "everything"}, nil
}

func (b *busy) Revoke(context.Context, access.Grant) error {
	if b.calls++; b.calls == 1 {
		return access.RetryAfter(access.Errorf(access.CodeThrottled, "slow down"), 3*time.Second)
	}
	return nil
}
