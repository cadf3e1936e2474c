package kubernetes

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"time"

	core "k8s.io/api/core/v1"
	rbac "k8s.io/api/rbac/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

const (
	kindRole        = "Role"
	kindClusterRole = "ClusterRole"
	rbacPath        = "/apis/rbac.authorization.k8s.io/v1"

	// Ramp's marks on everything that it makes. They are for people and for lists; what
	// belongs to a grant is found by its name.
	labelManager = "app.kubernetes.io/managed-by"
	labelHome    = "ramp.dev/home"
	// The end of access is in RFC 3339, in UTC.
	annotationEnds      = "ramp.dev/ends"
	annotationRequest   = "ramp.dev/request"
	annotationPrincipal = "ramp.dev/principal"
)

// binding is a RoleBinding, or without a namespace a ClusterRoleBinding: their fields are
// the same.
type binding = rbac.RoleBinding

func (t *target) accountsPath() string {
	return "/api/v1/namespaces/" + t.config.Home + "/serviceaccounts"
}

func (t *target) accountPath(grant string) string { return t.accountsPath() + "/" + grant }

func bindingsPath(namespace string) string {
	if namespace == "" {
		return rbacPath + "/clusterrolebindings"
	}
	return rbacPath + "/namespaces/" + url.PathEscape(namespace) + "/rolebindings"
}

func bindingPath(b binding) string { return bindingsPath(b.Namespace) + "/" + url.PathEscape(b.Name) }

// marked returns the metadata of what is made for a grant.
func (t *target) marked(g access.Grant, namespace string) meta.ObjectMeta {
	return meta.ObjectMeta{Name: g.Name, Namespace: namespace, Labels: t.labels(), Annotations: annotations(g)}
}

func (t *target) labels() map[string]string {
	return map[string]string{labelManager: "ramp", labelHome: t.config.Home}
}

func annotations(g access.Grant) map[string]string {
	return map[string]string{annotationEnds: g.ExpiresAt.Format(time.RFC3339), annotationRequest: g.RequestID, annotationPrincipal: g.Principal}
}

func (t *target) newAccount(g access.Grant) core.ServiceAccount {
	return core.ServiceAccount{TypeMeta: meta.TypeMeta{APIVersion: "v1", Kind: "ServiceAccount"}, ObjectMeta: t.marked(g, t.config.Home)}
}

func (t *target) newBinding(g access.Grant, role rbac.RoleRef, namespace string) binding {
	return typed(binding{ObjectMeta: t.marked(g, namespace), RoleRef: role, Subjects: t.subjects(g.Name)})
}

// typed returns a binding as it is sent. What comes in a list has no kind.
func typed(b binding) binding {
	b.TypeMeta = meta.TypeMeta{APIVersion: rbac.GroupName + "/v1", Kind: "RoleBinding"}
	if b.Namespace == "" {
		b.Kind = "ClusterRoleBinding"
	}
	return b
}

// subjects are those of a grant's bindings: its account alone.
func (t *target) subjects(grant string) []rbac.Subject {
	return []rbac.Subject{{Kind: rbac.ServiceAccountKind, Name: grant, Namespace: t.config.Home}}
}

// account returns a grant's service account, or nil if there is none. One that is being
// deleted, and waits for whoever put a finalizer on it, is none: see revoke.
func (t *target) account(ctx context.Context, grant string) (*core.ServiceAccount, error) {
	a, err := t.anyAccount(ctx, grant)
	if err != nil || a == nil || a.DeletionTimestamp != nil {
		return nil, err
	}
	return a, nil
}

// anyAccount returns a grant's service account, also one that is being deleted.
func (t *target) anyAccount(ctx context.Context, grant string) (*core.ServiceAccount, error) {
	return get(ctx, t.api, t.accountPath(grant), func(a *core.ServiceAccount) string { return a.Name })
}

// bindings returns a grant's bindings, by namespace.
func (t *target) bindings(ctx context.Context, grant string) (map[string]binding, error) {
	all, err := t.listBindings(ctx, url.Values{"fieldSelector": {"metadata.name=" + grant}})
	out := map[string]binding{}
	for _, b := range all {
		if b.Name == grant && t.owns(b) {
			out[b.Namespace] = b
		}
	}
	return out, err
}

// owns reports whether a binding is where the configuration lets Ramp make some. One of a
// grant's name anywhere else is somebody else's, or of a namespace that was taken off the
// configuration: it gives nobody anything once the grant's account is deleted.
func (t *target) owns(b binding) bool {
	if b.Namespace == "" {
		return len(t.config.WholeCluster) > 0
	}
	return slices.Contains(t.config.Namespaces, b.Namespace)
}

// listBindings returns bindings in all namespaces, and those of the whole cluster.
func (t *target) listBindings(ctx context.Context, selector url.Values) ([]binding, error) {
	all, err := list[binding](ctx, t.api, rbacPath+"/rolebindings", "RoleBinding", selector)
	if err != nil {
		return nil, err
	}
	everywhere, err := list[binding](ctx, t.api, rbacPath+"/clusterrolebindings", "ClusterRoleBinding", selector)
	return append(all, everywhere...), err
}

// endOf returns the end that an object says; zero if it does not.
func endOf(o meta.ObjectMeta) time.Time {
	at, err := time.Parse(time.RFC3339, o.Annotations[annotationEnds])
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

// sameMarks reports whether an object still has Ramp's marks, whatever else it has.
func (t *target) sameMarks(o meta.ObjectMeta) bool {
	return contains(o.Labels, t.labels()) && !endOf(o).IsZero()
}

func contains(has, want map[string]string) bool {
	for name, v := range want {
		if has[name] != v {
			return false
		}
	}
	return true
}

// mark puts Ramp's marks on an object again, with an end.
func (t *target) mark(o *meta.ObjectMeta, g access.Grant) {
	if o.Labels == nil {
		o.Labels = map[string]string{}
	}
	if o.Annotations == nil {
		o.Annotations = map[string]string{}
	}
	maps.Copy(o.Labels, t.labels())
	maps.Copy(o.Annotations, annotations(g))
}

// gives reports whether a binding gives just one role to just the grant's account.
func (t *target) gives(b binding, role rbac.RoleRef) bool {
	return b.RoleRef == role && slices.Equal(b.Subjects, t.subjects(b.Name))
}

// check returns an error of code conflict if bindings are not just those that an
// entitlement needs, no more and no fewer.
func (t *target) check(there map[string]binding, want rights) error {
	for namespace, b := range there {
		if !slices.Contains(want.namespaces, namespace) || !t.gives(b, want.role) {
			return integrations.ErrChanged("a binding of it " + inNamespace(namespace))
		}
	}
	if len(there) < len(want.namespaces) {
		return access.Errorf(access.CodeConflict, "the grant is open on other terms: a binding of it was deleted, or its entitlement was changed")
	}
	return nil
}

func inNamespace(namespace string) string {
	if namespace == "" {
		return "in the whole cluster"
	}
	return "in " + namespace
}
