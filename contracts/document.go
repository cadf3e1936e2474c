package contracts

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
	"github.com/google/cel-go/cel"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/strictyaml"
)

// document is one contract while it is read, with its place in its file and
// everything that is wrong with it.
type document struct {
	file      string
	body      ast.Node
	env       *cel.Env
	choiceEnv *cel.Env
	compiled  map[string]*condition // of all files, by text
	contract  *Contract
	issues    []placedIssue

	undecoded []feature // what could not be decoded
	unknown   []strictyaml.UnknownField
	empty     []token.Position // of the names of fields that are empty, or of a length without a unit
	baseless  bool             // it names a base that is not there: what is not written may be the base's

	own       ast.Node               // what the contract itself says, once body holds its base too
	inherited map[ast.Node]*document // the base of what is not the contract's own
}

type placedIssue struct {
	access.Issue
	line, column int // of the field that it is about
}

// issue reports what is wrong with the field at path, or with its nearest parent
// if the field is not written.
//
// What comes from a base that is wrong itself is reported there, and here nothing more; and
// that a field is missing is not reported beside its misspelt name.
func (d *document) issue(code, message string, path ...any) {
	file, line, column, from := d.position(path...)
	for i := range path { // the first that is not written
		if d.written(path[:i+1]...) {
			continue
		}
		if name, isField := path[i].(string); isField && d.misspelt(path[:i], name) {
			return
		}
		break
	}
	if from != nil && len(from.issues) > 0 || d.baseless && !isScalar(d.node(path...)) ||
		slices.ContainsFunc(d.empty, func(p token.Position) bool { return p.Line == line && p.Column == column }) {
		return
	}
	d.issueIn(file, line, column, code, message)
}

// misspelt reports whether the mapping at a path has an unknown field whose name is like
// one of these: what lacks them follows from that.
func (d *document) misspelt(path []any, names ...string) bool {
	for _, f := range strictyaml.Fields(d.node(path...)) {
		at := f.Key.GetToken().Position
		for _, u := range d.unknown {
			if u.Line == at.Line && u.Column == at.Column && slices.Contains(names, u.Suggestion) {
				return true
			}
		}
	}
	return false
}

// issueAt reports what is wrong at a place; line 0 is the file. One issue is
// reported once: features that share a section all fail on it.
func (d *document) issueAt(line, column int, code, message string) {
	d.issueIn(d.file, line, column, code, message)
}

func (d *document) issueIn(file string, line, column int, code, message string) {
	place := file
	if line > 0 {
		place = fmt.Sprintf("%s:%d:%d", file, line, column)
	}
	d.report(placedIssue{access.Issue{Code: code, Field: place, Message: message}, line, column})
}

func (d *document) report(is placedIssue) {
	if !slices.ContainsFunc(d.issues, is.follows) {
		d.issues = append(d.issues, is)
	}
}

// follows reports whether an issue is the same as another, or only follows from it: what is
// empty is of no type, and a condition that is wrong by itself is wrong beside that of a
// base too.
func (is placedIssue) follows(from placedIssue) bool {
	return is == from || is.Field == from.Field && (from.Code == "empty" || is.Code == "condition" && from.Code == "condition")
}

func (d *document) issueAtNode(n ast.Node, code, message string) {
	at := n.GetToken().Position
	d.issueAt(at.Line, at.Column, code, message)
}

// inOrder returns the issues in the order of the file.
func (d *document) inOrder() []access.Issue {
	slices.SortStableFunc(d.issues, func(a, b placedIssue) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column))
	})
	out := make([]access.Issue, len(d.issues))
	for i, is := range d.issues {
		out[i] = is.Issue
	}
	return out
}

// at returns the place of a field as file:line:column.
func (d *document) at(path ...any) string {
	file, line, column, _ := d.position(path...)
	return fmt.Sprintf("%s:%d:%d", file, line, column)
}

