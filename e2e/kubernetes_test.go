package e2e

import (
	"context"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations/jsonhttp"
	"ramp.dev/ramp/integrations/kubernetes"
	"ramp.dev/ramp/integrations/kubernetes/kubetest"
)

// cluster is a real Kubernetes, set up as the documentation says, with a namespace orders
// that has something to read.
type cluster struct {
	*kubetest.Server
	t     *testing.T
	token string // a reference to a file: of Ramp's own account
}

// clusterWorld is what is there before Ramp is.
const clusterWorld = `
apiVersion: v1
kind: Namespace
metadata: {name: orders}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: facts, namespace: orders}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: orders-read}
rules:
  - {apiGroups: [""], resources: [configmaps], verbs: [get, list, watch]}
---
`

// newCluster starts one for a target of this name.
func newCluster(t *testing.T, target string) *cluster {
	s := kubetest.Start(t)
	setup, err := kubernetes.Config{Config: jsonhttp.Config{Address: s.Address, CAFile: field.File(s.CAFile)},
		Namespaces: []string{"orders"}, ClusterRoles: []string{"orders-read"}}.Setup(target)
	require.NoError(t, err)
	s.Apply(t, clusterWorld+setup)
	return &cluster{s, t, "file:" + kubetest.TokenFile(t, s.Token(t, "ramp-system", "worker"))}
}

// config is the target's, for workers that reach the cluster at host and port; people reach
// it directly.
func (c *cluster) config(address string) doc {
	return doc{"kind": "kubernetes", "address": "https://" + address, "clients": c.Address, "caFile": c.CAFile, "token": c.token,
		"namespaces": []string{"orders"}, "clusterRoles": []string{"orders-read"}}
}

// reads is kubectl's part, with a picked-up token.
func (c *cluster) reads(ctx context.Context, token string) error {
	_, err := c.Client(c.t, token).CoreV1().ConfigMaps("orders").Get(ctx, "facts", meta.GetOptions{})
	return err
}

var grantShape = regexp.MustCompile(`^ramp-[0-9a-z]{16}-[a-j]$`)

// grants are those whose service account or binding is in the cluster.
func (c *cluster) grants(ctx context.Context) (out []string, err error) {
	admin := c.Client(c.t, c.Admin)
	accounts, err := admin.CoreV1().ServiceAccounts("ramp-grants").List(ctx, meta.ListOptions{})
	if err != nil {
		return nil, err
	}
	bindings, err := admin.RbacV1().RoleBindings("orders").List(ctx, meta.ListOptions{})
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, a := range accounts.Items {
		names = append(names, a.Name)
	}
	for _, b := range bindings.Items {
		names = append(names, b.Name)
	}
	for _, name := range names {
		if grantShape.MatchString(name) {
			out = append(out, name)
		}
	}
	return out, nil
}
