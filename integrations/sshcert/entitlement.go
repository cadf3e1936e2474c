package sshcert

import (
	"fmt"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/sshcert/hostfiles"
)

// entitlement is one login on the host.
type entitlement struct {
	user    string
	source  string // CIDR block, or empty for anywhere
	command string // forced, or empty for a shell
}

const maxCommand = 1000

// entitlement reads and checks e. Errors are of code invalid, with every issue.
func (c Config) entitlement(e access.Entitlement) (entitlement, error) {
	var out entitlement
	var issues []access.Issue
	bad := func(code, field, format string, args ...any) {
		issues = append(issues, access.Issue{Code: code, Field: field, Message: fmt.Sprintf(format, args...)})
	}
	fields := map[string]*string{"user": &out.user, "sourceAddress": &out.source, "command": &out.command}
	for key, value := range e {
		field, known := fields[key]
		text, isText := value.(string)
		switch {
		case !known:
			bad("entitlement_unknown", access.Clip(key, 40), "unknown; known are command, sourceAddress, user")
		case !isText:
			bad("entitlement_type", key, "must be text")
		case text == "":
			bad("entitlement_empty", key, "must not be empty; leave it out instead")
		default:
			*field = text
		}
	}
	switch {
	case out.user == "":
		if _, given := e["user"]; !given {
			bad("user_missing", "user", "the login is needed")
		}
	case !hostfiles.UserShape.MatchString(out.user):
		bad("user_malformed", "user", "%q is no login name", access.Clip(out.user, 40))
	case !slices.Contains(c.Users, out.user):
		bad("user_not_allowed", "user", "%s is none of this target's logins (%s)", out.user, strings.Join(c.Users, ", "))
	}
	if issue := c.narrow(&out.source); issue != nil {
		issues = append(issues, *issue)
	}
	if len(out.command) > maxCommand || !hostfiles.CommandFits(out.command) {
		bad("command_malformed", "command", "at most %d printable ASCII characters, without #, without a space or backslash at the end", maxCommand)
	}
	if len(issues) > 0 {
		slices.SortFunc(issues, func(a, b access.Issue) int { return strings.Compare(a.Field+a.Code, b.Field+b.Code) })
		return out, access.Invalid(issues...)
	}
	return out, nil
}

// narrow fits the entitlement's block into the target's: it may narrow, never widen.
func (c Config) narrow(source *string) *access.Issue {
	if *source == "" {
		*source = c.SourceAddress
		return nil
	}
	block, err := parseBlock(*source)
	if err != nil {
		return &access.Issue{Code: "source_address_malformed", Field: "sourceAddress", Message: err.Error()}
	}
	if c.SourceAddress == "" {
		return nil
	}
	outer, err := parseBlock(c.SourceAddress)
	if err != nil || !outer.Contains(block.Addr()) || block.Bits() < outer.Bits() {
		return &access.Issue{Code: "source_address_wider", Field: "sourceAddress",
			Message: fmt.Sprintf("%s is not inside this target's %s", block, c.SourceAddress)}
	}
	return nil
}

// admittedBy reports whether a line says just this, whatever its expiry.
func (e entitlement) admittedBy(l hostfiles.Line) bool {
	name, _ := l.Grant()
	o := l.Options
	return l.Err == nil && !o.ExpiresAt.IsZero() && o.From == e.source && o.Command == e.command &&
		slices.Equal(o.Environment, []string{hostfiles.GrantVariable + "=" + name})
}
