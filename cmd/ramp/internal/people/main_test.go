package people

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// TestMain lets the test's own binary be ramp, as a process of its own that can be
// sent signals.
func TestMain(m *testing.M) {
	if os.Getenv("RAMP_TEST_BE_RAMP") == "" {
		os.Exit(m.Run())
	}
	c := &cobra.Command{Use: "ramp", SilenceUsage: true, SilenceErrors: true}
	c.AddCommand(Commands()...)
	contracts := &cobra.Command{Use: "contracts"}
	contracts.AddCommand(ContractCommands()...)
	c.AddCommand(contracts)
	err := c.Execute()
	var child *exec.ExitError
	switch {
	case errors.As(err, &child) && child.ExitCode() >= 0:
		os.Exit(child.ExitCode())
	case err != nil:
		fmt.Fprintln(os.Stderr, "ramp:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

const requestID = "0123456789abcdef"

// fakeServer has one request, whose access ends when the test says, and hands out
// the credential that the test says.
type fakeServer struct {
	*testing.T
	url, runtime string

	mu       sync.Mutex
	ends     time.Time
	cred     access.Credential
	pickedUp func()           // is called, with mu held, when the credential is; may be nil
	submit   http.HandlerFunc // of a request that is made, with mu held; may be nil
	others   []any            // more grants of the request
}

func newFakeServer(t *testing.T, cred access.Credential) *fakeServer {
	f := &fakeServer{T: t, ends: time.Now().Add(time.Minute), cred: cred}
	var err error
	f.runtime, err = os.MkdirTemp("", "r") // short: a socket is in it
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(f.runtime) })
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	f.url = srv.URL
	return f
}

func (f *fakeServer) endIn(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ends = time.Now().Add(d)
}

// ServeHTTP serves one request and its credential.
func (f *fakeServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	const grant = "ramp-" + requestID + "-a"
	switch r.URL.Path {
	case "/api/v1/requests/" + requestID:
		state := access.StateActive
		if !time.Now().Before(f.ends) {
			state = access.StateEnding
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"id": requestID, "state": state, "expiresAt": f.ends,
			"plan": map[string]any{"grants": append([]any{map[string]any{"name": grant, "target": "x/y"}}, f.others...)}})
	case "/api/v1/requests/" + requestID + "/credentials":
		if !time.Now().Before(f.ends) {
			w.WriteHeader(http.StatusConflict)
			fmt.Fprint(w, `{"status":409,"kind":"conflict","code":"wrong_state","detail":"the request is ended, not active"}`)
			return
		}
		var in struct{ Recipient string }
		_ = json.NewDecoder(r.Body).Decode(&in)
		cred := f.cred
		cred.ExpiresAt = f.ends
		sealed, err := evidence.Seal(in.Recipient, evidence.CredentialContext(requestID, grant), cred)
		require.NoError(f, err)
		if f.pickedUp != nil {
			f.pickedUp()
		}
		_ = json.NewEncoder(w).Encode(sealed)
	case "/api/v1/requests":
		f.submit(w, r)
	default:
		http.NotFound(w, r)
	}
}

// ramp is a command of the test's binary, which is ramp then.
func (f *fakeServer) ramp(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "RAMP_TEST_BE_RAMP=1", "RAMP_SERVER="+f.url, "RAMP_TOKEN=token", "XDG_RUNTIME_DIR="+f.runtime)
	return cmd
}

// left are the files of credentials that are on the disk.
func (f *fakeServer) left() (out []string) {
	require.NoError(f, filepath.WalkDir(f.runtime, func(path string, d os.DirEntry, err error) error {
		if err == nil && strings.Contains(path, "access-") {
			out = append(out, path)
		}
		return nil
	}))
	return out
}

func (f *fakeServer) eventually(what string, is func() bool) {
	f.Helper()
	require.Eventually(f, is, time.Minute, 20*time.Millisecond, what)
}

// vaultCredential is one in variables, sshCredential one in files.
func vaultCredential() access.Credential {
	return access.Credential{Kind: "vault", Env: map[string]string{"VAULT_ADDR": "https://vault.example.com", "VAULT_TOKEN": "hvs.it's"}, Hint: "vault kv get …"}
}

func sshCredential(t *testing.T) access.Credential {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	signer, err := ssh.NewSignerFromKey(private)
	require.NoError(t, err)
	key, err := ssh.NewPublicKey(public)
	require.NoError(t, err)
	cert := &ssh.Certificate{Key: key, CertType: ssh.UserCert, KeyId: "ramp-test", ValidBefore: ssh.CertTimeInfinity}
	require.NoError(t, cert.SignCert(rand.Reader, signer))
	block, err := ssh.MarshalPrivateKey(private, "")
	require.NoError(t, err)
	config := []string{"-F", "{{dir}}/config"}
	return access.Credential{Kind: "ssh", Files: map[string]string{
		"id": string(pem.EncodeToMemory(block)), "id-cert.pub": string(ssh.MarshalAuthorizedKey(cert)), "known_hosts": "",
		"config": "Host demo\n  HostName 192.0.2.7\n  Port 2222\n  User deploy\n  IdentityFile \"{{dir}}/id\"\n",
	}, Arguments: map[string][]string{"ssh": config, "scp": config, "sftp": config}, Command: []string{"ssh", "demo"}}
}
