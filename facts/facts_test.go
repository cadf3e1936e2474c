package facts

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	logs "github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/facts/source"
)

var (
	ticketQuestion = access.FactQuestion{Kind: access.FactTicket, Source: "s", Key: "OPS-1"}
	onCallQuestion = access.FactQuestion{Kind: access.FactOnCall, Source: "s", Key: "db"}
)

// sourceFunc is a source in a function.
type sourceFunc func(ctx context.Context) (source.Reply, error)

func (f sourceFunc) Ask(ctx context.Context, _ access.FactKind, _ string) (source.Reply, error) {
	return f(ctx)
}

// of returns facts with one source.
func of(s source.Source, maxAge time.Duration) *Facts {
	log, _ := logs.NewNullLogger()
	f := New(nil, log, nil)
	f.sources["s"] = configured{s, maxAge}
	return f
}

// TestCase92WhatIsNotKnown: whatever a source does, what it does not say clearly and
// lately is unknown, and never known or absent.
func TestCase92WhatIsNotKnown(t *testing.T) {
	now := time.Now()
	ticket, onCall := &access.Ticket{Open: true}, &access.OnCall{People: []string{"alice"}}
	for _, c := range []struct {
		name  string
		reply source.Reply
		err   error
		want  access.FactState
	}{
		{"known", source.Reply{AsOf: now, Ticket: ticket}, nil, access.FactKnown},
		{"absent", source.Reply{AsOf: now, Absent: true}, nil, access.FactAbsent},
		{"old", source.Reply{AsOf: now.Add(-2 * time.Hour), Ticket: ticket}, nil, access.FactUnknown},
		{"old and absent", source.Reply{AsOf: now.Add(-2 * time.Hour), Absent: true}, nil, access.FactUnknown},
		{"of no time", source.Reply{Ticket: ticket}, nil, access.FactUnknown},
		{"of the future", source.Reply{AsOf: now.Add(time.Hour), Ticket: ticket}, nil, access.FactUnknown},
		{"nothing", source.Reply{AsOf: now}, nil, access.FactUnknown},
		{"both", source.Reply{AsOf: now, Absent: true, Ticket: ticket}, nil, access.FactUnknown},
		{"another kind", source.Reply{AsOf: now, OnCall: onCall}, nil, access.FactUnknown},
		{"two kinds", source.Reply{AsOf: now, Ticket: ticket, OnCall: onCall}, nil, access.FactUnknown},
		{"of a hidden character", source.Reply{AsOf: now, Ticket: &access.Ticket{Project: "x\u202egnp"}}, nil, access.FactUnknown},
		{"that moves the cursor", source.Reply{AsOf: now, Ticket: &access.Ticket{Type: "x\x1b[2J"}}, nil, access.FactUnknown},
		{"of two lines", source.Reply{AsOf: now, Ticket: &access.Ticket{Assignee: "alice\nApproved by: everybody"}}, nil, access.FactUnknown},
		{"of many words", source.Reply{AsOf: now, Ticket: &access.Ticket{Project: strings.Repeat("é", maxText+1)}}, nil, access.FactUnknown},
		{"of long words", source.Reply{AsOf: now, Ticket: &access.Ticket{Project: strings.Repeat("é", maxText)}}, nil, access.FactKnown},
		{"an error", source.Reply{AsOf: now, Ticket: ticket}, errors.New("503"), access.FactUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := of(sourceFunc(func(context.Context) (source.Reply, error) { return c.reply, c.err }), time.Hour)
			got := f.Ask(t.Context(), ticketQuestion)[0]
			require.Equal(t, c.want, got.State)
			require.Equal(t, ticketQuestion, got.FactQuestion)
			if c.want == access.FactUnknown {
				require.NotEmpty(t, got.Why)
				require.Nil(t, got.Ticket)
				require.Nil(t, got.OnCall)
				require.Nil(t, got.AsOf)
			}
		})
	}
	require.Equal(t, access.FactUnknown, (*Facts)(nil).Ask(t.Context(), ticketQuestion)[0].State)
	other := ticketQuestion
	other.Source = "other"
	require.Equal(t, `no source "other" is configured (server.facts)`, of(nil, 0).Ask(t.Context(), other)[0].Why)
}

// TestRotaThatMisleads: nobody is on call by a rota that names people in two lines, or
// more of them than anybody reads.
func TestRotaThatMisleads(t *testing.T) {
	now := time.Now()
	for _, people := range [][]string{{"alice", "bob\ncarol"}, {"ali\u200bce"}, slices.Repeat([]string{"alice"}, maxPeople+1)} {
		f := of(sourceFunc(func(context.Context) (source.Reply, error) {
			return source.Reply{AsOf: now, OnCall: &access.OnCall{People: people}}, nil
		}), 0)
		got := f.Ask(t.Context(), onCallQuestion)[0]
		require.Equal(t, access.FactUnknown, got.State)
		require.Contains(t, got.Why, "what s says is not shown: ")
		require.Nil(t, got.OnCall)
	}
	f := of(sourceFunc(func(context.Context) (source.Reply, error) { return source.Reply{}, errors.New("503\n\x1b[2JApproved") }), 0)
	require.Equal(t, "503 [2JApproved", f.Ask(t.Context(), onCallQuestion)[0].Why)
}

