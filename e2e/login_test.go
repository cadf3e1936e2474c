package e2e

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestLogin logs in with `ramp login`, with an HTTP client for a browser.
func TestLogin(t *testing.T) {
	t.Parallel()
	in := install(t)
	in.start(nil, "dev").ready()
	home := t.TempDir()
	ramp := func(args ...string) *exec.Cmd {
		cmd := exec.Command(binary, append(args, "--server", in.url())...)
		cmd.Env = append(os.Environ(), "HOME="+home, "XDG_CONFIG_HOME=", "RAMP_TOKEN=")
		return cmd
	}
	out := &lockedBuffer{}
	login := ramp("login")
	login.Stdout, login.Stderr = out, out
	require.NoError(t, login.Start())
	t.Cleanup(func() { _ = login.Process.Kill() })
	var at *url.URL
	in.eventually(60*time.Second, "an address to log in at", func() bool {
		found := regexp.MustCompile(`http://\S+/authorize\S+`).FindString(out.tail(4000))
		at, _ = url.Parse(found)
		return found != ""
	})
	require.Equal(t, "S256", at.Query().Get("code_challenge_method"))
	back, err := url.Parse(at.Query().Get("redirect_uri"))
	require.NoError(t, err)

	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	browser := &http.Client{Jar: jar, Timeout: 30 * time.Second}
	get := func(u string) (*http.Response, string) {
		res, err := browser.Get(u)
		require.NoError(t, err)
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		return res, string(b)
	}
	res, _ := get("http://" + back.Host + "/callback?code=planted&state=guessed")
	require.Equal(t, http.StatusNotFound, res.StatusCode, "a callback with another state is not taken")
	res, page := get(at.String())
	require.Contains(t, page, "Who are you today?")
	res, err = browser.PostForm(res.Request.URL.String(), url.Values{"id": {res.Request.URL.Query().Get("id")}, "person": {"alice"}})
	require.NoError(t, err)
	defer res.Body.Close()
	done, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Contains(t, string(done), "Go back to your terminal")
	require.NoError(t, login.Wait(), "%s", out.tail(4000))
	require.Contains(t, out.tail(4000), "Logged in as Alice Ahn (alice) until")

	list, err := ramp("ls").CombinedOutput()
	require.NoError(t, err, "%s", list)
	require.Contains(t, string(list), "No requests")
	kept := 0
	for _, f := range files(t, home) {
		info, err := os.Stat(f)
		require.NoError(t, err)
		require.Zero(t, info.Mode().Perm()&0o077, "%s may be read by others", f)
		kept++
	}
	require.Equal(t, 1, kept)
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			out = append(out, path)
		}
		return err
	}))
	return out
}
