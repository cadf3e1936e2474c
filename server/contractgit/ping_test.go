package contractgit

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPingKnowsWhatIsInForce: what a server refuses since the ref was rewritten or moved
// back, ping refuses too, and it leaves the server's clone as it was.
func TestPingKnowsWhatIsInForce(t *testing.T) {
	f := newFixture(t)
	ping := func() error { return Ping(t.Context(), f.config) }
	first := f.commit("", of("1h"))
	require.NoError(t, ping(), "no server has begun")
	require.NoDirExists(t, string(f.config.Clone))
	server := f.open()
	f.inForce(server, first, "")
	second := f.commit("", of("2h"))
	require.NoError(t, ping(), "the server takes it at its next look")
	f.inForce(server, second, "")

	f.git.Git("", "reset", "-q", "--hard", first)
	require.ErrorContains(t, ping(), "main was rewritten or moved back")
	f.commit("", of("3h"))
	require.ErrorContains(t, ping(), "does not follow "+second[:12]+", which is in force")
	f.inForce(server, second, "main was rewritten")
}