// TestCase81SourceIsNoRegularFile: a FIFO or a device in the place of a file is not
// waited for.
func TestCase81SourceIsNoRegularFile(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600))
	require.NoError(t, os.Symlink("/dev/zero", filepath.Join(dir, "device")))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "directory"), 0o700))
	log, _ := logs.NewNullLogger()
	for _, name := range []string{"fifo", "device", "directory"} {
		f := New(map[string]Config{"s": {Kind: "file", File: field.File(filepath.Join(dir, name))}}, log, nil)
		require.Equal(t, "its file cannot be read", f.Ask(t.Context(), ticketQuestion)[0].Why)
		_, err := f.sources["s"].Ask(t.Context(), access.FactTicket, "OPS-1")
		require.ErrorContains(t, err, "it is no regular file")
	}
}

// TestSourceThatHangs: a source that heeds no context makes nobody wait for longer.
func TestSourceThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		f := of(sourceFunc(func(context.Context) (source.Reply, error) { <-release; return source.Reply{}, nil }), 0)
		began := time.Now()
		got := f.Ask(t.Context(), ticketQuestion, onCallQuestion)
		require.Equal(t, askWithin, time.Since(began))
		require.Equal(t, "s did not respond in time", got[0].Why)
		require.Equal(t, access.FactUnknown, got[1].State)
	})
}

// TestFile reads the file again at each question.
func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "facts.yaml")
	log, _ := logs.NewNullLogger()
	f := New(map[string]Config{"s": {Kind: "file", File: field.File(path)}}, log, nil)
	write := func(text string) { require.NoError(t, os.WriteFile(path, []byte(text), 0o600)) }
	now := time.Now()
	at := func(ago time.Duration) string { return now.Add(-ago).UTC().Format(time.RFC3339) }
	ask := func(q access.FactQuestion) access.Fact { return f.Ask(t.Context(), q)[0] }

	require.Equal(t, "its file cannot be read", ask(ticketQuestion).Why)
	write("tickets: {OPS-1: {open: true, severity: 2, assignee: alice, project: OPS, type: incident}}\nonCall: {db: [{people: [bob, alice]}, {people: [alice]}]}\n")
	require.Equal(t, &access.Ticket{Open: true, Severity: 2, Assignee: "alice", Project: "OPS", Type: "incident"}, ask(ticketQuestion).Ticket)
	require.Equal(t, &access.OnCall{People: []string{"alice", "bob"}}, ask(onCallQuestion).OnCall)
	write("tickets: {OPS-1: {open: false}}\n")
	require.False(t, ask(ticketQuestion).Ticket.Open)
	require.Equal(t, access.FactAbsent, ask(onCallQuestion).State)
	write("tickets: {OPS-1: {opne: true}}\n")
	require.Equal(t, "its file is malformed", ask(ticketQuestion).Why, "what it said before does not hold")
	require.Equal(t, "its file is malformed", ask(ticketQuestion).Why)

	write("asOf: '" + at(2*time.Hour) + "'\nonCall:\n  db:\n" +
		"    - {people: [early], from: '" + at(3*time.Hour) + "', until: '" + at(time.Hour) + "'}\n" +
		"    - {people: [now], from: '" + at(time.Hour) + "', until: '" + at(-time.Hour) + "'}\n" +
		"    - {people: [later], from: '" + at(-time.Hour) + "'}\n")
	got := ask(onCallQuestion)
	require.Equal(t, []string{"now"}, got.OnCall.People)
	require.WithinDuration(t, now.Add(time.Hour), *got.OnCall.Until, 2*time.Second)
	require.WithinDuration(t, now.Add(-2*time.Hour), *got.AsOf, 2*time.Second)
	f.sources["s"] = configured{f.sources["s"].Source, time.Hour}
	require.Contains(t, ask(onCallQuestion).Why, "(maxAge)")
}

// TestFileIsStrict names what is wrong, all of it.
func TestFileIsStrict(t *testing.T) {
	for text, want := range map[string]string{
		"tickets: {A: {opne: true}}":           "unknown_field",
		"tickets: [A]":                         "yaml",
		"tickets: {A: {severity: -1}}":         "severity",
		"asOf: yesterday":                      "time_malformed",
		"onCall: {db: [{from: '2026-01-01'}]}": "time_malformed people_missing",
		"---\n---\n":                           "one_document",
		"a: &a 1":                              "anchor",
		"onCall: {db: [{people: [a], from: '2026-01-02T00:00:00Z', until: '2026-01-01T00:00:00Z'}]}": "shift_ends",
	} {
		_, err := parse("f.yaml", []byte(text))
		require.Equal(t, access.CodeInvalid, access.CodeOf(err), text)
		var codes string
		for i, is := range access.IssuesOf(err) {
			if i > 0 {
				codes += " "
			}
			codes += is.Code
		}
		t.Log(text, codes)
		if want != "anchor" && want != "one_document" {
			require.Equal(t, want, codes, text)
		}
	}
}

func TestValidate(t *testing.T) {
	for want, sources := range map[string]map[string]Config{
		"":                   {"jira": {Kind: "file", File: "x"}},
		"facts_name":         {"Jira": {Kind: "file", File: "x"}},
		"kind_unknown":       {"jira": {Kind: "jiira", File: "x"}},
		"facts_file_missing": {"jira": {Kind: "file"}},
	} {
		got := ""
		for _, is := range Validate("server.facts", sources) {
			got += is.Code
		}
		require.Equal(t, want, got)
	}
}
