package contractgit

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestCase102LostClone: a server that has lost its clone is led back by nobody who may sign
// and rewrite the ref: it takes no commit that does not follow the recorded one.
func TestCase102LostClone(t *testing.T) {
	f := newFixture(t, "alice")
	first := f.commit("alice", of("1h"))
	second := f.commit("alice", of("2h"))
	recorded, failed := "", error(nil)
	open := func() *Source {
		f.Helper()
		s := f.open()
		s.Follow(func(_ context.Context, source string) (string, error) {
			require.Equal(t, s.String(), source)
			return recorded, failed
		})
		return s
	}
	lost := func() *Source {
		f.Helper()
		require.NoError(t, os.RemoveAll(string(f.config.Clone)))
		return open()
	}
	refused := func(s *Source, code access.Code, why string) {
		f.Helper()
		_, err := s.Read(t.Context())
		require.ErrorContains(t, err, why)
		require.Equal(t, code, access.CodeOf(err))
	}
	f.inForce(lost(), second, "") // the first server of an installation
	recorded = second
	f.inForce(lost(), second, "")

	f.git.Git("", "reset", "-q", "--hard", first)
	refused(lost(), access.CodeEvidence, "does not follow "+second[:12])
	f.commit("alice", of("9h"))
	refused(lost(), access.CodeEvidence, "moved back or rewritten")
	failed = access.Errorf(access.CodeUnavailable, "the ledger is out of reach")
	refused(lost(), access.CodeUnavailable, "the ledger is out of reach")
	failed = nil

	f.git.Git("", "reset", "-q", "--hard", second)
	third := f.commit("alice", of("3h"))
	s := lost()
	f.inForce(s, third, "")

	// Others have gone on, and this server's clone is older: what it has stays, and it says
	// that it is behind.
	fourth := f.commit("alice", of("4h"))
	recorded = fourth
	f.git.Git("", "reset", "-q", "--hard", third)
	f.inForce(s, third, "does not follow "+fourth[:12])
	f.git.Git("", "reset", "-q", "--hard", fourth)
	f.inForce(s, fourth, "")
	failed = access.Errorf(access.CodeUnavailable, "the ledger is out of reach")
	f.commit("alice", of("5h"))
	f.inForce(s, fourth, "the ledger is out of reach")
}
