package kubernetes

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	authentication "k8s.io/api/authentication/v1"
	core "k8s.io/api/core/v1"
	rbac "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// actsForNobodyElse: with rights in a namespace, people make tokens of every service account
// there. None of those is a grant's, and nothing that they make outlives their access.
func actsForNobodyElse(t *testing.T, w *world) {
	target := w.open(t)
	theirs := newGrant(time.Hour, w.read())
	w.minted(t, target, theirs)
	g := newGrant(time.Hour, w.all())
	c := w.minted(t, target, g)
	mine, ctx, orders := w.Client(t, c.Env["KUBE_TOKEN"]), t.Context(), w.orders()
	_, err := w.admin.CoreV1().ServiceAccounts(orders).Create(ctx, &core.ServiceAccount{ObjectMeta: meta.ObjectMeta{Name: "app"}}, meta.CreateOptions{})
	require.NoError(t, err)

	outlives := "changes no roles and bindings, and makes no access that would outlive it"
	day := int64(24 * 3600)
	token := func(namespace, account string) error {
		_, err := mine.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, account, &authentication.TokenRequest{Spec: authentication.TokenRequestSpec{ExpirationSeconds: &day}}, meta.CreateOptions{})
		return err
	}
	require.Eventually(t, func() bool { return apierrors.IsForbidden(token(w.config.Home, theirs.Name)) }, time.Minute, 20*time.Millisecond, "a token of the next grant's account")
	require.ErrorContains(t, token(w.config.Home, g.Name), "forbidden")
	require.ErrorContains(t, token(orders, "app"), outlives)
	secret := func(kind core.SecretType) error {
		_, err := mine.CoreV1().Secrets(orders).Create(ctx, &core.Secret{Type: kind, ObjectMeta: meta.ObjectMeta{GenerateName: "s-",
			Annotations: map[string]string{core.ServiceAccountNameKey: "app"}}}, meta.CreateOptions{})
		return err
	}
	require.ErrorContains(t, secret(core.SecretTypeServiceAccountToken), outlives)
	require.NoError(t, secret(core.SecretTypeOpaque), "what their role allows, and what gives nobody access")
	_, err = mine.RbacV1().RoleBindings(orders).Create(ctx, w.bound("mine", orders, w.config.ClusterRoles[0], rbac.Subject{Kind: "ServiceAccount", Name: "app", Namespace: orders}), meta.CreateOptions{})
	require.ErrorContains(t, err, outlives)
	own, err := mine.RbacV1().RoleBindings(orders).Get(ctx, g.Name, meta.GetOptions{})
	require.NoError(t, err)
	own.Subjects = append(own.Subjects, rbac.Subject{Kind: "User", APIGroup: rbac.GroupName, Name: "mallory"})
	_, err = mine.RbacV1().RoleBindings(orders).Update(ctx, own, meta.UpdateOptions{})
	require.ErrorContains(t, err, outlives)

	require.ErrorContains(t, mine.RbacV1().RoleBindings(orders).Delete(ctx, "ramp-worker-"+w.config.Home, meta.DeleteOptions{}), outlives, "what Ramp ends access with")

	everywhere := newGrant(time.Hour, w.everywhere())
	c = w.minted(t, target, everywhere)
	_, err = w.Client(t, c.Env["KUBE_TOKEN"]).CertificatesV1().CertificateSigningRequests().Create(ctx, signing(t), meta.CreateOptions{})
	require.ErrorContains(t, err, outlives)
	all := w.Client(t, c.Env["KUBE_TOKEN"]).CoreV1()
	ours, made := "changes nothing in Ramp's own namespaces", &core.ConfigMap{ObjectMeta: meta.ObjectMeta{Name: "theirs"}}
	require.ErrorContains(t, second(all.ConfigMaps(w.config.Home).Create(ctx, made, meta.CreateOptions{})), ours)
	require.ErrorContains(t, all.Namespaces().Delete(ctx, w.config.Home, meta.DeleteOptions{}), ours)
	require.NoError(t, second(all.ConfigMaps(orders).Create(ctx, made, meta.CreateOptions{})), "elsewhere its role holds")
	require.NoError(t, second(all.Nodes().Create(ctx, &core.Node{ObjectMeta: meta.ObjectMeta{Name: "node-of-" + w.config.Home}}, meta.CreateOptions{})))
	require.NoError(t, all.Namespaces().Delete(ctx, w.billing(), meta.DeleteOptions{}))
	for _, g := range []access.Grant{theirs, g, everywhere} {
		require.NoError(t, target.Revoke(ctx, g))
	}
}

