package temporalserver

import (
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestUI: who opens the UI at localhost is led to the address at which
// they are logged in to Ramp, with the path and the query. What they see first has the
// columns that they need.
func TestUI(t *testing.T) {
	s, err := Start(t.Context(), Config{Dir: t.TempDir(), Addr: "127.0.0.1:0"})
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Stop() })
	ui, err := StartUI("127.0.0.1:0", s.Addr, "http://127.0.0.1:1", "Status", "RampState")
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

	// A browser's first page sets the columns; what it asks for then is the UI's own.
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+ui.Addr+path, nil)
	require.NoError(t, err)
	req.Header.Set("Sec-Fetch-Dest", "document")
	first := func() (string, *http.Response) {
		res, err := browser.Do(req)
		require.NoError(t, err)
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		return string(b), res
	}
	text, res := first()
	require.Contains(t, text, "namespace-workflow-table-columns")
	require.Contains(t, text, "RampState")
	req.AddCookie(res.Cookies()[0])
	text, _ = first()
	require.NotContains(t, text, "RampState")
}
