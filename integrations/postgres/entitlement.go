package postgres

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// terms are what an entitlement gives.
type terms struct {
	database   string
	roles      []string // in order
	tables     []table  // in order
	privileges []string // on each of the tables, in order
}

// termsOf returns what an entitlement gives. Errors are of code invalid, with every
// issue.
func (c Config) termsOf(e access.Entitlement) (terms, error) {
	var ent struct {
		Database   string   `entitlement:"database"`
		Roles      []string `entitlement:"roles"`
		Tables     []string `entitlement:"tables"`
		Privileges []string `entitlement:"privileges"`
	}
	issues := integrations.DecodeEntitlement(e, &ent)
	if ent.Database == "" && len(c.Databases) == 1 {
		ent.Database = c.Home
	}
	_, known := c.Databases[ent.Database]
	issues.Require(known, "database_not_allowed", "database", "%q is none of this target's databases (%s)", access.Clip(ent.Database, 40), strings.Join(c.databases(), ", "))
	for i, r := range ent.Roles {
		issues.Require(slices.Contains(c.Roles, r), "role_not_allowed", "roles", "%q is none of this target's roles (%s)", access.Clip(r, 63), strings.Join(c.Roles, ", "))
		issues.Require(!slices.Contains(ent.Roles[:i], r), "role_duplicate", "roles", "%s is listed twice", access.Clip(r, 63))
	}
	issues.Require(len(ent.Roles)+len(ent.Tables) > 0, "nothing_given", "roles", "roles or tables are needed")
	issues.Require((len(ent.Tables) > 0) == (len(ent.Privileges) > 0), "privileges_missing", "privileges", "tables and privileges need each other")
	out := terms{database: ent.Database, roles: ent.Roles, privileges: ent.Privileges}
	for i, p := range ent.Privileges {
		issues.Require(!slices.Contains(ent.Privileges[:i], p), "privilege_duplicate", "privileges", "%s is listed twice", access.Clip(p, 20))
	}
	for i, text := range ent.Tables {
		may, known := c.Databases[ent.Database].Tables[text]
		issues.Require(known, "table_not_allowed", "tables", "%q is none of the tables that this target may give in %s", access.Clip(text, 140), access.Clip(ent.Database, 40))
		issues.Require(!slices.Contains(ent.Tables[:i], text), "table_duplicate", "tables", "%s is listed twice", access.Clip(text, 140))
		for _, p := range ent.Privileges {
			issues.Require(!known || slices.Contains(may, p), "privilege_not_allowed", "privileges", "%q is none of the privileges that this target may give on %s (%s)", access.Clip(p, 20), access.Clip(text, 140), strings.Join(may, ", "))
		}
		one, _ := parseTable(text)
		out.tables = append(out.tables, one)
	}
	slices.Sort(out.roles)
	slices.Sort(out.privileges)
	slices.SortFunc(out.tables, func(a, b table) int { return cmp.Compare(a.String(), b.String()) })
	return out, issues.Err()
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