// nothingHoldsUpItsEnd: what has a finalizer is not deleted until somebody takes that off,
// and a binding that waits for it still gives what it gave.
func nothingHoldsUpItsEnd(t *testing.T, w *world) {
	target, ctx := w.open(t), t.Context()
	g := newGrant(time.Hour, w.both())
	c := w.minted(t, target, g)
	held := []string{"example.com/hold"}
	account, err := w.admin.CoreV1().ServiceAccounts(w.config.Home).Get(ctx, g.Name, meta.GetOptions{})
	require.NoError(t, err)
	account.Finalizers = held
	_, err = w.admin.CoreV1().ServiceAccounts(w.config.Home).Update(ctx, account, meta.UpdateOptions{})
	require.NoError(t, err)
	b, err := w.admin.RbacV1().RoleBindings(w.orders()).Get(ctx, g.Name, meta.GetOptions{})
	require.NoError(t, err)
	b.Finalizers = held
	_, err = w.admin.RbacV1().RoleBindings(w.orders()).Update(ctx, b, meta.UpdateOptions{})
	require.NoError(t, err)
	// Somebody deletes it by hand, and it hangs: it is open until it is gone.
	require.NoError(t, w.admin.CoreV1().ServiceAccounts(w.config.Home).Delete(ctx, g.Name, meta.DeleteOptions{}))
	r, err := target.Inspect(ctx, g)
	require.NoError(t, err)
	require.True(t, r.Open)
	_, err = target.Mint(ctx, g)
	require.Equal(t, access.CodeNotFound, access.CodeOf(err))
	require.NoError(t, target.Revoke(ctx, g))
	w.ended(t, target, g, c)

	// One whose bindings are gone is open too, until its account is.
	g = newGrant(time.Hour, w.read())
	w.minted(t, target, g)
	account, err = w.admin.CoreV1().ServiceAccounts(w.config.Home).Get(ctx, g.Name, meta.GetOptions{})
	require.NoError(t, err)
	account.Finalizers = held
	_, err = w.admin.CoreV1().ServiceAccounts(w.config.Home).Update(ctx, account, meta.UpdateOptions{})
	require.NoError(t, err)
	require.NoError(t, w.removeByHand(ctx, g.Name))
	r, err = target.Inspect(ctx, g)
	require.NoError(t, err)
	require.True(t, r.Open)
	require.NoError(t, target.Revoke(ctx, g))
	left, err := w.names(ctx)
	require.NoError(t, err)
	require.NotContains(t, left, g.Name)
}

