// Package vaulttest runs a real Vault for tests: the binary that `make setup`
// puts below tools/bin, in memory and on this machine only.
package vaulttest

import (
	"crypto/rand"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/hashicorp/vault/api"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/internal/ports"
	"ramp.dev/ramp/internal/testtools"
)

// Server is one running Vault.
type Server struct {
	Address string      // such as http://127.0.0.1:8200
	Root    *api.Client // with all rights
}

// Start runs a Vault until the test ends. Without the binary the test fails.
func Start(t testing.TB) *Server {
	t.Helper()
	binary := testtools.Binary(t, "vault")
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
	var out testtools.Output
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
