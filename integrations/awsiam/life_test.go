package awsiam

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/awsiam/awstest"
	"ramp.dev/ramp/integrations/targettest"
)

// TestLife tries what is special to AWS, and so not in the conformance suite.
func TestLife(t *testing.T) {
	a := start(t)
	for name, test := range map[string]func(*testing.T, account){
		"Role": roleAsMade, "WhoGetsIn": whoGetsIn, "RequesterAssumes": requesterAssumes, "ByHand": byHand,
		"SomebodyElses": somebodyElses, "RetryAfterExtension": retryAfterExtension, "BrokenExtension": brokenExtension,
		"BoundaryTakenAway": boundaryTakenAway, "TrustChanged": trustChanged, "FilledMeanwhile": filledMeanwhile,
		"RestoredBeforeExtended": restoredBeforeExtended, "Mint": mintAsAsked, "Pages": pages, "Check": check, "WorkerPolicy": workerPolicy, "Case85PrincipalsThatAWSDoesNotTake": case85,
		"NamedResources": named, "MintUnbounded": mintUnbounded, "Chain": chained,
	} {
		t.Run(name, func(t *testing.T) { test(t, a) })
	}
	left, err := a.marked(context.Background())
	require.NoError(t, err)
	require.Empty(t, left)
}

func roleAsMade(t *testing.T, a account) {
	ctx, target := context.Background(), a.open(t, nil)
	for ttl, want := range map[time.Duration]time.Duration{
		time.Minute: time.Hour, 3 * time.Hour: 3 * time.Hour, 100 * time.Hour: 12 * time.Hour,
	} {
		g := a.granted(t, target, read, ttl)
		role, err := a.Role(ctx, g.Name)
		require.NoError(t, err)
		require.Equal(t, "arn:aws:iam::123456789012:role/ramp/"+g.Name, role.ARN)
		require.InDelta(t, want.Seconds(), role.MaxSession.Seconds(), 2, "a session may last as long as access, as far as AWS allows")
		require.Equal(t, map[string]string{"ramp:request": g.RequestID, "ramp:principal": g.Principal,
			"ramp:expires": g.ExpiresAt.Format(time.RFC3339)}, role.Tags)
		c, err := target.(integrations.Minter).Mint(ctx, g)
		require.NoError(t, err)
		require.Equal(t, awstest.Region, c.Env["AWS_REGION"])
		require.Equal(t, a.Endpoint, c.Env["AWS_ENDPOINT_URL"])
	}
	g := grantFor(read, time.Hour)
	g.Principal = ""
	require.Equal(t, access.CodeInvalid, access.CodeOf(target.Grant(ctx, g)), "nobody")
}

// whoGetsIn tries that only the worker gets in, only in the requester's name, and
// only to what was granted.
func whoGetsIn(t *testing.T, a account) {
	ctx, now := context.Background(), time.Now()
	g := a.granted(t, a.open(t, nil), read, time.Hour)
	role, err := a.Role(ctx, g.Name)
	require.NoError(t, err)
	const sts = "sts:SourceIdentity"
	for _, c := range []struct {
		who  string
		keys map[string]string
		want bool
	}{
		{a.Worker, map[string]string{sts: g.Principal}, true},
		{a.Worker, map[string]string{sts: "bob@example.com"}, false},
		{a.Worker, nil, false},
		{"arn:aws:iam::123456789012:user/eve", map[string]string{sts: g.Principal}, false},
		{"arn:aws:iam::999999999999:user/ramp-worker", map[string]string{sts: g.Principal}, false},
	} {
		got, err := a.assumes(ctx, role, c.who, c.keys, now)
		require.NoError(t, err)
		require.Equal(t, c.want, got, "%s %v", c.who, c.keys)
	}
	for what, want := range map[[2]string]bool{
		{"s3:GetObject", order}: true, {"s3:PutObject", order}: false, {"s3:GetObject", "arn:aws:s3:::payroll/1"}: false,
		{"iam:CreateUser", "arn:aws:iam::123456789012:user/eve"}: false,
	} {
		got, err := a.acts(ctx, role, sessionOf(g), what[0], what[1], now)
		require.NoError(t, err)
		require.Equal(t, want, got, "%v", what)
	}
}

// requesterAssumes tries a target without a worker: Ramp mints nothing, and the role
// trusts the requester.
func requesterAssumes(t *testing.T, a account) {
	ctx := context.Background()
	const session = "arn:aws:sts::123456789012:assumed-role/Engineers/"
	a.config.Worker, a.config.Trust = "", TrustConfig{ARN: session + placeholder}
	target := a.open(t, nil)
	require.NotImplements(t, (*integrations.Minter)(nil), target)
	g := a.granted(t, target, read, time.Hour)
	role, err := a.Role(ctx, g.Name)
	require.NoError(t, err)
	for who, want := range map[string]bool{session + g.Principal: true, session + "bob@example.com": false, a.Worker: false} {
		got, err := a.assumes(ctx, role, who, nil, time.Now())
		require.NoError(t, err)
		require.Equal(t, want, got, who)
	}

	// The source identity that the session has counts, not one that it asks for.
	engineer := "arn:aws:sts::123456789012:assumed-role/engineers/x"
	a.config.Trust = TrustConfig{ARN: "arn:aws:iam::123456789012:role/engineers", SourceIdentity: true}
	g = a.granted(t, a.open(t, nil), read, time.Hour)
	role, err = a.Role(ctx, g.Name)
	require.NoError(t, err)
	for what, c := range map[string]struct {
		keys map[string]string
		want bool
	}{
		"carried": {map[string]string{"aws:SourceIdentity": g.Principal}, true},
		"another": {map[string]string{"aws:SourceIdentity": "bob@example.com"}, false},
		"claimed": {map[string]string{"sts:SourceIdentity": g.Principal}, false},
		"none":    {nil, false},
	} {
		got, err := a.assumes(ctx, role, engineer, c.keys, time.Now())
		require.NoError(t, err)
		require.Equal(t, c.want, got, what)
	}
}

