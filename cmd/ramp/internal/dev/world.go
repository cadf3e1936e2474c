//go:build !lean

package dev

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts/examples"
	"ramp.dev/ramp/dev/mailbox"
	"ramp.dev/ramp/facts"
	"ramp.dev/ramp/notices"
	"ramp.dev/ramp/notices/mail"
	"ramp.dev/ramp/server"
	"ramp.dev/ramp/server/contractgit"
)

const (
	factsName = "facts.yaml"
	mailName  = "mail"
)

// world is what contracts ask in `ramp dev`, until somebody writes something else.
const world = `# What contracts ask of the world outside: tickets, and who is on call. Edit it while
# Ramp runs: it is read at each question. In production, a ticket system and a rota say it.
tickets:
  OPS-42: {open: true, project: OPS, type: incident, severity: 2, assignee: alice}
  OPS-41: {open: false, project: OPS, type: incident, severity: 3, assignee: alice}
onCall:
  demo:
    - {people: [erin@example.test]}
`

// outside makes the file of facts on the first run, and starts the mail server that keeps
// what Ramp sends as files.
func (d *dev) outside(context.Context) error {
	f, err := os.OpenFile(d.path(factsName), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) // #nosec G302 -- no secret
	if err == nil {
		_, err = f.WriteString(world)
		err = errors.Join(err, f.Close())
	}
	if err != nil && !errors.Is(err, os.ErrExist) {
		return access.Errorf(access.CodeInvalid, "facts: %w", err)
	}
	box, err := mailbox.Start(d.path(mailName))
	if err != nil {
		return err
	}
	d.on.Add(box.Stop)
	d.mail = box.Addr
	return nil
}

// sources are those that the contracts of `ramp dev` ask.
func sources() map[string]facts.Config {
	file := facts.Config{Kind: "file", File: factsName}
	return map[string]facts.Config{"tickets": file, access.OnCallSource: file}
}

// notices are sent to the people by their addresses, and to groups by those of the
// made-up people who are in them.
func (d *dev) notices() notices.Config {
	return notices.Config{Pages: "http://" + d.listen, Mail: mail.Config{Server: d.mail, From: "Ramp <ramp@example.test>", TLS: "none"},
		Alarms: []string{"security@example.test"}, Reasons: true,
		Groups: map[string][]string{"approvers": {"bob@example.test"}, "security": {"carol@example.test"}, "engineering": {"alice@example.test", "bob@example.test", "erin@example.test"}},
		Facts:  map[string]facts.Config{access.OnCallSource: sources()[access.OnCallSource]}}
}

// contractsTarget is the target on which contracts come into force by proposals.
const contractsTarget = "contracts"

// changeContracts adds the contract under which people propose others, with --proposals,
// unless there is one.
func (d *dev) changeContracts() error {
	if !d.proposals {
		return nil
	}
	f, err := os.OpenFile(d.path("contracts", examples.ChangeContractsName+".yaml"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) // #nosec G302 -- no secret
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err == nil {
		_, err = f.Write(examples.ChangeContracts)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return access.Errorf(access.CodeInvalid, "--proposals: %w", err)
	}
	return nil
}

// contractsFrom has the contracts come from a repository, if one is named: an address, or
// a path of this machine.
func (d *dev) contractsFrom(c *server.Config) error {
	if d.contractsGit == "" {
		return nil
	}
	at := d.contractsGit
	if !strings.Contains(at, "://") {
		var err error
		if at, err = filepath.Abs(at); err != nil {
			return access.Errorf(access.CodeInvalid, "--contracts-git: %w", err)
		}
	}
	c.Contracts = ""
	c.ContractsGit = contractgit.Config{Repository: at, Ref: "main", Clone: "contracts-clone", Every: access.Duration(10 * time.Second)}
	return nil
}
