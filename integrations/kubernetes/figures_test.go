package kubernetes

import (
	"flag"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var figuresOf = flag.Int("kubernetes.figures", 1, "of how many grants Figures measures")

// figures measures what docs/targets/kubernetes.md says: how long it takes until access can
// be used, and until it cannot. It holds nothing to a time.
func figures(t *testing.T, w *world) {
	t.Parallel()
	target, ctx := w.open(t), t.Context()
	var usable, refused, void []time.Duration
	for range *figuresOf {
		g := newGrant(time.Hour, w.read())
		began := time.Now()
		c := w.minted(t, target, g)
		usable = append(usable, time.Since(began))
		client := w.HTTP(t)
		status := func() int {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.Address+"/api/v1/namespaces/"+w.orders()+"/configmaps/facts", nil)
			require.NoError(t, err)
			r.Header.Set("Authorization", "Bearer "+c.Env["KUBE_TOKEN"])
			resp, err := client.Do(r)
			require.NoError(t, err)
			resp.Body.Close()
			return resp.StatusCode
		}
		require.Equal(t, http.StatusOK, status())
		began = time.Now()
		require.NoError(t, target.Revoke(ctx, g))
		for last, until := began, began.Add(time.Minute); ; {
			at := time.Now()
			code := status()
			if code == http.StatusOK {
				last = at
			} else if code == http.StatusUnauthorized {
				refused, void = append(refused, last.Sub(began)), append(void, at.Sub(began))
				break
			}
			require.True(t, at.Before(until), "the token is not void")
		}
	}
	for what, all := range map[string][]time.Duration{"from the call to open to the first use": usable, "the last use that worked, from the call to revoke": refused, "the token refused (401), from the call to revoke": void} {
		slices.Sort(all)
		t.Logf("%s: p50 %s, max %s of %d", what, all[len(all)/2].Round(time.Millisecond), all[len(all)-1].Round(time.Millisecond), len(all))
	}
}
