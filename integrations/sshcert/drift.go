package sshcert

import (
	"context"
	"slices"
	"time"

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
	files, err := t.dir.AllPrincipals()
	if err != nil {
		return nil, err
	}
	var out []string
	admitted := false
	for _, f := range files {
		lines := slices.DeleteFunc(hostfiles.Lines(f.Content), func(l hostfiles.Line) bool { return l.Principal != g.Name })
		admitted = admitted || len(lines) > 0
		if len(lines) > 1 {
			out = append(out, "it is admitted by more than one line for "+f.User)
		}
		for _, l := range lines {
			if f.User != ent.User {
				out = append(out, "it may log in as "+f.User)
				continue
			}
			out = append(out, ent.differences(l, g)...)
		}
	}
	if issued, err := t.dir.HasIssued(g.Name); err != nil || !issued || admitted {
		return out, err
	}
	return []string{"the host no longer admits it"}, nil
}

// differences returns how a line in the right login's file differs from g.
func (e entitlement) differences(l hostfiles.Line, g access.Grant) (out []string) {
	if l.Err == nil && l.Options.ExpiresAt.After(g.ExpiresAt) {
		out = append(out, "it ends at "+l.Options.ExpiresAt.UTC().Format(time.RFC3339)+" instead of "+g.ExpiresAt.Format(time.RFC3339))
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
	files, err := t.dir.AllPrincipals()
	if err != nil {
		return false, err
	}
	changed := map[string][]byte{}
	for _, f := range files {
		l, there := hostfiles.Find(f.Content, g.Name)
		if !there {
			continue
		}
		// An earlier end stands: it may be the one before an extension that is on its way.
		if at := l.Options.ExpiresAt; f.User == ent.User && l.Err == nil && !at.IsZero() && at.Before(g.ExpiresAt) {
			g.ExpiresAt = at
		}
		changed[f.User], _ = hostfiles.Drop(f.Content, g.Name)
	}
	if len(changed) == 0 {
		issued, err := t.dir.HasIssued(g.Name)
		if err == nil && issued {
			err = access.Errorf(access.CodeConflict, "its line was removed; it does not open again")
		}
		return false, err
	}
	if rest, ok := changed[ent.User]; ok {
		changed[ent.User] = hostfiles.Append(rest, ent.line(g))
	}
	for user, content := range changed {
		if err := t.dir.SetPrincipals(user, content); err != nil {
			return false, err
		}
	}
	return true, nil
}
