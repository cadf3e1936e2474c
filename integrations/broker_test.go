package integrations_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/faketarget"
)

// TestBrokerTouchesOnlyRampsOwn: no mistake above it reaches an object that Ramp
// did not make.
func TestBrokerTouchesOnlyRampsOwn(t *testing.T) {
	var touched []faketarget.Op
	target := faketarget.New(faketarget.Config{Now: time.Now, OnEffect: func(m faketarget.Effect) { touched = append(touched, m.Op) }})
	b := integrations.NewBroker(map[string]integrations.Target{"model/one": target}, nil)
	for _, name := range []string{"", "admin", "ramp-", "ramp-admin", "ramp-0123456789abcdef", "ramp-0123456789abcdef-z", "Ramp-0123456789abcdef-a", "ramp-0123456789abcdef-a/../admin"} {
		g := access.Grant{Name: name, Target: "model/one", Entitlement: access.Entitlement{"what": "it"}, ExpiresAt: time.Now().Add(time.Hour)}
		require.Equal(t, access.CodeInvalid, access.CodeOf(b.Revoke(t.Context(), g)), "revoke %q", name)
		require.Equal(t, access.CodeInvalid, access.CodeOf(b.Grant(t.Context(), g)), "grant %q", name)
	}
	require.Empty(t, touched)
}
