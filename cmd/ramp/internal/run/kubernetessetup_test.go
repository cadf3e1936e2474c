package run

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/cmd/ramp/internal/credential"
	"ramp.dev/ramp/config"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/kubernetes"
	"ramp.dev/ramp/integrations/kubernetes/kubetest"
)

// TestKubernetesSetup applies what the command prints, twice, as an administrator of a
// cluster would; then the target's own check finds nothing wrong, and kubectl works with
// what somebody picks up, as the command line places it.
func TestKubernetesSetup(t *testing.T) {
	s := kubetest.Start(t)
	s.Apply(t, `{apiVersion: v1, kind: Namespace, metadata: {name: orders}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: facts, namespace: orders}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: "odd:role_1"}, rules: [{apiGroups: [""], resources: [configmaps], verbs: [get, list]}]}
`)
	dir := t.TempDir()
	file := filepath.Join(dir, "ramp.yaml")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `worker:
  targets:
    kubernetes/prod:
      kind: kubernetes
      address: %s
      caFile: %s
      token: file:token
      namespaces: [orders]
      clusterRoles: ["odd:role_1"]
`, s.Address, s.CAFile), 0o600))
	run := func(args ...string) (string, error) {
		c := kubernetesSetupCommand()
		var out bytes.Buffer
		c.SetOut(&out)
		c.SetErr(&out)
		c.SetArgs(append(args, "--config", file))
		err := c.Execute()
		return out.String(), err
	}
	for _, args := range [][]string{nil, {"kubernetes/prod"}} {
		manifest, err := run(args...)
		require.NoError(t, err, manifest)
		s.Apply(t, manifest)
	}
	_, err := run("kubernetes/other")
	require.ErrorContains(t, err, "it has: kubernetes/prod")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "token"), []byte(s.Token(t, "ramp-system", "worker")), 0o600))
	c, err := config.Load(file)
	require.NoError(t, err)
	name, cluster, err := targetOf[kubernetes.Config](c, "kubernetes", nil)
	require.NoError(t, err)
	opened, err := cluster.Open(t.Context(), name)
	require.NoError(t, err)
	target := integrations.Guard(opened)
	// The server goes by new roles and bindings some moments after they were made.
	require.EventuallyWithT(t, func(c *assert.CollectT) { require.NoError(c, target.Ping(t.Context())) }, time.Minute, 50*time.Millisecond, "what ramp doctor asks")

	id := access.NewRequestID()
	g := access.Grant{Name: access.GrantName(id, 0), RequestID: id, Target: name, Principal: "alice@example.com", ExpiresAt: time.Now().UTC().Add(time.Hour).Truncate(time.Second),
		Entitlement: access.Entitlement{"namespaces": []any{"orders"}, "clusterRole": "odd:role_1"}}
	require.NoError(t, target.Grant(t.Context(), g))
	cred, err := target.Mint(t.Context(), g)
	require.NoError(t, err)
	home := t.TempDir()
	placed, files, err := credential.Place(cred, home)
	require.NoError(t, err)
	for name, content := range files {
		require.NoError(t, os.WriteFile(filepath.Join(home, name), []byte(content), 0o600))
	}
	environ := credential.Environ(placed, []string{"HOME=" + home, "KUBECONFIG=/the/users/own", "KUBERNETES_MASTER=http://other"}, nil)
	kubectl := func(args ...string) (string, error) { return s.Kubectl(t, environ, "", args...) }
	require.Eventually(t, func() bool {
		out, err := kubectl("get", "configmaps", "facts", "-o", "name")
		return err == nil && strings.TrimSpace(out) == "configmap/facts"
	}, time.Minute, 50*time.Millisecond, "in the namespace of the access, without being told")
	out, err := kubectl("get", "secrets")
	require.Error(t, err)
	require.Contains(t, out, "system:serviceaccount:ramp-grants:"+g.Name, "what the server's own log names it")
	require.NoError(t, target.Revoke(t.Context(), g))
	require.Eventually(t, func() bool {
		out, err := kubectl("get", "configmaps", "facts")
		return err != nil && strings.Contains(out, "logged in") // 401, as kubectl says it
	}, time.Minute, 200*time.Millisecond)
}
