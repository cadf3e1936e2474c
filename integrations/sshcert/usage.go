package sshcert

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
)

// Usage implements integrations.UsageReporter. The host records each connection when it
// begins, and its end is the first look that no longer finds it: a session lasts up to half
// a minute too long. A connection counts that offered the certificate: sshd asks who is
// admitted before the client has proven that it has the key, and asks nothing afterwards. A
// grant that was opened before Ramp recorded connections is an error
// of code not_found.
func (t *target) Usage(ctx context.Context, g access.Grant) (access.Usage, error) {
	if err := t.sessions.Note(ctx); err != nil {
		return access.Usage{}, err
	}
	u, there, err := t.dir.Usage(g.Name, time.Now())
	if err == nil && !there {
		err = access.Errorf(access.CodeNotFound, "the host has recorded no connections of %s", g.Name)
	}
	return u, err
}

// WatchUsage implements integrations.UsageReporter.
func (t *target) WatchUsage(ctx context.Context) error { return t.sessions.Note(ctx) }

// UsageStays implements integrations.UsageReporter: the record outlives the grant by a month.
func (t *target) UsageStays() bool { return true }
