package sshcert

import (
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/sshcert/hostfiles"
)

// entitlement is one login on the host.
type entitlement struct {
	User    string `entitlement:"user,required"`
	Source  string `entitlement:"sourceAddress"` // CIDR block that logins must come from; anywhere if empty
	Command string `entitlement:"command"`       // the one command that may run; a shell if empty
}

const maxCommand = 1000 // characters

// entitlement reads and checks e. Errors are of code invalid, with every issue.
func (c Config) entitlement(e access.Entitlement) (entitlement, error) {
	var out entitlement
	issues := integrations.DecodeEntitlement(e, &out)
	if out.User != "" && !slices.Contains(c.Users, out.User) {
		issues.Add("user_not_allowed", "user", "%q is none of this target's logins (%s)", access.Clip(out.User, 40), strings.Join(c.Users, ", "))
	}
	out.Source = c.narrow(&issues, out.Source)
	if len(out.Command) > maxCommand || !hostfiles.CommandFits(out.Command) {
		issues.Add("command_malformed", "command", "at most %d printable ASCII characters, without #, and no space or backslash at the end", maxCommand)
	}
	return out, issues.Err()
}

// narrow returns the entitlement's block, or the target's if it has none. It may
// be inside the target's block, never wider.
func (c Config) narrow(issues *access.Issues, source string) string {
	if source == "" {
		return c.SourceAddress
	}
	block, err := parseBlock(source)
	if err != nil {
		issues.Add("source_address_malformed", "sourceAddress", "%s", err)
		return source
	}
	if c.SourceAddress == "" {
		return source
	}
	outer, err := parseBlock(c.SourceAddress)
	if err != nil || !outer.Contains(block.Addr()) || block.Bits() < outer.Bits() {
		issues.Add("source_address_wider", "sourceAddress", "%s is not inside this target's %s", block, c.SourceAddress)
	}
	return source
}

// admittedBy reports whether a line admits just this entitlement, whatever its
// expiry.
func (e entitlement) admittedBy(l hostfiles.Line) bool {
	name, _ := l.Grant()
	o := l.Options
	return l.Err == nil && !o.ExpiresAt.IsZero() && o.From == e.Source && o.Command == e.Command &&
		slices.Equal(o.Environment, []string{hostfiles.GrantVariable + "=" + name})
}

// line returns the line that admits the entitlement under a grant.
func (e entitlement) line(g access.Grant) string {
	return hostfiles.GrantLine(g.Name, g.ExpiresAt, e.Source, e.Command)
}
