package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	core "k8s.io/api/core/v1"
	rbac "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations/jsonhttp"
	"ramp.dev/ramp/integrations/kubernetes/kubetest"
	"ramp.dev/ramp/integrations/targettest"
)

// world is a part of a server that belongs to one test: namespaces, roles and Ramp's own
// account, set up as the documentation says.
type world struct {
	*kubetest.Server
	config Config
	admin  *kubernetes.Clientset
	token  string // Ramp's own
}

// worlds numbers them.
type worlds struct{ n atomic.Int32 }

// roles are what the worlds' contracts may give. The second lets people try what they must
// not be able to do with it.
const roles = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: %[1]s-read}
rules:
  - {apiGroups: [""], resources: [configmaps], verbs: [get, list, watch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: %[1]s-admin}
rules:
  - {apiGroups: [""], resources: [configmaps, secrets, serviceaccounts], verbs: ["*"]}
  - {apiGroups: [""], resources: [serviceaccounts/token], verbs: [create]}
  - {apiGroups: [rbac.authorization.k8s.io], resources: [roles, rolebindings], verbs: ["*"]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: %[1]s-everywhere}
rules:
  - {apiGroups: [""], resources: [nodes, configmaps], verbs: [get, list, create]}
  - {apiGroups: [""], resources: [namespaces], verbs: [delete]}
  - {apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests], verbs: [create]}
  - {apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests/approval], verbs: [update]}
  - {apiGroups: [certificates.k8s.io], resources: [signers], resourceNames: [kubernetes.io/kube-apiserver-client], verbs: [approve]}
---
apiVersion: v1
kind: Namespace
metadata: {name: %[1]s-orders}
---
apiVersion: v1
kind: Namespace
metadata: {name: %[1]s-billing}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: facts, namespace: %[1]s-orders}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: debugger, namespace: %[1]s-orders}
rules:
  - {apiGroups: [""], resources: [configmaps], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: debugger, namespace: %[1]s-billing}
rules:
  - {apiGroups: [""], resources: [configmaps], verbs: [get]}
