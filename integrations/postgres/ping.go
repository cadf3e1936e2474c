package postgres

import (
	"context"
	"fmt"
	"strings"

	"ramp.dev/ramp/access"
)

// Ping implements integrations.Pinger: every database was set up for this configuration,
// the server takes writes, Ramp's own login has no rights of its own, and nobody logs in
// over the network without a password. Errors are of code forbidden, unavailable and
// throttled.
func (t *target) Ping(ctx context.Context) error {
	for _, database := range t.config.databases() {
		err := t.with(ctx, database, func(c *session) error { return t.pingDatabase(ctx, c, database) })
		if err != nil {
			return err
		}
	}
	return t.with(ctx, t.config.Home, func(c *session) error { return t.pingServer(ctx, c) })
}

func (t *target) pingDatabase(ctx context.Context, c *session, database string) error {
	found, err := rows[struct {
		ReadOnly bool
		Setup    string
	}](ctx, c, `SELECT current_setting('transaction_read_only') = 'on', ramp.setup()`)
	if err != nil {
		return err
	}
	_, digest := t.config.script(database)
	switch {
	case found[0].ReadOnly:
		return access.Errorf(access.CodeUnavailable, "%s takes no writes from Ramp's own login: access can be neither opened nor ended", t.config.Address)
	case found[0].Setup != digest:
		return access.Errorf(access.CodeForbidden, "database %s was not set up for this configuration: run `ramp postgres-setup %s` again", database, t.name)
	}
	return nil
}

func (t *target) pingServer(ctx context.Context, c *session) error {
	own, err := ownRights(ctx, c)
	if err != nil {
		return err
	}
	if len(own) > 0 {
		return access.Errorf(access.CodeForbidden, "Ramp's own login %s %s, which it need not", t.config.User, own[0])
	}
	lines, err := rows[struct{ Line int }](ctx, c, `SELECT ramp.open_lines()`)
	if err != nil || len(lines) == 0 {
		return err
	}
	numbers := make([]string, len(lines))
	for i, l := range lines {
		numbers[i] = fmt.Sprint(l.Line)
	}
	return access.Errorf(access.CodeForbidden, "pg_hba.conf lets people in from the network without a password (trust, line %s): for them, access does not end by itself", strings.Join(numbers, ", "))
}
