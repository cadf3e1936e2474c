package contracts

import (
	"fmt"

	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"

	"ramp.dev/ramp/access"
)

// maxNesting is far deeper than any contract. The YAML parser's time grows with
// the square of the nesting, so that a file of brackets would hold up whoever
// reads it: the server, or CI on a stranger's pull request.
const maxNesting = 40

// checkShape refuses, before a file is parsed, what is too deep to parse, and
// anchors: what a reviewer reads must stand where it counts, and aliases of
// aliases are a file whose contents are larger than any memory.
func checkShape(name string, b []byte) *access.Issue {
	flow, run := 0, 0 // open brackets; entries begun with nothing between them
	for _, t := range lexer.Tokenize(string(b)) {
		at := func(code, message string) *access.Issue {
			return &access.Issue{Code: code, Field: fmt.Sprintf("%s:%d:%d", name, t.Position.Line, t.Position.Column), Message: message}
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.AnchorType, token.AliasType, token.MergeKeyType:
			return at("yaml_alias", "anchors and aliases are not taken: write out what is meant")
		case token.TagType:
			return at("yaml_tag", "tags are not taken: write the value itself, a text in quotes")
		}
		switch t.Type {
		case token.SequenceEntryType, token.MappingKeyType:
			run++
		default:
			run = 0
		}
		if max(flow, run) > maxNesting {
			return at("yaml_depth", fmt.Sprintf("this is nested more than %d deep", maxNesting))
		}
	}
	return nil
}
