package config

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/passkey"
	"ramp.dev/ramp/signers"
)

// Parts says for which processes a configuration is meant.
type Parts struct{ Server, Worker bool }

// Parts returns the parts that the file has.
func (c Config) Parts() Parts { return Parts{c.Has("server"), c.Has("worker")} }

// Validate returns everything that is wrong with the parts that are asked for,
// each with its place. It reads files, and reaches for nothing on the network.
func (c Config) Validate(p Parts) access.Issues {
	issues := append(c.Ledger.validate(), c.validateTemporal()...)
	if p.Server {
		issues = append(issues, c.Server.Validate()...)
		if c.Keys.Signer == "" {
			issues.Add("signer_missing", "keys.signer", "the server's signing key is needed: a file, made on first use, vault:MOUNT/KEY or awskms:ID")
		}
		if len(c.Keys.Session) == 0 && !signers.IsFile(string(c.Keys.Signer)) {
			issues.Add("session_key_missing", "keys.session", sessionKeyMissing)
		}
		_, wrong := c.Keys.loadWorkers()
		issues = append(issues, wrong...)
	}
	if p.Worker {
		issues = append(issues, c.Worker.Validate()...)
		if _, err := c.Keys.Keyring(); err != nil {
			issues.Add("trusted_keys", "keys.trusted", "%s", err)
		}
	}
	issues = append(issues, c.Keys.validateFiles(p)...)
	issues = append(issues, c.validatePasskeys(p)...)
	issues = append(issues, c.validateSecrets(p, issues)...)
	return c.placed(issues)
}

// validateFiles reads the keys that a process reads when it starts, where they are in
// files.
func (k Keys) validateFiles(p Parts) (issues access.Issues) {
	check := func(at string, refs []field.Secret) {
		for i, ref := range refs {
			if _, isFile := ref.Path(); !isFile {
				continue
			}
			if _, err := ref.ReadKey(context.Background()); err != nil {
				issues.Add("key_unreadable", fmt.Sprintf("%s[%d]", at, i), "%s", err)
			}
		}
	}
	check("keys.payload", k.Payload)
	if p.Server {
		check("keys.session", k.Session)
	}
	return issues
}

// validateSecrets checks the form of every reference to a secret, but of those that
// have an issue already, as a target may find one by itself.
func (c Config) validateSecrets(p Parts, found access.Issues) (issues access.Issues) {
	for _, s := range c.secrets(p) {
		if slices.ContainsFunc(found, func(is access.Issue) bool { return is.Field == s.Path }) {
			continue
		}
		if err := s.Secret.Validate(); err != nil {
			issues.Add("secret_malformed", s.Path, "%s", err)
		}
	}
	return issues
}

// secrets returns the secrets that those parts need.
func (c Config) secrets(p Parts) []field.Named {
	return slices.DeleteFunc(field.Secrets(c), func(s field.Named) bool {
		return strings.HasPrefix(s.Path, "server.") && !p.Server || strings.HasPrefix(s.Path, "worker.") && !p.Worker
	})
}

// ValidateContracts returns everything that is wrong with the contracts that the
// server would load.
func (c Config) ValidateContracts() access.Issues {
	if c.Server.Contracts == "" {
		return nil // Ping reads a repository
	}
	set, err := contracts.LoadDir(string(c.Server.Contracts))
	if err == nil {
		return c.Lacks(set)
	}
	if issues := access.IssuesOf(err); len(issues) > 0 {
		return issues
	}
	var issues access.Issues
	issues.Add("contracts_unreadable", "server.contracts", "%s", err)
	return c.placed(issues)
}

// Lacks returns what contracts need that this configuration cannot give them: sources of
// facts that it lacks, lists that a target does not have, and lists of targets of whose
// workers it has no key. It opens no file.
func (c Config) Lacks(set *contracts.Set) access.Issues {
	issues := set.MissingSources(slices.Collect(maps.Keys(c.Server.Facts)))
	issues = append(issues, set.MissingLists(func(target string) ([]string, bool) {
		one, known := c.Worker.Targets[target]
		return one.Lists(), known && one.KnowsLists()
	})...)
	return append(issues, set.MissingInventories(func(target string) bool {
		return slices.ContainsFunc(c.Keys.Workers, func(w WorkerKey) bool {
			return slices.Contains(w.Targets, target) || slices.Contains(w.Targets, everyTarget)
		})
	})...)
}

// Doubts returns what may be wrong with contracts beside this configuration: grants on targets
// that no worker serves of which it tells. A worker with a file of its own may serve them,
// whose key keys.workers need not have. It opens no file.
func (c Config) Doubts(set *contracts.Set) []contracts.Finding {
	names, known := c.servedTargets()
	if !known {
		return nil
	}
	return set.UnservedTargets(func(target string) bool { return slices.Contains(names, target) }, names)
}

// ContractDoubts returns Doubts of the contracts that the server would load; none where these
// cannot be read, which ValidateContracts says.
func (c Config) ContractDoubts() []contracts.Finding {
	if c.Server.Contracts == "" {
		return nil
	}
	set, err := contracts.LoadDir(string(c.Server.Contracts))
	if err != nil {
		return nil
	}
	return c.Doubts(set)
}

// servedTargets returns the targets that workers serve: those of the worker in this file, and
// those that the keys of other workers are for. It returns false where the file cannot tell:
// it has no worker of its own and no key, or a key that is for every target and may be that
// of a worker with another file.
func (c Config) servedTargets() (names []string, known bool) {
	own := c.Parts().Worker
	names = slices.Collect(maps.Keys(c.Worker.Targets))
	for _, w := range c.Keys.Workers {
		if slices.Contains(w.Targets, everyTarget) && (!own || len(c.Keys.Workers) > 1) {
			return nil, false
		}
		names = append(names, slices.DeleteFunc(slices.Clone(w.Targets), func(t string) bool { return t == everyTarget })...)
	}
	slices.Sort(names)
	return slices.Compact(names), own || len(names) > 0
}

// validatePasskeys finds a file that is wrong, or about another address, at the
// start and not at the first approval.
func (c Config) validatePasskeys(p Parts) (issues access.Issues) {
	if c.Keys.Passkeys == "" {
		for _, name := range slices.Sorted(maps.Keys(c.Worker.RequiredPasskeyApprovals())) {
			if p.Worker {
				issues.Add("passkeys_missing", "worker.targets."+name+".passkeyApprovals", "keys.passkeys is not set, so nothing would ever open here")
			}
		}
		return issues
	}
	set, err := passkey.Load(string(c.Keys.Passkeys))
	switch {
	case err != nil:
		issues.Add("passkeys", "keys.passkeys", "%s", err)
	case p.Server && set.Origin != strings.TrimSuffix(c.Server.URL, "/"):
		issues.Add("passkeys_origin", "keys.passkeys", "the file is for %s, and server.url is %s: no signature made there would be valid", set.Origin, c.Server.URL)
	}
	return issues
}
