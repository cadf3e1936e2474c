//go:build !lean

package dev

import (
	"context"
	"strings"

	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/dev/database"
	"ramp.dev/ramp/integrations/postgres"
	"ramp.dev/ramp/worker"
)

// The contracts on the database are copied only where there is one: a contract on a
// target that nobody serves would be in everybody's catalog.
const (
	noDatabase    = "off"
	databaseFiles = "database" // begins the names of its contracts and their tests
)

// hasDatabase reports whether a Postgres is started: unless it is left out, where this
// machine has one.
func (o options) hasDatabase() bool { return o.postgres != noDatabase && database.Available() }

// isForDatabase reports whether an example file is for a Postgres.
func isForDatabase(name string) bool { return strings.HasPrefix(name, databaseFiles) }

// awaitDatabase waits for the end of the Postgres of a `ramp dev` that was killed in this
// directory: its port is looked at next.
func (d *dev) awaitDatabase(ctx context.Context) error {
	if d.hasDatabase() {
		database.AwaitEnd(ctx, d.databaseDir())
	}
	return nil
}

func (d *dev) databaseDir() string { return d.path("postgres") }

// startDatabase starts the demo's Postgres and sets it up for the target, as an
// administrator would.
func (d *dev) startDatabase(ctx context.Context) error {
	if !d.hasDatabase() {
		return nil
	}
	dir := d.databaseDir()
	db, err := database.Start(ctx, database.Config{Dir: dir, Addr: d.postgres})
	if err != nil {
		return err
	}
	d.on.Add(db.Stop)
	target := postgres.Config{Address: d.postgres, TLS: "disable", User: "ramp", Password: field.SecretFile(database.PasswordFile(dir)),
		Databases: map[string]postgres.Database{database.Name: {Tables: map[string][]string{"sales.orders": {"select"}}}}}
	for _, one := range target.Setup() {
		if err := db.SetUp(ctx, target.User, one.SQL); err != nil {
			return err
		}
	}
	d.config.Worker.Targets["postgres/demo"] = worker.NewTargetConfig("postgres", target)
	return nil
}
