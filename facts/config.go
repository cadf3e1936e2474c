package facts

import (
	"maps"
	"regexp"
	"slices"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
)

// Config is one source. Contracts name it by its key in the configuration.
type Config struct {
	Kind   string          `yaml:"kind"` // file
	File   field.File      `yaml:"file"`
	MaxAge access.Duration `yaml:"maxAge,omitempty"` // what is older is unknown; 0: of any age
}

// Ping reads the source, and returns why nothing that it says counts. It asks about
// nothing, so that maxAge is not looked at.
func (c Config) Ping() error {
	_, err := NewFile(string(c.File)).read()
	return err
}

// name is what a source may be called.
var name = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)

// Validate returns everything that is wrong with sources, reaching for nothing. at is
// where they are configured.
func Validate(at string, sources map[string]Config) (issues access.Issues) {
	for _, n := range slices.Sorted(maps.Keys(sources)) {
		c, place := sources[n], at+"."+n
		if !name.MatchString(n) {
			issues.Add("facts_name", place, "a source's name is lowercase letters, digits and dashes, a letter first, 40 at most")
		}
		if c.Kind != "file" {
			issues.Add("kind_unknown", place+".kind", "there is no kind %q of source; there is file", access.Clip(c.Kind, 40))
		}
		if c.File == "" {
			issues.Add("facts_file_missing", place+".file", "a file of facts is needed")
		}
	}
	return issues
}
