package awsiam

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// AWS's errors, as they come through the SDK, get Ramp's codes.
func TestErrors(t *testing.T) {
	const secret = "wJalrXUtnFEMI-do-not-tell"
	for k, v := range map[string]string{"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": secret} {
		t.Setenv(k, v)
	}
	for _, c := range []struct {
		status int
		code   string
		want   access.Code
	}{
		{400, "Throttling", access.CodeThrottled},
		{503, "ThrottlingException", access.CodeThrottled},
		{429, "", access.CodeThrottled},
		{409, "ConcurrentModification", access.CodeThrottled},
		{409, "EntityTemporarilyUnmodifiable", access.CodeThrottled},
		{403, "AccessDenied", access.CodeForbidden},
		{403, "InvalidClientTokenId", access.CodeForbidden},
		{403, "", access.CodeForbidden},
		{403, "ExpiredToken", access.CodeUnavailable},
		{400, "MalformedPolicyDocument", access.CodeInvalid},
		{400, "ValidationError", access.CodeInvalid},
		{409, "LimitExceeded", access.CodeUnavailable},
		{500, "ServiceFailure", access.CodeUnavailable},
		{500, "", access.CodeUnavailable},
		{502, "", access.CodeUnavailable},
		{400, "NeverHeardOf", access.CodeInternal},
	} {
		calls := 0
		target, err := goodConfig().open(context.Background(), wire(func(r *http.Request) (*http.Response, error) {
			calls++
			return answer(r, c.status, c.code, "no"), nil
		}))
		require.NoError(t, err)
		for what, err := range map[string]error{
			"grant": target.Grant(context.Background(), grantFor(read, time.Hour)), "revoke": target.Revoke(context.Background(), grantFor(read, time.Hour)),
			"check": target.(integrations.Pinger).Ping(context.Background()),
		} {
			require.Equal(t, c.want, access.CodeOf(err), "%s, %d %s: %v", what, c.status, c.code, err)
			require.NotContains(t, err.Error(), secret)
		}
		require.Equal(t, 3, calls, "the SDK must not retry by itself")
	}
	// A deadline that passes says nothing about the role.
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	target, err := goodConfig().Open(context.Background(), "aws/test")
	require.NoError(t, err)
	_, err = target.List(ctx)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
}

// AWS refuses a role that it does not know everywhere yet as it refuses one that
// does not trust the caller. Only the first is retried.
func TestMintingAYoungRole(t *testing.T) {
	a := start(t)
	ctx := context.Background()
	g := a.granted(t, a.open(t, nil), read, time.Hour)
	mint := func() access.Code {
		_, err := a.open(t, denied("AssumeRole", "AccessDenied")).(integrations.Minter).Mint(ctx, g)
		return access.CodeOf(err)
	}
	require.Equal(t, access.CodeUnavailable, mint())
	a.config.Consistency = access.Duration(time.Nanosecond)
	require.Equal(t, access.CodeForbidden, mint())
}
