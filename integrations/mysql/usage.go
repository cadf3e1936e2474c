package mysql

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

var _ integrations.UsageReporter = (*target)(nil)

// Usage implements integrations.UsageReporter, by the sessions that looks have seen, and that
// the end of access cut: MariaDB keeps no list of those that are over, and does not say when
// one began. Errors are also of code forbidden: the server was set up by an earlier version of
// Ramp, which noted none.
func (t *target) Usage(ctx context.Context, g access.Grant) (u access.Usage, err error) {
	err = t.with(ctx, func(c *session) error {
		var sessions []access.Session
		err := c.call(ctx, "CALL ramp.seen_sessions(?)", func(_ int, scan func(...any) error) error {
			var began, seen int64
			err := scan(&began, &seen)
			sessions = append(sessions, access.Session{From: time.UnixMilli(began).UTC(), To: time.UnixMilli(seen).UTC()})
			return err
		}, g.Name)
		u = access.UsageOf(sessions)
		u.Kind = access.UsageSeen
		return err
	})
	return u, err
}

// WatchUsage implements integrations.UsageReporter.
func (t *target) WatchUsage(ctx context.Context) error {
	return t.with(ctx, func(c *session) error { return c.call(ctx, "CALL ramp.note_sessions(NULL)", nil) })
}

// UsageStays implements integrations.UsageReporter: what was noted outlives the grant by a
// month.
func (t *target) UsageStays() bool { return true }
