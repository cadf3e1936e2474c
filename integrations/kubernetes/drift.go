package kubernetes

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"

	core "k8s.io/api/core/v1"
	rbac "k8s.io/api/rbac/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

var _ integrations.DriftDetector = (*target)(nil)

// Drift implements integrations.DriftDetector: marks and ends of the account and its
// bindings, what the bindings give and to whom, other bindings, in whatever
// namespace, that give the account more, and secrets with tokens of it. Tokens that
// somebody else asked Kubernetes for leave no trace there.
func (t *target) Drift(ctx context.Context, g access.Grant) ([]string, error) {
	want, err := t.config.rightsOf(g.Entitlement)
	if err != nil {
		return nil, err
	}
	account, err := t.account(ctx, g.Name)
	if err != nil || account == nil {
		return nil, err // a revoke deletes the account first
	}
	there, err := t.bindings(ctx, g.Name)
	if err != nil {
		return nil, err
	}
	var out []string
	if !t.sameMarks(account.ObjectMeta) {
		out = append(out, "its service account has lost marks of Ramp's")
	}
	out = append(out, integrations.EndDrift("its service account says that it ends at", endOf(account.ObjectMeta), g.ExpiresAt)...)
	for _, namespace := range slices.Sorted(maps.Keys(there)) {
		out = append(out, t.differences(there[namespace], want, g)...)
	}
	for _, namespace := range want.namespaces {
		if _, has := there[namespace]; !has {
			out = append(out, "its binding "+inNamespace(namespace)+" is gone")
		}
	}
	more, err := t.byHand(ctx, g.Name)
	return append(out, more...), err
}

// differences returns how a binding of a grant is not as it was made.
func (t *target) differences(b binding, want rights, g access.Grant) (out []string) {
	where := inNamespace(b.Namespace)
	switch {
	case !slices.Contains(want.namespaces, b.Namespace):
		return []string{"there is a binding of its name " + where}
	case b.RoleRef != want.role:
		out = append(out, "its binding "+where+" gives "+b.RoleRef.Kind+" "+access.Clip(b.RoleRef.Name, 60))
	case !t.gives(b, want.role):
		out = append(out, "its binding "+where+" is for others too")
	}
	if !t.sameMarks(b.ObjectMeta) {
		out = append(out, "its binding "+where+" has lost marks of Ramp's")
	}
	return append(out, integrations.EndDrift("its binding "+where+" says that it ends at", endOf(b.ObjectMeta), g.ExpiresAt)...)
}

// byHand returns what somebody made for a grant's account, and what Ramp cannot put right.
func (t *target) byHand(ctx context.Context, grant string) (out []string, err error) {
	bindings, secrets, err := t.everything(ctx)
	if err != nil {
		return nil, err
	}
	for _, b := range bindings {
		if (b.Name != grant || !t.owns(b)) && slices.ContainsFunc(b.Subjects, func(s rbac.Subject) bool { return t.isAccount(s, b.Namespace, grant) }) {
			out = append(out, "binding "+access.Clip(b.Name, 60)+" "+inNamespace(b.Namespace)+" gives its service account "+b.RoleRef.Kind+" "+access.Clip(b.RoleRef.Name, 60))
		}
	}
	for _, s := range secrets {
		if s.Annotations[core.ServiceAccountNameKey] == grant {
			out = append(out, "secret "+access.Clip(s.Name, 60)+" has a token of its service account")
		}
	}
	return out, nil
}

// isAccount reports whether a subject is a grant's account, as RBAC reads subjects: as the
// account, or as the user that its tokens are.
func (t *target) isAccount(s rbac.Subject, namespace, grant string) bool {
	if s.Kind == rbac.UserKind {
		return s.Name == "system:serviceaccount:"+t.config.Home+":"+grant
	}
	if s.Namespace != "" {
		namespace = s.Namespace
	}
	return s.Kind == rbac.ServiceAccountKind && s.Name == grant && namespace == t.config.Home
}

// tokenSecrets returns the secrets in home with tokens that do not end by themselves. Of
// what is in them it takes nothing.
func (t *target) tokenSecrets(ctx context.Context) ([]meta.PartialObjectMetadata, error) {
	return list[meta.PartialObjectMetadata](ctx, t.api, "/api/v1/namespaces/"+t.config.Home+"/secrets", "Secret",
		url.Values{"fieldSelector": {"type=" + string(core.SecretTypeServiceAccountToken)}})
}

// Restore implements integrations.DriftDetector. What somebody made under other names, or elsewhere, is
// not Ramp's to delete: it gives nobody anything once the account is deleted, so such a
// grant must be closed.
func (t *target) Restore(ctx context.Context, g access.Grant) error {
	want, err := t.config.rightsOf(g.Entitlement)
	if err != nil {
		return err
	}
	account, err := t.account(ctx, g.Name)
	if err != nil || account == nil {
		return err
	}
	more, err := t.byHand(ctx, g.Name)
	if err != nil {
		return err
	}
	if len(more) > 0 {
		return integrations.ErrChanged("its service account got more by hand (" + access.Clip(strings.Join(more, "; "), 200) + ")")
	}
	g.ExpiresAt = integrations.RestoredEnd(endOf(account.ObjectMeta), g.ExpiresAt)
	if !t.sameMarks(account.ObjectMeta) || endOf(account.ObjectMeta) != g.ExpiresAt {
		t.mark(&account.ObjectMeta, g)
		if _, err := t.api.replace(ctx, t.accountPath(g.Name), account); err != nil {
			return err
		}
	}
	there, err := t.bindings(ctx, g.Name)
	if err != nil {
		return err
	}
	for _, b := range there {
		if len(t.differences(b, want, g)) > 0 { // its role cannot be changed
			if err := t.dropBinding(ctx, b); err != nil {
				return err
			}
			delete(there, b.Namespace)
		}
	}
	for _, namespace := range want.namespaces {
		if _, has := there[namespace]; has {
			continue
		}
		if _, err := t.api.create(ctx, bindingsPath(namespace), t.newBinding(g, want.role, namespace), nil); err != nil {
			return err
		}
	}
	return t.stillThere(ctx, account)
}
