// Package config is the one configuration file of Ramp's processes: it loads the
// file strictly, says what is wrong and where, and opens what the file names.
// How a field is read, checked and shown follows from its type (package field).
package config

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/internal/strictyaml"
	"ramp.dev/ramp/server"
	"ramp.dev/ramp/worker"
)

// DefaultName is the configuration file where none is named: in the working
// directory, and in the directory of `ramp dev`.
const DefaultName = "ramp.yaml"

// Config is the file of `ramp server` and `ramp worker`. Relative paths in it
// are relative to the file. docs/operate.md explains each field, and a test
// fails if it does not. A Config can be printed and encoded: what could hold a
// secret masks itself.
type Config struct {
	Ledger   Ledger        `yaml:"ledger"`
	Temporal Temporal      `yaml:"temporal,omitempty"`
	Keys     Keys          `yaml:"keys"`
	Server   server.Config `yaml:"server,omitempty"`
	Worker   worker.Config `yaml:"worker,omitempty"`

	path string   // of the file, as it was given
	body ast.Node // what is written, for the places of issues
}

// Load reads a configuration file. Errors are CodeInvalid and name every field
// that is unknown, with its place and what was probably meant. Validate checks the
// values.
func Load(path string) (Config, error) {
	c := Config{path: path}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && path == DefaultName {
		return c, access.Errorf(access.CodeInvalid, "configuration: there is no %s here: name the file with --config. `ramp dev` makes one, in .ramp/%s unless --dir says otherwise; deploy/ramp.yaml is one to start from, and docs/operate.md explains each field",
			path, DefaultName)
	}
	if err != nil {
		return c, access.Errorf(access.CodeInvalid, "configuration: %w", err)
	}
	bodies, err := strictyaml.Parse(b)
	if err != nil {
		return c, access.Invalid(c.parseIssue(err))
	}
	if len(bodies) != 1 {
		return c, access.Invalid(access.Issue{Code: "one_document", Field: path, Message: "a configuration is one YAML document"})
	}
	c.body = bodies[0]
	var issues access.Issues
	for _, u := range strictyaml.UnknownFields(c.body, c) {
		hint := ""
		if u.Name == "file" || u.Name == "env" {
			hint = fmt.Sprintf("; a secret is one text: put it in quotes, without a blank after the colon, such as \"%s:NAME\"", u.Name)
		} else if u.Suggestion != "" {
			hint = fmt.Sprintf("; did you mean %q?", u.Suggestion)
		}
		issues.Add("unknown_field", fmt.Sprintf("%s:%d:%d", path, u.Line, u.Column), "unknown field %q%s", u.Path, hint)
	}
	ctx := field.WithDir(context.Background(), filepath.Dir(path))
	if err := yaml.NewDecoder(new(bytes.Buffer)).DecodeFromNodeContext(ctx, c.body, &c); err != nil {
		issues = append(issues, c.yamlIssue(err))
	}
	issues = append(issues, c.placed(c.inClear())...)
	if err := issues.Err(); err != nil {
		return c, err
	}
	c.takeBuild()
	return c, nil
}

// buildVariable overrides worker.deployment.buildId: an image knows its build,
// and the configuration beside it does not change with each.
const buildVariable = "RAMP_BUILD_ID"

func (c *Config) takeBuild() {
	if build := os.Getenv(buildVariable); build != "" {
		c.Worker.Deployment.BuildID = build
	}
}

// inClear finds fields that would secure Temporal and have nothing in them:
// the operator who wrote them means TLS, and would get none.
func (c Config) inClear() (issues access.Issues) {
	if c.Temporal.TLS == nil && c.Has("temporal", "tls") {
		issues.Add("tls_empty", "temporal.tls", "it is empty; write {} for TLS with the system's authorities, or leave it out")
	}
	if c.Temporal.APIKey.IsZero() && c.Has("temporal", "apiKey") {
		issues.Add("api_key_empty", "temporal.apiKey", "it is empty; name a secret, or leave it out")
	}
	return issues
}

// parseIssue returns why the file could not be parsed, with its place.
func (c Config) parseIssue(err error) access.Issue {
	var e *strictyaml.ParseError
	if !errors.As(err, &e) {
		return c.yamlIssue(err)
	}
	place := c.path
	if e.Line > 0 {
		place = fmt.Sprintf("%s:%d:%d", c.path, e.Line, e.Column)
	}
	return access.Issue{Code: e.Code, Field: place, Message: e.Message}
}

func (c Config) yamlIssue(err error) access.Issue {
	message, line, column := strictyaml.ErrorAt(err)
	place := c.path
	if line > 0 {
		place = fmt.Sprintf("%s:%d:%d", c.path, line, column)
	}
	return access.Issue{Code: "yaml", Field: place, Message: message}
}
