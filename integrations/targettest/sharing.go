package targettest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// SharingHarness is what Sharing needs of one target that is a HolderUser.
type SharingHarness struct {
	// Open makes a target, as another worker process would. All have the same
	// holders.
	Open func(t *testing.T) integrations.Target
	// NewGrant makes a grant that is not opened yet. All share one object.
	NewGrant func() access.Grant
	// Exists says whether the object is on the service, by the harness's own client.
	Exists func(ctx context.Context) (bool, error)
	// ByHand gives the object as an administrator does, or takes it; nil where the object
	// bears a mark of Ramp's.
	ByHand func(ctx context.Context, there bool) error
	// Faulty opens a target whose n-th call (from 1) to the service meets the
	// fault, LostReply or Unavailable, as in Harness.
	Faulty func(t *testing.T, fault Fault, n int) integrations.Target
	// Slow opens a target whose every call to the service waits before its
	// effect, telling reached, until it may go on.
	Slow func(t *testing.T, reached chan<- struct{}, goOn <-chan struct{}) integrations.Target
}

// Sharing holds a target whose grants share an object to case 30 of docs/threats.md: it is there
// as long as one of them is open, and no longer. It comes beside Run.
func Sharing(t *testing.T, h SharingHarness) {
	t.Run("FirstOutLeavesLastOutRemoves", h.inAndOut)
	t.Run("RemovalUnderWay", h.underWay)
	t.Run("AsManyAsComeAndGo", h.atOnce)
	t.Run("BrokenOffGrant", func(t *testing.T) { h.faults(t, h.brokenGrant) })
	t.Run("BrokenOffRevoke", func(t *testing.T) { h.faults(t, h.brokenRevoke) })
	if h.ByHand != nil {
		t.Run("Case157RevokedAgain", h.revokedAgain)
	}
}

func (h SharingHarness) is(t *testing.T, there bool, message string) {
	t.Helper()
	now, err := h.Exists(background(t))
	require.NoError(t, err)
	require.Equal(t, there, now, message)
}

func (h SharingHarness) open(t *testing.T, g access.Grant) bool {
	t.Helper()
	p, err := h.Open(t).Inspect(background(t), access.Grant{Name: g.Name})
	require.NoError(t, err)
	return p.Open
}

func (h SharingHarness) grant(t *testing.T) access.Grant {
	t.Helper()
	g := h.NewGrant()
	require.NoError(t, h.Open(t).Grant(background(t), g))
	require.True(t, h.open(t, g))
	h.is(t, true, "after a grant")
	return g
}

// revoke revokes by name, from another process.
func (h SharingHarness) revoke(t *testing.T, g access.Grant) {
	t.Helper()
	require.NoError(t, h.Open(t).Revoke(background(t), access.Grant{Name: g.Name}))
	require.False(t, h.open(t, g))
}

func (h SharingHarness) inAndOut(t *testing.T) {
	h.is(t, false, "before anything")
	a, b := h.grant(t), h.grant(t)
	require.NoError(t, h.Open(t).Grant(background(t), a), "granting again is no second hold")
	h.revoke(t, a)
	h.is(t, true, "the first out took it from the other")
	require.True(t, h.open(t, b))
	h.revoke(t, a)
	h.is(t, true, "the first out, again, took it from the other")
	h.revoke(t, b)
	h.is(t, false, "the last out left it")
	h.revoke(t, h.grant(t)) // it can be had again
	h.is(t, false, "after the next")
}

// underWay tries that a grant comes while the last one before it removes the
// object. It may be refused for now or be granted, and must not lose the object
// when the removal arrives late.
func (h SharingHarness) underWay(t *testing.T) {
	a, b := h.grant(t), h.NewGrant()
	reached, goOn, done := make(chan struct{}, maxCalls), make(chan struct{}), make(chan error, 1)
	go func() { done <- h.Slow(t, reached, goOn).Revoke(background(t), access.Grant{Name: a.Name}) }()
	select {
	case <-reached:
	case err := <-done:
		require.Fail(t, "the last out did not ask the service to remove it", "%v", err)
	}
	err := h.Open(t).Grant(background(t), b)
	close(goOn)
	require.NoError(t, <-done)
	if err != nil {
		require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "worth trying again: %v", err)
		require.NoError(t, h.Open(t).Grant(background(t), b))
	}
	h.is(t, true, "the removal for the one before cut it off")
	h.revoke(t, b)
	h.is(t, false, "all have left")
}

