package identitycenter

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/awsapi"
	"ramp.dev/ramp/integrations/identitycenter/centertest"
)

// TestCase143Sessions: sessions that people have when access ends are denied
// everything, and nobody else's are.
func TestCase143Sessions(t *testing.T) {
	c := start(t)
	for name, test := range map[string]func(*testing.T, *center){
		"OnlyTheirs": onlyTheirs, "NotWhileAnotherHoldsIt": anotherHolds, "AWorkerThatIsLate": lateWorker,
		"ManyAtOnce": manyAtOnce, "TakenOutByHand": takenOut, "WithoutAPolicy": withoutPolicy,
	} {
		t.Run(name, func(t *testing.T) { test(t, c) })
	}
}

func (c *center) mustAct(t *testing.T, want bool, a assignment, issued time.Time, message string) {
	t.Helper()
	got, err := c.acts(context.Background(), a, issued)
	require.NoError(t, err)
	require.Equal(t, want, got, message)
}

func onlyTheirs(t *testing.T, c *center) {
	ctx, one := context.Background(), c.open(t, nil)
	g := c.granted(t, one, grantFor(c.person(t), admin))
	a := c.of(ctx, t, g)
	began := time.Now()
	c.mustAct(t, true, a, began, "before the end")
	require.NoError(t, one.Revoke(ctx, access.Grant{Name: g.Name}))
	c.mustAct(t, false, a, began, "a session goes on after the end")
	c.mustAct(t, true, a, time.Now().Add(2*time.Second), "what they are given next")

	other := c.of(ctx, t, grantFor(c.person(t), admin))
	c.mustAct(t, true, other, began, "somebody else's with the same permission set")
	c.mustAct(t, true, assignment{a.account, c.config.PermissionSets["ReadOnly"], a.user}, began, "theirs with another permission set")
	c.mustAct(t, true, assignment{"444455556666", a.set, a.user}, began, "theirs in another account")
}

// anotherHolds tries that the end of one grant denies nothing while another holds the
// same assignment.
func anotherHolds(t *testing.T, c *center) {
	ctx, one, who := context.Background(), c.open(t, nil), c.person(t)
	earlier, later := c.granted(t, one, grantFor(who, admin)), c.granted(t, one, grantFor(who, admin))
	a, began := c.of(ctx, t, later), time.Now()
	require.NoError(t, one.Revoke(ctx, earlier))
	require.False(t, isOpen(t, one, earlier))
	require.True(t, isOpen(t, one, later))
	c.mustAct(t, true, a, began, "the later's session was cut by the earlier's end")
	require.NoError(t, one.Revoke(ctx, later))
	c.mustAct(t, false, a, began, "the last has ended")
}

// lateWorker tries a worker that writes the policy as it should have been a moment ago,
// over what another worker has written since.
func lateWorker(t *testing.T, c *center) {
	ctx, quick := context.Background(), c.open(t, nil)
	reached, goOn := make(chan struct{}, 100), make(chan struct{})
	late := c.open(t, wire(func(r *http.Request) (*http.Response, error) {
		if centertest.OperationOf(r) == "UpdatePolicy" {
			reached <- struct{}{}
			<-goOn
		}
		return c.cloud.RoundTrip(r)
	}))
	first, second := c.granted(t, quick, grantFor(c.person(t), admin)), c.granted(t, quick, grantFor(c.person(t), admin))
	began := time.Now()
	done := make(chan error, 1)
	go func() { done <- late.Revoke(ctx, first) }()
	select {
	case <-reached:
	case err := <-done:
		require.Fail(t, "the late worker did not write the policy", "%v", err)
	}
	require.NoError(t, quick.Revoke(ctx, second))
	c.mustAct(t, false, c.of(ctx, t, second), began, "the second, before the late worker writes")
	close(goOn)
	require.NoError(t, <-done)
	c.mustAct(t, false, c.of(ctx, t, first), began, "the first")
	c.mustAct(t, false, c.of(ctx, t, second), began, "the late worker took the second's denial away")
	for _, g := range []access.Grant{first, second} {
		require.False(t, isOpen(t, quick, g))
	}
}

