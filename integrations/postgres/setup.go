package postgres

import (
	"crypto/sha256"
	_ "embed" // for setup.sql and ending.sql
	"encoding/hex"
	"strings"
)

var (
	//go:embed setup.sql
	setupTemplate string
	// The functions that end access.
	//go:embed ending.sql
	endingTemplate string
)

// Statements are what one database needs.
type Statements struct {
	Database string `json:"database"`
	SQL      string `json:"sql"` // several statements, in one transaction
}

// Setup returns what a superuser runs in each database so that Ramp's own login can give
// what the configuration lists, and nothing else. Running it again is right, and needed
// when the lists change. It sets no password. The configuration must be valid.
func (c Config) Setup() []Statements {
	c = c.withDefaults()
	var out []Statements
	for _, database := range c.databases() {
		text, _ := c.script(database)
		out = append(out, Statements{database, text})
	}
	return out
}

// script returns the statements for one database, and the digest by which they are known.
func (c Config) script(database string) (text, digest string) {
	fill := func(digest string) string {
		return strings.NewReplacer("{user}", c.User, "{leftovers}", c.leftovers(), "{database}", database,
			"{may_give}", c.mayGive(database), "{digest}", digest).Replace(strings.Replace(setupTemplate, "{ending}", endingTemplate, 1))
	}
	sum := sha256.Sum256([]byte(fill("")))
	digest = hex.EncodeToString(sum[:16])
	return fill(digest), digest
}

// mayGive returns the rows of ramp.may_give.
func (c Config) mayGive(database string) string {
	out := []string{"('leftovers', " + literal(c.leftovers()) + ", '')"}
	if c.RolesMayCreate {
		out = append(out, "('creators', '', '')")
	}
	for _, r := range c.Roles {
		out = append(out, "('role', "+literal(r)+", '')")
	}
	tables := c.Databases[database].Tables
	for _, text := range sortedKeys(tables) {
		one, _ := parseTable(text)
		for _, p := range tables[text] {
			out = append(out, "('table', "+literal(one.String())+", "+literal(p)+")")
		}
	}
	return strings.Join(out, ",\n  ")
}
