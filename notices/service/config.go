package service

import (
	"maps"
	"regexp"
	"slices"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
)

// Config is one channel of a service, such as a channel of Discord. Who knows its address
// writes there, so the address is a secret.
type Config struct {
	// Address names what holds the address: discord://TOKEN@WEBHOOK,
	// mattermost://HOST/TOKEN, rocketchat://HOST/TOKEN/TOKEN, ntfy://HOST/TOPIC, or the
	// https address of a workflow of Teams with teams+ before it. It is read for each message.
	Address field.Secret `yaml:"address"`
	CAFile  field.File   `yaml:"caFile,omitempty"` // PEM; the system's authorities if empty
}

// name is what a channel may be called. It has no @, so that it is no mail address.
var name = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)

// IsName reports whether a channel may be called so.
func IsName(text string) bool { return name.MatchString(text) }

// Validate returns everything that is wrong with channels, reaching for nothing. at is
// where they are configured.
func Validate(at string, channels map[string]Config) (issues access.Issues) {
	for _, n := range slices.Sorted(maps.Keys(channels)) {
		c, place := channels[n], at+"."+n
		issues.Require(IsName(n), "notices_channel", place, "a channel's name is lowercase letters, digits and dashes, a letter first, 40 at most")
		issues.Require(!c.Address.IsZero(), "secret_missing", place+".address", "the channel's address is needed: file:PATH or env:NAME, since who knows it writes there")
	}
	return issues
}
