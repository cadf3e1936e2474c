package access_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestEveryKindIsInTheCatalogue: a kind that is declared and not in the catalogue
// would be shown by its name, to operators only, and leave as "other".
func TestEveryKindIsInTheCatalogue(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "event.go", nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	var declared []access.EventKind
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if of, ok := spec.Type.(*ast.Ident); ok && of.Name == "EventKind" {
			kind, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			require.NoError(t, err)
			declared = append(declared, access.EventKind(kind))
		}
		return true
	})
	require.Greater(t, len(declared), 28)
	require.ElementsMatch(t, declared, access.EventKinds())
}

func TestEverySpecIsComplete(t *testing.T) {
	for _, kind := range access.EventKinds() {
		s := kind.Spec()
		require.True(t, kind.Known(), kind)
		require.NotEmpty(t, s.Phrase, kind)
		require.Contains(t, []access.Audience{access.AudienceRequest, access.AudienceSelf, access.AudienceOperators}, s.Audience, kind)
		require.NotZero(t, s.OCSF.Class, kind)
		require.NotZero(t, s.OCSF.ActivityID, kind)
		require.NotEmpty(t, s.OCSF.Activity, kind)
		require.Equal(t, s.OCSF.Class.UID*100+s.OCSF.ActivityID, s.OCSF.TypeUID(), kind)
		noun, verb, ok := strings.Cut(string(kind), ".")
		require.True(t, ok && noun != "" && verb != "", "%s is written as noun.verb", kind)
	}
}

// TestUnknownKinds: what a newer Ramp recorded is shown to operators only, and
// leaves without anything that people may have written.
func TestUnknownKinds(t *testing.T) {
	e := access.Event{Kind: "moon.landed", RequestID: "r", Message: "free text", Detail: map[string]string{"secret": "x"}}
	require.False(t, e.Kind.Known())
	require.Equal(t, access.AudienceOperators, e.Kind.Spec().Audience)
	require.Equal(t, "moon.landed: free text", e.Phrase())
	require.Equal(t, access.Event{Kind: "moon.landed", RequestID: "r"}, e.Redacted())
}

func TestPhrase(t *testing.T) {
	target := map[string]string{"grant": "ramp-x-a", "target": "postgres/orders"}
	for want, e := range map[string]access.Event{
		"approved":                                                {Kind: access.EventDecisionRecorded, Detail: map[string]string{"decision": "approve"}},
		"denied: not now":                                         {Kind: access.EventDecisionRecorded, Detail: map[string]string{"decision": "deny"}, Message: "not now"},
		"decided":                                                 {Kind: access.EventDecisionRecorded, Detail: map[string]string{"decision": "perhaps"}},
		"asked for access: orders stuck":                          {Kind: access.EventRequestCreated, Message: "orders stuck"},
		"an act was refused: no":                                  {Kind: access.EventActRefused, Message: "no"},
		"an act was refused":                                      {Kind: access.EventActRefused, Detail: map[string]string{"act": "of a newer Ramp"}},
		"decided, 3 times more: no":                               {Kind: access.EventDecisionRecorded, Detail: map[string]string{"count": "3"}, Message: "no"},
		"extending access was refused: too long":                  {Kind: access.EventActRefused, Detail: map[string]string{"act": string(access.ActExtend)}, Message: "too long"},
		"opening access ramp-x-a was refused":                     {Kind: access.EventActRefused, Detail: map[string]string{"act": string(access.ActOpen.Of("ramp-x-a"))}},
		"opened on the target":                                    {Kind: access.EventGrantOpened},
		"opened on postgres/orders":                               {Kind: access.EventGrantOpened, Detail: target},
		"closed on postgres/orders, read back as gone":            {Kind: access.EventGrantClosed, Detail: target},
		"changed on postgres/orders by somebody else":             {Kind: access.EventGrantDrifted, Detail: target},
		"never opened on postgres/orders, and cannot be any more": {Kind: access.EventGrantNotBegun, Detail: target},
		"about to open, recorded first (postgres/orders)":         {Kind: access.EventGrantIntended, Detail: target},
		"ended by the reconciler (postgres/orders): why":          {Kind: access.EventGrantSwept, Detail: target, Message: "why"},
		"credential picked up (ramp-x-a)":                         {Kind: access.EventCredentialMinted, Detail: map[string]string{"grant": "ramp-x-a"}},
		"credential picked up (postgres/orders)":                  {Kind: access.EventCredentialMinted, Detail: target},
		"ending":                                                  {Kind: access.EventAccessEnding, Detail: target},
		"extended until 2026-01-31T14:31:00Z: not done":           {Kind: access.EventAccessExtended, Detail: map[string]string{"expiresAt": "2026-01-31T15:31:00+01:00"}, Message: "not done"},
		"over, proven gone":                                       {Kind: access.EventAccessEnded, Message: "Read back as gone."},
		"extended":                                                {Kind: access.EventAccessExtended, Detail: map[string]string{"expiresAt": "soon"}},
	} {
		require.Equal(t, want, e.Phrase())
	}
}

// TestEveryRefusedActHasWords: an act without them would be "an act" again.
func TestEveryRefusedActHasWords(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "names.go", nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	acts := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if of, ok := spec.Type.(*ast.Ident); ok && of.Name == "Act" {
			act, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			require.NoError(t, err)
			e := access.Event{Kind: access.EventActRefused, Detail: map[string]string{"act": act}}
			require.NotEqual(t, e.Kind.Spec().Phrase, e.Phrase(), act)
			acts++
		}
		return true
	})
	require.Greater(t, acts, 12)
}

func TestRedacted(t *testing.T) {
	e := access.Event{Kind: access.EventRequestCreated, Actor: "alice", Message: "my password is hunter2", Key: "my password is hunter2", Detail: map[string]string{"contract": "ssh-demo"}}
	require.Equal(t, access.Event{Kind: access.EventRequestCreated, Actor: "alice", Detail: map[string]string{"contract": "ssh-demo"}}, e.Redacted())
	require.Equal(t, "my password is hunter2", e.Message, "the event itself stays as it is")
	opened := access.Event{Kind: access.EventGrantOpened, Detail: map[string]string{"grant": "ramp-r-a"}}
	require.Equal(t, opened, opened.Redacted())
}

// TestEventsAreDocumented: docs/events.md has each kind as the catalogue has it.
func TestEventsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../docs/events.md")
	require.NoError(t, err)
	for _, kind := range access.EventKinds() {
		s := kind.Spec()
		without := "–"
		if len(s.Redact) > 0 {
			without = strings.Join(s.Redact, ", ")
		}
		row := fmt.Sprintf("| `%s` | %s | %s | %d %s: %d %s | %s |", kind, s.Phrase, s.Audience,
			s.OCSF.Class.UID, s.OCSF.Class.Name, s.OCSF.ActivityID, s.OCSF.Activity, without)
		require.Contains(t, string(text), row+"\n", "docs/events.md needs the row:\n%s", row)
	}
	require.Equal(t, len(access.EventKinds()), strings.Count(string(text), "\n| `"), "docs/events.md has rows of kinds that do not exist")
}
