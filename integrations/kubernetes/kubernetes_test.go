package kubernetes

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/require"
	core "k8s.io/api/core/v1"
	rbac "k8s.io/api/rbac/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/kubernetes/kubetest"
	"ramp.dev/ramp/integrations/targettest"
)

// TestKubernetes runs everything against one real API server, each part in namespaces of
// its own.
func TestKubernetes(t *testing.T) {
	s, w := kubetest.Start(t), &worlds{}
	for name, part := range map[string]func(*testing.T, *world){
		"Conformance":                 conformance,
		"WholeCluster":                wholeCluster,
		"TokensEnd":                   tokensEnd,
		"Clocks":                      clocks,
		"DeletedMeansVoid":            deletedMeansVoid,
		"TheSameNameAgain":            theSameNameAgain,
		"Case136ActsForNobodyElse":    actsForNobodyElse,
		"Case136NothingHoldsUpItsEnd": nothingHoldsUpItsEnd,
		"Case136LeavesNobodyMore":     leavesNobodyMore,
		"Case137ThiefOfRampsToken":    thief,
		"RevokedMeanwhile":            revokedMeanwhile,
		"RightsAreAllNeeded":          rightsAreAllNeeded,
		"Ping":                        ping,
		"Figures":                     figures,
		"WatchesGoOn":                 watchesGoOn,
	} {
		t.Run(name, func(t *testing.T) { part(t, w.new(t, s)) })
	}
}

func conformance(t *testing.T, w *world) {
	namespaces := []any{w.orders()}
	role := w.config.ClusterRoles[0]
	targettest.Run(t, targettest.Harness{
		Open:   func(t *testing.T) integrations.Target { return w.open(t) },
		Target: "kubernetes/test", Principal: "alice@example.com",
		Entitlement: w.both(), Other: access.Entitlement{"namespaces": namespaces, "role": "debugger"},
		Invalid: map[string]access.Entitlement{
			"no role":             {"namespaces": namespaces},
			"two roles":           {"namespaces": namespaces, "role": "debugger", "clusterRole": role},
			"no namespaces":       {"clusterRole": role},
			"empty list":          {"namespaces": []any{}, "clusterRole": role},
			"one namespace":       {"namespaces": w.orders(), "clusterRole": role},
			"twice":               {"namespaces": []any{w.orders(), w.orders()}, "clusterRole": role},
			"another namespace":   {"namespaces": []any{"kube-system"}, "clusterRole": role},
			"home":                {"namespaces": []any{w.config.Home}, "clusterRole": role},
			"all namespaces":      {"namespaces": []any{""}, "clusterRole": role},
			"a path":              {"namespaces": []any{w.orders() + "/../kube-system"}, "clusterRole": role},
			"not allowed":         {"namespaces": namespaces, "clusterRole": "cluster-admin"},
			"a role as another":   {"namespaces": namespaces, "role": role},
			"everywhere, in some": {"namespaces": namespaces, "wholeCluster": w.config.WholeCluster[0]},
			"namespaced, but not": {"wholeCluster": role},
		},
		ListNames: w.names,
		Remove:    w.removeByHand,
		Widen:     w.widen(),
		Foreign:   w.foreign,
		UseAt: func(ctx context.Context, _ access.Grant, c access.Credential, at time.Time) error {
			return w.useAt(t, c, at)
		},
		Faulty: func(t *testing.T, fault targettest.Fault, n int) integrations.Target {
			target, err := w.config.open(context.Background(), "kubernetes/test", faulty(fault, n))
			require.NoError(t, err)
			return target
		},
		ShortTTL: 15 * time.Minute, // shorter tokens there are not
		Lacks:    targettest.Lacks{Sessions: "Kubernetes does not say who has what open, and ends nothing that is open"},
	})
}

// useAt uses the access now, or says whether the server will take its token at a later
// time, as TokensEnd shows that it does.
func (w *world) useAt(t *testing.T, c access.Credential, at time.Time) error {
	if err := w.use(t, c); err != nil {
		return err
	}
	if at.Add(-leeway).After(ends(t, c)) {
		return targettest.ErrRefused
	}
	return nil
}

// ends returns the end that a token says.
func ends(t *testing.T, c access.Credential) time.Time {
	parsed, err := jwt.ParseSigned(c.Env["KUBE_TOKEN"], []jose.SignatureAlgorithm{jose.ES256})
	require.NoError(t, err)
	var claims jwt.Claims
	require.NoError(t, parsed.UnsafeClaimsWithoutVerification(&claims))
	return claims.Expiry.Time()
}

