package people

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLastAfterFailure: after a request that failed, however it failed, --last leads to no
// other request: a command would run with access that its author does not mean.
func TestLastAfterFailure(t *testing.T) {
	const before = "fedcba9876543210"
	refuse := func(status int, kind, detail string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"status":%d,"kind":%q,"code":"c","detail":%q}`, status, kind, detail)
		}
	}
	make := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, `{"id":%q,"state":"pending"}`, requestID) }
	cut := func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }

	for name, c := range map[string]struct {
		submit http.HandlerFunc
		args   string
		env    string
		said   []string
	}{
		"refused":               {submit: refuse(404, "not_found", "there is no contract"), args: "request ssh-dmeo", said: []string{"failed (there is no contract)"}},
		"unknown flag":          {args: "request ssh-demo --fro 2m", said: []string{"failed (unknown flag: --fro)"}},
		"flags that exclude":    {args: "request ssh-demo --in-next-window --break-glass", said: []string{"failed (if any flags in the group [in-next-window break-glass] are set"}},
		"no contract":           {args: "request", said: []string{"failed ("}},
		"not logged in":         {args: "request ssh-demo", env: "RAMP_TOKEN=", said: []string{"failed (not logged in"}},
		"the response is lost":  {submit: cut, args: "request ssh-demo", said: []string{"may have been made or not", "ramp ls --mine"}},
		"the server has a flaw": {submit: refuse(500, "internal", "something went wrong"), args: "request ssh-demo", said: []string{"may have been made or not"}},
		"contracts":             {args: "contracts propose ./none --reason x", said: []string{"failed ("}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFakeServer(t, vaultCredential())
			config := t.TempDir()
			ramp := func(args string, env ...string) (string, error) {
				cmd := f.ramp(strings.Fields(args)...)
				cmd.Env = append(append(cmd.Env, "XDG_CONFIG_HOME="+config, "HOME="+config), env...)
				out, err := cmd.CombinedOutput()
				return string(out), err
			}
			// A request that was made with the release before, whose file had the id alone.
			host := filepath.Join(config, "ramp", strings.NewReplacer("http://", "", ":", "_").Replace(f.url))
			require.NoError(t, os.MkdirAll(host, 0o700))
			require.NoError(t, os.WriteFile(filepath.Join(host, "last"), []byte(before), 0o600))

			f.submit = c.submit
			for range 2 { // the second failure forgets nothing of the first
				out, err := ramp(c.args, c.env)
				require.Error(t, err, out)
				out, err = ramp("exec --last -- touch " + filepath.Join(config, "ran"))
				require.Error(t, err, out)
				for _, said := range append(c.said, "--last names no request", "the request before that one is "+before) {
					require.Contains(t, out, said)
				}
				require.NoFileExists(t, filepath.Join(config, "ran"))
			}
			f.submit = make
			out, err := ramp("request ssh-demo")
			require.NoError(t, err, out)
			out, err = ramp("exec --last -- touch " + filepath.Join(config, "ran"))
			require.NoError(t, err, out)
			require.FileExists(t, filepath.Join(config, "ran"))

			// What was only tried changes nothing.
			f.submit = refuse(404, "not_found", "there is no contract")
			out, err = ramp("request ssh-dmeo --dry-run")
			require.Error(t, err, out)
			out, err = ramp("exec --last -- true")
			require.NoError(t, err, out)
		})
	}
}

// TestLastAfterKill: a command that is killed while the server makes its request leaves
// --last on none.
func TestLastAfterKill(t *testing.T) {
	f := newFakeServer(t, vaultCredential())
	home := "XDG_CONFIG_HOME=" + t.TempDir()
	asked, over := make(chan struct{}), make(chan struct{})
	f.submit = func(http.ResponseWriter, *http.Request) {
		close(asked)
		f.mu.Unlock()
		<-over
		f.mu.Lock()
	}
	cmd := f.ramp("request", "ssh-demo")
	cmd.Env = append(cmd.Env, home)
	require.NoError(t, cmd.Start())
	<-asked
	require.NoError(t, cmd.Process.Signal(syscall.SIGKILL))
	_ = cmd.Wait()
	close(over)
	cmd = f.ramp("exec", "--last", "--", "true")
	cmd.Env = append(cmd.Env, home)
	out, err := cmd.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "may have been made or not (the command did not finish)")
}

// TestSeveralGrantsThatAreOver: who picks up access that is over learns that, and is not
// asked to choose a grant first.
func TestSeveralGrantsThatAreOver(t *testing.T) {
	f := newFakeServer(t, vaultCredential())
	f.others = []any{map[string]any{"name": "ramp-" + requestID + "-b", "target": "x/z"}}
	out, err := f.ramp("exec", requestID, "--", "true").CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "choose one with --grant: ramp-"+requestID+"-a (x/y), ramp-"+requestID+"-b (x/z)")
	f.endIn(-1)
	out, err = f.ramp("exec", requestID, "--", "true").CombinedOutput()
	require.Error(t, err)
	require.Equal(t, "ramp: the request is ended, not active\n", string(out))
}