`

func (w *worlds) new(t *testing.T, s *kubetest.Server) *world {
	name := fmt.Sprintf("w%d", w.n.Add(1))
	c := Config{Config: jsonhttp.Config{Address: s.Address, CAFile: field.File(s.CAFile)}, Account: name + "-system/worker", Home: name + "-grants",
		Namespaces: []string{name + "-orders", name + "-billing"}, Roles: []string{"debugger"}, ClusterRoles: []string{name + "-read", name + "-admin"}, WholeCluster: []string{name + "-everywhere"}}
	setup, err := c.Setup("kubernetes/test")
	require.NoError(t, err)
	s.Apply(t, fmt.Sprintf(roles, name)+"---\n"+setup)
	token := s.Token(t, name+"-system", "worker")
	c.Token = field.SecretFile(kubetest.TokenFile(t, token))
	made := &world{s, c, s.Client(t, s.Admin), token}
	made.awaitPolicies(t)
	return made
}

// awaitPolicies waits until the server goes by the policies, which it does some moments
// after they were made.
func (w *world) awaitPolicies(t *testing.T) {
	dry := meta.CreateOptions{DryRun: []string{meta.DryRunAll}}
	worker := w.Client(t, w.token)
	grants, err := kubernetes.NewForConfig(&rest.Config{Host: w.Address, BearerToken: w.Admin, TLSClientConfig: rest.TLSClientConfig{CAFile: w.CAFile}, QPS: -1,
		Impersonate: rest.ImpersonationConfig{UserName: "admin", Groups: []string{"system:masters", "system:serviceaccounts:" + w.config.Home}}})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		_, one := worker.RbacV1().RoleBindings(w.orders()).Create(t.Context(), w.bound("mine", w.orders(), w.config.ClusterRoles[0]), dry)
		_, other := grants.RbacV1().RoleBindings(w.orders()).Create(t.Context(), w.bound("mine", w.orders(), w.config.ClusterRoles[0]), dry)
		_, home := grants.CoreV1().ConfigMaps(w.config.Home).Create(t.Context(), &core.ConfigMap{ObjectMeta: meta.ObjectMeta{Name: "mine"}}, dry)
		return apierrors.IsInvalid(one) && apierrors.IsInvalid(other) && apierrors.IsInvalid(home)
	}, time.Minute, 20*time.Millisecond, "the policies are not in force")
}

func (w *world) orders() string  { return w.config.Namespaces[0] }
func (w *world) billing() string { return w.config.Namespaces[1] }

// read, both and admin are entitlements.
func (w *world) read() access.Entitlement {
	return access.Entitlement{"namespaces": []any{w.orders()}, "clusterRole": w.config.ClusterRoles[0]}
}

func (w *world) both() access.Entitlement {
	return access.Entitlement{"namespaces": []any{w.billing(), w.orders()}, "clusterRole": w.config.ClusterRoles[0]}
}

func (w *world) all() access.Entitlement {
	return access.Entitlement{"namespaces": []any{w.orders()}, "clusterRole": w.config.ClusterRoles[1]}
}

func (w *world) everywhere() access.Entitlement {
	return access.Entitlement{"wholeCluster": w.config.WholeCluster[0]}
}

func (w *world) open(t *testing.T) *target {
	target, err := w.config.open(context.Background(), "kubernetes/test", nil)
	require.NoError(t, err)
	return target
}

func newGrant(life time.Duration, e access.Entitlement) access.Grant {
	id := access.NewRequestID()
	return access.Grant{Name: access.GrantName(id, 0), RequestID: id, Target: "kubernetes/test", Principal: "alice@example.com",
		Entitlement: e, ExpiresAt: time.Now().UTC().Add(life).Truncate(time.Second)}
}

// minted opens a grant, picks it up, and waits until it works.
func (w *world) minted(t *testing.T, target *target, g access.Grant) access.Credential {
	require.NoError(t, target.Grant(t.Context(), g))
	c, err := target.Mint(t.Context(), g)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return w.use(t, c) == nil }, time.Minute, 20*time.Millisecond, "it works")
	return c
}

// use reads as a person would. It returns targettest.ErrRefused if the server refuses.
func (w *world) use(t *testing.T, c access.Credential) error {
	_, err := w.Client(t, c.Env["KUBE_TOKEN"]).CoreV1().ConfigMaps(w.orders()).Get(t.Context(), "facts", meta.GetOptions{})
	if apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) {
		return fmt.Errorf("%w: %w", targettest.ErrRefused, err)
	}
	return err
}

// bound gives an account more, as an administrator would.
func (w *world) bound(name, namespace, role string, subjects ...rbac.Subject) *rbac.RoleBinding {
	return &rbac.RoleBinding{ObjectMeta: meta.ObjectMeta{Name: name, Namespace: namespace}, Subjects: subjects,
		RoleRef: rbac.RoleRef{APIGroup: rbac.GroupName, Kind: "ClusterRole", Name: role}}
}

func (w *world) account(grant string) rbac.Subject {
	return rbac.Subject{Kind: "ServiceAccount", Name: grant, Namespace: w.config.Home}
}

// names returns the names of all that could be Ramp's, read with Kubernetes' own client.
func (w *world) names(ctx context.Context) (out []string, err error) {
	accounts, err := w.admin.CoreV1().ServiceAccounts(w.config.Home).List(ctx, meta.ListOptions{})
	if err != nil {
		return nil, err
	}
	for _, a := range accounts.Items {
		out = append(out, a.Name)
	}
	for _, namespace := range w.config.Namespaces {
		bindings, err := w.admin.RbacV1().RoleBindings(namespace).List(ctx, meta.ListOptions{})
		if err != nil {
			return nil, err
		}
		for _, b := range bindings.Items {
			out = append(out, b.Name)
		}
	}
	everywhere, err := w.admin.RbacV1().ClusterRoleBindings().List(ctx, meta.ListOptions{})
	if err != nil {
		return nil, err
	}
	for _, b := range everywhere.Items {
		if len(b.Subjects) > 0 && b.Subjects[0].Namespace == w.config.Home {
			out = append(out, b.Name)
		}
	}
	return slices.DeleteFunc(out, func(name string) bool { return strings.HasPrefix(name, "ramp-worker-") }), nil
}

// faulty is a network that fails from call n on, or loses call n's reply.
func faulty(fault targettest.Fault, n int) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		return &targettest.Wire{To: next, Fault: fault, N: n,
			Throttled: func() *http.Response { return refusal(http.StatusTooManyRequests, "TooManyRequests") },
			Down:      func() *http.Response { return refusal(http.StatusServiceUnavailable, "ServiceUnavailable") },
			NotFoundYet: func(r *http.Request, _ http.RoundTripper) *http.Response {
				if r.Method != http.MethodGet && r.Method != http.MethodDelete {
					return nil
				}
				return refusal(http.StatusNotFound, "NotFound")
			}}
	}
}

func refusal(status int, reason string) *http.Response {
	return targettest.Response(status, nil, map[string]any{"kind": "Status", "apiVersion": "v1", "metadata": map[string]any{}, "status": "Failure", "message": "no",
		"reason": reason, "details": map[string]string{"name": "x", "kind": "y"}, "code": status})
}

// foreign makes accounts and bindings whose names are almost Ramp's, with Ramp's marks.
func (w *world) foreign(t *testing.T) func(context.Context) error {
	target, made := w.open(t), map[string]string{}
	marks := target.marked(newGrant(time.Hour, nil), "")
	for _, name := range []string{"ramp", "ramp-build", "ramp-0123456789abcdef-z", "ramp-0123456789abcdef", "ramp-0123456789abcdef-a-by-hand",
		"ramp-0123456789abcdef-ab", "xramp-0123456789abcdef-a", "ramp-0123456789abcdei-a"} {
		marks.Name = name
		account, err := w.admin.CoreV1().ServiceAccounts(w.config.Home).Create(t.Context(), &core.ServiceAccount{ObjectMeta: marks}, meta.CreateOptions{})
		require.NoError(t, err)
		b := w.bound(name, w.orders(), w.config.ClusterRoles[0], w.account(name))
		b.Labels, b.Annotations = maps.Clone(marks.Labels), maps.Clone(marks.Annotations)
		b, err = w.admin.RbacV1().RoleBindings(w.orders()).Create(t.Context(), b, meta.CreateOptions{})
		require.NoError(t, err)
		made[name] = account.ResourceVersion + " " + b.ResourceVersion
	}
	t.Cleanup(func() {
		for name := range made {
			require.NoError(t, w.removeByHand(context.Background(), name))
		}
	})
	return func(ctx context.Context) error {
		for name, was := range made {
			account, err := w.admin.CoreV1().ServiceAccounts(w.config.Home).Get(ctx, name, meta.GetOptions{})
			if err != nil {
				return err
			}
			b, err := w.admin.RbacV1().RoleBindings(w.orders()).Get(ctx, name, meta.GetOptions{})
			if err != nil {
				return err
			}
			if is := account.ResourceVersion + " " + b.ResourceVersion; is != was {
				return fmt.Errorf("%s was %s and is %s", name, was, is)
			}
		}
		return nil
	}
}

// removeByHand deletes what a grant made.
func (w *world) removeByHand(ctx context.Context, grant string) error {
	err := w.admin.CoreV1().ServiceAccounts(w.config.Home).Delete(ctx, grant, meta.DeleteOptions{})
	for _, namespace := range w.config.Namespaces {
		if failed := w.admin.RbacV1().RoleBindings(namespace).Delete(ctx, grant, meta.DeleteOptions{}); !apierrors.IsNotFound(failed) {
			err = errors.Join(err, failed)
		}
	}
	return err
}
