package sshcert

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/sshcert/hostcall"
)

// invented are names of grants that nobody was given.
func invented(n int) (out []integrations.ListedGrant) {
	for i := range n {
		out = append(out, integrations.ListedGrant{Name: access.GrantName(fmt.Sprintf("z%015d", i), 0)})
	}
	return out
}

// TestCase161HostListsWhatIsNotThere: a host that somebody took over lists more grants than
// there are. Few of them are taken, nothing of another host's is hidden, and the look says that
// there was more.
func TestCase161HostListsWhatIsNotThere(t *testing.T) {
	ctx := context.Background()
	honest, taken := &lyingHost{}, &lyingHost{}
	f := lyingFleet(t, map[string]hostcall.Host{"web1": honest, "web2": taken})
	target := f.open(t, nil)
	both, one := newGrant(f.on("web1", "web2")), newGrant(f.on("web1"))
	for _, g := range []access.Grant{both, one} {
		require.NoError(t, target.Grant(ctx, g))
		honest.lists = append(honest.lists, integrations.ListedGrant{Name: g.Name, ExpiresAt: g.ExpiresAt})
	}
	guarded := integrations.Guard(target)
	look := func() (ours, others int, err error) {
		listed, err := guarded.List(ctx)
		for _, l := range listed {
			if l.Name == both.Name || l.Name == one.Name {
				ours++
			} else {
				others++
			}
		}
		return ours, others, err
	}

	taken.lists = append(invented(maxStray), integrations.ListedGrant{Name: both.Name, ExpiresAt: both.ExpiresAt})
	ours, others, err := look()
	require.NoError(t, err)
	require.Equal(t, 2, ours)
	require.Equal(t, maxStray, others, "what was put there by hand is seen")

	// One that is on web1 alone.
	taken.lists = []integrations.ListedGrant{{Name: one.Name, ExpiresAt: one.ExpiresAt.Add(time.Hour)}}
	listed, err := guarded.List(ctx)
	require.NoError(t, err)
	i := slices.IndexFunc(listed, func(l integrations.ListedGrant) bool { return l.Name == one.Name })
	require.True(t, one.ExpiresAt.Equal(listed[i].ExpiresAt), "web2 says when access on web1 ends, which would count as changed by hand")

	taken.lists = append(invented(5000), integrations.ListedGrant{Name: both.Name, ExpiresAt: both.ExpiresAt},
		integrations.ListedGrant{Name: one.Name, ExpiresAt: one.ExpiresAt.Add(time.Hour)})
	ours, others, err = look()
	require.Equal(t, 2, ours)
	require.Equal(t, maxStray, others)
	var hidden *integrations.Unlisted
	require.ErrorAs(t, err, &hidden)
	require.ErrorContains(t, err, "web2: 4981 more grants", "and one that is on web1 alone")

	for name, lists := range map[string][]integrations.ListedGrant{
		"too many":  invented(10001),
		"too large": append(invented(1), integrations.ListedGrant{Name: strings.Repeat("x", 2<<20)}),
	} {
		taken.lists = lists
		ours, others, err = look()
		require.NoError(t, err, name)
		require.Equal(t, 2, ours, "%s: it says nothing, and the ledger has what may be there", name)
		require.Zero(t, others, name)
	}
}

// TestCase161HostSaysThatItWasChanged: a host that says so again and again has no session cut
// on another, and fills no record.
func TestCase161HostSaysThatItWasChanged(t *testing.T) {
	ctx := context.Background()
	honest, taken := &lyingHost{}, &lyingHost{}
	for range 1000 {
		taken.differs = append(taken.differs, strings.Repeat("it ends later ", 30))
	}
	f := lyingFleet(t, map[string]hostcall.Host{"web1": honest, "web2": taken})
	target, g := f.open(t, nil), newGrant(f.on("web1", "web2"))
	require.NoError(t, target.Grant(ctx, g))
	require.Error(t, func() error { _, err := target.hosts["web2"].Drift(ctx, g); return err }(), "a reply that is too large is none")
	differs, err := target.Drift(ctx, g)
	require.NoError(t, err)
	require.Empty(t, differs)

	taken.differs = taken.differs[:100]
	differs, err = target.Drift(ctx, g)
	require.NoError(t, err)
	require.Len(t, differs, 21)
	require.Equal(t, "web2: and 80 more", differs[20])
	for _, d := range differs {
		require.Less(t, len(d), 320)
	}
	require.NoError(t, target.Restore(ctx, g))
	require.Contains(t, taken.heard(), "restore")
	require.NotContains(t, honest.heard(), "restore", "its sessions would be cut")
}

// TestCase167HostMakesUpNewOnes: a host that somebody took over lists other grants in each look,
// each of which leaves a mark on all hosts, and an event. No more are taken of it in a day than
// could be there by hand; one that is still there counts once, and other hosts are not in its
// place.
func TestCase167HostMakesUpNewOnes(t *testing.T) {
	honest, taken := &lyingHost{}, &lyingHost{}
	f := lyingFleet(t, map[string]hostcall.Host{"web1": honest, "web2": taken})
	target := f.open(t, nil)
	all := invented(2 * maxStrayADay)
	seen := map[string]bool{}
	look := func() error {
		listed, err := target.List(context.Background())
		for _, l := range listed {
			seen[l.Name] = true
		}
		return err
	}
	for n := 0; n < len(all); n += maxStray {
		taken.lists = append(all[n:n+maxStray:n+maxStray], all[0])
		if err := look(); n >= maxStrayADay {
			var hidden *integrations.Unlisted
			require.ErrorAs(t, err, &hidden)
		}
	}
	require.Len(t, seen, maxStrayADay)
	taken.lists, honest.lists = all[:1], all[len(all)-1:]
	require.NoError(t, look())
	require.Len(t, seen, maxStrayADay+1)
	require.False(t, target.stray.may("web2", "another", time.Now()))
	require.True(t, target.stray.may("web2", "another", time.Now().Add(25*time.Hour)), "the next day")
}
