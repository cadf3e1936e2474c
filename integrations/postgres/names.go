package postgres

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"ramp.dev/ramp/access"
)

// maxName is how many bytes of a name Postgres keeps; it cuts off what is more, and
// would then mean something else.
const maxName = 63

// badName returns what is wrong with the name of a role, a schema or a table; empty if
// nothing is. Every other character is quoted, so what shows can be given.
func badName(name string) string {
	switch {
	case name == "":
		return "is empty"
	case len(name) > maxName:
		return "is longer than the 63 bytes that Postgres keeps"
	case strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }):
		return "has characters that do not show"
	}
	return ""
}

// ownRoles are Postgres' own roles that show how the server does and nothing else; setup.sql
// has them, too. The others lead to files, programs and backends of the server, and
// pg_read_all_data and pg_write_all_data to verifiers of passwords and to Ramp's records.
func ownRoles() []string {
	return []string{"pg_monitor", "pg_read_all_settings", "pg_read_all_stats", "pg_stat_scan_tables"}
}

// badRole returns why a role cannot be given; empty if it can be.
func (c Config) badRole(name string) string {
	switch problem := badName(name); {
	case problem != "":
		return problem
	case strings.HasPrefix(name, "pg_") && !slices.Contains(ownRoles(), name):
		return "is one of Postgres' own roles that Ramp never gives"
	case name == "public" || name == "none":
		return "is no role"
	case strings.HasPrefix(name, access.NamePrefix) || name == c.User || name == c.leftovers():
		return "is one of Ramp's own"
	}
	return ""
}

// leftovers is the role that gets what people made.
func (c Config) leftovers() string { return c.User + "_leftovers" }

// table is a table, or a view, with its schema.
type table struct{ schema, name string }

var plainName = regexp.MustCompile(`^[a-z_][a-z0-9_$]*`)

// parseTable reads schema.table as SQL does, but for names in upper case without
// quotes, which SQL would fold. It returns what is wrong, or nothing.
func parseTable(text string) (table, string) {
	var parts []string
	rest := text
	for {
		var name string
		if strings.HasPrefix(rest, `"`) {
			end := 1
			for end < len(rest) && (rest[end] != '"' || strings.HasPrefix(rest[end+1:], `"`)) {
				if rest[end] == '"' {
					end++
				}
				end++
			}
			if end >= len(rest) {
				return table{}, "has a quote that does not end"
			}
			name, rest = strings.ReplaceAll(rest[1:end], `""`, `"`), rest[end+1:]
		} else {
			name = plainName.FindString(rest)
			rest = rest[len(name):]
		}
		if problem := badName(name); problem != "" {
			return table{}, "is not like sales.orders, with other names than lower case, digits and _ in double quotes: a name " + problem
		}
		parts = append(parts, name)
		if rest == "" {
			break
		}
		if rest[0] != '.' {
			return table{}, "is not like sales.orders, with other names than lower case, digits and _ in double quotes"
		}
		rest = rest[1:]
	}
	if len(parts) != 2 {
		return table{}, "names no schema and table, as sales.orders does"
	}
	if parts[0] == "ramp" || strings.HasPrefix(parts[0], "pg_") || parts[0] == "information_schema" {
		return table{}, "is in a schema that Ramp gives nothing in"
	}
	return table{parts[0], parts[1]}, ""
}

// String is the table as SQL reads it.
func (t table) String() string { return quoted(t.schema) + "." + quoted(t.name) }

// quoted returns a name in double quotes.
func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// literal returns a text in single quotes, for standard_conforming_strings.
func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// privileges are those on tables that can be given. TRIGGER and REFERENCES are not
// among them: a trigger acts as whoever changes the table later.
func privileges() []string { return []string{"delete", "insert", "select", "truncate", "update"} }

// validate returns what is wrong with what may be given in a database.
func (d Database) validate(at string) (issues access.Issues) {
	seen := map[table]bool{}
	for _, text := range sortedKeys(d.Tables) {
		one, problem := parseTable(text)
		switch {
		case problem != "":
			issues.Add("table_malformed", at, "%q %s", access.Clip(text, 140), problem)
			continue
		case seen[one]:
			issues.Add("table_duplicate", at, "%s is listed twice", access.Clip(text, 140))
		}
		seen[one] = true
		given := d.Tables[text]
		issues.Require(len(given) > 0, "privileges_missing", at, "%s needs at least one of %s", access.Clip(text, 140), strings.Join(privileges(), ", "))
		for i, p := range given {
			issues.Require(slices.Contains(privileges(), p), "privilege_never", at, "%q is none of %s", access.Clip(p, 20), strings.Join(privileges(), ", "))
			issues.Require(!slices.Contains(given[:i], p), "privilege_duplicate", at, "%s is listed twice", access.Clip(p, 20))
		}
	}
	return issues
}
