package postgres

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

var _ integrations.UsageReporter = (*target)(nil)

// noteSessions notes the sessions that a grant, or each, has at this moment.
const noteSessions = `SELECT ramp.note_sessions($1)`

// Usage implements integrations.UsageReporter, by the sessions that looks have seen:
// Postgres keeps no list of those that are over. Errors are also of code forbidden: the
// database was set up by an earlier version of Ramp, which noted none.
func (t *target) Usage(ctx context.Context, g access.Grant) (u access.Usage, err error) {
	err = t.with(ctx, t.config.Home, func(c *session) error {
		found, err := rows[struct{ Began, Seen time.Time }](ctx, c, `SELECT began, seen FROM ramp.seen WHERE grant_name = $1`, g.Name)
		if err != nil {
			return err
		}
		var sessions []access.Session
		for _, one := range found {
			sessions = append(sessions, access.Session{From: one.Began, To: one.Seen})
		}
		u = access.UsageOf(sessions)
		u.Kind = access.UsageSeen
		return nil
	})
	return u, err
}

// WatchUsage implements integrations.UsageReporter.
func (t *target) WatchUsage(ctx context.Context) error {
	return t.with(ctx, t.config.Home, func(c *session) error { return c.call(ctx, noteSessions, nil) })
}

// UsageStays implements integrations.UsageReporter: what was noted outlives the grant by a
// month.
func (t *target) UsageStays() bool { return true }
