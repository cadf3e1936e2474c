package facts

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/goccy/go-yaml"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/facts/source"
	"ramp.dev/ramp/internal/strictyaml"
)

// maxFile bounds a file of facts, in bytes.
const maxFile = 1 << 20

// File is a source that a person or another program keeps as a file. It is read at each
// question, so that what it says counts at once; a file that is malformed says nothing
// at all, whatever it said before.
type File struct {
	path string
	at   time.Time // when it is asked; zero: by the clock

	mu      sync.Mutex
	digest  [sha256.Size]byte
	content content
	err     error
}

// content is a file of facts as it is written.
type content struct {
	AsOf    string                `yaml:"asOf"` // when its writer looked; the file's own time if left out
	Tickets map[string]fileTicket `yaml:"tickets"`
	OnCall  map[string][]shift    `yaml:"onCall"`

	asOf time.Time
}

type fileTicket struct {
	Open     bool   `yaml:"open"`
	Project  string `yaml:"project"`
	Service  string `yaml:"service"`
	Type     string `yaml:"type"`
	Severity int    `yaml:"severity"`
	Assignee string `yaml:"assignee"`
}

// shift is some people's time on call; without bounds it is always.
type shift struct {
	People []string `yaml:"people"`
	From   string   `yaml:"from"`
	Until  string   `yaml:"until"`

	from, until time.Time
}

// NewFile returns the source of a path, which is not read yet.
func NewFile(path string) *File { return &File{path: path} }

// Ask implements source.Source.
func (f *File) Ask(_ context.Context, kind access.FactKind, key string) (source.Reply, error) {
	c, err := f.read()
	if err != nil {
		return source.Reply{}, err
	}
	r := source.Reply{AsOf: c.asOf}
	switch kind {
	case access.FactTicket:
		if t, there := c.Tickets[key]; there {
			r.Ticket = &access.Ticket{Open: t.Open, Project: t.Project, Service: t.Service, Type: t.Type, Severity: t.Severity, Assignee: t.Assignee}
		}
		r.Absent = r.Ticket == nil
	case access.FactOnCall:
		if shifts, there := c.OnCall[key]; there {
			r.OnCall = onCall(shifts, cmp.Or(f.at, time.Now()))
		}
		r.Absent = r.OnCall == nil
	default:
		return source.Reply{}, fmt.Errorf("a file of facts has nothing of the kind %q", kind)
	}
	return r, nil
}

// onCall returns who is on call at a time, and when that changes.
func onCall(shifts []shift, now time.Time) *access.OnCall {
	out := &access.OnCall{People: []string{}}
	changes := func(at time.Time) {
		if at.After(now) && (out.Until == nil || at.Before(*out.Until)) {
			out.Until = new(at.UTC())
		}
	}
	for _, s := range shifts {
		changes(s.from)
		changes(s.until)
		if !now.Before(s.from) && (s.until.IsZero() || now.Before(s.until)) {
			out.People = append(out.People, s.People...)
		}
	}
	slices.Sort(out.People)
	out.People = slices.Compact(out.People)
	return out
}

// read reads the file, and parses it if it is another one than before. Opening a FIFO
// would block until somebody writes to it, and reading a device might never end: each
// question would leave a thread behind.
func (f *File) read() (content, error) {
	file, err := os.OpenFile(f.path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return content{}, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return content{}, err
	}
	if !info.Mode().IsRegular() {
		return content{}, &fs.PathError{Op: "read", Path: f.path, Err: errors.New("it is no regular file")}
	}
	b, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return content{}, err
	}
	if len(b) > maxFile {
		return content{}, fmt.Errorf("%s is larger than 1 MiB", f.path)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if sum := sha256.Sum256(b); sum != f.digest {
		f.digest = sum
		f.content, f.err = parse(f.path, b)
	}
	c := f.content
	if c.asOf.IsZero() {
		c.asOf = cmp.Or(f.at, info.ModTime())
	}
	return c, f.err
}

// parse reads a file strictly. Errors are CodeInvalid, with every issue.
func parse(path string, b []byte) (content, error) {
	var c content
	bodies, err := strictyaml.Parse(b)
	if err != nil {
		var e *strictyaml.ParseError
		if errors.As(err, &e) && e.Line > 0 {
			return c, access.Invalid(access.Issue{Code: e.Code, Field: fmt.Sprintf("%s:%d:%d", path, e.Line, e.Column), Message: e.Message})
		}
		return c, access.Errorf(access.CodeInvalid, "%s: %w", path, err)
	}
	var issues access.Issues
	if len(bodies) != 1 {
		issues.Add("one_document", path, "a file of facts is one YAML document")
		return c, issues.Err()
	}
	for _, u := range strictyaml.UnknownFields(bodies[0], content{}) {
		issues.Add("unknown_field", fmt.Sprintf("%s:%d:%d", path, u.Line, u.Column), "unknown field %q", u.Path)
	}
	if err := yaml.NodeToValue(bodies[0], &c); err != nil {
		message, line, column := strictyaml.ErrorAt(err)
		issues.Add("yaml", fmt.Sprintf("%s:%d:%d", path, line, column), "%s", message)
		return c, issues.Err()
	}
	c.times(path, &issues)
	return c, issues.Err()
}

// times reads the times of the file.
func (c *content) times(path string, issues *access.Issues) {
	read := func(text, what string) (at time.Time) {
		if text == "" {
			return at
		}
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			issues.Add("time_malformed", path, "%s: %q is no time; write it like '2026-01-31T14:00:00Z'", what, access.Clip(text, 40))
		}
		return at
	}
	c.asOf = read(c.AsOf, "asOf")
	for name, t := range c.Tickets {
		if t.Severity < 0 {
			issues.Add("severity", path, "tickets.%s.severity: 1 is the most severe", name)
		}
	}
	for name, shifts := range c.OnCall {
		for i := range shifts {
			s, what := &shifts[i], fmt.Sprintf("onCall.%s[%d]", name, i)
			s.from, s.until = read(s.From, what+".from"), read(s.Until, what+".until")
			if len(s.People) == 0 {
				issues.Add("people_missing", path, "%s names nobody", what)
			}
			if !s.until.IsZero() && !s.until.After(s.from) {
				issues.Add("shift_ends", path, "%s ends before it begins", what)
			}
		}
	}
}
