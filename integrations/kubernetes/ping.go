package kubernetes

import (
	"context"
	"net/http"
	"slices"
	"strings"

	admission "k8s.io/api/admissionregistration/v1"
	authentication "k8s.io/api/authentication/v1"
	authorization "k8s.io/api/authorization/v1"
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
		if err := t.checkRights(ctx, namespace); err != nil {
			return err
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

// right is what a rule of RBAC gives.
type right struct{ group, resource, name, verb string }

func (r right) String() string {
	what := r.verb + " " + r.resource
	if r.name != "" {
		what += " " + r.name
	}
	return what
}

// checkRights compares what Ramp's own account may do in a namespace with what it needs,
// and with what whoever has its token must not be able to do. Where an authorizer other
// than RBAC has a say, Kubernetes may not know all that is allowed, and nothing is said of
// what is missing.
func (t *target) checkRights(ctx context.Context, namespace string) error {
	var reply authorization.SelfSubjectRulesReview
	err := t.ask(ctx, "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", authorization.SelfSubjectRulesReview{
		TypeMeta: meta.TypeMeta{APIVersion: "authorization.k8s.io/v1", Kind: "SelfSubjectRulesReview"},
		Spec:     authorization.SelfSubjectRulesReviewSpec{Namespace: namespace}}, &reply)
	if err != nil {
		return err
	}
	has := func(r right) bool {
		return slices.ContainsFunc(reply.Status.ResourceRules, func(rule authorization.ResourceRule) bool {
			return fits(rule.Verbs, r.verb) && fits(rule.APIGroups, r.group) && fits(rule.Resources, r.resource) &&
				(len(rule.ResourceNames) == 0 || r.name != "" && slices.Contains(rule.ResourceNames, r.name))
		})
	}
	for _, r := range t.neededIn(namespace) {
		if !has(r) && !reply.Status.Incomplete {
			return access.Errorf(access.CodeForbidden, "Ramp's own account may not %s %s: apply what `ramp kubernetes-setup %s` prints", r, inNamespace(namespace), t.name)
		}
	}
	for _, r := range t.tooMuchIn(namespace) {
		if has(r) {
			return access.Errorf(access.CodeForbidden, "Ramp's own account may %s %s, which it need not", r, inNamespace(namespace))
		}
	}
	return nil
}

func fits(allowed []string, one string) bool {
	return slices.Contains(allowed, "*") || slices.Contains(allowed, one)
}

// neededIn returns the rights that Ramp's own account needs in a namespace, as setup.yaml
// gives them.
func (t *target) neededIn(namespace string) (out []right) {
	add := func(group, resource, name string, verbs ...string) {
		for _, verb := range verbs {
			out = append(out, right{group, resource, name, verb})
		}
	}
	if namespace == t.config.Home {
		add("", "serviceaccounts", "", "get", "list", "create", "update", "delete")
		add("", "serviceaccounts/token", "", "create")
		add("", "secrets", "", "list")
		if len(t.config.WholeCluster) > 0 {
			add(rbac.GroupName, "clusterrolebindings", "", "create", "update", "delete")
		}
		for _, r := range t.config.WholeCluster {
			add(rbac.GroupName, "clusterroles", r, "bind")
		}
		return out
	}
	add(rbac.GroupName, "rolebindings", "", "create", "update", "delete")
	for _, r := range t.config.Roles {
		add(rbac.GroupName, "roles", r, "bind")
	}
	for _, r := range t.config.ClusterRoles {
		add(rbac.GroupName, "clusterroles", r, "bind")
	}
	return out
}

// tooMuchIn returns rights with which whoever has Ramp's own token could give more than
// the configuration lists, or take others' rights.
func (t *target) tooMuchIn(namespace string) []right {
	out := []right{{rbac.GroupName, "roles", "", "escalate"}, {rbac.GroupName, "clusterroles", "", "escalate"}, {rbac.GroupName, "roles", "", "bind"},
		{rbac.GroupName, "clusterroles", "", "bind"}, {"", "users", "", "impersonate"}, {"", "serviceaccounts", "", "impersonate"}, {"", "secrets", "", "get"}, {"", "pods", "", "create"}}
	if namespace != t.config.Home {
		out = append(out, right{"", "serviceaccounts/token", "", "create"}, right{"", "secrets", "", "list"})
	}
	return out
}
