package access

import (
	"strings"
	"time"
)

// Duration is a length of access. In text it is Go-style ("90s", "1h30m");
// whole seconds only, because targets keep expiries in seconds.
type Duration time.Duration

// MaxDuration bounds every duration in Ramp: a year. Anything longer is
// standing access by another name.
const MaxDuration = Duration(365 * 24 * time.Hour)

// ParseDuration reads a positive duration of whole seconds. Errors are of code
// CodeInvalid and carry one issue.
func ParseDuration(field, s string) (Duration, error) {
	bad := func(code, format string, args ...any) error { return InvalidField(code, field, format, args...) }
	if strings.TrimSpace(s) == "" {
		return 0, bad("duration_missing", "a duration is needed, such as 30m or 1h30m")
	}
	d, err := time.ParseDuration(s)
	switch {
	case err != nil:
		return 0, bad("duration_malformed", "%q is not a duration; write it like 90s, 30m or 1h30m", Clip(s, 40))
	case d <= 0:
		return 0, bad("duration_not_positive", "%s is not more than zero", s)
	case d%time.Second != 0:
		return 0, bad("duration_fractional", "%s is not a whole number of seconds", s)
	case Duration(d) > MaxDuration:
		return 0, bad("duration_too_long", "%s is longer than any access may be (%s)", s, MaxDuration)
	}
	return Duration(d), nil
}

// String returns the duration without trailing zero units: 30m, not 30m0s.
func (d Duration) String() string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// Std returns the duration as the standard library's type.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler. Zero is read back, since a
// marshalled empty duration is "0s"; other bounds are ParseDuration's.
func (d *Duration) UnmarshalText(b []byte) error {
	if string(b) == "0s" {
		*d = 0
		return nil
	}
	v, err := ParseDuration("duration", string(b))
	if err != nil {
		return err
	}
	*d = v
	return nil
}
