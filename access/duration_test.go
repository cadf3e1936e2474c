package access

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// FuzzDuration: what is read as a length of access is one, and reads the same
// when it is written again.
func FuzzDuration(f *testing.F) {
	for _, s := range []string{"30m", "1h30m", "0s", "-5m", "1.5s", "9223372036s", "99999999999h", "8760h", "8760h1s", "1e9s", "٣m", " 5m", "+5m", ".5h", "2562047h47m16.854775807s"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDuration("duration", s)
		if err != nil {
			require.Equal(t, CodeInvalid, CodeOf(err))
			require.Len(t, IssuesOf(err), 1)
			return
		}
		require.Positive(t, d)
		require.LessOrEqual(t, d, MaxDuration)
		require.Zero(t, d.Std()%time.Second)
		again, err := ParseDuration("duration", d.String())
		require.NoError(t, err)
		require.Equal(t, d, again)
	})
}
