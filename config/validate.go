package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/passkey"
)

// Parts says for which processes a configuration is meant.
type Parts struct{ Server, Worker bool }

// Parts returns the parts that the file has.
func (c Config) Parts() Parts { return Parts{c.Has("server"), c.Has("worker")} }

// Validate returns everything that is wrong with the parts that are asked for,
// each with its place. It reads files, and reaches for nothing on the network.
func (c Config) Validate(p Parts) []access.Issue {
	issues := append(c.Ledger.validate(), c.validateTemporal()...)
	if p.Server {
		issues = append(issues, c.Server.Validate()...)
		if c.Keys.Signer == "" {
			issues = append(issues, access.Issue{Code: "signer_missing", Field: "keys.signer", Message: "the server's signing key is needed: a file, made on first use, vault:MOUNT/KEY or awskms:ID"})
		}
	}
	if p.Worker {
		issues = append(issues, c.Worker.Validate()...)
		if _, err := c.Keys.Keyring(); err != nil {
			issues = append(issues, access.Issue{Code: "trusted_keys", Field: "keys.trusted", Message: err.Error()})
		}
	}
	issues = append(issues, c.validatePasskeys(p)...)
	issues = append(issues, c.validateSecrets(p)...)
	return c.placed(issues)
}

// validateSecrets checks the form of every reference to a secret.
func (c Config) validateSecrets(p Parts) (issues []access.Issue) {
	for _, s := range field.Secrets(c) {
		if strings.HasPrefix(s.Path, "server.") && !p.Server || strings.HasPrefix(s.Path, "worker.") && !p.Worker {
			continue
		}
		if err := s.Secret.Validate(); err != nil {
			issues = append(issues, access.Issue{Code: "secret_malformed", Field: s.Path, Message: err.Error()})
		}
	}
	return issues
}

// ValidateContracts returns everything that is wrong with the contracts that the
// server would load.
func (c Config) ValidateContracts() []access.Issue {
	_, err := contracts.LoadDir(string(c.Server.Contracts))
	if err == nil {
		return nil
	}
	if issues := access.IssuesOf(err); len(issues) > 0 {
		return issues
	}
	return c.placed([]access.Issue{{Code: "contracts_unreadable", Field: "server.contracts", Message: err.Error()}})
}

// validatePasskeys finds a file that is wrong, or about another address, at the
// start and not at the first approval.
func (c Config) validatePasskeys(p Parts) (issues []access.Issue) {
	add := func(code, field, message string) {
		issues = append(issues, access.Issue{Code: code, Field: field, Message: message})
	}
	if c.Keys.Passkeys == "" {
		for _, name := range slices.Sorted(maps.Keys(c.Worker.RequiredPasskeyApprovals())) {
			if p.Worker {
				add("passkeys_missing", "worker.targets."+name+".passkeyApprovals", "keys.passkeys is not set, so nothing would ever open here")
			}
		}
		return issues
	}
	set, err := passkey.Load(string(c.Keys.Passkeys))
	switch {
	case err != nil:
		add("passkeys", "keys.passkeys", err.Error())
	case p.Server && set.Origin != strings.TrimSuffix(c.Server.URL, "/"):
		add("passkeys_origin", "keys.passkeys", fmt.Sprintf("the file is for %s, and server.url is %s: no signature made there would be valid", set.Origin, c.Server.URL))
	}
	return issues
}
