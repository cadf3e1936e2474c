package strictyaml

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"ramp.dev/ramp/internal/plaintext"
)

// maxNesting is far deeper than any contract or configuration. The YAML parser's
// time grows with the square of the nesting, so that a file of brackets would hold
// up the reader: the server, or CI on a stranger's pull request.
const maxNesting = 40

// ParseError is why a file is not read. Line is 0 if it is the file as a whole.
type ParseError struct {
	Code         string // yaml, yaml_alias, yaml_tag, yaml_key, yaml_depth, hidden_character, not_utf8
	Message      string
	Line, Column int
}

func (e *ParseError) Error() string {
	if e.Line == 0 {
		return e.Message
	}
	return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Message)
}

// Parse returns the bodies of the documents of a file. Errors are *ParseError.
// Refused are, beside what is no YAML: characters that do not show, in comments
// too; anchors, since what a reviewer reads must stand where it counts, and aliases
// of aliases are a file whose contents are larger than any memory; tags, with which
// a text is not what is written; keys behind a question mark, which nobody
// who looks for a field by its name sees; and what is nested too deep to parse. A byte order
// mark, which some editors write, is taken.
func Parse(b []byte) ([]ast.Node, error) {
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	if err := checkCharacters(b); err != nil {
		return nil, err
	}
	if err := checkTokens(b); err != nil {
		return nil, err
	}
	file, err := parser.ParseBytes(b, 0)
	if err != nil {
		message, line, column := ErrorAt(err)
		return nil, syntaxInWords(b, message, line, column)
	}
	var bodies []ast.Node
	for _, d := range file.Docs {
		if d.Body != nil {
			bodies = append(bodies, d.Body)
		}
	}
	return bodies, nil
}

func checkCharacters(b []byte) error {
	if !utf8.Valid(b) {
		return &ParseError{Code: "not_utf8", Message: "this file is not UTF-8; save it as UTF-8"}
	}
	for i, line := range strings.Split(string(b), "\n") {
		before := rune(0)
		for column, r := range []rune(line) {
			if plaintext.Misleads(before, r) {
				return &ParseError{"hidden_character", plaintext.HiddenMessage(r), i + 1, column + 1}
			}
			before = r
		}
	}
	return nil
}

// checkTokens looks at the tokens of a file before it is parsed.
func checkTokens(b []byte) error {
	flow, run := 0, 0 // open brackets; entries begun with nothing between them
	for _, t := range lexer.Tokenize(string(b)) {
		refuse := func(code, message string) error {
			return &ParseError{code, message, t.Position.Line, t.Position.Column}
		}
		if isTemplate(t) {
			return refuse("yaml", `a text with {{ }} needs quotes around the whole of it, such as "{{ params.name }}"`)
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.AnchorType, token.AliasType, token.MergeKeyType:
			return refuse("yaml_alias", "anchors and aliases are not taken: write out what is meant")
		case token.TagType:
			return refuse("yaml_tag", "tags are not taken: write the value itself, a text in quotes")
		case token.MappingKeyType:
			return refuse("yaml_key", "a key is not written behind a question mark: write it in front of its colon")
		}
		switch t.Type {
		case token.SequenceEntryType:
			run++
		default:
			run = 0
		}
		if max(flow, run) > maxNesting {
			return refuse("yaml_depth", fmt.Sprintf("this is nested more than %d deep", maxNesting))
		}
	}
	return nil
}

// isTemplate reports whether a template begins at t without quotes before it. YAML
// takes each of its brackets for a mapping, which nothing read here has as a key.
func isTemplate(t *token.Token) bool {
	next := t.Next
	return t.Type == token.MappingStartType && next != nil && next.Type == token.MappingStartType &&
		next.Position.Line == t.Position.Line && next.Position.Column == t.Position.Column+1 &&
		next.Next != nil && next.Next.Type == token.StringType
}