// manyAtOnce ends more grants than the policy has exact statements for, by three
// workers at once.
func manyAtOnce(t *testing.T, c *center) {
	ctx := context.Background()
	workers := []*target{c.open(t, nil), c.open(t, nil), c.open(t, nil)}
	grants := make([]access.Grant, 24)
	for i := range grants {
		grants[i] = c.granted(t, workers[0], grantFor(c.person(t), admin))
	}
	began := time.Now()
	var all errgroup.Group
	for i, g := range grants {
		all.Go(func() error { return workers[i%3].Revoke(ctx, g) })
	}
	require.NoError(t, all.Wait())
	for _, g := range grants {
		c.mustAct(t, false, c.of(ctx, t, g), began, "a session that went on")
		require.False(t, isOpen(t, workers[0], g))
	}
	policy, err := c.policy(ctx)
	require.NoError(t, err)
	require.LessOrEqual(t, len(policy), maxPolicy)
	c.mustAct(t, true, c.of(ctx, t, grantFor(c.person(t), admin)), began, "somebody who had nothing to do with it")
}

// takenOut tries an administrator who puts the policy back to what it was: access has
// not ended then.
func takenOut(t *testing.T, c *center) {
	ctx, one := context.Background(), c.open(t, nil)
	g := c.granted(t, one, grantFor(c.person(t), admin))
	began := time.Now()
	require.NoError(t, one.Revoke(ctx, g))
	require.False(t, isOpen(t, one, g))
	_, err := c.org.UpdatePolicy(ctx, &organizations.UpdatePolicyInput{PolicyId: &c.config.DenyPolicy, Content: aws.String(centertest.Seed)})
	require.NoError(t, err)
	p, err := one.Inspect(ctx, access.Grant{Name: g.Name})
	require.NoError(t, err)
	require.Equal(t, access.ReadBack{Sessions: 1}, p)
	require.NoError(t, one.Revoke(ctx, access.Grant{Name: g.Name}))
	require.False(t, isOpen(t, one, g))
	c.mustAct(t, false, c.of(ctx, t, g), began, "the denial is back")
}

func withoutPolicy(t *testing.T, c *center) {
	ctx := context.Background()
	with := c.config.DenyPolicy
	c.config.DenyPolicy = ""
	defer func() { c.config.DenyPolicy = with }()
	one := c.open(t, nil)
	scope, err := one.Resolve(ctx, admin)
	require.NoError(t, err)
	require.Equal(t, "go on, for up to 1h", scope.Facts["sessions at the end"], "approvers read it")
	g := c.granted(t, one, grantFor(c.person(t), admin))
	require.NoError(t, one.Revoke(ctx, g))
	require.False(t, isOpen(t, one, g))
}

// TestDenyPolicy is what the policy says of how many people.
func TestDenyPolicy(t *testing.T) {
	one := &target{config: goodConfig().withDefaults()}
	set := one.config.PermissionSets["Admin"]
	began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	of := func(n int) (out []denial) {
		for i := range n {
			out = append(out, denial{assignment{workload, set, fmt.Sprintf("%08d-aaaa-bbbb-cccc-dddddddddddd", i)}, began.Add(time.Duration(i) * time.Second)})
		}
		return out
	}
	pattern, err := one.rolePattern(t.Context(), assignment{workload, set, "x"})
	require.NoError(t, err)
	for _, n := range []int{0, 1, 10, 20, 80} {
		text, err := one.document(t.Context(), of(n))
		require.NoError(t, err, "%d", n)
		require.LessOrEqual(t, len(text), maxPolicy)
		for _, d := range of(n) {
			require.True(t, covers(text, d, pattern), "%d people", n)
			d.of.user = "somebody-else"
			require.False(t, covers(text, d, pattern))
		}
		for _, d := range of(min(n, 3)) {
			d.at = began.Add(time.Hour)
			require.False(t, covers(text, d, pattern), "a later session is another")
		}
		// The same set of denials is the same policy, in whatever order they come.
		back := of(n)
		for i := range len(back) / 2 {
			back[i], back[len(back)-1-i] = back[len(back)-1-i], back[i]
		}
		again, err := one.document(t.Context(), back)
		require.NoError(t, err)
		require.True(t, awsapi.SamePolicy(text, again))
	}
	_, err = one.document(t.Context(), of(300))
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
	for _, bad := range []string{"", "{", "denied x", "denied " + workload + " " + set + " u x", assigned + "a b c"} {
		_, err := parseDenial(bad)
		require.Error(t, err, bad)
	}
	d, err := parseDenial(of(1)[0].object())
	require.NoError(t, err)
	require.Equal(t, of(1)[0], d)
}
