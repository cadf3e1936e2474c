package main

import (
	"bytes"
	"os"
	"path/filepath"

	"github.com/goccy/go-yaml"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/server"
	"ramp.dev/ramp/signers"
	"ramp.dev/ramp/worker"
)

// config is the one configuration file of `ramp server` and `ramp worker`.
// Relative paths in it are relative to the file.
type config struct {
	Ledger   ledgerConfig   `yaml:"ledger"`
	Temporal temporalConfig `yaml:"temporal"`
	Keys     keysConfig     `yaml:"keys"`
	Server   server.Config  `yaml:"server,omitempty"`
	Worker   worker.Config  `yaml:"worker,omitempty"`
}

type ledgerConfig struct {
	URL string `yaml:"url"` // sqlite:PATH or postgres://…
}

type temporalConfig struct {
	Address   string `yaml:"address"`
	Namespace string `yaml:"namespace"`
}

type keysConfig struct {
	Signer  string   `yaml:"signer,omitempty"`  // the server's private key: a file, made on first use; vault:MOUNT/KEY; or awskms:ID
	Trusted []string `yaml:"trusted,omitempty"` // public keys whose statements are believed
	Worker  string   `yaml:"worker,omitempty"`  // the worker's private key, which signs receipts; made on first use
}

// loadConfig reads a configuration file. An unknown field is an error that
// shows its place.
func loadConfig(path string) (config, error) {
	var c config
	b, err := os.ReadFile(path)
	if err != nil {
		return c, access.Errorf(access.CodeInvalid, "configuration: %w", err)
	}
	if err := yaml.NewDecoder(bytes.NewReader(b), yaml.Strict()).Decode(&c); err != nil {
		return c, access.Errorf(access.CodeInvalid, "%s:\n%s", path, yaml.FormatError(err, false, true))
	}
	dir := filepath.Dir(path)
	paths := []*string{&c.Keys.Signer, &c.Keys.Worker, &c.Server.Contracts, &c.Server.Identity.ClientSecret}
	for _, p := range append(paths, pointers(c.Keys.Trusted)...) {
		if *p != "" && !filepath.IsAbs(*p) && signers.IsFile(*p) {
			*p = filepath.Join(dir, *p)
		}
	}
	return c, nil
}

func pointers(s []string) []*string {
	out := make([]*string, len(s))
	for i := range s {
		out[i] = &s[i]
	}
	return out
}

// keyring loads the public keys that are believed.
func (c config) keyring() (evidence.Keyring, error) {
	if len(c.Keys.Trusted) == 0 {
		return evidence.Keyring{}, access.Errorf(access.CodeInvalid, "keys.trusted is empty: a worker that believes no server opens nothing")
	}
	return evidence.LoadKeyring(c.Keys.Trusted...)
}