// atOnce tries that the object is there while a grant is open, whatever others do.
func (h SharingHarness) atOnce(t *testing.T) {
	s := suite{}
	s.together(t, 6, func(ctx context.Context, _ int) error {
		for range 10 {
			target, g := h.Open(t), h.NewGrant()
			for {
				err := target.Grant(ctx, g)
				if err == nil {
					break
				}
				if access.CodeOf(err) != access.CodeUnavailable {
					return err
				}
				time.Sleep(time.Millisecond)
			}
			if there, err := h.Exists(ctx); err != nil || !there {
				return access.Errorf(access.CodeInternal, "open, and not there (%v)", err)
			}
			if err := target.Revoke(ctx, access.Grant{Name: g.Name}); err != nil {
				return err
			}
		}
		return nil
	})
	h.is(t, false, "all have left")
}

// revokedAgain tries a revoke that comes long after the grant has ended, as by a workflow that
// was down: what an administrator gave meanwhile stays (docs/threats.md, case 157).
func (h SharingHarness) revokedAgain(t *testing.T) {
	old := func() { time.Sleep(h.Open(t).Bounds().Consistency + 50*time.Millisecond) } // until no old state is shown
	a, b := h.grant(t), h.grant(t)
	old()
	h.revoke(t, a)
	h.revoke(t, b)
	old()
	require.NoError(t, h.ByHand(background(t), true))
	for _, g := range []access.Grant{a, b, a} {
		h.revoke(t, g)
		h.is(t, true, "what somebody else gave was taken")
	}
	p, err := h.Open(t).Inspect(background(t), access.Grant{Name: b.Name})
	require.NoError(t, err)
	require.True(t, p.Again, "it is said that it is there again")
	require.NoError(t, h.ByHand(background(t), false))
	p, err = h.Open(t).Inspect(background(t), access.Grant{Name: b.Name})
	require.NoError(t, err)
	require.False(t, p.Again)
}

// faults interrupts an operation at each of its calls to the service in turn,
// before and after the effect, alone and beside another holder.
func (h SharingHarness) faults(t *testing.T, try func(t *testing.T, fault Fault, n int, other bool) error) {
	for _, fault := range []Fault{LostReply, Unavailable} {
		for _, other := range []bool{false, true} {
			for n := 1; ; n++ {
				require.LessOrEqual(t, n, maxCalls, "the fault never gets past the operation's last call")
				if try(t, fault, n, other) == nil {
					break
				}
			}
		}
	}
}

func (h SharingHarness) brokenGrant(t *testing.T, fault Fault, n int, other bool) error {
	var b access.Grant
	if other {
		b = h.grant(t)
	}
	a := h.NewGrant()
	err := h.Faulty(t, fault, n).Grant(background(t), a)
	// A grant that comes meanwhile has it, however far the other got.
	c := h.grant(t)
	h.revoke(t, c)
	require.NoError(t, h.Open(t).Grant(background(t), a), "again")
	h.is(t, true, "granted again")
	h.revoke(t, a)
	h.is(t, other, "after the revoke")
	if other {
		h.revoke(t, b)
		h.is(t, false, "after the other's")
	}
	return err
}

func (h SharingHarness) brokenRevoke(t *testing.T, fault Fault, n int, other bool) error {
	var b access.Grant
	if other {
		b = h.grant(t)
	}
	a := h.grant(t)
	err := h.Faulty(t, fault, n).Revoke(background(t), access.Grant{Name: a.Name})
	// Somebody comes before it is mended: refused for now, or in and not cut off.
	c := h.NewGrant()
	switch e := h.Open(t).Grant(background(t), c); access.CodeOf(e) {
	case access.CodeUnavailable:
		require.False(t, other, "nothing is removed while another holds it")
	default:
		require.NoError(t, e)
		h.is(t, true, "granted")
	}
	in := h.open(t, c)
	h.revoke(t, a) // the next try, or the reconciler's
	h.is(t, other || in, "mended")
	h.revoke(t, c)
	if other {
		h.revoke(t, b)
	}
	h.is(t, false, "all have left")
	return err
}
