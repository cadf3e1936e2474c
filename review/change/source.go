package change

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/strictyaml"
)

// source is the document of one contract in its file.
type source struct {
	file  string
	lines []string // of the whole file, each with its end
	body  ast.Node
}

// find returns the document of a contract.
func find(files access.ContractFiles, contract string) (*source, error) {
	for name, text := range files {
		bodies, err := strictyaml.Parse([]byte(text))
		if err != nil {
			return nil, access.Errorf(access.CodeInvalid, "%s: %w", name, err)
		}
		for _, body := range bodies {
			s := &source{file: name, lines: strings.SplitAfter(text, "\n"), body: body}
			if v := s.value("metadata", "name"); v != nil && v.GetToken().Value == contract && s.text("kind") == "Contract" {
				return s, nil
			}
		}
	}
	return nil, access.Errorf(access.CodeNotFound, "no file holds contract %s", access.Clip(contract, 80))
}

// field returns a field by its path; nil where it is not written.
func (s *source) field(path ...string) *ast.MappingValueNode {
	var found *ast.MappingValueNode
	node := s.body
	for _, step := range path {
		found = nil
		for _, v := range strictyaml.Fields(node) {
			if v.Key.GetToken().Value == step {
				found = v
			}
		}
		if found == nil {
			return nil
		}
		node = found.Value
	}
	return found
}

// value is what a field holds; nil where it is not written.
func (s *source) value(path ...string) ast.Node {
	if f := s.field(path...); f != nil {
		return f.Value
	}
	return nil
}

// text is what a field of one value holds.
func (s *source) text(path ...string) string {
	if v := s.value(path...); v != nil {
		return v.GetToken().Value
	}
	return ""
}

// span is where something is written: in one line, by runes from 0.
type span struct{ line, from, to int }

// span returns where a node of one value is written.
func (s *source) span(n ast.Node) (span, error) {
	t := n.GetToken()
	unclear := access.Errorf(access.CodeInvalid, "%s:%d: this is written so that it cannot be edited without knowing it; change it by hand", s.file, t.Position.Line)
	if t.Position.Line < 1 || t.Position.Line > len(s.lines) {
		return span{}, unclear
	}
	line := []rune(s.lines[t.Position.Line-1])
	from := t.Position.Column - 1
	if from < 0 || from >= len(line) {
		return span{}, unclear
	}
	at := span{line: t.Position.Line - 1, from: from}
	quote := rune(0)
	switch t.Type {
	case token.SingleQuoteType:
		quote = '\''
	case token.DoubleQuoteType:
		quote = '"'
	case token.StringType, token.IntegerType, token.FloatType, token.BoolType:
		at.to = from + len([]rune(t.Value))
		if at.to > len(line) || string(line[from:at.to]) != t.Value {
			return span{}, unclear
		}
		return at, nil
	default:
		return span{}, unclear
	}
	if line[from] != quote {
		return span{}, unclear
	}
	for i := from + 1; i < len(line); i++ {
		switch {
		case quote == '"' && line[i] == '\\':
			i++
		case line[i] == quote && quote == '\'' && i+1 < len(line) && line[i+1] == quote:
			i++
		case line[i] == quote:
			at.to = i + 1
			return at, nil
		}
	}
	return span{}, unclear
}

// put writes a text over a part of a line.
func (s *source) put(at span, text string) {
	line := []rune(s.lines[at.line])
	s.lines[at.line] = string(line[:at.from]) + text + string(line[at.to:])
}

// set writes another value where a node is, with the quotes that are there.
func (s *source) set(n ast.Node, value string) error {
	at, err := s.span(n)
	if err != nil {
		return err
	}
	switch n.GetToken().Type {
	case token.SingleQuoteType:
		value = "'" + strings.ReplaceAll(value, "'", "''") + "'"
	case token.DoubleQuoteType:
		value = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
	}
	s.put(at, value)
	return nil
}

// before writes another field before one, in the same mapping.
func (s *source) before(f *ast.MappingValueNode, field, value string) error {
	at, err := s.span(f.Key)
	if err != nil {
		return err
	}
	line := []rune(s.lines[at.line])
	if lead := string(line[:at.from]); strings.TrimSpace(lead) == "" {
		s.lines[at.line] = fmt.Sprintf("%s%s: %s\n%s", lead, field, value, s.lines[at.line])
		return nil
	}
	at.to = at.from
	s.put(at, field+": "+value+", ")
	return nil
}

// after writes another field on a line of its own after one of a single line, in the same
// mapping, which is no one in braces.
func (s *source) after(f *ast.MappingValueNode, field, value string) error {
	key, err := s.span(f.Key)
	if err != nil {
		return err
	}
	at, err := s.span(f.Value)
	if err != nil {
		return err
	}
	s.lines[at.line] = strings.TrimSuffix(s.lines[at.line], "\n") + fmt.Sprintf("\n%s%s: %s\n", strings.Repeat(" ", key.from), field, value)
	return nil
}

// remove takes one value out of a sequence.
func (s *source) remove(seq *ast.SequenceNode, value string) error {
	for i, v := range seq.Values {
		if v.GetToken().Value != value {
			continue
		}
		at, err := s.span(v)
		if err != nil {
			return err
		}
		if !seq.IsFlowStyle {
			lead := strings.TrimSpace(string([]rune(s.lines[at.line])[:at.from]))
			if lead != "-" {
				return access.Errorf(access.CodeInvalid, "%s:%d: this is written so that it cannot be edited without knowing it; change it by hand", s.file, at.line+1)
			}
			s.lines[at.line] = ""
			return nil
		}
		return s.removeInLine(seq, i, at)
	}
	return access.Errorf(access.CodeNotFound, "%s: %s is no longer there", s.file, access.Clip(value, 80))
}

// removeInLine takes the i-th value out of a sequence in brackets, with one comma.
func (s *source) removeInLine(seq *ast.SequenceNode, i int, at span) error {
	beside := i + 1
	if beside == len(seq.Values) {
		beside = i - 1
	}
	if beside < 0 {
		return access.Errorf(access.CodeInvalid, "%s:%d: it is the only value", s.file, at.line+1)
	}
	other, err := s.span(seq.Values[beside])
	if err != nil {
		return err
	}
	if other.line != at.line {
		return access.Errorf(access.CodeInvalid, "%s:%d: this is written over several lines; change it by hand", s.file, at.line+1)
	}
	if beside > i {
		s.put(span{at.line, at.from, other.from}, "")
	} else {
		s.put(span{at.line, other.to, at.to}, "")
	}
	return nil
}

// without returns the file without the document; "" where nothing else is in it.
func (s *source) without() string {
	here := s.body.GetToken().Position.Line - 1
	from, to := 0, len(s.lines)
	separated := false
	for i, line := range s.lines {
		if !strings.HasPrefix(line, "---") {
			continue
		}
		if i <= here {
			from, separated = i, true
		} else {
			to = i
			break
		}
	}
	if !separated || strings.TrimSpace(strings.Join(s.lines[:from], "")) == "" {
		from = 0
		if to < len(s.lines) {
			to++ // the next document begins the file
		}
	}
	left := strings.Join(s.lines[:from], "") + strings.Join(s.lines[to:], "")
	if strings.TrimSpace(left) == "" {
		return ""
	}
	return left
}
