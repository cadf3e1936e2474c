package strictyaml

import (
	"testing"

	"github.com/goccy/go-yaml/parser"
	"github.com/stretchr/testify/require"
)

type cat struct {
	fur   `yaml:",inline"`
	Lives int `yaml:"lives"`
}

type fur struct {
	Colour string `yaml:"colour"`
}

type kinds struct {
	Kind string `yaml:"kind"`
}

type animal struct{ fields map[string]any }

func (animal) FieldsFor(scalar func(string) string) []any {
	if scalar("kind") == "cat" {
		return []any{kinds{}, cat{}}
	}
	return nil
}

type zoo struct {
	Name    string            `yaml:"name,omitempty"`
	Animals map[string]animal `yaml:"animals"`
	Keepers []struct {
		Since string `yaml:"since"`
	} `yaml:"keepers"`
	hidden int
}

func TestUnknownFields(t *testing.T) {
	_ = zoo{}.hidden
	_ = animal{}.fields
	_ = cat{}.Colour
	file, err := parser.ParseBytes([]byte(`nmae: x
animals:
  tom: {kind: cat, lives: 9, livse: 9, colour: red}
  rex: {kind: dog, anything: goes}
keepers:
  - since: 2020
  - completelyElse: 1
hidden: 1
`), 0)
	require.NoError(t, err)
	require.Equal(t, []UnknownField{
		{Path: "nmae", Name: "nmae", Suggestion: "name", Line: 1, Column: 1},
		{Path: "animals.tom.livse", Name: "livse", Suggestion: "lives", Line: 3, Column: 30},
		{Path: "keepers.completelyElse", Name: "completelyElse", Line: 7, Column: 5},
		{Path: "hidden", Name: "hidden", Line: 8, Column: 1},
	}, UnknownFields(file.Docs[0].Body, zoo{}))
}

// TestCase82ExplicitKeys: a key behind a question mark would be read, and seen by no
// check of names: of a target's kind, its fields would be taken whatever they are.
func TestCase82ExplicitKeys(t *testing.T) {
	for _, text := range []string{"? kind\n: cat\nlives: 9\n", "{? kind : cat, livse: 9}", "tom:\n  ? kind\n  : cat\n", "- ? a\n"} {
		_, err := Parse([]byte(text))
		var e *ParseError
		require.ErrorAs(t, err, &e, text)
		require.Equal(t, "yaml_key", e.Code, text)
	}
	for _, text := range []string{"kind: what?\n", "\"?\": x\n", "a: '? b'\n", "q: ?x\n"} {
		_, err := Parse([]byte(text))
		require.NoError(t, err, text)
	}
}