// thief tries what somebody can do who has Ramp's own token.
func thief(t *testing.T, w *world) {
	ctx, orders, read := t.Context(), w.orders(), w.config.ClusterRoles[0]
	mine := w.Client(t, w.token)
	mallory := rbac.Subject{Kind: "User", APIGroup: rbac.GroupName, Name: "mallory"}
	grant := access.GrantName(access.NewRequestID(), 0)
	_, err := w.admin.RbacV1().RoleBindings(orders).Create(ctx, w.bound("the-teams", orders, read, mallory), meta.CreateOptions{})
	require.NoError(t, err)
	bind := func(b *rbac.RoleBinding) error {
		_, err := mine.RbacV1().RoleBindings(b.Namespace).Create(ctx, b, meta.CreateOptions{})
		return err
	}
	for what, err := range map[string]error{
		"rights for a person":                bind(w.bound(grant, orders, read, mallory)),
		"rights for a person, too":           bind(w.bound(grant, orders, read, w.account(grant), mallory)),
		"rights for an account of another":   bind(w.bound(grant, orders, read, rbac.Subject{Kind: "ServiceAccount", Name: grant, Namespace: orders})),
		"rights for another grant's":         bind(w.bound(grant, orders, read, w.account("ramp-0123456789abcdef-b"))),
		"rights for nobody yet":              bind(w.bound(grant, orders, read)),
		"a binding with a name of its own":   bind(w.bound("mine", orders, read, w.account("mine"))),
		"a role that is not listed":          bind(w.bound(grant, orders, "cluster-admin", w.account(grant))),
		"a namespace that is not listed":     bind(w.bound(grant, "kube-system", read, w.account(grant))),
		"a binding of somebody else's":       mine.RbacV1().RoleBindings(orders).Delete(ctx, "the-teams", meta.DeleteOptions{}),
		"all bindings":                       mine.RbacV1().RoleBindings(orders).DeleteCollection(ctx, meta.DeleteOptions{}, meta.ListOptions{}),
		"an account with a name of its own":  second(mine.CoreV1().ServiceAccounts(w.config.Home).Create(ctx, &core.ServiceAccount{ObjectMeta: meta.ObjectMeta{Name: "mine"}}, meta.CreateOptions{})),
		"a token of the namespace's default": second(mine.CoreV1().ServiceAccounts(orders).CreateToken(ctx, "default", &authentication.TokenRequest{}, meta.CreateOptions{})),
		"secrets of a namespace":             second(mine.CoreV1().Secrets(orders).List(ctx, meta.ListOptions{})),
		"a pod":                              second(mine.CoreV1().Pods(w.config.Home).Create(ctx, &core.Pod{ObjectMeta: meta.ObjectMeta{Name: "x"}, Spec: core.PodSpec{Containers: []core.Container{{Name: "x", Image: "x"}}}}, meta.CreateOptions{})),
		"the policy itself":                  mine.AdmissionregistrationV1().ValidatingAdmissionPolicyBindings().Delete(ctx, "ramp-worker-"+w.config.Home, meta.DeleteOptions{}),
		"a role with more":                   second(mine.RbacV1().Roles(orders).Create(ctx, &rbac.Role{ObjectMeta: meta.ObjectMeta{Name: "debugger2"}}, meta.CreateOptions{})),
	} {
		require.True(t, apierrors.IsForbidden(err) || apierrors.IsInvalid(err), "%s: %v", what, err)
	}
	// Neither is an account of another's touched, though RBAC would let it be.
	_, err = w.admin.CoreV1().ServiceAccounts(w.config.Home).Create(ctx, &core.ServiceAccount{ObjectMeta: meta.ObjectMeta{Name: "other"}}, meta.CreateOptions{})
	require.NoError(t, err)
	require.ErrorContains(t, mine.CoreV1().ServiceAccounts(w.config.Home).Delete(ctx, "other", meta.DeleteOptions{}), "named after a grant")
	require.ErrorContains(t, second(mine.CoreV1().ServiceAccounts(w.config.Home).CreateToken(ctx, "other", &authentication.TokenRequest{}, meta.CreateOptions{})), "named after a grant")
	require.NoError(t, bind(w.bound(grant, orders, read, w.account(grant))), "what Ramp itself does")
	require.NoError(t, w.open(t).Revoke(ctx, access.Grant{Name: grant}))
}

func second[T any](_ T, err error) error { return err }

// everything does all that a target does, and returns the first error. It leaves out only
// the comparison with a list of rights.
func everything(ctx context.Context, w *world, target *target) error {
	namespaces := []any{w.orders(), w.billing()}
	entitlements := []access.Entitlement{w.everywhere(), {"namespaces": namespaces, "role": "debugger"}}
	for _, role := range w.config.ClusterRoles {
		entitlements = append(entitlements, access.Entitlement{"namespaces": namespaces, "clusterRole": role})
	}
	for _, e := range entitlements {
		g := newGrant(time.Hour, e)
		if err := target.Grant(ctx, g); err != nil {
			return err
		}
		if _, err := target.Mint(ctx, g); err != nil {
			return err
		}
		if _, err := target.List(ctx); err != nil {
			return err
		}
		g.ExpiresAt = g.ExpiresAt.Add(time.Hour)
		if err := target.Extend(ctx, g); err != nil {
			return err
		}
		target.seen.at = time.Time{}
		if _, err := target.Drift(ctx, g); err != nil {
			return err
		}
		if err := target.Revoke(ctx, g); err != nil {
			return err
		}
	}
	return target.checkPolicies(ctx)
}