func retryAfterExtension(t *testing.T, a account) {
	ctx, target := context.Background(), a.open(t, nil)
	g := a.granted(t, target, read, 10*time.Minute)
	longer := g
	longer.ExpiresAt = g.ExpiresAt.Add(time.Hour)
	require.NoError(t, target.(integrations.Extender).Extend(ctx, longer))
	require.NoError(t, target.Grant(ctx, g), "a late retry of the opening")
	require.NoError(t, target.(integrations.Extender).Extend(ctx, g), "a late retry of nothing")
	c, err := target.(integrations.Minter).Mint(ctx, longer)
	require.NoError(t, err)
	require.NoError(t, a.useAt(ctx, longer, c, longer.ExpiresAt.Add(-time.Second)))
	require.ErrorIs(t, a.useAt(ctx, longer, c, longer.ExpiresAt), targettest.ErrRefused)
	role, err := a.Role(ctx, g.Name)
	require.NoError(t, err)
	require.Equal(t, longer.ExpiresAt.Format(time.RFC3339), role.Tags["ramp:expires"])
}

// brokenExtension interrupts an extension after each call: access goes on, and the
// next try sets the right end.
func brokenExtension(t *testing.T, a account) {
	ctx, target := context.Background(), a.open(t, nil)
	for n := 1; ; n++ {
		g := a.granted(t, target, read, 10*time.Minute)
		c, err := target.(integrations.Minter).Mint(ctx, g)
		require.NoError(t, err)
		longer := g
		longer.ExpiresAt = g.ExpiresAt.Add(time.Hour)
		broken := a.open(t, faulty(targettest.LostReply, n)).(integrations.Extender).Extend(ctx, longer)
		require.NoError(t, a.useAt(ctx, g, c, g.ExpiresAt.Add(-time.Second)), "a gap after call %d", n)
		require.NoError(t, target.(integrations.Extender).Extend(ctx, longer))
		require.NoError(t, a.useAt(ctx, g, c, longer.ExpiresAt.Add(-time.Second)))
		require.ErrorIs(t, a.useAt(ctx, g, c, longer.ExpiresAt), targettest.ErrRefused)
		if broken == nil {
			require.Greater(t, n, 3)
			return
		}
	}
}

// pages tries more roles than IAM lists at a time (100).
func pages(t *testing.T, a account) {
	target, want := a.open(t, nil), 130
	for range want {
		a.granted(t, target, read, time.Hour)
	}
	found, err := target.List(context.Background())
	require.NoError(t, err)
	require.Len(t, found, want)
	for _, f := range found {
		require.False(t, f.ExpiresAt.IsZero())
	}
}

func check(t *testing.T, a account) {
	ctx := context.Background()
	ok := func(c Config) error {
		a.config = c
		return a.open(t, nil).(integrations.Pinger).Ping(ctx)
	}
	require.NoError(t, ok(a.config))
	other := a.config
	other.Worker = "arn:aws:iam::123456789012:user/ramp-other"
	require.Equal(t, access.CodeForbidden, access.CodeOf(ok(other)), "not the worker that roles trust")
	other.Account, other.Worker, other.Boundary = "999999999999", "arn:aws:iam::999999999999:user/ramp-worker", "arn:aws:iam::aws:policy/ReadOnlyAccess"
	require.Equal(t, access.CodeForbidden, access.CodeOf(ok(other)), "not the account")

	require.True(t, isSession("arn:aws:sts::1:assumed-role/ramp-worker/i-1", "arn:aws:iam::1:role/infra/ramp-worker"))
	require.False(t, isSession("arn:aws:sts::1:assumed-role/ramp-worker/i-1", "arn:aws:iam::1:role/ramp"))
	require.False(t, isSession("arn:aws:sts::2:assumed-role/ramp-worker/i-1", "arn:aws:iam::1:role/ramp-worker"))
	require.False(t, isSession("arn:aws:sts::1:assumed-role/ramp-worker/i-1", "arn:aws:iam::1:user/ramp-worker"))
	require.False(t, isSession("x", "arn:aws:iam::1:user/ramp-worker"))
}

// mintAsAsked tries what Ramp asks AWS for, which moto does not check.
func mintAsAsked(t *testing.T, a account) {
	ctx := context.Background()
	for ttl, want := range map[time.Duration]string{time.Minute: "900", 10 * time.Hour: "3600"} {
		var asked url.Values
		target := a.open(t, wire(func(r *http.Request) (*http.Response, error) {
			if form := formOf(r); form.Get("Action") == "AssumeRole" {
				asked = form
			}
			return http.DefaultTransport.RoundTrip(r)
		}))
		g := a.granted(t, target, read, ttl)
		ahead := g // an extension that AWS has not heard of
		ahead.ExpiresAt = g.ExpiresAt.Add(time.Minute)
		c, err := target.(integrations.Minter).Mint(ctx, ahead)
		require.NoError(t, err)
		require.False(t, c.ExpiresAt.After(g.ExpiresAt), "later than the role's own end")
		require.Equal(t, want, asked.Get("DurationSeconds"))
		require.Equal(t, g.Principal, asked.Get("SourceIdentity"))
		require.Equal(t, g.Principal, asked.Get("RoleSessionName"))
		require.Equal(t, "arn:aws:iam::123456789012:role/ramp/"+g.Name, asked.Get("RoleArn"))
	}
}
