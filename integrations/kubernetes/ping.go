package kubernetes

import (
	"context"
	"net/http"
	"slices"
	"strings"

	admission "k8s.io/api/admissionregistration/v1"
	authentication "k8s.io/api/authentication/v1"
	rbac "k8s.io/api/rbac/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ramp.dev/ramp/access"
)

// Ping implements integrations.Pinger: Ramp's own token is that of the account which the
// cluster was set up for, has the rights that it needs and none of those that it must not
// have, and the policies that hold it and the grants are in force. Errors are of code
// forbidden, unavailable and throttled.
func (t *target) Ping(ctx context.Context) error {
	var self authentication.SelfSubjectReview
	err := t.ask(ctx, "/apis/authentication.k8s.io/v1/selfsubjectreviews",
		authentication.SelfSubjectReview{TypeMeta: meta.TypeMeta{APIVersion: "authentication.k8s.io/v1", Kind: "SelfSubjectReview"}}, &self)
	if err != nil {
		return err
	}
	if want := "system:serviceaccount:" + strings.Replace(t.config.Account, "/", ":", 1); self.Status.UserInfo.Username != want {
		return access.Errorf(access.CodeForbidden, "Ramp's own token is one of %s and not of %s, which the cluster was set up for", access.Clip(self.Status.UserInfo.Username, 80), want)
	}
	if err := t.checkPolicies(ctx); err != nil {
		return err
	}
	bindings, _, err := t.everything(ctx)
	if err != nil {
		return err
	}
	for _, b := range bindings {
		if slices.ContainsFunc(b.Subjects, func(s rbac.Subject) bool {
			return s.Kind == rbac.GroupKind && s.Name == "system:serviceaccounts:"+t.config.Home
		}) {
			return access.Errorf(access.CodeForbidden, "binding %s %s gives rights to all service accounts of %s, and so to everybody with access", access.Clip(b.Name, 60), inNamespace(b.Namespace), t.config.Home)
		}
	}
	for _, namespace := range append([]string{t.config.Home}, t.config.Namespaces...) {
		r, err := t.rightsIn(ctx, namespace)
		switch {
		case err != nil:
			return err
		case len(r.Lacks) > 0:
			return access.Errorf(access.CodeForbidden, "Ramp's own account may not %s: apply what `ramp kubernetes-setup %s` prints", r.Lacks[0], t.name)
		case len(r.TooMuch) > 0:
			return access.Errorf(access.CodeForbidden, "Ramp's own account may %s, which it need not", r.TooMuch[0])
		}
	}
	return nil
}

// ask posts a review, which makes nothing.
func (t *target) ask(ctx context.Context, path string, in, out any) error {
	found, err := t.api.Call(ctx, http.MethodPost, path, in, out)
	if err == nil && !found {
		err = t.api.Unexpected(http.MethodPost, path)
	}
	return err
}

// checkPolicies returns an error if the policies of setup.yaml are not in force.
func (t *target) checkPolicies(ctx context.Context) error {
	for _, policy := range t.config.policies() {
		if err := t.checkPolicy(ctx, policy); err != nil {
			return err
		}
	}
	return nil
}

// checkPolicy returns an error if an admission policy is not in force, or of another setup.
func (t *target) checkPolicy(ctx context.Context, name string) error {
	const path = "/apis/admissionregistration.k8s.io/v1/"
	policy, err := get(ctx, t.api, path+"validatingadmissionpolicies/"+name, func(p *admission.ValidatingAdmissionPolicy) string { return p.Name })
	if err != nil {
		return err
	}
	bound, err := get(ctx, t.api, path+"validatingadmissionpolicybindings/"+name, func(b *admission.ValidatingAdmissionPolicyBinding) string { return b.Name })
	if err != nil {
		return err
	}
	_, digest, err := t.config.setup(t.name)
	switch {
	case err != nil:
		return err
	case policy == nil || policy.Annotations[annotationSetup] != digest:
		return access.Errorf(access.CodeForbidden, "the cluster was not set up for this configuration: apply what `ramp kubernetes-setup %s` prints", t.name)
	case bound == nil || bound.Spec.PolicyName != name || bound.Spec.MatchResources != nil || !slices.Contains(bound.Spec.ValidationActions, admission.Deny):
		return access.Errorf(access.CodeForbidden, "admission policy %s is not in force: apply what `ramp kubernetes-setup %s` prints", name, t.name)
	}
	return nil
}
