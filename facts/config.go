package facts

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/facts/calendar"
	"ramp.dev/ramp/facts/github"
	"ramp.dev/ramp/facts/gitlab"
	"ramp.dev/ramp/facts/jira"
	"ramp.dev/ramp/facts/opsgenie"
	"ramp.dev/ramp/facts/pagerduty"
	"ramp.dev/ramp/facts/servicenow"
	"ramp.dev/ramp/facts/source"
)

// Config is one source. Contracts name it by its key in the configuration.
type Config struct {
	Kind          string          `yaml:"kind"`             // file, or one of the services
	File          field.File      `yaml:"file,omitempty"`   // of the kind file
	MaxAge        access.Duration `yaml:"maxAge,omitempty"` // what is older is unknown; 0: of any age
	source.Config `yaml:",inline"`
}

// kindFile is a file, which is no service.
const kindFile = "file"

// service is one kind of service that is a source.
type service struct {
	fields func() source.Fields
	open   func(source.Config) (source.Service, error)
	keep   time.Duration // how long a reply is used again
	// comments says that Ramp comments on the tickets of the service.
	comments bool
}

// services is the table of the services.
func services() map[string]service {
	return map[string]service{
		"jira":       {jira.Fields, opens(jira.Open), keepReply, true},
		"servicenow": {servicenow.Fields, opens(servicenow.Open), keepReply, true},
		"github":     {github.Fields, opens(github.Open), keepReply, false},
		"gitlab":     {gitlab.Fields, opens(gitlab.Open), keepReply, false},
		"pagerduty":  {pagerduty.Fields, opens(pagerduty.Open), keepReply, false},
		"opsgenie":   {opsgenie.Fields, opens(opsgenie.Open), keepReply, false},
		"calendar":   {calendar.Fields, opens(calendar.Open), keepCalendar, false},
	}
}

func opens[S source.Service](open func(source.Config) (S, error)) func(source.Config) (source.Service, error) {
	return func(c source.Config) (source.Service, error) {
		s, err := open(c)
		if err != nil {
			return nil, err
		}
		return s, nil
	}
}

// open returns the source as it is asked, and reaches for nothing.
func (c Config) open() (source.Source, error) {
	if cmp.Or(c.Kind, kindFile) == kindFile {
		return NewFile(string(c.File)), nil
	}
	s, known, err := c.openService()
	if err != nil {
		return nil, err
	}
	return newKept(s, known.keep), nil
}

// openService returns the service that the source is, and reaches for nothing.
func (c Config) openService() (source.Service, service, error) {
	known, there := services()[c.Kind]
	if !there {
		return nil, known, access.Errorf(access.CodeInvalid, "there is no kind %q of source", access.Clip(c.Kind, 40))
	}
	s, err := known.open(c.Config)
	return s, known, err
}

// broken is a source whose configuration names a file that is not there: the others are
// asked all the same.
type broken struct{ err error }

func (b broken) Ask(context.Context, access.FactKind, string) (source.Reply, error) {
	return source.Reply{}, b.err
}

// clockTolerance is how far a service's clock may be from this machine's, beyond what
// rounding and the way there make of it: the end of a shift is judged by this one.
const clockTolerance = 10 * time.Second

// Ping asks the source whether it can be used, and returns why nothing that it says
// counts. Of a file it looks at the text alone, so that maxAge is not looked at.
func (c Config) Ping(ctx context.Context) error {
	if cmp.Or(c.Kind, kindFile) == kindFile {
		_, err := NewFile(string(c.File)).read()
		return err
	}
	s, _, err := c.openService()
	if err != nil {
		return err
	}
	if err := s.Ping(ctx); err != nil {
		return err
	}
	if apart := s.ClocksApart(); apart > clockTolerance {
		return fmt.Errorf("its clock and this machine's are %s apart: synchronize this machine by NTP", access.Duration(apart))
	}
	return nil
}

// name is what a source may be called.
var name = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)

// Validate returns everything that is wrong with sources, reaching for nothing. at is
// where they are configured.
func Validate(at string, sources map[string]Config) (issues access.Issues) {
	return validate(at, sources, Config.validate)
}

// validate looks at the name of each source, and at the source by a function whose issues
// name fields of it.
func validate(at string, sources map[string]Config, one func(Config) access.Issues) (issues access.Issues) {
	for _, n := range slices.Sorted(maps.Keys(sources)) {
		place := at + "." + n
		if !name.MatchString(n) {
			issues.Add("facts_name", place, "a source's name is lowercase letters, digits and dashes, a letter first, 40 at most")
		}
		for _, is := range one(sources[n]) {
			is.Field = place + "." + is.Field
			issues = append(issues, is)
		}
	}
	return issues
}

func (c Config) validate() (issues access.Issues) {
	if c.MaxAge < 0 {
		issues.Add("max_age", "maxAge", "maxAge is a length of time, or left out")
	}
	if c.Kind == kindFile {
		issues.Require(c.File != "", "facts_file_missing", "file", "a file of facts is needed")
		for _, name := range c.Written() {
			issues.Add("field_unused", name, "a file takes no %s", name)
		}
		return issues
	}
	known, there := services()[c.Kind]
	if !there {
		issues.Add("kind_unknown", "kind", "there is no kind %q of source; there are file, %s", access.Clip(c.Kind, 40),
			strings.Join(slices.Sorted(maps.Keys(services())), ", "))
		return issues
	}
	issues.Require(c.File == "", "field_unused", "file", "this kind of source takes no file")
	found := c.Config.Validate(known.fields())
	if len(found) == 0 && c.CAFile == "" { // a certificate that is not there is found when it is asked
		if _, err := known.open(c.Config); err != nil {
			found = append(found, access.IssuesOf(err)...)
		}
	}
	return append(issues, found...)
}

// OpenCommenter returns what writes comments on the tickets of a source, and reaches for
// nothing.
func OpenCommenter(c Config) (source.Commenter, error) {
	s, known, err := c.openService()
	if err != nil {
		return nil, err
	}
	commenter, ok := s.(source.Commenter)
	if !ok || !known.comments {
		return nil, access.Errorf(access.CodeInvalid, "Ramp writes no comments in %s", access.Clip(c.Kind, 40))
	}
	return commenter, nil
}

// ValidateCommenters returns everything that is wrong with the sources on whose tickets
// Ramp comments.
func ValidateCommenters(at string, sources map[string]Config) (issues access.Issues) {
	return validate(at, sources, func(c Config) (issues access.Issues) {
		known := services()[c.Kind]
		if !known.comments {
			issues.Add("kind_unknown", "kind", "Ramp comments on the tickets of %s", strings.Join(commented(), " and "))
			return issues
		}
		f := known.fields()
		f.NoPeople = true
		return c.Config.Validate(f)
	})
}

// commented are the kinds of services on whose tickets Ramp comments.
func commented() (kinds []string) {
	for kind, s := range services() {
		if s.comments {
			kinds = append(kinds, kind)
		}
	}
	slices.Sort(kinds)
	return kinds
}
