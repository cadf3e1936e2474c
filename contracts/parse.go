package contracts

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/google/cel-go/cel"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/strictyaml"
)

// maxFile bounds one file of contracts, in bytes: the YAML parser's time grows
// with the square of some of what may be in it.
const maxFile = 256 << 10

// LoadDir reads every *.yaml and *.yml of a directory, tests excepted. It is
// all or nothing: the error, of code CodeInvalid, carries every issue of every
// file, each with file:line:column.
func LoadDir(dir string) (*Set, error) {
	files, err := readDir(dir)
	if err != nil {
		return nil, err
	}
	return parseDir(dir, files)
}

// parseDir refuses a directory that allows nothing: it is rather the wrong one.
func parseDir(dir string, files map[string][]byte) (*Set, error) {
	set, err := Parse(files)
	if err == nil && len(set.Contracts) == 0 {
		return nil, access.Errorf(access.CodeInvalid, "%s holds no contract", dir)
	}
	return set, err
}

func readDir(dir string) (map[string][]byte, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "contracts: %w", err)
	}
	files := map[string][]byte{}
	for _, e := range entries {
		name := e.Name()
		ext := filepath.Ext(name)
		if e.IsDir() || (ext != ".yaml" && ext != ".yml") || strings.HasPrefix(name, ".") ||
			strings.HasSuffix(strings.TrimSuffix(name, ext), "_test") {
			continue
		}
		b, err := fs.ReadFile(os.DirFS(dir), name)
		if err != nil {
			return nil, access.Errorf(access.CodeInvalid, "contracts: %w", err)
		}
		files[name] = b
	}
	return files, nil
}

// Parse checks files of contracts, by name.
func Parse(files map[string][]byte) (*Set, error) {
	env, err := environment()
	if err != nil {
		return nil, err
	}
	var all []access.Issue
	set := &Set{}
	seen := map[string]string{}
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		contracts, issues := parseFile(env, name, files[name])
		all = append(all, issues...)
		for _, c := range contracts {
			if where, dup := seen[c.contract.Name]; dup {
				all = append(all, access.Issue{Code: "duplicate_name", Field: c.at("metadata", "name"),
					Message: fmt.Sprintf("contract %q is also in %s", c.contract.Name, where)})
				continue
			}
			seen[c.contract.Name] = c.at("metadata", "name")
			set.Contracts = append(set.Contracts, c.contract)
		}
	}
	if len(all) > 0 {
		return nil, &access.Error{Code: access.CodeInvalid, Message: "contracts", Issues: all}
	}
	slices.SortFunc(set.Contracts, func(a, b *Contract) int { return strings.Compare(a.Name, b.Name) })
	for _, c := range set.Contracts {
		fmt.Fprintf(sum, "%s %s\n", c.Name, c.Version)
	}
	set.Version = "sha256:" + hex.EncodeToString(sum.Sum(nil))
	return set, nil
}

// document is one contract being checked, with its place in its file.
type document struct {
	file     string
	body     ast.Node
	contract *Contract
	env      *cel.Env
	issues   []access.Issue
}

func parseFile(env *cel.Env, name string, b []byte) ([]*document, []access.Issue) {
	if len(b) > maxFile {
		return nil, []access.Issue{{Code: "file_too_large", Field: name, Message: "a file of contracts may have 256 KiB"}}
	}
	if issue := checkShape(name, b); issue != nil {
		return nil, []access.Issue{*issue}
	}
	parsed, err := parser.ParseBytes(b, 0)
	if err != nil {
		return nil, []access.Issue{yamlIssue(name, err)}
	}
	var docs []*document
	var issues []access.Issue
	for _, d := range parsed.Docs {
		if d.Body == nil {
			continue
		}
		doc := &document{file: name, body: d.Body, env: env}
		var src source
		doc.unknownFields(src)
		// Decoded loosely, since unknown fields are told already, all of them
		// and not only the first.
		if err := yaml.NodeToValue(d.Body, &src); err != nil {
			doc.issues = append(doc.issues, yamlIssue(name, err))
		} else {
			doc.check(src)
		}
		issues = append(issues, doc.issues...)
		if len(doc.issues) == 0 {
			doc.contract.Text = d.Body.String()
			text := sha256.Sum256([]byte(doc.contract.Text))
			doc.contract.Version = "sha256:" + hex.EncodeToString(text[:])
			docs = append(docs, doc)
		}
	}
	return docs, issues
}

// yamlIssue turns an error of the YAML library into an issue with its place.
func yamlIssue(file string, err error) access.Issue {
	message, line, col := strictyaml.ErrorAt(err)
	if line > 0 {
		file = fmt.Sprintf("%s:%d:%d", file, line, col)
	}
	return access.Issue{Code: "yaml", Field: file, Message: message}
}
