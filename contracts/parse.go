package contracts

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/strictyaml"
)

// MaxFile bounds one file of contracts, in bytes: the YAML parser's time grows
// with the square of some of what may be in it.
const MaxFile = 256 << 10

// Parse reads files of contracts, by name. It is all or nothing: the error, of
// code CodeInvalid, carries every issue of every file, each with
// file:line:column.
func Parse(files map[string][]byte) (*Set, error) {
	p, err := newFileParser()
	if err != nil {
		return nil, err
	}
	var all []access.Issue
	set := &Set{}
	seen := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		documents, issues := p.parse(name, files[name])
		all = append(all, issues...)
		for _, d := range documents {
			if where, twice := seen[d.contract.Name]; twice {
				all = append(all, access.Issue{Code: "duplicate_name", Field: d.at("metadata", "name"),
					Message: fmt.Sprintf("contract %q is also in %s", d.contract.Name, where)})
				continue
			}
			seen[d.contract.Name] = d.at("metadata", "name")
			set.Contracts = append(set.Contracts, d.contract)
		}
	}
	if len(all) > 0 {
		return nil, &access.Error{Code: access.CodeInvalid, Message: "contracts", Issues: all}
	}
	slices.SortFunc(set.Contracts, func(a, b *Contract) int { return strings.Compare(a.Name, b.Name) })
	var versions strings.Builder
	for _, c := range set.Contracts {
		fmt.Fprintf(&versions, "%s %s\n", c.Name, c.Version)
	}
	set.Version = hashOf(versions.String())
	return set, nil
}

// fileParser holds what is made once for all files.
type fileParser struct {
	env      *cel.Env
	language reflect.Type
	compiled map[string]*condition // by text: a thousand contracts have few conditions
}

func newFileParser() (*fileParser, error) {
	env, err := environment()
	return &fileParser{env, language(), map[string]*condition{}}, err
}

// parse returns the contracts of one file that have no issue, and the issues of
// the others.
func (p *fileParser) parse(name string, b []byte) ([]*document, []access.Issue) {
	if len(b) > MaxFile {
		return nil, []access.Issue{{Code: "file_too_large", Field: name, Message: "a file of contracts may have 256 KiB"}}
	}
	bodies, err := strictyaml.Parse(b)
	if err != nil {
		return nil, []access.Issue{parseIssue(name, err)}
	}
	var good []*document
	var issues []access.Issue
	for _, body := range bodies {
		d := &document{file: name, body: body, env: p.env, compiled: p.compiled, contract: &Contract{}}
		d.read(p.language)
		if len(d.issues) > 0 {
			issues = append(issues, d.inOrder()...)
			continue
		}
		d.contract.Text, d.contract.at = body.String(), d.at
		d.contract.Version = hashOf(d.contract.Text)
		good = append(good, d)
	}
	return good, issues
}

// read decodes and checks every feature. If anything could not be decoded, or is
// empty, nothing is checked: it would be reported as missing too.
func (d *document) read(language reflect.Type) {
	d.reportUnknownFields(language)
	d.requireLiteral(d.body, language, false)
	d.decode()
	if slices.ContainsFunc(d.issues, func(i placedIssue) bool { return i.Code == "yaml" || i.Code == "empty" }) {
		return
	}
	for _, f := range d.contract.terms.list() {
		if c, ok := f.(checker); ok {
			c.check(d)
		}
	}
}

// parseIssue returns why a file could not be parsed as an issue with its place.
func parseIssue(file string, err error) access.Issue {
	var e *strictyaml.ParseError
	if !errors.As(err, &e) {
		return access.Issue{Code: "yaml", Field: file, Message: err.Error()}
	}
	if e.Line > 0 {
		file = fmt.Sprintf("%s:%d:%d", file, e.Line, e.Column)
	}
	return access.Issue{Code: e.Code, Field: file, Message: e.Message}
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256:" + hex.EncodeToString(sum[:])
}
