package programtest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/program"
	"ramp.dev/ramp/internal/strictjson"
)

// protocol tries what only programs have.
func (s suite) protocol(t *testing.T) {
	t.Run("AnotherVersion", func(t *testing.T) {
		r := s.raw(t, program.Request{Ramp: program.Version + 1, Operation: program.OpGrant, Grant: s.grant(t)})
		require.NotNil(t, r.Error, "a call of a version that the program does not speak must be an error")
		require.False(t, r.Done)
	})
	t.Run("Case135PastItsDeadline", func(t *testing.T) {
		g := s.grant(t)
		r := s.raw(t, program.Request{Ramp: program.Version, Operation: program.OpGrant, Grant: g, Deadline: time.Now().UTC().Add(-time.Minute).Truncate(time.Second)})
		require.NotNil(t, r.Error, "a call that comes after its deadline must be an error: nobody waits for it, and it may have been recorded")
		s.closed(t, g.Name)
	})
	t.Run("UnknownOperation", func(t *testing.T) {
		r := s.raw(t, program.Request{Ramp: program.Version, Operation: "no-such-operation"})
		require.NotNil(t, r.Error, "an operation that the program does not know must be an error")
	})
	t.Run("NeverOpensAgain", func(t *testing.T) {
		g := s.grant(t)
		target := s.open(t, nil)
		full := access.Grant{Name: g.Name, RequestID: g.RequestID, Principal: g.Principal, Entitlement: g.Entitlement, ExpiresAt: g.ExpiresAt, Target: name}
		require.NoError(t, target.Grant(t.Context(), full))
		require.NoError(t, target.Revoke(t.Context(), access.Grant{Name: g.Name}))
		require.Error(t, target.Grant(t.Context(), full), "a grant that was revoked must not open again: a call that was on its way arrives late")
		s.closed(t, g.Name)
	})
	if s.URL == "" {
		t.Run("KilledInTheMiddle", s.killed)
	} else {
		t.Run("Signed", s.signed)
	}
}

// grant returns a grant that could be opened. It is revoked after the test, whatever the
// program made of it: what is tried here leaves no access open.
func (s suite) grant(t *testing.T) *program.Grant {
	t.Helper()
	id := access.NewRequestID()
	g := &program.Grant{Name: access.GrantName(id, 0), RequestID: id, Principal: s.Principal, Entitlement: s.description.Examples[0],
		ExpiresAt: time.Now().UTC().Add(10 * time.Minute).Truncate(time.Second)}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := s.open(t, nil).Revoke(ctx, access.Grant{Name: g.Name}); err != nil {
			t.Errorf("clean-up of %s: %v", g.Name, err)
		}
	})
	return g
}

// raw makes a call as it stands, which no target of Ramp's would make. Whatever is no reply
// of the protocol counts as a refusal.
func (s suite) raw(t *testing.T, r program.Request) (reply program.Reply) {
	t.Helper()
	c, err := s.Caller()
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	r.Call, r.Target = "call_"+rand.Text(), name
	if r.Deadline.IsZero() {
		r.Deadline = time.Now().UTC().Add(timeout).Truncate(time.Second)
	}
	message, err := json.Marshal(r)
	require.NoError(t, err)
	b, err := c.Call(ctx, r.Call, message)
	if err != nil {
		return program.Reply{Error: &program.Failure{Code: access.CodeOf(err)}}
	}
	require.NoError(t, strictjson.UnmarshalOpen(b, &reply), "the reply is one JSON object")
	return reply
}

// closed revokes a grant, and requires that nothing of it is left, or was.
func (s suite) closed(t *testing.T, grant string) {
	t.Helper()
	target := s.open(t, nil)
	found, err := target.Inspect(t.Context(), access.Grant{Name: grant})
	require.NoError(t, err)
	require.NoError(t, target.Revoke(t.Context(), access.Grant{Name: grant}))
	require.True(t, found.Gone(), "it opened all the same")
}

// killed ends the program in the middle of its work at several moments, as the deadline and
// a machine that goes down do, and requires that the next call puts right what is left.
func (s suite) killed(t *testing.T) {
	for _, after := range []time.Duration{0, 5 * time.Millisecond, 20 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond} {
		broken := func(to program.Caller) program.Caller {
			return between(func(ctx context.Context, id string, message []byte) ([]byte, error) {
				ctx, cancel := context.WithTimeout(ctx, after)
				defer cancel()
				return to.Call(ctx, id, message)
			})
		}
		g := s.grant(t)
		full := access.Grant{Name: g.Name, RequestID: g.RequestID, Principal: g.Principal, Entitlement: g.Entitlement, ExpiresAt: g.ExpiresAt, Target: name}
		target := s.open(t, nil)
		_ = s.open(t, broken).Grant(t.Context(), full) // may have opened it, or not
		require.NoErrorf(t, target.Grant(t.Context(), full), "granting again, after the program was killed %s into the first try", after)
		found, err := target.Inspect(t.Context(), access.Grant{Name: g.Name})
		require.NoError(t, err)
		require.Truef(t, found.Open, "granted again after a kill at %s, and not open", after)
		_ = s.open(t, broken).Revoke(t.Context(), access.Grant{Name: g.Name})
		require.NoErrorf(t, target.Revoke(t.Context(), access.Grant{Name: g.Name}), "revoking again, after the program was killed %s into the first try", after)
		found, err = target.Inspect(t.Context(), access.Grant{Name: g.Name})
		require.NoError(t, err)
		require.Truef(t, found.Gone(), "revoked again after a kill at %s, and not gone", after)
		marked, err := s.names(t.Context())
		require.NoError(t, err)
		require.NotContainsf(t, marked, g.Name, "left on the service after a kill at %s", after)
	}
}
