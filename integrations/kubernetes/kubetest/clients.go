package kubetest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	authentication "k8s.io/api/authentication/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"ramp.dev/ramp/internal/testtools"
)

// Client returns Kubernetes' own client with a token.
func (s *Server) Client(t testing.TB, token string) *kubernetes.Clientset {
	t.Helper()
	client, err := kubernetes.NewForConfig(&rest.Config{Host: s.Address, BearerToken: token, QPS: -1,
		TLSClientConfig: rest.TLSClientConfig{CAFile: s.CAFile}, Timeout: 30 * time.Second, WarningHandler: rest.NoWarnings{}})
	require.NoError(t, err)
	return client
}

// Apply applies YAML with kubectl, as an administrator does.
func (s *Server) Apply(t testing.TB, yaml string) {
	t.Helper()
	out, err := s.Kubectl(t, []string{"HOME=" + t.TempDir()}, yaml, "--server", s.Address, "--token", s.Admin, "--certificate-authority", s.CAFile, "apply", "-f", "-")
	require.NoError(t, err, out)
}

// Kubectl runs the server's kubectl, with nothing in its environment but environ.
func (s *Server) Kubectl(t testing.TB, environ []string, stdin string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), testtools.Binary(t, "kubectl"), args...) // #nosec G204 -- for tests
	cmd.Env, cmd.Stdin = environ, strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// Token returns a token of a service account, valid for a day.
func (s *Server) Token(t testing.TB, namespace, account string) string {
	t.Helper()
	day := int64(24 * 3600)
	made, err := s.Client(t, s.Admin).CoreV1().ServiceAccounts(namespace).CreateToken(context.Background(), account,
		&authentication.TokenRequest{Spec: authentication.TokenRequestSpec{ExpirationSeconds: &day}}, meta.CreateOptions{})
	require.NoError(t, err)
	return made.Status.Token
}

// TokenFile writes a token into a file and returns its path.
func TokenFile(t testing.TB, token string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(path, []byte(token+"\n"), 0o600))
	return path
}
