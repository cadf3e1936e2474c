package credential

import (
	"encoding/json"
	"maps"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

func forKubernetes() access.Credential {
	return access.Credential{Kind: "kubernetes", Env: map[string]string{"KUBE_HOST": "https://cluster.example.com:6443", "KUBE_NAMESPACE": "orders",
		"KUBE_TOKEN": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln"}}
}

// The file has what the variables have, and nothing else.
func TestKubeconfig(t *testing.T) {
	placed, files, err := Place(forKubernetes(), "/run/user/1/ramp-1/access-2")
	require.NoError(t, err)
	require.Equal(t, "/run/user/1/ramp-1/access-2/kubeconfig", placed.Env["KUBECONFIG"])
	require.Equal(t, placed.Env["KUBECONFIG"], placed.Env["KUBE_CONFIG_PATH"])
	var written map[string]any
	require.NoError(t, json.Unmarshal([]byte(files["kubeconfig"]), &written))
	require.Equal(t, map[string]any{"apiVersion": "v1", "kind": "Config", "current-context": "ramp",
		"clusters": []any{map[string]any{"name": "ramp", "cluster": map[string]any{"server": "https://cluster.example.com:6443"}}},
		"users":    []any{map[string]any{"name": "ramp", "user": map[string]any{"token": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln"}}},
		"contexts": []any{map[string]any{"name": "ramp", "context": map[string]any{"cluster": "ramp", "user": "ramp", "namespace": "orders"}}}}, written)
	environ := Environ(placed, []string{"KUBECONFIG=mine", "KUBERNETES_SERVICE_HOST=10.0.0.1", "HELM_KUBETOKEN=mine", "HELM_CACHE_HOME=/x"}, nil)
	require.NotContains(t, environ, "KUBECONFIG=mine")
	require.NotContains(t, environ, "HELM_KUBETOKEN=mine")
	require.NotContains(t, environ, "KUBERNETES_SERVICE_HOST=10.0.0.1")
	require.Contains(t, environ, "HELM_CACHE_HOME=/x")
}

// Whoever hands out credentials brings no file that names a program, and sends a token
// nowhere in clear.
func TestCase54Kubeconfig(t *testing.T) {
	for what, change := range map[string]func(*access.Credential){
		"a kubeconfig": func(c *access.Credential) {
			c.Files = map[string]string{"kubeconfig": "users: [{user: {exec: {command: sh}}}]"}
		},
		"another kubeconfig":  func(c *access.Credential) { c.Env["KUBECONFIG"] = "/tmp/evil" },
		"a proxy":             func(c *access.Credential) { c.Env["KUBE_PROXY_URL"] = "http://evil" },
		"http":                func(c *access.Credential) { c.Env["KUBE_HOST"] = "http://cluster.example.com" },
		"no address":          func(c *access.Credential) { c.Env["KUBE_HOST"] = "$(sh)" },
		"no token":            func(c *access.Credential) { delete(c.Env, "KUBE_TOKEN") },
		"a line in the token": func(c *access.Credential) { c.Env["KUBE_TOKEN"] += "\nexec: x" },
		"no namespace":        func(c *access.Credential) { c.Env["KUBE_NAMESPACE"] = "-a" },
		"no authorities":      func(c *access.Credential) { c.Env["KUBE_CLUSTER_CA_CERT_DATA"] = "/etc/passwd" },
	} {
		t.Run(what, func(t *testing.T) {
			c := forKubernetes()
			c.Env = maps.Clone(c.Env)
			change(&c)
			_, _, err := Place(c, "/run/x")
			require.Equal(t, access.CodeEvidence, access.CodeOf(err), "%v", err)
		})
	}
}
