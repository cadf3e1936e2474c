// Package vaulttest runs a real Vault for tests: the binary that `make setup`
// puts below tools/bin, in memory and on this machine only.
package vaulttest

import (
	"bytes"
	"crypto/rand"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/vault/api"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/internal/ports"
)

// Server is one running Vault.
type Server struct {
	Address string      // such as http://127.0.0.1:8200
	Root    *api.Client // with all rights
}

// Start runs a Vault until the test ends. Without the binary the test fails.
func Start(t testing.TB) *Server {
	t.Helper()
	binary := Binary(t)
	token, home := "root-"+rand.Text(), t.TempDir()
	address := ports.ForTest(t)
	run(t, binary, address, token, home)
	s := &Server{Address: "http://" + address}
	s.Root = s.Client(t, token)
	return s
}

// run starts the process and waits until it serves.
func run(t testing.TB, binary, address, token, home string) {
	t.Helper()
	cmd := exec.Command(binary, "server", "-dev", "-dev-no-store-token", "-dev-root-token-id="+token, "-dev-listen-address="+address) // #nosec G204 -- for tests
	// The environment is empty, so that no VAULT_ variable and no token of the
	// developer's gets in.
	cmd.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH")}
	cmd.Dir = home
	var out output
	cmd.Stdout, cmd.Stderr = &out, &out
	require.NoError(t, cmd.Start())
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-done
	})
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		select {
		case <-done:
			require.FailNow(t, "Vault ended", "%s", out.String())
		default:
		}
		r, err := http.NewRequest(http.MethodGet, "http://"+address+"/v1/auth/token/lookup-self", nil)
		require.NoError(t, err)
		r.Header.Set("X-Vault-Token", token)
		if resp, err := http.DefaultClient.Do(r); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
	}
	require.FailNow(t, "Vault does not respond", "%s", out.String())
}

// Binary returns the path of the vault binary in the module's tools/bin.
func Binary(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		require.NotEqual(t, dir, filepath.Dir(dir), "this is not below Ramp's go.mod")
		dir = filepath.Dir(dir)
	}
	path := filepath.Join(dir, "tools", "bin", "vault")
	_, err = os.Stat(path)
	require.NoError(t, err, "tools/bin/vault is missing: run `make setup`")
	return path
}

// output collects the server's output, to show it if the server fails.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}
