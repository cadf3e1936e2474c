package kubernetes

import (
	"context"
	"slices"

	authorization "k8s.io/api/authorization/v1"
	rbac "k8s.io/api/rbac/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ramp.dev/ramp/integrations"
)

var _ integrations.RightsReader = (*target)(nil)

// Rights implements integrations.RightsReader, in the namespaces of the configuration.
// Errors are those of the API server.
func (t *target) Rights(ctx context.Context) (all integrations.Rights, err error) {
	for _, namespace := range append([]string{t.config.Home}, t.config.Namespaces...) {
		r, err := t.rightsIn(ctx, namespace)
		if err != nil {
			return all, err
		}
		all.Add(r)
	}
	return all, nil
}

// rightsIn compares what Ramp's own account may do in a namespace with what it needs,
// and with what whoever has its token must not be able to do. Where an authorizer other
// than RBAC has a say, Kubernetes may not know all that is allowed, and nothing is said of
// what is missing.
func (t *target) rightsIn(ctx context.Context, namespace string) (r integrations.Rights, err error) {
	var reply authorization.SelfSubjectRulesReview
	err = t.ask(ctx, "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", authorization.SelfSubjectRulesReview{
		TypeMeta: meta.TypeMeta{APIVersion: "authorization.k8s.io/v1", Kind: "SelfSubjectRulesReview"},
		Spec:     authorization.SelfSubjectRulesReviewSpec{Namespace: namespace}}, &reply)
	if err != nil {
		return r, err
	}
	has := func(one right) bool {
		return slices.ContainsFunc(reply.Status.ResourceRules, func(rule authorization.ResourceRule) bool {
			return fits(rule.Verbs, one.verb) && fits(rule.APIGroups, one.group) && fits(rule.Resources, one.resource) &&
				(len(rule.ResourceNames) == 0 || one.name != "" && slices.Contains(rule.ResourceNames, one.name))
		})
	}
	for _, one := range t.neededIn(namespace) {
		if !has(one) && !reply.Status.Incomplete {
			r.Lacks = append(r.Lacks, one.String()+" "+inNamespace(namespace))
		}
	}
	for _, one := range t.tooMuchIn(namespace) {
		if has(one) {
			r.TooMuch = append(r.TooMuch, one.String()+" "+inNamespace(namespace))
		}
	}
	if reply.Status.Incomplete {
		r.Unknown = append(r.Unknown, "what else the account may do "+inNamespace(namespace)+": an authorizer beside RBAC does not say")
	}
	return r, nil
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
