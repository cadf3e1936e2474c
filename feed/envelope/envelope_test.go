package envelope_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/feed/envelope"
)

var update = flag.Bool("update", false, "write the golden files from what is encoded now")

// typed stands for what people write where they should not.
const typed = "my password is hunter2"

// events has one event of each kind, and one of a kind of a newer Ramp, with every detail
// that some kind has.
func events() (out []access.Event) {
	for _, kind := range append(access.EventKinds(), "moon.landed") {
		e := access.Event{Seq: 4711, At: time.Date(2026, 11, 26, 2, 15, 4, 123456000, time.FixedZone("CET", 3600)), Kind: kind, Actor: "alice@example.com",
			Message: typed, Key: typed, Detail: map[string]string{"via": "web", "facts": typed}}
		set := func(pairs ...string) {
			for i := 0; i < len(pairs); i += 2 {
				e.Detail[pairs[i]] = pairs[i+1]
			}
		}
		noun, _, _ := strings.Cut(string(kind), ".")
		switch noun {
		case "person":
			e.Actor = access.ActorSCIM
			set("user", "u1", "person", "bob@example.com", "userName", "bob", "active", "true")
		case "group":
			e.Actor = access.ActorSCIM
			set("group", "g1", "name", "engineering", "members", "3")
		case "session":
			set("address", "192.0.2.7", "session", "s1")
		case "account":
			set("account", "alice-admin", "human", "alice@example.com")
		case "contracts":
			set("set", "sha256-abc")
		case "directory", "passkey", "external_user", "payload", "sink", "log", "review", "finding", "moon":
		default:
			e.RequestID = "k2m4q6s8u0w2y4a6"
		}
		switch noun {
		case "grant", "credential":
			e.Actor = access.ActorRamp
			set("grant", "ramp-k2m4q6s8u0w2y4a6-a", "target", "postgres/orders")
		}
		if kind == access.EventActRefused {
			set("act", string(access.ActExtend), "code", "forbidden", "count", "3")
		}
		switch kind {
		case access.EventEndOrdered:
		default:
			delete(e.Detail, "facts")
		}
		// What Ramp itself writes is no free text.
		if !slices.Contains(kind.Spec().Redact, access.FieldMessage) {
			e.Message = "Ramp's own words."
		}
		out = append(out, e)
	}
	return out
}

// TestGolden: what others parse changes only on purpose. After a change of a form, write
// the files again with -update, and read the difference.
func TestGolden(t *testing.T) {
	for _, format := range []envelope.Format{envelope.Ramp, envelope.OCSF} {
		var got bytes.Buffer
		for _, e := range events() {
			line, err := envelope.Encode(e, envelope.Options{Format: format, Requester: "alice@example.com"})
			require.NoError(t, err)
			require.NotContains(t, string(line), "\n", "one event is one line")
			got.Write(append(line, '\n'))
		}
		path := filepath.Join("testdata", string(format)+".golden.jsonl")
		if *update {
			require.NoError(t, os.WriteFile(path, got.Bytes(), 0o644))
		}
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		lines := strings.Split(got.String(), "\n")
		for i, line := range strings.Split(string(want), "\n") {
			require.Equal(t, line, lines[i], format)
		}
	}
}

// TestCase113WhatPeopleWroteStays: of no kind, in no form, not in a key and not of a kind
// that this Ramp does not know.
func TestCase113WhatPeopleWroteStays(t *testing.T) {
	for _, e := range events() {
		for _, format := range []envelope.Format{envelope.Ramp, envelope.OCSF} {
			line, err := envelope.Encode(e, envelope.Options{Format: format})
			require.NoError(t, err)
			require.NotContains(t, string(line), "hunter2", e.Kind)
		}
	}
}

// TestCase115LinesCannotBeForged: whoever acts under an odd name or with an odd reason
// writes no line of their own into a log.
func TestCase115LinesCannotBeForged(t *testing.T) {
	odd := "alice\n{\"id\":\"2\"}\r\x00\x1b[2J\u2028<13>1 - - - - - -"
	e := access.Event{Seq: 1, At: time.Now(), Kind: access.EventSessionStarted, Actor: odd, Message: odd, Detail: map[string]string{odd: odd}}
	for _, format := range []envelope.Format{envelope.Ramp, envelope.OCSF} {
		line, err := envelope.Encode(e, envelope.Options{Format: format, Text: true})
		require.NoError(t, err)
		require.False(t, bytes.ContainsFunc(line, func(r rune) bool { return r < ' ' || r == 0x2028 }), "%q", line)
		require.True(t, json.Valid(line))
	}
}

// TestText: with it, everything goes out, and the leaf of the log can be made again.
func TestText(t *testing.T) {
	for _, e := range events() {
		line, err := envelope.Encode(e, envelope.Options{Text: true})
		require.NoError(t, err)
		var read struct {
			Sequence string
			Data     access.Event
		}
		require.NoError(t, json.Unmarshal(line, &read))
		require.Equal(t, e.Leaf(), read.Data.Leaf(), e.Kind)
		require.Equal(t, fmt.Sprintf("%020d", e.Seq), read.Sequence)
	}
}

func TestUnknownFormat(t *testing.T) {
	_, err := envelope.Encode(access.Event{}, envelope.Options{Format: "cef"})
	require.EqualError(t, err, `there is no format "cef": it is ramp or ocsf`)
	require.Len(t, envelope.Format("cef").Validate("f"), 1)
	require.Empty(t, envelope.OCSF.Validate("f"))
}

// TestWhoseAccess: an event about a grant is about the requester, whoever opened it.
func TestWhoseAccess(t *testing.T) {
	e := access.Event{Seq: 9, Kind: access.EventGrantOpened, Actor: access.ActorRamp, RequestID: "r", Detail: map[string]string{"grant": "ramp-r-a", "target": "ssh/demo"}}
	line, err := envelope.Encode(e, envelope.Options{Format: envelope.OCSF, Requester: "alice"})
	require.NoError(t, err)
	var read struct {
		Data struct {
			Actor struct {
				User struct {
					UID    string `json:"uid"`
					TypeID int    `json:"type_id"`
				}
			}
			User struct{ UID string }
		}
	}
	require.NoError(t, json.Unmarshal(line, &read))
	require.Equal(t, "alice", read.Data.User.UID)
	require.Equal(t, "ramp", read.Data.Actor.User.UID)
	require.Equal(t, 3, read.Data.Actor.User.TypeID)
}
