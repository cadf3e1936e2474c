package kubernetes

import (
	"slices"
	"strings"

	rbac "k8s.io/api/rbac/v1"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// maxNamespaces bounds the namespaces of one grant: each is a call of its own, to open
// and to end.
const maxNamespaces = 20

// rights is what an entitlement gives: one role, in namespaces or in the whole cluster.
type rights struct {
	role       rbac.RoleRef
	namespaces []string // in order; one that is empty stands for the whole cluster
}

// rightsOf returns what an entitlement gives. Errors are of code invalid, with every
// issue.
func (c Config) rightsOf(e access.Entitlement) (rights, error) {
	var ent struct {
		Namespaces   []string `entitlement:"namespaces"`
		Role         string   `entitlement:"role"`
		ClusterRole  string   `entitlement:"clusterRole"`
		WholeCluster string   `entitlement:"wholeCluster"`
	}
	issues := integrations.DecodeEntitlement(e, &ent)
	out := rights{namespaces: slices.Sorted(slices.Values(ent.Namespaces))}
	named := 0
	for _, one := range []struct {
		field, role, kind string
		allowed           []string
	}{
		{"role", ent.Role, kindRole, c.Roles}, {"clusterRole", ent.ClusterRole, kindClusterRole, c.ClusterRoles}, {"wholeCluster", ent.WholeCluster, kindClusterRole, c.WholeCluster},
	} {
		if one.role == "" {
			continue
		}
		named++
		issues.Require(slices.Contains(one.allowed, one.role), "role_not_allowed", one.field, "%q is none that this target gives so (%s)", access.Clip(one.role, 40), orNone(one.allowed))
		out.role = rbac.RoleRef{APIGroup: rbac.GroupName, Kind: one.kind, Name: one.role}
	}
	issues.Require(named == 1, "role_missing", "role", "just one of role, clusterRole and wholeCluster is needed")
	if ent.WholeCluster != "" {
		issues.Require(len(ent.Namespaces) == 0, "namespaces_idle", "namespaces", "wholeCluster gives access to all namespaces")
		out.namespaces = []string{""}
		return out, issues.Err()
	}
	issues.Require(len(ent.Namespaces) > 0, "namespaces_missing", "namespaces", "is needed with role and clusterRole")
	issues.Require(len(ent.Namespaces) <= maxNamespaces, "namespaces_many", "namespaces", "these are %d; %d are allowed in one grant", len(ent.Namespaces), maxNamespaces)
	for i, n := range out.namespaces {
		issues.Require(slices.Contains(c.Namespaces, n), "namespace_not_allowed", "namespaces", "%q is none of this target's namespaces (%s)", access.Clip(n, 40), orNone(c.Namespaces))
		issues.Require(i == 0 || n != out.namespaces[i-1], "namespace_duplicate", "namespaces", "%s is listed twice", access.Clip(n, 40))
	}
	return out, issues.Err()
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return access.Clip(strings.Join(names, ", "), 200)
}

// everywhere reports whether the rights are for the whole cluster.
func (r rights) everywhere() bool { return r.namespaces[0] == "" }

// String returns the rights in words, such as "cluster role view in billing, orders".
func (r rights) String() string {
	kind := "role "
	if r.role.Kind == kindClusterRole {
		kind = "cluster role "
	}
	if r.everywhere() {
		return kind + r.role.Name + " in the whole cluster"
	}
	return kind + r.role.Name + " in " + strings.Join(r.namespaces, ", ")
}