// widen changes what a grant made, as an administrator of the cluster would.
func (w *world) widen() map[string]func(context.Context, access.Grant) error {
	accounts, bindings := w.admin.CoreV1().ServiceAccounts(w.config.Home), w.admin.RbacV1().RoleBindings(w.orders())
	account := func(change func(*core.ServiceAccount)) func(context.Context, access.Grant) error {
		return func(ctx context.Context, g access.Grant) error {
			a, err := accounts.Get(ctx, g.Name, meta.GetOptions{})
			if err != nil {
				return err
			}
			change(a)
			_, err = accounts.Update(ctx, a, meta.UpdateOptions{})
			return err
		}
	}
	changed := func(change func(*rbac.RoleBinding)) func(context.Context, access.Grant) error {
		return func(ctx context.Context, g access.Grant) error {
			b, err := bindings.Get(ctx, g.Name, meta.GetOptions{})
			if err != nil {
				return err
			}
			change(b)
			_, err = bindings.Update(ctx, b, meta.UpdateOptions{})
			return err
		}
	}
	more := func(name func(access.Grant) string, namespace string) func(context.Context, access.Grant) error {
		return func(ctx context.Context, g access.Grant) error {
			_, err := w.admin.RbacV1().RoleBindings(namespace).Create(ctx, w.bound(name(g), namespace, w.config.ClusterRoles[1], w.account(g.Name)), meta.CreateOptions{})
			return err
		}
	}
	return map[string]func(context.Context, access.Grant) error{
		"for somebody else too": changed(func(b *rbac.RoleBinding) {
			b.Subjects = append(b.Subjects, rbac.Subject{Kind: "User", APIGroup: rbac.GroupName, Name: "mallory"})
		}),
		"another role": func(ctx context.Context, g access.Grant) error {
			if err := bindings.Delete(ctx, g.Name, meta.DeleteOptions{}); err != nil {
				return err
			}
			return more(func(g access.Grant) string { return g.Name }, w.orders())(ctx, g)
		},
		"no marks":            account(func(a *core.ServiceAccount) { a.Labels = nil }),
		"no marks of binding": changed(func(b *rbac.RoleBinding) { b.Labels, b.Annotations = nil, nil }),
		"no end":              account(func(a *core.ServiceAccount) { a.Annotations = nil }),
		"until later":         account(func(a *core.ServiceAccount) { a.Annotations[annotationEnds] = "2099-01-01T00:00:00Z" }),
		"a binding less": func(ctx context.Context, g access.Grant) error {
			return bindings.Delete(ctx, g.Name, meta.DeleteOptions{})
		},
		"elsewhere":          more(func(g access.Grant) string { return g.Name }, "default"),
		"under another name": more(func(g access.Grant) string { return "helpful" }, "default"),
		"by its name, everywhere": func(ctx context.Context, g access.Grant) error {
			_, err := w.admin.RbacV1().ClusterRoleBindings().Create(ctx, &rbac.ClusterRoleBinding{ObjectMeta: meta.ObjectMeta{Name: g.Name},
				RoleRef: rbac.RoleRef{APIGroup: rbac.GroupName, Kind: "ClusterRole", Name: w.config.WholeCluster[0]}, Subjects: []rbac.Subject{w.account(g.Name)}}, meta.CreateOptions{})
			return err
		},
		"as a user, everywhere": func(ctx context.Context, g access.Grant) error {
			_, err := w.admin.RbacV1().ClusterRoleBindings().Create(ctx, &rbac.ClusterRoleBinding{ObjectMeta: meta.ObjectMeta{Name: "helpful-" + g.Name},
				RoleRef:  rbac.RoleRef{APIGroup: rbac.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
				Subjects: []rbac.Subject{{Kind: "User", APIGroup: rbac.GroupName, Name: "system:serviceaccount:" + w.config.Home + ":" + g.Name}}}, meta.CreateOptions{})
			return err
		},
		"a token for ever": func(ctx context.Context, g access.Grant) error {
			_, err := w.admin.CoreV1().Secrets(w.config.Home).Create(ctx, &core.Secret{Type: core.SecretTypeServiceAccountToken,
				ObjectMeta: meta.ObjectMeta{Name: "token-" + g.Name, Annotations: map[string]string{core.ServiceAccountNameKey: g.Name}}}, meta.CreateOptions{})
			return err
		},
	}
}

// wholeCluster opens what is in no namespace.
func wholeCluster(t *testing.T, w *world) {
	target := w.open(t)
	g := newGrant(time.Hour, w.everywhere())
	c := w.minted(t, target, g)
	_, err := w.Client(t, c.Env["KUBE_TOKEN"]).CoreV1().Nodes().List(t.Context(), meta.ListOptions{})
	require.NoError(t, err)
	require.Equal(t, "default", c.Env["KUBE_NAMESPACE"])
	differences, err := target.Drift(t.Context(), g)
	require.NoError(t, err)
	require.Empty(t, differences)
	listed, err := target.List(t.Context())
	require.NoError(t, err)
	require.Equal(t, g.Name, listed[0].Name)
	require.NoError(t, target.Revoke(t.Context(), g))
	w.ended(t, target, g, c)
}

// ended waits until access is refused, and reads back that nothing is left.
func (w *world) ended(t *testing.T, target *target, g access.Grant, c access.Credential) {
	require.Eventually(t, func() bool { return w.use(t, c) != nil }, time.Minute, 20*time.Millisecond, "it still works")
	r, err := target.Inspect(t.Context(), g)
	require.NoError(t, err)
	require.True(t, r.Gone())
}

// tokensEnd tries what the server makes of the end that a token says: with tokens that the
// server's own key signed, since nobody waits ten minutes for one.
func tokensEnd(t *testing.T, w *world) {
	target := w.open(t)
	g := newGrant(time.Hour, w.read())
	c := w.minted(t, target, g)
	const tolerated = time.Minute // see aged, below
	end := ends(t, c)
	require.False(t, end.Add(tolerated).After(g.ExpiresAt), "it works after its grant")
	require.LessOrEqual(t, g.ExpiresAt.Sub(end.Add(tolerated)), time.Minute, "a slow machine counts")
	require.False(t, c.ExpiresAt.After(g.ExpiresAt))

	parsed, err := jwt.ParseSigned(c.Env["KUBE_TOKEN"], []jose.SignatureAlgorithm{jose.ES256})
	require.NoError(t, err)
	var claims map[string]any
	require.NoError(t, parsed.UnsafeClaimsWithoutVerification(&claims))
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: w.Signing, KeyID: parsed.Headers[0].KeyID}}, nil)
	require.NoError(t, err)
	aged := func(ago time.Duration) error {
		claims["exp"] = time.Now().Add(-ago).Unix()
		token, err := jwt.Signed(signer).Claims(claims).Serialize()
		require.NoError(t, err)
		return w.use(t, access.Credential{Env: map[string]string{"KUBE_TOKEN": token}})
	}
	require.NoError(t, aged(0), "servers take a token for a minute after its end; if this one does not, tokens end a minute early")
	require.ErrorIs(t, aged(tolerated+2*time.Second), targettest.ErrRefused)

	// Access for less than the shortest token: its token says more than it, and its
	// account's end is what voids it.
	short := newGrant(time.Minute, w.read())
	c = w.minted(t, target, short)
	require.Equal(t, short.ExpiresAt, c.ExpiresAt)
	require.True(t, ends(t, c).After(short.ExpiresAt))
	require.NoError(t, target.Revoke(t.Context(), short))
	w.ended(t, target, short, c)
}