// rightsAreAllNeeded takes each right of Ramp's own account away in turn: something that
// the target does then fails. The suite has run with just these.
func rightsAreAllNeeded(t *testing.T, w *world) {
	target, ctx := w.open(t), t.Context()
	require.EventuallyWithT(t, func(c *assert.CollectT) { require.NoError(c, everything(ctx, w, target)) }, time.Minute, 50*time.Millisecond)
	clear := func() {
		names, err := w.names(context.Background())
		if err != nil {
			return // it is called until all is as it should be, and not by the test's own goroutine
		}
		for _, name := range names {
			if _, ok := access.RequestIDFromGrantName(name); ok {
				_ = w.admin.CoreV1().ServiceAccounts(w.config.Home).Delete(context.Background(), name, meta.DeleteOptions{})
				_ = w.removeByHand(context.Background(), name)
				_ = w.admin.RbacV1().ClusterRoleBindings().Delete(context.Background(), name, meta.DeleteOptions{})
			}
		}
	}
	for _, rules := range ruleSets(t, w) {
		all := rules.get(ctx)
		for _, smaller := range withoutOne(all) {
			require.NoError(t, rules.set(ctx, smaller.rules))
			require.Eventually(t, func() bool {
				err := everything(ctx, w, target)
				clear()
				return access.CodeOf(err) == access.CodeForbidden && err != nil
			}, time.Minute, 20*time.Millisecond, "%s: %s is not needed", rules.name, smaller.without)
		}
		require.NoError(t, rules.set(ctx, all))
		require.Eventually(t, func() bool { return everything(ctx, w, target) == nil }, time.Minute, 20*time.Millisecond)
	}
}

// ruleSet is one of the roles of Ramp's own account.
type ruleSet struct {
	name string
	get  func(context.Context) []rbac.PolicyRule
	set  func(context.Context, []rbac.PolicyRule) error
}

func ruleSets(t *testing.T, w *world) (out []ruleSet) {
	admin := w.admin.RbacV1()
	name := "ramp-worker-" + w.config.Home
	roles := func(namespace, name string) ruleSet {
		one := func(ctx context.Context) *rbac.Role {
			r, err := admin.Roles(namespace).Get(ctx, name, meta.GetOptions{})
			require.NoError(t, err)
			return r
		}
		return ruleSet{namespace, func(ctx context.Context) []rbac.PolicyRule { return one(ctx).Rules }, func(ctx context.Context, rules []rbac.PolicyRule) error {
			r := one(ctx)
			r.Rules = rules
			return second(admin.Roles(namespace).Update(ctx, r, meta.UpdateOptions{}))
		}}
	}
	everywhere := func(ctx context.Context) *rbac.ClusterRole {
		r, err := admin.ClusterRoles().Get(ctx, name, meta.GetOptions{})
		require.NoError(t, err)
		return r
	}
	return []ruleSet{roles(w.config.Home, "ramp-worker"), roles(w.billing(), name),
		{"the cluster", func(ctx context.Context) []rbac.PolicyRule { return everywhere(ctx).Rules }, func(ctx context.Context, rules []rbac.PolicyRule) error {
			r := everywhere(ctx)
			r.Rules = rules
			return second(admin.ClusterRoles().Update(ctx, r, meta.UpdateOptions{}))
		}}}
}

type fewerRules struct {
	without string
	rules   []rbac.PolicyRule
}

