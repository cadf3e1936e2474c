// Package flags has the values that flags of several commands take.
package flags

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"ramp.dev/ramp/access"
)

// Pairs is a flag NAME=VALUE that may be repeated.
type Pairs map[string]string

// Set implements pflag.Value.
func (p *Pairs) Set(text string) error {
	name, value, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return access.Errorf(access.CodeInvalid, "write it like NAME=VALUE")
	}
	if *p == nil {
		*p = Pairs{}
	}
	(*p)[name] = value
	return nil
}

// String implements pflag.Value.
func (p *Pairs) String() string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(*p)) {
		all = append(all, name+"="+(*p)[name])
	}
	return strings.Join(all, " ")
}

// Type implements pflag.Value.
func (p *Pairs) Type() string { return "name=value" }

// Params returns the pairs as the params of a request. All are text; the server
// reads each by the type that the contract declares.
func (p *Pairs) Params() map[string]any {
	out := map[string]any{}
	for name, value := range *p {
		out[name] = value
	}
	return out
}

// Time is a flag with a time in RFC 3339.
type Time struct{ At *time.Time }

// Set implements pflag.Value.
func (t *Time) Set(text string) error {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return access.Errorf(access.CodeInvalid, "write it like 2026-01-31T14:00:00Z")
	}
	t.At = &at
	return nil
}

// String implements pflag.Value.
func (t *Time) String() string {
	if t.At == nil {
		return ""
	}
	return t.At.Format(time.RFC3339)
}

// Type implements pflag.Value.
func (t *Time) Type() string { return "time" }

// Back is a flag with a length of time to look back: days and weeks beside what Go writes,
// such as 30d, 2w or 36h.
type Back struct{ Length time.Duration }

// Set implements pflag.Value.
func (b *Back) Set(text string) error {
	unit := map[byte]time.Duration{'d': 24 * time.Hour, 'w': 7 * 24 * time.Hour}
	d, err := time.ParseDuration(text)
	if n := len(text) - 1; err != nil && n > 0 && unit[text[n]] > 0 {
		var count int
		if count, err = strconv.Atoi(text[:n]); err == nil && count < 10_000 {
			d = time.Duration(count) * unit[text[n]]
		}
	}
	if err != nil || d <= 0 {
		return access.Errorf(access.CodeInvalid, "write it like 30d, 2w or 36h")
	}
	b.Length = d
	return nil
}

// String implements pflag.Value.
func (b *Back) String() string {
	if b.Length == 0 {
		return ""
	}
	return access.Duration(b.Length).String()
}

// Type implements pflag.Value.
func (b *Back) Type() string { return "length" }
