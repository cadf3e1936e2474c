package sshcert

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/sshcert/hostcall"
)

// countingHost says what it is told to of a grant's sessions and use.
type countingHost struct {
	lyingHost
	found access.ReadBack
	usage access.Usage
}

func (h *countingHost) Inspect(context.Context, access.Grant) (access.ReadBack, error) {
	return h.found, nil
}

func (h *countingHost) Usage(context.Context, access.Grant) (access.Usage, error) {
	return h.usage, nil
}

// TestCase158HostCountsBelowNothing: what one host says, that somebody took over, takes nothing
// away from what another says: no session that is live there, and no use.
func TestCase158HostCountsBelowNothing(t *testing.T) {
	ctx := context.Background()
	at := time.Date(2026, 11, 24, 2, 0, 0, 0, time.UTC)
	honest := &countingHost{found: access.ReadBack{Sessions: 1},
		usage: access.Usage{Kind: access.UsageSessions, Sessions: 1, First: at, Last: at.Add(time.Minute), For: access.Duration(time.Minute)}}
	taken := &countingHost{found: access.ReadBack{Sessions: -1},
		usage: access.Usage{Kind: access.UsageSessions, Sessions: -1, For: access.Duration(-time.Minute)}}
	f := lyingFleet(t, map[string]hostcall.Host{"web1": taken, "web2": honest})
	target, g := f.open(t, nil), newGrant(f.on("web1", "web2"))
	require.NoError(t, target.Grant(ctx, g))

	p, err := target.Inspect(ctx, g)
	require.False(t, err == nil && p.Gone(), "a session is live on web2")
	require.ErrorContains(t, err, "web1: ")
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "it is asked again")

	u, err := target.Usage(ctx, g)
	require.NoError(t, err)
	seen := honest.usage
	seen.Kind = access.UsageSeen // there may have been more
	require.Equal(t, seen, u)
}

// TestFleetUsedForASecond: what was used and over within a second was used for one, and on two
// hosts at once for no more.
func TestFleetUsedForASecond(t *testing.T) {
	ctx := context.Background()
	at := time.Date(2026, 11, 24, 2, 0, 0, 0, time.UTC)
	said := access.Usage{Kind: access.UsageSessions, Sessions: 1, First: at, Last: at, For: access.Duration(time.Second)}
	f := lyingFleet(t, map[string]hostcall.Host{"web1": &countingHost{usage: said}, "web2": &countingHost{usage: said}})
	target, g := f.open(t, nil), newGrant(f.on("web1", "web2"))
	require.NoError(t, target.Grant(ctx, g))
	u, err := target.Usage(ctx, g)
	require.NoError(t, err)
	said.Sessions = 2
	require.Equal(t, said, u)
	require.NoError(t, u.Validate().Err())
}

// slowHost says that it is there when something else has happened.
type slowHost struct {
	lyingHost
	meanwhile func()
}

func (h *slowHost) Ping(context.Context) error {
	h.meanwhile()
	return nil
}

// TestCase146EndedWhileOpening: access ends while a host takes its time to say that it is
// there. Nothing opens on it afterwards: nobody would come back to close it.
func TestCase146EndedWhileOpening(t *testing.T) {
	ctx := context.Background()
	slow := &slowHost{}
	f := lyingFleet(t, map[string]hostcall.Host{"web1": slow})
	target, g := f.open(t, nil), newGrant(f.on("web1"))
	slow.meanwhile = func() { require.NoError(t, target.Revoke(ctx, g)) }
	err := target.Grant(ctx, g)
	require.NotContains(t, slow.heard(), "grant")
	require.Equal(t, access.CodeConflict, access.CodeOf(err), "%v", err)
	left, err := target.LeftOut(ctx, g)
	require.NoError(t, err)
	require.Equal(t, []string{"web1"}, left)
}
