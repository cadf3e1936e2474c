package mysql

import (
	"cmp"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// terms are what an entitlement gives.
type terms struct {
	roles      []string // in order
	objects    []object // in order
	privileges []string // on each of the objects, in order
}

// termsOf returns what an entitlement gives. Errors are of code invalid, with every
// issue.
func (c Config) termsOf(e access.Entitlement) (terms, error) {
	var ent struct {
		Roles      []string `entitlement:"roles"`
		Objects    []string `entitlement:"objects"`
		Privileges []string `entitlement:"privileges"`
	}
	issues := integrations.DecodeEntitlement(e, &ent)
	for i, r := range ent.Roles {
		issues.Require(slices.Contains(c.Roles, r), "role_not_allowed", "roles", "%q is none of this target's roles (%s)", access.Clip(r, maxName), strings.Join(c.Roles, ", "))
		issues.Require(!slices.Contains(ent.Roles[:i], r), "role_duplicate", "roles", "%s is listed twice", access.Clip(r, maxName))
	}
	issues.Require(len(ent.Roles)+len(ent.Objects) > 0, "nothing_given", "roles", "roles or objects are needed")
	issues.Require((len(ent.Objects) > 0) == (len(ent.Privileges) > 0), "privileges_missing", "privileges", "objects and privileges need each other")
	out := terms{roles: ent.Roles, privileges: ent.Privileges}
	for i, p := range ent.Privileges {
		issues.Require(!slices.Contains(ent.Privileges[:i], p), "privilege_duplicate", "privileges", "%s is listed twice", access.Clip(p, 20))
	}
	for i, text := range ent.Objects {
		may, known := c.Objects[text]
		issues.Require(known, "object_not_allowed", "objects", "%q is none of the tables and databases that this target may give", access.Clip(text, 140))
		issues.Require(!slices.Contains(ent.Objects[:i], text), "object_duplicate", "objects", "%s is listed twice", access.Clip(text, 140))
		for _, p := range ent.Privileges {
			issues.Require(!known || slices.Contains(may, p), "privilege_not_allowed", "privileges", "%q is none of the privileges that this target may give on %s (%s)", access.Clip(p, 20), access.Clip(text, 140), strings.Join(may, ", "))
		}
		one, _ := parseObject(text)
		out.objects = append(out.objects, one)
	}
	slices.Sort(out.roles)
	slices.Sort(out.privileges)
	slices.SortFunc(out.objects, func(a, b object) int { return cmp.Compare(a.String(), b.String()) })
	return out, issues.Err()
}

// database returns the database that all objects are in, in which a session may begin;
// empty where there is none.
func (t terms) database() string {
	if len(t.objects) == 0 || slices.ContainsFunc(t.objects, func(o object) bool { return o.database != t.objects[0].database }) {
		return ""
	}
	return t.objects[0].database
}
