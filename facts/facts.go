package facts

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/facts/source"
	"ramp.dev/ramp/internal/plaintext"
)

// askWithin bounds how long people wait for a source.
const askWithin = 5 * time.Second

// Facts is the sources of one installation. Make one with New. The nil Facts knows
// nothing.
type Facts struct {
	sources map[string]configured
	log     logrus.FieldLogger
	now     func() time.Time
	unknown func(source string)
	spells  *spells
}

type configured struct {
	source.Source
	maxAge time.Duration
}

// New returns the sources of a configuration that is valid. unknown counts questions to
// which a source had no reply that counts; it may be nil.
func New(sources map[string]Config, log logrus.FieldLogger, unknown func(source string)) *Facts {
	f := &Facts{sources: map[string]configured{}, log: log, now: time.Now, unknown: unknown, spells: &spells{of: map[string]*spell{}}}
	if unknown == nil {
		f.unknown = func(string) {}
	}
	for name, c := range sources {
		s, err := c.open()
		if err != nil {
			log.WithError(err).WithField("source", name).Error("a source of facts cannot be used")
			s = broken{err}
		}
		f.sources[name] = configured{s, c.MaxAge.Std()}
	}
	return f
}

// At returns the same sources as they are asked at a time, whatever the clock says: what
// is said without a time is of that time, and shifts are those of then.
func (f *Facts) At(at time.Time) *Facts {
	out := *f
	out.now = func() time.Time { return at }
	out.sources = map[string]configured{}
	for name, s := range f.sources {
		if file, ok := s.Source.(*File); ok {
			s.Source = &File{path: file.path, at: at}
		}
		out.sources[name] = s
	}
	return &out
}

// Ask returns a fact for each question, in their order, within askWithin. It never
// fails: what could not be known is unknown.
func (f *Facts) Ask(ctx context.Context, questions ...access.FactQuestion) []access.Fact {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	out := make([]access.Fact, len(questions))
	var asking sync.WaitGroup
	for i, q := range questions {
		asking.Go(func() { out[i] = f.ask(ctx, q) })
	}
	asking.Wait()
	return out
}

func (f *Facts) ask(ctx context.Context, q access.FactQuestion) access.Fact {
	var s configured
	known := false
	now := time.Now
	if f != nil {
		s, known = f.sources[q.Source]
		now = f.now
	}
	out := access.Fact{FactQuestion: q, State: access.FactUnknown, At: now().UTC().Truncate(time.Microsecond)}
	if !known {
		out.Why = fmt.Sprintf("no source %q is configured (server.facts)", q.Source)
		return out
	}
	reply, err := s.within(ctx, q)
	if err == nil {
		out, err = factOf(reply, out, s.maxAge)
	}
	if err != nil {
		out = access.Fact{FactQuestion: q, State: access.FactUnknown, At: out.At, Why: why(err)}
		f.unknown(q.Source)
		if say, n := f.spells.unknown(q, out.At); say {
			f.log.WithError(err).WithFields(logrus.Fields{"source": q.Source, "kind": q.Kind, "questions": n}).Warn("facts that contracts ask for are not known")
		}
	} else if f.spells.known(q, out.At) {
		f.log.WithField("source", q.Source).Info("facts that contracts ask for are known again")
	}
	return out
}

// within asks the source and waits no longer than ctx, whether or not the source does.
func (s configured) within(ctx context.Context, q access.FactQuestion) (source.Reply, error) {
	type result struct {
		reply source.Reply
		err   error
	}
	done := make(chan result, 1)
	go func() {
		reply, err := s.Ask(ctx, q.Kind, q.Key)
		done <- result{reply, err}
	}()
	select {
	case r := <-done:
		return r.reply, r.err
	case <-ctx.Done():
		return source.Reply{}, fmt.Errorf("%s did not respond in time", q.Source)
	}
}

// factOf returns the fact that a reply makes of a question. A reply of another kind, from
// the future or too old is not believed, nor is one whose text misleads.
func factOf(r source.Reply, f access.Fact, maxAge time.Duration) (access.Fact, error) {
	known := f.Kind == access.FactTicket && r.Ticket != nil && r.OnCall == nil || f.Kind == access.FactOnCall && r.OnCall != nil && r.Ticket == nil
	age := f.At.Sub(r.AsOf)
	switch {
	case known == r.Absent:
		return f, fmt.Errorf("%s says nothing of it", f.Source)
	case age < -access.ClockSkew:
		return f, fmt.Errorf("what %s says is dated %s, which is in the future", f.Source, access.FormatTime(r.AsOf))
	case maxAge > 0 && age > maxAge:
		return f, fmt.Errorf("what %s says is %s old, and %s is the most (maxAge)", f.Source, access.Duration(age.Truncate(time.Second)), access.Duration(maxAge))
	}
	if err := checkTexts(r); err != nil {
		return f, fmt.Errorf("what %s says is not shown: %w", f.Source, err)
	}
	f.State, f.AsOf, f.Ticket, f.OnCall = access.FactKnown, new(r.AsOf.UTC().Truncate(time.Microsecond)), r.Ticket, r.OnCall
	if r.Absent {
		f.State = access.FactAbsent
	}
	return f, nil
}

// What a reply may hold. It is signed with plans and decisions, and people read it.
const (
	maxText   = 200 // characters of one text
	maxPeople = 200 // on call at once
)

// checkTexts refuses texts that would write lines of their own into what people read, or
// change how it shows: the author of a ticket is nobody whom Ramp knows. One such ticket
// says nothing; the others of its source count.
func checkTexts(r source.Reply) error {
	var texts []string
	if r.Ticket != nil {
		texts = append(texts, r.Ticket.Project, r.Ticket.Service, r.Ticket.Type, r.Ticket.Assignee)
	}
	if r.OnCall != nil {
		texts = append(texts, r.OnCall.People...)
		if len(texts) > maxPeople {
			return fmt.Errorf("more than %d people are on call", maxPeople)
		}
	}
	for _, text := range texts {
		switch {
		case !plaintext.IsLine(text):
			return errors.New("a text has characters that do not show, change how others show, or break the line")
		case utf8.RuneCountInString(text) > maxText:
			return fmt.Errorf("a text is longer than %d characters", maxText)
		}
	}
	return nil
}

// why returns in words for everybody why something is not known: paths and what is in
// a source's file stay in the log.
func why(err error) string {
	var path *fs.PathError
	switch {
	case errors.As(err, &path):
		return "its file cannot be read"
	case access.CodeOf(err) == access.CodeInvalid:
		return "its file is malformed"
	}
	return access.Clip(plaintext.Strip(err.Error()), 200)
}
