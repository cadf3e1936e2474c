package mysql

import (
	"context"
	"strings"

	"ramp.dev/ramp/access"
)

// Ping implements integrations.Pinger: the server was set up for this configuration and
// takes writes, ends access by itself if it should, has no account that others log in by
// without a name, and Ramp's own account has no rights of its own. Errors are of code
// forbidden, unavailable and throttled.
func (t *target) Ping(ctx context.Context) error {
	return t.with(ctx, func(c *session) error {
		var setup string
		var readOnly bool
		err := c.call(ctx, "CALL ramp.setup()", func(_ int, scan func(...any) error) error { return scan(&setup, &readOnly) })
		if err != nil {
			return err
		}
		_, digest := t.config.script()
		switch {
		case readOnly:
			return access.Errorf(access.CodeUnavailable, "%s is read-only, as a replica is: access can be neither opened nor ended", t.config.Address)
		case setup != digest:
			return access.Errorf(access.CodeForbidden, "the server was not set up for this configuration: run `ramp mysql-setup %s` again", t.name)
		}
		wrong, err := checked(ctx, c)
		if err == nil && len(wrong) > 0 {
			err = access.Errorf(access.CodeForbidden, "%s", access.Clip(strings.Join(wrong, "; "), 600))
		}
		return err
	})
}

// checked returns what the server finds wrong with itself and with Ramp's own account.
func checked(ctx context.Context, c *session) (wrong []string, err error) {
	err = c.call(ctx, "CALL ramp.check_server()", func(_ int, scan func(...any) error) error {
		wrong = append(wrong, "")
		return scan(&wrong[len(wrong)-1])
	})
	return wrong, err
}
