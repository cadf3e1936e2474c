package field

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"regexp"
)

// URL is an address that may have a password in it. However it is printed or
// encoded, the password is masked; Reveal alone returns it.
type URL struct{ text string }

// ParseURL takes an address of any form.
func ParseURL(text string) URL { return URL{text} }

// UnmarshalYAML takes an address of any form.
func (u *URL) UnmarshalYAML(_ context.Context, decode func(any) error) error { return decode(&u.text) }

// Reveal returns the address with its password, for opening only.
func (u URL) Reveal() string { return u.text }

// IsZero reports whether there is no address.
func (u URL) IsZero() bool { return u.text == "" }

// passwordWord is a password in a query or in a list of words, as Postgres takes
// it too: there one in quotes may have blanks and escaped quotes in it.
var passwordWord = regexp.MustCompile(`(?is)(password\s*=\s*)(?:'(?:[^'\\]|\\.)*(?:'|$)|[^\s&]+)`)

// String returns the address with its password masked. What cannot be parsed is
// not shown at all: the password may be anywhere in it.
func (u URL) String() string {
	parsed, err := url.Parse(u.text)
	if err != nil {
		return "(malformed, not shown)"
	}
	text := u.text
	if _, has := parsed.User.Password(); has {
		text = parsed.Redacted()
	}
	return passwordWord.ReplaceAllString(text, "${1}xxxxx")
}

// Format prints the masked address, whatever the verb.
func (u URL) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, u.String()) }

// MarshalText encodes the masked address, in JSON and others.
func (u URL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// MarshalYAML encodes the masked address.
func (u URL) MarshalYAML() (any, error) { return u.String(), nil }
