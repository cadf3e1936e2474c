//go:build !lean

package dev

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"

	"github.com/goccy/go-yaml"
	"github.com/google/renameio/v2"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/contracts/examples"
	"ramp.dev/ramp/dev/temporalserver"
	"ramp.dev/ramp/passkey"
	"ramp.dev/ramp/server"
	"ramp.dev/ramp/server/auth"
	"ramp.dev/ramp/server/limit"
	"ramp.dev/ramp/server/proposals"
)

// plenty is a rate that load tests on one machine do not reach.
var plenty = limit.Rate{PerSecond: 2000, Burst: 10_000}

// scimTokenName is the file with the token that a SCIM client sends.
const scimTokenName = "scim.token"

// scimToken makes that file on the first run with --scim.
func (d *dev) scimToken() error {
	f, err := os.OpenFile(d.path(scimTokenName), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err == nil {
		_, err = fmt.Fprintln(f, rand.Text())
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return access.Errorf(access.CodeInvalid, "--scim: %w", err)
	}
	return nil
}

const passkeysName = "passkeys.yaml"

// configure writes the configuration in which the parts find each other, then
// reads it, so that `ramp dev` runs what `ramp server --config` would.
func (d *dev) configure(context.Context) error {
	d.config.Ledger = config.Ledger{URL: field.ParseURL("sqlite:" + d.path("ledger.db"))}
	d.config.Temporal = config.Temporal{Address: d.temporal, Namespace: temporalserver.Namespace}
	d.config.Keys = config.Keys{Signer: "keys/server.key", Trusted: []field.File{"keys/server.pub"}, Worker: "keys/worker.key", Workers: []config.WorkerKey{{Public: "keys/worker.pub", Targets: []string{"*"}}},
		Payload: []field.Secret{field.SecretFile("keys/payload.key")}, Session: []field.Secret{field.SecretFile("keys/session.key")}}
	d.config.Server = server.Config{Listen: d.listen, URL: "http://" + d.listen, Contracts: "contracts",
		Identity: auth.Config{Issuer: d.issuer}, Facts: sources(), Operators: []string{"operators"}, Auditors: []string{"security"}, TemporalUI: "http://" + d.temporalUI, MaxOpen: 1000,
		Limits: server.LimitsConfig{Person: plenty, Address: plenty}}
	if err := d.contractsFrom(&d.config.Server); err != nil {
		return err
	}
	if d.proposals {
		d.config.Server.Proposals = proposals.Config{Contract: examples.ChangeContractsName, Target: contractsTarget}
	}
	// Browsers have passkeys for names only: at 127.0.0.1 there are none.
	if origin := d.config.Server.URL; passkey.ValidateOrigin(origin) == nil {
		if err := passkey.PrepareFile(d.path(passkeysName), origin); err != nil {
			return err
		}
		d.config.Keys.Passkeys, d.config.Server.EnrolInPage = passkeysName, true
	}
	if d.scim {
		if err := d.scimToken(); err != nil {
			return err
		}
		d.config.Server.SCIM.Token = field.SecretFile(scimTokenName)
	}
	b, err := yaml.Marshal(d.config)
	if err != nil {
		return err
	}
	path := d.path(config.DefaultName)
	head := "# Written by `ramp dev` at each start, with the addresses of that start.\n"
	// Replaced whole, since others wait for the file and read it at once.
	if err := renameio.WriteFile(path, append([]byte(head), b...), 0o600); err != nil {
		return access.Errorf(access.CodeInvalid, "configuration: %w", err)
	}
	d.config, err = config.Load(path)
	return err
}
