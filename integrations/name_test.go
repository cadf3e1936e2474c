package integrations

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// No two ids have one name, whatever a service takes.
func TestFitName(t *testing.T) {
	for _, escape := range []byte{'=', '-', '_'} {
		fits := func(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == escape }
		id := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a=_-]{1,4}`), rapid.StringMatching(`(x|=){60,70}`))
		rapid.Check(t, func(rt *rapid.T) {
			one, two := id.Draw(rt, "one"), id.Draw(rt, "two")
			name := FitName(one, 64, escape, fits)
			require.LessOrEqual(rt, len(name), 64)
			for i := range len(name) {
				require.True(rt, fits(name[i]), name)
			}
			require.Equal(rt, one == two, name == FitName(two, 64, escape, fits))
		})
	}
}
