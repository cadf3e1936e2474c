package hostfiles

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"ramp.dev/ramp/access"
)

// Line is one line of a principals file.
type Line struct {
	Raw       string // as in the file, without the line end
	Principal string // empty for blanks and comments
	Options   Options
	// Err says what in the options is not understood. A host must not admit anybody
	// by such a line: the option may be a limit.
	Err error
}

// Options limit an admission, as in sshd(8), AUTHORIZED_KEYS FILE FORMAT.
type Options struct {
	ExpiresAt   time.Time // expiry-time; zero is for ever
	Environment []string  // NAME=value
	From        string    // comma-separated patterns; empty is anywhere
	Command     string    // forced command; empty is none
}

// expiryLayout is sshd's expiry-time in UTC. The Z needs OpenSSH 9.1; an older
// sshd refuses the line, which fails closed.
const expiryLayout = "20060102150405Z"

// GrantVariable is the environment variable that marks a grant's processes.
const GrantVariable = "RAMP_GRANT"

// GrantLine returns the line that admits one grant, without a line end.
func GrantLine(grant string, expiresAt time.Time, from, command string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `expiry-time="%s",environment="%s=%s"`,
		expiresAt.UTC().Format(expiryLayout), GrantVariable, grant)
	if from != "" {
		fmt.Fprintf(&b, `,from="%s"`, from)
	}
	if command != "" {
		fmt.Fprintf(&b, `,command="%s"`, strings.ReplaceAll(command, `"`, `\"`))
	}
	return b.String() + " " + grant
}

// CommandFits reports whether a forced command can be written in a line: sshd cuts
// lines at any #, and a backslash at the end would escape the closing quote.
func CommandFits(command string) bool {
	for _, r := range command {
		if r < ' ' || r > '~' || r == '#' {
			return false
		}
	}
	return !strings.HasSuffix(command, `\`) && strings.TrimSpace(command) == command
}

// ParseLine reads one line as sshd does: it cuts the line at #, and takes what is
// after the last space as the principal, and what is before it as options.
func ParseLine(raw string) Line {
	l := Line{Raw: raw}
	text, _, _ := strings.Cut(strings.TrimLeft(raw, " \t"), "#")
	text = strings.TrimRight(text, " \t\r\n")
	if text == "" {
		return l
	}
	i := strings.LastIndexByte(text, ' ')
	if i < 0 {
		i = strings.LastIndexByte(text, '\t')
	}
	l.Principal = text[i+1:]
	if i >= 0 {
		l.Options, l.Err = parseOptions(strings.TrimRight(text[:i], " \t"))
	}
	return l
}

// Grant returns the grant that the line admits, if it is one of Ramp's.
func (l Line) Grant() (name string, ok bool) {
	_, ok = access.RequestIDFromGrantName(l.Principal)
	return l.Principal, ok
}

// Admits reports whether the line admits its principal at a time.
func (l Line) Admits(at time.Time) bool {
	return l.Principal != "" && l.Err == nil && (l.Options.ExpiresAt.IsZero() || at.Before(l.Options.ExpiresAt))
}

var environmentShape = regexp.MustCompile(`^[A-Za-z0-9_]+=`)

// parseOptions reads the options that Ramp writes. Any other is an error.
func parseOptions(s string) (Options, error) {
	var o Options
	bad := func(format string, args ...any) (Options, error) {
		return o, access.Errorf(access.CodeInvalid, "principals line: "+format, args...)
	}
	for {
		name, rest, ok := strings.Cut(s, `="`)
		if !ok {
			return bad("%q is an option that is not known here", access.Clip(s, 40))
		}
		value, rest, ok := unquote(rest)
		if !ok {
			return bad("%s: no closing quote", access.Clip(name, 40))
		}
		switch strings.ToLower(name) {
		case "expiry-time":
			at, err := parseExpiry(value)
			if err != nil {
				return bad("%w", err)
			}
			if o.ExpiresAt.IsZero() || at.Before(o.ExpiresAt) { // as sshd: the earliest counts
				o.ExpiresAt = at
			}
		case "environment":
			if !environmentShape.MatchString(value) {
				return bad("environment: not NAME=value")
			}
			o.Environment = append(o.Environment, value)
		case "from":
			if o.From != "" || value == "" {
				return bad("from: empty or given twice")
			}
			o.From = value
		case "command":
			if o.Command != "" || value == "" {
				return bad("command: empty or given twice")
			}
			o.Command = value
		default:
			return bad("%q is an option that is not known here", access.Clip(name, 40))
		}
		if rest == "" {
			return o, nil
		}
		if s, ok = strings.CutPrefix(rest, ","); !ok || s == "" {
			return bad("a comma and another option, or nothing, after %s", name)
		}
	}
}

// unquote takes what stands before the closing quote; \" stands for a quote, any
// other backslash for itself.
func unquote(s string) (value, rest string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case strings.HasPrefix(s[i:], `\"`):
			i++
		case s[i] == '"':
			return b.String(), s[i+1:], true
		}
		b.WriteByte(s[i])
	}
	return "", "", false
}

// parseExpiry reads YYYYMMDD or YYYYMMDDHHMM or YYYYMMDDHHMMSS, in the host's
// own time zone unless a Z follows.
func parseExpiry(s string) (time.Time, error) {
	digits, utc := strings.CutSuffix(s, "Z")
	zone := time.Local
	if utc {
		zone = time.UTC
	}
	for _, layout := range []string{"20060102", "200601021504", "20060102150405"} {
		if len(digits) == len(layout) {
			return time.ParseInLocation(layout, digits, zone)
		}
	}
	return time.Time{}, fmt.Errorf("expiry-time: %q is no time", access.Clip(s, 40))
}
