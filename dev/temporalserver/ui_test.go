package temporalserver

import (
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestUIHasOneName: who opens the UI at localhost is led to the address at which
// they are logged in to Ramp, with the path and the query.
func TestUIHasOneName(t *testing.T) {
	s, err := Start(t.Context(), Config{Dir: t.TempDir(), Addr: "127.0.0.1:0"})
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Stop() })
	ui, err := StartUI("127.0.0.1:0", s.Addr, "http://127.0.0.1:1")
	require.NoError(t, err)
	t.Cleanup(ui.Stop)
	_, port, err := net.SplitHostPort(ui.Addr)
	require.NoError(t, err)
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	get := func(address string) *http.Response {
		res, err := browser.Get(address)
		if err != nil {
			return nil
		}
		res.Body.Close()
		return res
	}
	path := "/namespaces/default/workflows?query=x"
	require.Eventually(t, func() bool {
		res := get("http://" + ui.Addr + path)
		return res != nil && res.StatusCode == http.StatusOK
	}, time.Minute, 50*time.Millisecond)
	res := get("http://localhost:" + port + path)
	require.NotNil(t, res)
	require.Equal(t, http.StatusTemporaryRedirect, res.StatusCode)
	require.Equal(t, "http://"+ui.Addr+path, res.Header.Get("Location"))
}