// position returns the place of the field at path, or of its nearest parent: in the file
// of the base, for what comes from there, with the base.
func (d *document) position(path ...any) (file string, line, column int, from *document) {
	node := d.body
	file, line, column = d.file, node.GetToken().Position.Line, 1
	for _, step := range path {
		next, key := child(node, step)
		if next == nil {
			break
		}
		node = next
		if base, foreign := d.inherited[node]; foreign {
			file, from = base.file, base
		}
		if pos := key.GetToken().Position; pos != nil {
			line, column = pos.Line, pos.Column
		}
	}
	return file, line, column, from
}

// node returns what is written at path, nil if nothing is.
func (d *document) node(path ...any) ast.Node {
	node := d.body
	for _, step := range path {
		if node, _ = child(node, step); node == nil {
			return nil
		}
	}
	return node
}

// written reports whether a field is in the file.
func (d *document) written(path ...any) bool { return d.node(path...) != nil }

// child finds one step of a path and the node that has its place.
func child(n ast.Node, step any) (value, place ast.Node) {
	switch step := step.(type) {
	case string:
		for _, v := range strictyaml.Fields(n) {
			if v.Key.GetToken().Value == step {
				return v.Value, v.Key
			}
		}
	case int:
		if seq, ok := n.(*ast.SequenceNode); ok && step < len(seq.Values) {
			return seq.Values[step], seq.Values[step]
		}
	}
	return nil, nil
}

// condition compiles a condition; nil if none is written or it is wrong.
func (d *document) condition(text string, path ...any) *condition {
	if text == "" {
		return nil
	}
	if known, ok := d.compiled[text]; ok {
		return known
	}
	cond, err := compile(d.env, text)
	if err != nil {
		d.notCondition(err, path...)
		return nil
	}
	d.compiled[text] = cond
	return cond
}

// notCondition reports why a text is no condition. In a block of lines (who: |) the issue has
// the place of the mistake, elsewhere that of the field: quotes and folded lines move the rest.
func (d *document) notCondition(err error, path ...any) {
	var mistake *conditionError
	block, lines := d.node(path...).(*ast.LiteralNode)
	if !errors.As(err, &mistake) || !lines || block.Start.Type != token.LiteralType {
		d.issue("condition", err.Error(), path...)
		return
	}
	file, line, column, from := d.position(path...)
	if from != nil && len(from.issues) > 0 {
		return // it was reported there
	}
	first := strings.TrimLeft(block.Value.GetToken().Origin, "\n")
	indent := len(first) - len(strings.TrimLeft(first, " "))
	place := fmt.Sprintf("%s:%d:%d", file, block.Start.Position.Line+mistake.line, indent+mistake.column)
	d.report(placedIssue{access.Issue{Code: "condition", Field: place, Message: mistake.message}, line, column})
}

// emptyCondition reports whether there is no condition. One that is written as an empty text
// is a mistake where it says who approves or what may be chosen: it would bound nothing.
func (d *document) emptyCondition(text string, path ...any) bool {
	if text == "" && d.written(path...) {
		d.issue("condition", "this condition is empty, and would bound nothing; write one, or leave the field out", path...)
	}
	return text == ""
}

// pattern compiles a pattern; nil if none is written or it is wrong.
func (d *document) pattern(text string, path ...any) *pattern {
	if text == "" {
		return nil
	}
	if why := tooLarge(text); why != "" {
		d.issue("pattern", why, path...)
		return nil
	}
	p, err := compilePattern(text)
	if err != nil {
		d.issue("pattern", err.Error(), path...)
	}
	return p
}

// length reads a duration; 0 if it is wrong.
func (d *document) length(text string, path ...any) access.Duration {
	v, err := access.ParseDuration("", text)
	if err != nil {
		is := access.IssuesOf(err)[0]
		d.issue(is.Code, is.Message, path...)
	}
	return v
}

// isScalar reports whether a node is there and is one value.
func isScalar(n ast.Node) bool { _, scalar := n.(ast.ScalarNode); return scalar }
