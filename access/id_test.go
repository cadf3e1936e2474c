package access

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestCase30NoObjectIsShared: what is opened for a grant has a name that is its
// own, and that leads back to its request, so that ending one grant never needs
// to count who else holds the same thing.
func TestCase30NoObjectIsShared(t *testing.T) {
	type grant struct {
		id string
		n  int
	}
	rapid.Check(t, func(rt *rapid.T) {
		made := map[string]grant{}
		for range 20 {
			g := grant{NewRequestID(), rapid.IntRange(0, MaxGrants-1).Draw(rt, "n")}
			if rapid.Bool().Draw(rt, "derived") {
				g.id = RequestIDFor(rapid.SampledFrom([]string{"alice", "alic", "bob"}).Draw(rt, "person"), rapid.SampledFrom([]string{"k", "ek", ""}).Draw(rt, "key"))
			}
			name := GrantName(g.id, g.n)
			require.LessOrEqual(rt, len(name), 63)
			of, ok := RequestIDFromGrantName(name)
			require.True(rt, ok)
			require.Equal(rt, g.id, of)
			if other, twice := made[name]; twice {
				require.Equal(rt, other, g)
			}
			made[name] = g
		}
	})
	require.NotEqual(t, RequestIDFor("alice", "k"), RequestIDFor("alic", "ek"), "person and key are kept apart")
	ids := map[string]bool{}
	for _, via := range []Via{ViaWeb, ViaAPI, ViaCLI, ViaMCP, ViaSlack} {
		ids[Actor{Person: Person{ID: "alice"}, Via: via}.RequestIDFor("k")] = true
	}
	require.Len(t, ids, 3, "the person's own programs are one")
}
