package sshcert

import (
	"context"
	"maps"
	"slices"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/sshcert/hostfiles"
)

var _ integrations.DriftDetector = (*target)(nil)

// Drift implements integrations.DriftDetector. The host must admit the grant by
// one line, in its own login's file, and on the grant's own terms.
func (t *target) Drift(_ context.Context, g access.Grant) ([]string, error) {
	ent, err := t.config.entitlement(g.Entitlement)
	if err != nil {
		return nil, err
	}
	if closed, err := t.dir.IsClosed(g.Name); err != nil || closed {
		return nil, err
	}
	admissions, err := t.dir.Admissions(g.Name)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, user := range slices.Sorted(maps.Keys(admissions)) {
		lines := admissions[user]
		if len(lines) > 1 {
			out = append(out, "it is admitted by more than one line for "+user)
		}
		for _, l := range lines {
			if user != ent.User {
				out = append(out, "it may log in as "+user)
				continue
			}
			out = append(out, ent.differences(l, g)...)
		}
	}
	if issued, err := t.dir.HasIssued(g.Name); err != nil || !issued || len(admissions) > 0 {
		return out, err
	}
	return []string{"the host no longer admits it"}, nil
}

// differences returns how a line in the right login's file differs from g.
func (e entitlement) differences(l hostfiles.Line, g access.Grant) (out []string) {
	if l.Err == nil {
		out = integrations.EndDrift("it ends at", l.Options.ExpiresAt, g.ExpiresAt)
	}
	if !e.admittedBy(l) {
		out = append(out, "the options of its line were changed")
	}
	return out
}

// Restore implements integrations.DriftDetector. It cuts the grant's sessions:
// one that began while the line was wider may be a shell where a command was
// granted.
func (t *target) Restore(ctx context.Context, g access.Grant) error {
	found, err := t.rewrite(ctx, g)
	if err != nil || !found {
		return err
	}
	return t.sessions.Cut(ctx, g.Name)
}

// rewrite replaces all lines of the grant by the one that Grant writes. It
// reports whether there were any. Errors are also of code conflict: the grant
// was revoked, or its line was removed.
func (t *target) rewrite(ctx context.Context, g access.Grant) (found bool, err error) {
	ent, unlock, err := t.begin(ctx, g)
	if err != nil {
		return false, err
	}
	defer unlock()
	admissions, err := t.dir.Admissions(g.Name)
	if err != nil {
		return false, err
	}
	if len(admissions) == 0 {
		issued, err := t.dir.HasIssued(g.Name)
		if err == nil && issued {
			err = access.Errorf(access.CodeConflict, "its line was removed; it does not open again")
		}
		return false, err
	}
	own, user := admissions[ent.User], ""
	if len(own) > 0 {
		user = ent.User
		if own[0].Err == nil {
			g.ExpiresAt = integrations.RestoredEnd(own[0].Options.ExpiresAt, g.ExpiresAt)
		}
	}
	return true, t.dir.SetAdmission(g.Name, user, ent.line(g))
}
