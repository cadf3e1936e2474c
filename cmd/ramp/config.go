package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/internal/strictyaml"
	"ramp.dev/ramp/server"
	"ramp.dev/ramp/signers"
	"ramp.dev/ramp/worker"
)

// configName is the configuration file where none is named: in the working
// directory, and in the directory of `ramp dev`.
const configName = "ramp.yaml"

// config is the one configuration file of `ramp server` and `ramp worker`.
// Relative paths in it are relative to the file. docs/operate.md explains each
// field, and a test holds it complete.
type config struct {
	Ledger   ledgerConfig   `yaml:"ledger"`
	Temporal temporalConfig `yaml:"temporal"`
	Keys     keysConfig     `yaml:"keys"`
	Server   server.Config  `yaml:"server,omitempty"`
	Worker   worker.Config  `yaml:"worker,omitempty"`

	path string
	body ast.Node
}

type ledgerConfig struct {
	URL          string `yaml:"url"`                    // sqlite:PATH or postgres://…
	PasswordFile string `yaml:"passwordFile,omitempty"` // file with the password of Postgres, so that url need not have it, or vault:MOUNT/PATH#FIELD
	PasswordEnv  string `yaml:"passwordEnv,omitempty"`  // the name of the environment variable that holds it
}

type keysConfig struct {
	Signer   string   `yaml:"signer,omitempty"`   // the server's private key: a file, made on first use; vault:MOUNT/KEY; or awskms:ID
	Payload  []string `yaml:"payload,omitempty"`  // files with the keys that encrypt what Temporal keeps, or vault:MOUNT/PATH#FIELD; the first encrypts, all decrypt
	Trusted  []string `yaml:"trusted,omitempty"`  // public keys whose statements are believed
	Passkeys string   `yaml:"passkeys,omitempty"` // file that says whose passkeys are whose, which no server may be able to write
	Worker   string   `yaml:"worker,omitempty"`   // the worker's private key, which signs receipts; made on first use
}

// loadConfig reads a configuration file. Errors are of code invalid and name
// every field that is unknown, with its place and what was probably meant.
func loadConfig(path string) (config, error) {
	c := config{path: path}
	b, err := os.ReadFile(path)
	if err != nil {
		return c, access.Errorf(access.CodeInvalid, "configuration: %w", err)
	}
	file, err := parser.ParseBytes(b, 0)
	if err != nil {
		return c, access.Invalid(c.yamlIssue(err))
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return c, access.Invalid(access.Issue{Code: "one_document", Field: path, Message: "a configuration is one YAML document"})
	}
	c.body = file.Docs[0].Body
	var issues []access.Issue
	for _, u := range strictyaml.UnknownFields(c.body, c) {
		is := access.Issue{Code: "unknown_field", Field: fmt.Sprintf("%s:%d:%d", path, u.Line, u.Column), Message: fmt.Sprintf("unknown field %q", u.Path)}
		if u.Suggestion != "" {
			is.Message += fmt.Sprintf("; did you mean %q?", u.Suggestion)
		}
		issues = append(issues, is)
	}
	if err := yaml.NodeToValue(c.body, &c); err != nil {
		issues = append(issues, c.yamlIssue(err))
	}
	issues = append(issues, c.placed(c.inClear())...)
	if len(issues) > 0 {
		return c, access.Invalid(issues...)
	}
	c.takeBuild()
	dir := filepath.Dir(path)
	paths := []*string{&c.Keys.Signer, &c.Keys.Worker, &c.Keys.Passkeys, &c.Ledger.PasswordFile, &c.Server.Contracts, &c.Server.Identity.ClientSecretFile, &c.Server.SCIM.TokenFile, &c.Temporal.APIKeyFile}
	if t := c.Temporal.TLS; t != nil {
		paths = append(paths, &t.CAFile, &t.CertFile, &t.KeyFile)
	}
	for i := range c.Server.Identity.Issuers {
		paths = append(paths, &c.Server.Identity.Issuers[i].ClientSecretFile)
	}
	for i := range c.Keys.Trusted {
		paths = append(paths, &c.Keys.Trusted[i])
	}
	for i := range c.Keys.Payload {
		paths = append(paths, &c.Keys.Payload[i])
	}
	for _, p := range paths {
		if *p != "" && !filepath.IsAbs(*p) && signers.IsFile(*p) {
			*p = filepath.Join(dir, *p)
		}
	}
	return c, nil
}

// inClear finds fields that would secure Temporal and have nothing in them: whoever
// wrote them means TLS, and would get none.
func (c config) inClear() (issues []access.Issue) {
	if c.Temporal.TLS == nil && c.has("temporal", "tls") {
		issues = append(issues, access.Issue{Code: "tls_empty", Field: "temporal.tls", Message: "there is nothing in it; write {} for TLS with the system's authorities, or leave it out"})
	}
	if c.Temporal.APIKeyFile == "" && c.has("temporal", "apiKeyFile") {
		issues = append(issues, access.Issue{Code: "api_key_empty", Field: "temporal.apiKeyFile", Message: "there is nothing in it; name a file, or leave it out"})
	}
	return issues
}

func (c config) yamlIssue(err error) access.Issue {
	message, line, column := strictyaml.ErrorAt(err)
	place := c.path
	if line > 0 {
		place = fmt.Sprintf("%s:%d:%d", c.path, line, column)
	}
	return access.Issue{Code: "yaml", Field: place, Message: message}
}

// placed adds to each issue where in the file its field is, or its nearest
// parent when it is not written.
func (c config) placed(issues []access.Issue) []access.Issue {
	for i, is := range issues {
		issues[i].Field = c.place(is.Field) + ": " + is.Field
	}
	return issues
}

func (c config) place(field string) string {
	node, line, column := c.body, 1, 1
	for rest := field; rest != ""; {
		// The longest name that fits, since a target's name may have dots in it.
		var step *ast.MappingValueNode
		for _, v := range strictyaml.Fields(node) {
			if name := v.Key.GetToken().Value; strings.HasPrefix(rest+".", name+".") && (step == nil || len(name) > len(step.Key.GetToken().Value)) {
				step = v
			}
		}
		if step == nil {
			break
		}
		token := step.Key.GetToken()
		node, line, column = step.Value, token.Position.Line, token.Position.Column
		rest = strings.TrimPrefix(strings.TrimPrefix(rest, token.Value), ".")
	}
	return fmt.Sprintf("%s:%d:%d", c.path, line, column)
}

// keyring loads the public keys that are believed.
func (c config) keyring() (evidence.Keyring, error) {
	if len(c.Keys.Trusted) == 0 {
		return evidence.Keyring{}, access.Errorf(access.CodeInvalid, "keys.trusted is empty: a worker that believes no server opens nothing")
	}
	keys, err := evidence.LoadKeyring(c.Keys.Trusted...)
	if f := c.Keys.passkeys(); err == nil && f != nil {
		keys = keys.WithPasskeys(f)
	}
	return keys, err
}
