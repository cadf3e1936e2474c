package mysql

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"ramp.dev/ramp/access"
)

// maxName is how many characters the name of a table, a database or a role may have.
const maxName = 64

// badName returns what is wrong with the name of a role, a database or a table; empty if
// nothing is. Every other character is quoted, so what shows can be given. Names outside of
// the basic plane are none that MariaDB keeps.
func badName(name string) string {
	switch {
	case name == "":
		return "is empty"
	case len([]rune(name)) > maxName:
		return "is longer than the 64 characters that MariaDB keeps"
	case strings.HasSuffix(name, " "):
		return "ends with a space, which MariaDB does not keep"
	case strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar || r > 0xFFFF }):
		return "has characters that do not show, or that MariaDB keeps in no name"
	}
	return ""
}

// badRole returns why a role cannot be given; empty if it can be.
func (c Config) badRole(name string) string {
	switch problem := badName(name); {
	case problem != "":
		return problem
	case slices.Contains([]string{"public", "none", "current_role", "current_user", "session_user"}, strings.ToLower(name)):
		return "is no role of its own"
	case strings.HasPrefix(name, access.NamePrefix) || name == c.User || name == c.owner():
		return "is one of Ramp's own"
	}
	return ""
}

// owner is the account with whose rights the procedures of setup.sql act.
func (c Config) owner() string { return c.User + "_owner" }

// object is a table, or a view, in its database, or all that is in a database.
type object struct{ database, table string } // table is * for all

var plainName = regexp.MustCompile(`^[A-Za-z0-9_$]+`)

// parseObject reads database.table or database.* as SQL does. It returns what is wrong,
// or nothing.
func parseObject(text string) (object, string) {
	const form = "is not like sales.orders or sales.*, with other names than letters, digits and _ in backticks"
	database, rest, ok := parseName(text)
	if !ok || !strings.HasPrefix(rest, ".") {
		return object{}, form
	}
	table, rest := "*", rest[1:]
	if rest != "*" {
		if table, rest, ok = parseName(rest); !ok || rest != "" {
			return object{}, form
		}
		// Ramp's * is everything, so no table is called so.
		if table == "*" {
			return object{}, form
		}
	}
	for _, name := range []string{database, table} {
		if problem := badName(name); problem != "" {
			return object{}, form + ": a name " + problem
		}
	}
	if slices.Contains([]string{"ramp", "mysql", "sys", "information_schema", "performance_schema"}, strings.ToLower(database)) {
		return object{}, "is in a database that Ramp gives nothing in"
	}
	return object{database, table}, ""
}

// parseName reads one name, and returns it with what follows.
func parseName(text string) (name, rest string, ok bool) {
	if !strings.HasPrefix(text, "`") {
		name = plainName.FindString(text)
		return name, text[len(name):], name != ""
	}
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] != '`':
		case strings.HasPrefix(text[i+1:], "`"):
			i++
		default:
			return strings.ReplaceAll(text[1:i], "``", "`"), text[i+1:], true
		}
	}
	return "", text, false
}

// String is the object as SQL reads it in a query.
func (o object) String() string {
	if o.table == "*" {
		return quoted(o.database) + ".*"
	}
	return quoted(o.database) + "." + quoted(o.table)
}

// granted is the object as SQL reads it in GRANT, where the name of a database, if all of
// it is given, is a pattern: sales_1.* would be salesX1.* too.
func (o object) granted() string {
	if o.table == "*" {
		return quoted(o.pattern()) + ".*"
	}
	return o.String()
}

// pattern is a database's name as the pattern that matches it alone.
func (o object) pattern() string {
	return strings.NewReplacer(`\`, `\\`, "_", `\_`, "%", `\%`).Replace(o.database)
}

// quoted returns a name in backticks.
func quoted(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// literal returns a text in single quotes, for a session without NO_BACKSLASH_ESCAPES.
func literal(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}

// privileges are those that can be given. The others make something that acts for others
// later, or change what there is.
func privileges() []string { return []string{"delete", "insert", "select", "update"} }

// validateObjects returns what is wrong with the objects that may be given.
func (c Config) validateObjects() (issues access.Issues) {
	seen := map[object]bool{}
	for _, text := range c.objects() {
		one, problem := parseObject(text)
		switch {
		case problem != "":
			issues.Add("object_malformed", "objects", "%q %s", access.Clip(text, 140), problem)
			continue
		case seen[one]:
			issues.Add("object_duplicate", "objects", "%s is listed twice", access.Clip(text, 140))
		}
		seen[one] = true
		given := c.Objects[text]
		issues.Require(len(given) > 0, "privileges_missing", "objects", "%s needs at least one of %s", access.Clip(text, 140), strings.Join(privileges(), ", "))
		for i, p := range given {
			issues.Require(slices.Contains(privileges(), p), "privilege_never", "objects", "%q is none of %s", access.Clip(p, 20), strings.Join(privileges(), ", "))
			issues.Require(!slices.Contains(given[:i], p), "privilege_duplicate", "objects", "%s is listed twice", access.Clip(p, 20))
		}
	}
	return issues
}