// withoutOne returns the rules with one verb, resource or name less, for each.
func withoutOne(all []rbac.PolicyRule) (out []fewerRules) {
	for i, rule := range all {
		for part, of := range map[string]func(*rbac.PolicyRule) *[]string{
			"verb":     func(r *rbac.PolicyRule) *[]string { return &r.Verbs },
			"resource": func(r *rbac.PolicyRule) *[]string { return &r.Resources },
			"name":     func(r *rbac.PolicyRule) *[]string { return &r.ResourceNames },
		} {
			for k, one := range *of(&rule) {
				if len(*of(&rule)) == 1 && part != "verb" {
					continue // the rule is gone with its verb
				}
				fewer := slices.Clone(all)
				changed := *rule.DeepCopy()
				*of(&changed) = slices.Delete(*of(&changed), k, k+1)
				if fewer[i] = changed; len(*of(&changed)) == 0 {
					fewer = slices.Delete(fewer, i, i+1)
				}
				out = append(out, fewerRules{part + " " + one + " of " + strings.Join(rule.Resources, ", "), fewer})
			}
		}
	}
	return out
}

// ping finds a cluster that was not set up, and rights that Ramp's own account need not have.
func ping(t *testing.T, w *world) {
	ctx, target := t.Context(), w.open(t)
	// The server goes by new roles and bindings some moments after they were made.
	require.EventuallyWithT(t, func(c *assert.CollectT) { require.NoError(c, target.Ping(ctx)) }, time.Minute, 50*time.Millisecond)
	says := func(text string) {
		t.Helper()
		require.Eventually(t, func() bool {
			target.seen.at = time.Time{}
			err := target.Ping(ctx)
			return access.CodeOf(err) == access.CodeForbidden && strings.Contains(err.Error(), text)
		}, time.Minute, 20*time.Millisecond, text)
	}
	other := w.config
	other.Namespaces = other.Namespaces[:1]
	smaller, err := other.open(ctx, "kubernetes/test", nil)
	require.NoError(t, err)
	require.ErrorContains(t, smaller.Ping(ctx), "was not set up for this configuration")
	r, err := target.Rights(ctx)
	require.NoError(t, err)
	require.Equal(t, integrations.Rights{}, r)

	_, err = w.admin.RbacV1().RoleBindings(w.orders()).Create(ctx, w.bound("all", w.orders(), "view", rbac.Subject{Kind: "Group", APIGroup: rbac.GroupName, Name: "system:serviceaccounts:" + w.config.Home}), meta.CreateOptions{})
	require.NoError(t, err)
	says("gives rights to all service accounts of")
	require.NoError(t, w.admin.RbacV1().RoleBindings(w.orders()).Delete(ctx, "all", meta.DeleteOptions{}))

	namespace, name, _ := strings.Cut(w.config.Account, "/")
	_, err = w.admin.RbacV1().RoleBindings(w.orders()).Create(ctx, w.bound("more", w.orders(), "cluster-admin", rbac.Subject{Kind: "ServiceAccount", Name: name, Namespace: namespace}), meta.CreateOptions{})
	require.NoError(t, err)
	says("which it need not")
	r, err = target.Rights(ctx)
	require.NoError(t, err)
	require.Contains(t, r.TooMuch, "impersonate users in "+w.orders())
	require.NoError(t, w.admin.RbacV1().RoleBindings(w.orders()).Delete(ctx, "more", meta.DeleteOptions{}))

	policy := "ramp-grants-" + w.config.Home
	require.NoError(t, w.admin.AdmissionregistrationV1().ValidatingAdmissionPolicyBindings().Delete(ctx, policy, meta.DeleteOptions{}))
	says("admission policy " + policy + " is not in force")
}

// revokedMeanwhile: a revoke that comes while a grant is being opened leaves no binding,
// though the grant makes its bindings after the revoke has looked for them.
func revokedMeanwhile(t *testing.T, w *world) {
	g := newGrant(time.Hour, w.both())
	healthy, ctx := w.open(t), t.Context()
	bindings := 0
	target, err := w.config.open(ctx, "kubernetes/test", func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/rolebindings") {
				if bindings++; bindings == 2 {
					if err := healthy.Revoke(ctx, g); err != nil {
						return nil, err
					}
				}
			}
			return next.RoundTrip(r)
		})
	})
	require.NoError(t, err)
	require.Equal(t, access.CodeConflict, access.CodeOf(target.Grant(ctx, g)))
	left, err := w.names(ctx)
	require.NoError(t, err)
	require.NotContains(t, left, g.Name)
}
