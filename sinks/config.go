// Package sinks streams the log's events into other systems: a SIEM, a log collector, a
// bucket, a file. Each sink is a consumer of the feed with a cursor of its own: it is given
// every event at least once, in order, and a receiver that drops numbers which it has has
// each once.
package sinks

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/feed"
	"ramp.dev/ramp/feed/envelope"
	"ramp.dev/ramp/sinks/elastic"
	"ramp.dev/ramp/sinks/file"
	"ramp.dev/ramp/sinks/otlp"
	"ramp.dev/ramp/sinks/s3"
	"ramp.dev/ramp/sinks/sink"
	"ramp.dev/ramp/sinks/splunk"
	"ramp.dev/ramp/sinks/syslog"
)

// Config is one sink: how events leave, and one of the kinds below.
type Config struct {
	Format envelope.Format `yaml:"format,omitempty"` // ocsf if empty
	// Text says that what people wrote goes out too; without it reasons and comments stay.
	Text bool `yaml:"text,omitempty"`
	// Start is where a sink begins that has never run: first (the default) or now.
	Start string `yaml:"start,omitempty"`
	// AlarmAfter is how old the oldest event may be that the receiver does not have yet;
	// 15 minutes if zero.
	AlarmAfter access.Duration `yaml:"alarmAfter,omitempty"`

	File    *file.Config    `yaml:"file,omitempty"`
	Syslog  *syslog.Config  `yaml:"syslog,omitempty"`
	Splunk  *splunk.Config  `yaml:"splunk,omitempty"`
	Elastic *elastic.Config `yaml:"elasticsearch,omitempty"`
	OTLP    *otlp.Config    `yaml:"otlp,omitempty"`
	S3      *s3.Config      `yaml:"s3,omitempty"`
}

// kind is one kind of sink in a configuration.
type kind struct {
	name     string
	set      bool
	validate func(at string) access.Issues
	open     func(sink.Anchor) (sink.Sink, error)
}

// kinds is the table of the kinds.
func (c Config) kinds() []kind {
	return []kind{
		{"file", c.File != nil, func(at string) access.Issues { return c.File.Validate(at) }, func(sink.Anchor) (sink.Sink, error) { return c.File.Open(), nil }},
		{"syslog", c.Syslog != nil, func(at string) access.Issues { return c.Syslog.Validate(at) }, func(sink.Anchor) (sink.Sink, error) { return c.Syslog.Open(), nil }},
		{"splunk", c.Splunk != nil, func(at string) access.Issues { return c.Splunk.Validate(at) }, func(sink.Anchor) (sink.Sink, error) { return c.Splunk.Open() }},
		{"elasticsearch", c.Elastic != nil, func(at string) access.Issues { return c.Elastic.Validate(at) }, func(sink.Anchor) (sink.Sink, error) { return c.Elastic.Open() }},
		{"otlp", c.OTLP != nil, func(at string) access.Issues { return c.OTLP.Validate(at) }, func(sink.Anchor) (sink.Sink, error) { return c.OTLP.Open() }},
		{"s3", c.S3 != nil, func(at string) access.Issues { return c.S3.Validate(at) }, func(anchor sink.Anchor) (sink.Sink, error) { return c.S3.Open(anchor) }},
	}
}

// Kind returns the name of the sink's kind; "" of one that is not valid.
func (c Config) Kind() string {
	for _, k := range c.kinds() {
		if k.set {
			return k.name
		}
	}
	return ""
}

const (
	defaultAlarmAfter = 15 * time.Minute
	fromNow           = "now"
)

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)

// Validate returns everything that is wrong with sinks, reaching for nothing. at is where
// they are configured.
func Validate(at string, all map[string]Config) (issues access.Issues) {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		c, place := all[name], at+"."+name
		issues.Require(nameForm.MatchString(name), "sink_name", place, "a sink's name is lowercase letters, digits and dashes, a letter first, 40 at most")
		issues = append(issues, c.Format.Validate(place+".format")...)
		issues.Require(c.Start == "" || c.Start == "first" || c.Start == fromNow, "start_unknown", place+".start", "a sink that never ran starts at the first event or now: first or now")
		issues.Require(c.AlarmAfter >= 0, "alarm_malformed", place+".alarmAfter", "a duration is needed, such as 15m")
		var set, known []string
		for _, k := range c.kinds() {
			known = append(known, k.name)
			if k.set {
				set = append(set, k.name)
				issues = append(issues, k.validate(place+"."+k.name)...)
			}
		}
		issues.Require(len(set) == 1, "sink_kind", place, "a sink is of one kind: one of %v, and here are %v", known, set)
	}
	return issues
}

// Open returns the sink of a configuration that is valid, and calls nothing. anchor is for
// those that keep checkpoints of the log.
func (c Config) Open(anchor sink.Anchor) (sink.Sink, error) {
	for _, k := range c.kinds() {
		if k.set {
			return k.open(anchor)
		}
	}
	return nil, access.Errorf(access.CodeInvalid, "the sink has no kind")
}

// Ping asks whether the receiver can be used, and sends no event.
func (c Config) Ping(ctx context.Context) error {
	s, err := c.Open(nil)
	if err != nil {
		return err
	}
	return s.Ping(ctx)
}

// From is where the sink begins that has never run.
func (c Config) From() feed.Start {
	if c.Start == fromNow {
		return feed.FromNow
	}
	return feed.FromFirst
}

// format is Format with its default.
func (c Config) format() envelope.Format {
	if c.Format == "" {
		return envelope.OCSF
	}
	return c.Format
}
