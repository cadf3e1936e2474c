package targettest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

const (
	longTTL = 10 * time.Minute
	step    = 50 * time.Millisecond // between polls
	limit   = 2 * time.Minute       // of any one subtest
)

func background(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	return ctx
}

// plan returns a grant that is not opened yet, and removes it after the test.
func (s *suite) plan(t *testing.T, e access.Entitlement, ttl time.Duration) access.Grant {
	id, who := access.NewRequestID(), s.Principal
	if s.Person != nil {
		who = s.Person(t)
	}
	g := access.Grant{
		Name: access.GrantName(id, 0), RequestID: id, Target: s.Target, Principal: who, Entitlement: e,
		// Rounded up, so that a short life is never shorter than it says.
		ExpiresAt: time.Now().UTC().Add(ttl + time.Second - 1).Truncate(time.Second),
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := s.openTarget(t).Revoke(ctx, access.Grant{Name: g.Name}); err != nil {
			t.Errorf("clean-up of %s: %v", g.Name, err)
		}
	})
	return g
}

// opened returns a grant that is open.
func (s *suite) opened(t *testing.T, target *integrations.Guarded, ttl time.Duration) access.Grant {
	t.Helper()
	g := s.plan(t, s.Entitlement, ttl)
	require.NoError(t, target.Grant(background(t), g))
	return g
}

// soon returns how long a grant lives that a test lets expire, or extends just before: what
// the harness says, or six times what it takes to open one, use it and dial, if that is
// longer. A fixed time would be over before the test begins where the machine is busy.
func (s *suite) soon(t *testing.T, target *integrations.Guarded) time.Duration {
	t.Helper()
	if s.UseAt != nil {
		return s.ShortTTL // nobody waits for its end
	}
	began := time.Now()
	g := s.opened(t, target, longTTL)
	s.works(t, target, g, s.credential(t, target, g))
	if s.Lacks.Sessions == "" {
		s.dial(t, target, g)
	}
	life := max(s.ShortTTL, 6*time.Since(began))
	s.close(t, target, g.Name)
	return life
}

// credential returns a credential, empty if the target mints none.
func (s *suite) credential(t *testing.T, target *integrations.Guarded, g access.Grant) access.Credential {
	t.Helper()
	if !target.CanMint() {
		return access.Credential{ExpiresAt: g.ExpiresAt}
	}
	c, err := target.Mint(background(t), g)
	require.NoError(t, err, "mint")
	return c
}

// use uses the access once. It returns true if that worked and false if the
// service refused. Anything else fails the test.
func (s *suite) use(t *testing.T, g access.Grant, c access.Credential) bool {
	t.Helper()
	var err error
	if s.Use != nil {
		err = s.Use(background(t), g, c)
	} else {
		err = s.UseAt(background(t), g, c, time.Now())
	}
	if err != nil && !errors.Is(err, ErrRefused) {
		require.NoError(t, err, "using the access failed, without being refused")
	}
	return err == nil
}

// works waits until access works, within the target's consistency bound.
func (s *suite) works(t *testing.T, target *integrations.Guarded, g access.Grant, c access.Credential) {
	t.Helper()
	eventually(t, target.Bounds().Consistency, "access works", func() error {
		if !s.use(t, g, c) {
			return ErrRefused
		}
		return nil
	})
}

// refused waits until access is refused.
func (s *suite) refused(t *testing.T, target *integrations.Guarded, g access.Grant, c access.Credential) {
	t.Helper()
	eventually(t, target.Bounds().Consistency, "access is refused", func() error {
		if s.use(t, g, c) {
			return errors.New("it still works")
		}
		return nil
	})
}

// open waits until read-back says that g is open, and List finds it once, with
// its expiry where the target has one.
func (s *suite) open(t *testing.T, target *integrations.Guarded, g access.Grant) {
	t.Helper()
	ctx := background(t)
	eventually(t, target.Bounds().Consistency, "grant is open and listed", func() error {
		p, err := target.Inspect(ctx, g)
		if err != nil {
			return err
		}
		if !p.Open {
			return errors.New("target says that it is not open")
		}
		at, n, err := listed(ctx, target, g.Name)
		switch {
		case err != nil:
			return err
		case n != 1:
			return access.Errorf(access.CodeInternal, "List finds it %d times", n)
		case s.Lacks.Expiry != "" && at.IsZero(): // nothing there has an end to be read
		case !at.Equal(g.ExpiresAt):
			return access.Errorf(access.CodeInternal, "List says that it expires at %s, not %s", at, g.ExpiresAt)
		}
		return nil
	})
}

// gone waits until read-back, by the name alone, says that nothing is left.
func (s *suite) gone(t *testing.T, target *integrations.Guarded, name string) {
	t.Helper()
	ctx := background(t)
	eventually(t, target.Bounds().Ending, "grant is gone", func() error {
		p, err := target.Inspect(ctx, access.Grant{Name: name})
		if err != nil {
			return err
		}
		if !p.Gone() {
			return access.Errorf(access.CodeInternal, "Inspect says %+v", p)
		}
		if _, n, err := listed(ctx, target, name); err != nil || n > 0 {
			return access.Errorf(access.CodeInternal, "List finds it %d times (%v)", n, err)
		}
		marked, err := s.ListNames(ctx)
		if err != nil || slices.Contains(marked, name) {
			return access.Errorf(access.CodeInternal, "the service still has it (%v)", err)
		}
		return nil
	})
}

// close revokes by the name alone and waits for the proof.
func (s *suite) close(t *testing.T, target *integrations.Guarded, name string) {
	t.Helper()
	require.NoError(t, target.Revoke(background(t), access.Grant{Name: name}), "revoke by name")
	s.gone(t, target, name)
}

// nothingLeft checks, at the end, that every test removed what it made.
func (s *suite) nothingLeft(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	target := s.openTarget(t)
	eventually(t, target.Bounds().Ending, "nothing with Ramp's name prefix is left", func() error {
		found, err := target.List(ctx)
		if err != nil || len(found) > 0 {
			return access.Errorf(access.CodeInternal, "List finds %v (%v)", found, err)
		}
		marked, err := s.ListNames(ctx)
		if err != nil || len(marked) > 0 {
			return access.Errorf(access.CodeInternal, "the service has %v (%v)", marked, err)
		}
		return nil
	})
}

func listed(ctx context.Context, target *integrations.Guarded, name string) (expires time.Time, n int, err error) {
	found, err := target.List(ctx)
	for _, f := range found {
		if f.Name == name {
			n++
			expires = f.ExpiresAt
		}
	}
	return expires, n, err
}

// eventually polls until check passes: at least once, and then until within is
// over. A bound of zero therefore means "at once".
func eventually(t *testing.T, within time.Duration, what string, check func() error) {
	t.Helper()
	deadline := time.Now().Add(within)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			require.NoErrorf(t, err, "%s: not within %s", what, within)
		}
		time.Sleep(step)
	}
}
