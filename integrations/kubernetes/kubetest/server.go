// Package kubetest runs a real Kubernetes API server for tests: the binary that `make
// setup` puts below tools/bin, with an etcd, both on this machine only. There are no
// controllers and no nodes: nothing of Kubernetes but its API.
package kubetest

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/internal/ports"
	"ramp.dev/ramp/internal/testtools"
)

// Server is one running API server.
type Server struct {
	Address string // such as https://127.0.0.1:6443
	CAFile  string // the authority of its certificate
	Admin   string // a token with all rights
	Signing *ecdsa.PrivateKey
	serves  *process
}

// startTimeout is how long an API server may take to be ready: two seconds where the
// machine has nothing else to do.
const startTimeout = 3 * time.Minute

// Start runs an API server until the test ends. Without the binaries the test fails.
func Start(t testing.TB) *Server {
	t.Helper()
	dir := t.TempDir()
	s := &Server{Admin: rand.Text() + rand.Text()}
	client, peer, serving := ports.ForTest(t), ports.ForTest(t), ports.ForTest(t)
	etcd, err := exec.LookPath("etcd")
	require.NoError(t, err, "etcd is missing: run make setup")
	etcdDone := run(t, dir, etcd, "--data-dir", filepath.Join(dir, "etcd"), "--listen-client-urls", "http://"+client, "--advertise-client-urls", "http://"+client,
		"--listen-peer-urls", "http://"+peer, "--initial-advertise-peer-urls", "http://"+peer, "--initial-cluster", "default=http://"+peer, "--logger", "zap", "--log-level", "error")

	s.Address = "https://" + serving
	s.CAFile = filepath.Join(dir, "serving.crt")
	certificate(t, s.CAFile, filepath.Join(dir, "serving.key"))
	s.Signing = signingKey(t, filepath.Join(dir, "accounts.key"))
	tokens := filepath.Join(dir, "tokens.csv")
	require.NoError(t, os.WriteFile(tokens, []byte(s.Admin+`,admin,admin,"system:masters"`+"\n"), 0o600))
	_, port, err := net.SplitHostPort(serving)
	require.NoError(t, err)
	s.serves = run(t, dir, testtools.Binary(t, "kube-apiserver"), "--etcd-servers", "http://"+client, "--bind-address", "127.0.0.1", "--secure-port", port,
		"--tls-cert-file", s.CAFile, "--tls-private-key-file", filepath.Join(dir, "serving.key"), "--cert-dir", dir, "--token-auth-file", tokens,
		"--authorization-mode", "RBAC", "--service-account-issuer", "https://kubernetes.default.svc", "--service-account-key-file", filepath.Join(dir, "accounts.key"),
		"--service-account-signing-key-file", filepath.Join(dir, "accounts.key"), "--service-cluster-ip-range", "10.0.0.0/24", "--v", "0")
	s.awaitReady(t, etcdDone, s.serves)
	return s
}

// Kill ends the API server as a crash does, and waits. What it has stored stays in etcd.
func (s *Server) Kill() { s.serves.kill() }

// Restart starts a killed API server again, at the same address. It does not wait until
// the server is ready.
func (s *Server) Restart() error { return s.serves.start() }

// awaitReady waits until the API server is ready, with its own roles in place.
func (s *Server) awaitReady(t testing.TB, etcd, apiserver *process) {
	t.Helper()
	client := s.HTTP(t)
	for deadline := time.Now().Add(startTimeout); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		for _, p := range []*process{etcd, apiserver} {
			select {
			case <-p.done:
				require.FailNow(t, "it ended", "%s: %s", p.name, p.out.String())
			default:
			}
		}
		r, err := http.NewRequest(http.MethodGet, s.Address+"/readyz", nil)
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer "+s.Admin)
		if resp, err := client.Do(r); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
	}
	require.FailNow(t, "the API server is not ready", "%s", apiserver.out.String())
}

// HTTP returns a client that trusts the server's certificate.
func (s *Server) HTTP(t testing.TB) *http.Client {
	t.Helper()
	pem, err := os.ReadFile(s.CAFile)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(pem))
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 30 * time.Second}
}

// process is one of the server's processes.
type process struct {
	name, dir, binary string
	args              []string
	out               testtools.Output
	cmd               *exec.Cmd
	done              chan struct{}
}

// run starts a process and kills it after the test.
func run(t testing.TB, dir, binary string, args ...string) *process {
	t.Helper()
	p := &process{name: filepath.Base(binary), dir: dir, binary: binary, args: args}
	require.NoError(t, p.start())
	t.Cleanup(p.kill)
	return p
}

// start starts the process. The environment is empty, so that nothing of the developer's
// gets in.
func (p *process) start() error {
	cmd := exec.Command(p.binary, p.args...) // #nosec G204 -- for tests
	cmd.Env = []string{"HOME=" + p.dir, "PATH=" + os.Getenv("PATH")}
	cmd.Dir = p.dir
	cmd.Stdout, cmd.Stderr = &p.out, &p.out
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	p.cmd, p.done = cmd, done
	return nil
}

// kill is kill -9, and waits.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}
