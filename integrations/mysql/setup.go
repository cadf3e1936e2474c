package mysql

import (
	"crypto/sha256"
	_ "embed" // for the files of statements
	"encoding/hex"
	"strconv"
	"strings"
)

var (
	//go:embed setup.sql
	setupTemplate string
	// The procedures that end access.
	//go:embed ending.sql
	endingTemplate string
	// How sessions are seen: by who logged in, or by whose rights they act with.
	//go:embed sessions.sql
	sessionsTemplate string
	//go:embed processlist.sql
	processlistTemplate string
)

// delimiter is a line that ends each statement of the templates, in which procedures have
// semicolons of their own.
const delimiter = "$$\n"

// Setup returns the statements that an administrator runs, in order, so that Ramp's own
// account can give what the configuration lists, and nothing else. Running them again is
// right, and needed when the lists change. They set no password. The configuration must be
// valid.
func (c Config) Setup() []string {
	text, _ := c.withDefaults().script()
	var out []string
	for one := range strings.SplitSeq(text, delimiter) {
		if one = strings.TrimSpace(one); one != "" {
			out = append(out, one)
		}
	}
	return out
}

// callable returns the procedures that Ramp's own account may call.
func callable() []string {
	return []string{"open", "login", "extend", "restore", "close", "cut", "remove_made", "drop_accounts", "look", "list", "state", "check_server", "note_sessions", "seen_sessions"}
}

// script returns the statements, and the digest by which they are known.
func (c Config) script() (text, digest string) {
	fill := func(digest string) string {
		return strings.NewReplacer("{user}", c.User, "{owner}", c.owner(), "{plugin}", c.plugin(), "{creators}", c.creators(), "{grants}", c.grants(),
			"{require}", c.require(), "{may_give}", c.mayGive(), "{may_call}", c.mayCall(), "{event}", c.event(), "{digest}", digest).
			Replace(strings.NewReplacer("{ending}", endingTemplate, "{sessions}", c.sessions()).Replace(setupTemplate))
	}
	sum := sha256.Sum256([]byte(fill("")))
	digest = hex.EncodeToString(sum[:16])
	return fill(digest), digest
}

// plugin returns the statement that brings the plugin by which people log in.
func (c Config) plugin() string {
	if c.Authentication == ed25519Plugin {
		return "INSTALL PLUGIN IF NOT EXISTS ed25519 SONAME 'auth_ed25519'"
	}
	return "DO 1"
}

// sessions returns the statements that make Ramp see sessions.
func (c Config) sessions() string {
	if c.Sessions == byProcesslist {
		return processlistTemplate
	}
	return sessionsTemplate
}

// creators returns the privileges that removing what people made needs.
func (c Config) creators() string {
	if c.RolesMayCreate {
		return ", EVENT, TRIGGER"
	}
	return ""
}

// require returns what an account requires of connections, as CREATE USER reads it.
func (c Config) require() string {
	if c.TLS == disable {
		return "NONE"
	}
	return "SSL"
}

// grants returns the statements that let the owner give what is listed.
func (c Config) grants() string {
	var b strings.Builder
	to := " TO " + quoted(c.owner()) + "@`localhost` WITH "
	for _, text := range c.objects() {
		one, _ := parseObject(text)
		b.WriteString("GRANT " + strings.Join(c.Objects[text], ", ") + " ON " + one.granted() + to + "GRANT OPTION\n" + delimiter)
	}
	for _, r := range c.Roles {
		b.WriteString("GRANT " + quoted(r) + to + "ADMIN OPTION\n" + delimiter)
	}
	return b.String()
}

// mayGive returns the rows of ramp.may_give.
func (c Config) mayGive() string {
	row := func(kind, what, privilege string) string {
		return "(" + literal(kind) + ", " + literal(what) + ", " + literal(privilege) + ")"
	}
	out := []string{row("plugin", c.Authentication, ""), row("require", c.require(), ""), row("from", c.From, ""),
		row("connections", strconv.Itoa(c.Connections), ""), row("expiry", c.Expiry, ""), row("sessions", c.Sessions, "")}
	if c.RolesMayCreate {
		out = append(out, row("creators", "", ""))
	}
	for _, r := range c.Roles {
		out = append(out, row("role", r, ""))
	}
	for _, text := range c.objects() {
		one, _ := parseObject(text)
		for _, p := range c.Objects[text] {
			out = append(out, row("object", one.granted(), p))
		}
	}
	return strings.Join(out, ",\n  ")
}

// mayCall returns the statements that let Ramp's own account call what it needs.
func (c Config) mayCall() string {
	var b strings.Builder
	for _, name := range callable() {
		b.WriteString("GRANT EXECUTE ON PROCEDURE ramp." + name + " TO " + quoted(c.User) + "@`%`\n" + delimiter)
	}
	return b.String()
}

// event returns the statement of the event by which the server itself ends access.
func (c Config) event() string {
	if c.Expiry == noExpiry {
		return "DROP EVENT IF EXISTS ramp.end_expired"
	}
	return "CREATE OR REPLACE DEFINER = " + quoted(c.owner()) + "@`localhost` EVENT ramp.end_expired ON SCHEDULE EVERY 1 SECOND ON COMPLETION PRESERVE ENABLE DO CALL ramp.end_expired()"
}
