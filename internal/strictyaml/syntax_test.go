package strictyaml

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// noYAML are mistakes that people make in files, by what they are.
var noYAML = []struct{ name, text string }{
	{"a tab instead of spaces", "request:\n\twho: x\n"},
	{"a tab after spaces", "request:\n  who: x\n \treason: y\n"},
	{"a block with more spaces than what follows", "worker:\n    sinks:\n      siem: {kind: file}\n  targets: {}\n"},
	{"a block with more spaces than what precedes", "worker:\n  listen: x\n    sinks: {}\n"},
	{"an element of a list beside it", "stages:\n  - name: a\n   from: [b]\n"},
	{"a brace that stays open", "duration: {default: 30m, max: 1h\ngrants: []\n"},
	{"a bracket that stays open", "from: [a, b\nname: x\n"},
	{"a bracket that nothing opened", "from: a]\nname: ]\n"},
	{"a comma that is missing", "names: [a b: c d: e]\n"},
	{"a text without its closing quote", "who: 'true\nname: x\n"},
	{"a text without its closing double quote", "who: \"true\nname: x\n"},
	{"a quote within a text", "reason: 'it's broken'\n"},
	{"a colon within a text", "description: logs: of one service\n"},
	{"a field without its colon", "metadata\nkind: Contract\n"},
	{"a field without its colon below others", "kind: Contract\nmetadata\n"},
	{"an extra indentation below a comment", "request:\n  # who may ask\n   who: x\n  reason: {}\n"},
	{"a field written twice", "who: a\nwho: b\n"},
	{"a condition that begins with a reserved character", "who: @engineering\n"},
	{"a condition whose quotes are YAML's", "who: \"engineering\" in person.groups\n"},
}

// TestWordsOfSyntax: what people read of a file that is no YAML, with its place, in words
// of who writes files.
func TestWordsOfSyntax(t *testing.T) {
	var out strings.Builder
	for _, one := range noYAML {
		_, err := Parse([]byte(one.text))
		var e *ParseError
		if !assert.ErrorAs(t, err, &e, one.name) {
			continue
		}
		require.Positive(t, e.Line, one.name)
		fmt.Fprintf(&out, "%s: %s\n", one.name, err)
	}
	for _, one := range []struct{ name, text string }{
		{"a text in place of a list", "from: approvers\n"},
		{"a text in place of a list within braces", "{from: approvers, name: x}\n"},
		{"a number in place of a list", "from: 3\n"},
		{"a list in place of a text", "name: [a]\n"},
		{"a list in place of fields", "below: [a]\n"},
		{"a text in place of fields", "below: a\n"},
		{"a text in place of a number", "count: many\n"},
		{"a text in place of true or false", "on: perhaps\n"},
		{"a set of fields in place of a list", "from: {a: b}\n"},
		{"an element of a list", "numbers: [1, two]\n"},
		{"a number that is too large", "count: 99999999999999999999999\n"},
	} {
		bodies, err := Parse([]byte(one.text))
		require.NoError(t, err, one.name)
		var into struct {
			Name    string          `yaml:"name"`
			From    []string        `yaml:"from"`
			Numbers []int           `yaml:"numbers"`
			Count   int             `yaml:"count"`
			On      bool            `yaml:"on"`
			Below   struct{ A int } `yaml:"below"`
		}
		err = yaml.NodeToValue(bodies[0], &into)
		require.Error(t, err, one.name)
		message, line, column := ErrorAt(err)
		fmt.Fprintf(&out, "%s: %d:%d: %s\n", one.name, line, column, message)
	}
	if os.Getenv("UPDATE") != "" {
		require.NoError(t, os.WriteFile("testdata/words.golden", []byte(out.String()), 0o600))
	}
	want, err := os.ReadFile("testdata/words.golden")
	require.NoError(t, err)
	require.Equal(t, string(want), out.String())
}