// deletedMeansVoid reads back with the token itself: rights are gone at once, and the
// token is no token any more when servers forget that it was one, after ten seconds.
func deletedMeansVoid(t *testing.T, w *world) {
	t.Parallel()
	target := w.open(t)
	g := newGrant(time.Hour, w.read())
	c := w.minted(t, target, g)
	require.NoError(t, target.Revoke(t.Context(), g))
	w.ended(t, target, g, c)
	require.Eventually(t, func() bool { return w.status(t, c.Env["KUBE_TOKEN"]) == http.StatusUnauthorized }, time.Minute, 100*time.Millisecond)
}

// status returns with what the server responds to a token.
func (w *world) status(t *testing.T, token string) int {
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.Address+"/api/v1/namespaces/"+w.orders()+"/configmaps/facts", nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := w.HTTP(t).Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	return resp.StatusCode
}

// theSameNameAgain: an account that somebody makes under a revoked grant's name, bound as
// it was, brings no token of the grant's back.
func theSameNameAgain(t *testing.T, w *world) {
	t.Parallel()
	target := w.open(t)
	g := newGrant(time.Hour, w.read())
	c := w.minted(t, target, g)
	require.NoError(t, target.Revoke(t.Context(), g))
	w.ended(t, target, g, c)
	require.NoError(t, target.Grant(t.Context(), g))
	require.Eventually(t, func() bool { return w.status(t, c.Env["KUBE_TOKEN"]) == http.StatusUnauthorized }, time.Minute, 100*time.Millisecond)
	require.NoError(t, target.Revoke(t.Context(), g))
}

// watchesGoOn shows what approvers read of what is open at the end: servers look at a token
// and its rights when a watch begins, and not again.
func watchesGoOn(t *testing.T, w *world) {
	target := w.open(t)
	g := newGrant(time.Hour, w.read())
	c := w.minted(t, target, g)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	watch, err := w.Client(t, c.Env["KUBE_TOKEN"]).CoreV1().ConfigMaps(w.orders()).Watch(ctx, meta.ListOptions{ResourceVersion: "0"})
	require.NoError(t, err)
	defer watch.Stop()
	require.NoError(t, target.Revoke(t.Context(), g))
	w.ended(t, target, g, c)
	_, err = w.admin.CoreV1().ConfigMaps(w.orders()).Create(t.Context(), &core.ConfigMap{ObjectMeta: meta.ObjectMeta{Name: "later"}}, meta.CreateOptions{})
	require.NoError(t, err)
	for event := range watch.ResultChan() {
		if got, ok := event.Object.(*core.ConfigMap); ok && got.Name == "later" {
			return
		}
	}
	require.Fail(t, "the watch ended, or told nothing for a minute: approvers read that it goes on")
}
