package awsiam

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/awsiam/awstest"
)

func TestSessionName(t *testing.T) {
	for id, want := range map[string]string{
		"alice@example.com": "alice@example.com", "al": "al", "a": "=61", "auth0|5f7c": "auth0=7c5f7c", "partner:alice": "partner=3aalice",
		"a=7cb": "a=3d7cb", "zoë": "zo=c3=ab", "a/b c": "a=2fb=20c",
		strings.Repeat("x", 64): strings.Repeat("x", 64),
		strings.Repeat("x", 65): strings.Repeat("x", 30) + "==9537c5fdf120482f7d58d25e9ed583f5",
	} {
		require.Equal(t, want, sessionName(id), id)
	}
}

// Two people never have one name on AWS, whatever their ids are.
func TestSessionNamesAreDistinct(t *testing.T) {
	ids := rapid.OneOf(rapid.String(), rapid.StringMatching(`[ab=:0-9a-f]{1,4}`), rapid.StringMatching(`(x|=){60,70}`))
	rapid.Check(t, func(rt *rapid.T) {
		one, two := ids.Filter(func(s string) bool { return s != "" }).Draw(rt, "one"), ids.Filter(func(s string) bool { return s != "" }).Draw(rt, "two")
		require.Regexp(rt, principalShape, sessionName(one))
		require.Equal(rt, one == two, sessionName(one) == sessionName(two))
	})
}

// case85 tries ids that AWS does not take as names, as identity providers make them.
func case85(t *testing.T, a account) {
	ctx, target := context.Background(), a.open(t, nil)
	for _, id := range []string{"auth0|5f7c", "partner:alice", strings.Repeat("x", 65), "a"} {
		g := grantFor(read, time.Hour)
		g.Principal = id
		require.NoError(t, target.Grant(ctx, g), id)
		t.Cleanup(func() { require.NoError(t, target.Revoke(ctx, g)) })
		c, err := target.(integrations.Minter).Mint(ctx, g)
		require.NoError(t, err, id)
		caller, err := a.Caller(ctx, c.Env["AWS_ACCESS_KEY_ID"], c.Env["AWS_SECRET_ACCESS_KEY"], c.Env["AWS_SESSION_TOKEN"])
		require.NoError(t, err)
		require.Equal(t, "arn:aws:sts::"+awstest.Account+":assumed-role/"+g.Name+"/"+sessionName(id), caller)
		role, err := a.Role(ctx, g.Name)
		require.NoError(t, err)
		enters, err := a.assumes(ctx, role, a.Worker, map[string]string{"sts:SourceIdentity": sessionName(id)}, time.Now())
		require.NoError(t, err)
		require.True(t, enters, "the role trusts the name that Ramp mints under")
		differences, err := target.(integrations.DriftDetector).Drift(ctx, g)
		require.NoError(t, err)
		require.Empty(t, differences)
		require.NoError(t, target.(integrations.Extender).Extend(ctx, g))
	}
	// Where the requester's own provider names their session, Ramp cannot.
	trusting := a
	trusting.config.Trust.ARN = "arn:aws:sts::" + awstest.Account + ":assumed-role/Engineers/{{ principal }}"
	for _, id := range []string{"", "a", "alice smith", "alice:admin", "*", "a/b", "älice", "${aws:username}", "auth0|5f7c"} {
		g := grantFor(read, time.Hour)
		g.Principal = id
		require.Equal(t, access.CodeInvalid, access.CodeOf(trusting.open(t, nil).Grant(ctx, g)), "%q", id)
	}
}
