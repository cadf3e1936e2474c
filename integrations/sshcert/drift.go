package sshcert

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/sshcert/hostfiles"
)

var _ integrations.DriftDetector = (*target)(nil)

// Drift implements integrations.Drifter: whether the host admits the grant by
// one line, in its own login's file, and on its own terms.
func (t *target) Drift(_ context.Context, g access.Grant) ([]string, error) {
	if err := checkName(g.Name); err != nil {
		return nil, err
	}
	ent, err := t.config.entitlement(g.Entitlement)
	if err != nil {
		return nil, err
	}
	if closed, err := t.dir.IsClosed(g.Name); err != nil || closed {
		return nil, err
	}
	users, err := t.dir.Users()
	if err != nil {
		return nil, err
	}
	var out []string
	admitted := false
	for _, user := range users {
		content, err := t.dir.Principals(user)
		if err != nil {
			return nil, err
		}
		lines := 0
		for _, l := range hostfiles.Lines(content) {
			if l.Principal != g.Name {
				continue
			}
			admitted = true
			if lines++; lines == 2 {
				out = append(out, "it is admitted by more than one line for "+user)
			}
			if user != ent.user {
				out = append(out, "it may log in as "+user)
				continue
			}
			out = append(out, ent.differences(l, g)...)
		}
	}
	if issued, err := t.dir.HasIssued(g.Name); err != nil || !issued || admitted {
		return out, err
	}
	return []string{"nobody is admitted by it any more"}, nil
}

// differences says how a line of the right login's differs from the grant.
func (e entitlement) differences(l hostfiles.Line, g access.Grant) (out []string) {
	if ends := g.ExpiresAt.UTC().Truncate(time.Second); l.Err == nil && l.Options.ExpiresAt.After(ends) {
		out = append(out, "it ends at "+l.Options.ExpiresAt.UTC().Format(time.RFC3339)+" instead of "+ends.Format(time.RFC3339))
	}
	if !e.admittedBy(l) {
		out = append(out, "the options of its line were changed")
	}
	return out
}

// Restore implements integrations.Drifter. Sessions are cut: one that began
// while the line was wider may be a shell where a command was granted.
func (t *target) Restore(ctx context.Context, g access.Grant) error {
	there, err := t.rewrite(ctx, g)
	if err != nil || !there {
		return err
	}
	return t.sessions.Cut(ctx, g.Name)
}

// rewrite leaves the one line that Grant writes, if there was any. Errors are
// also of code conflict: the grant was revoked.
func (t *target) rewrite(ctx context.Context, g access.Grant) (there bool, err error) {
	ent, unlock, err := t.begin(ctx, g)
	if err != nil {
		return false, err
	}
	defer unlock()
	users, err := t.dir.Users()
	if err != nil {
		return false, err
	}
	files := map[string][]byte{}
	ends := g.ExpiresAt
	for _, user := range users {
		content, err := t.dir.Principals(user)
		if err != nil {
			return false, err
		}
		// An earlier end stands: it may be the one before an extension that is on its way.
		if l, ok := hostfiles.Find(content, g.Name); ok && user == ent.user && l.Err == nil && !l.Options.ExpiresAt.IsZero() && l.Options.ExpiresAt.Before(ends) {
			ends = l.Options.ExpiresAt
		}
		if rest, dropped := hostfiles.Drop(content, g.Name); dropped {
			files[user] = rest
		}
	}
	if len(files) == 0 {
		issued, err := t.dir.HasIssued(g.Name)
		if err == nil && issued {
			err = access.Errorf(access.CodeConflict, "its line was taken away; it does not open again")
		}
		return false, err
	}
	if rest, ok := files[ent.user]; ok {
		files[ent.user] = hostfiles.Append(rest, hostfiles.GrantLine(g.Name, ends, ent.source, ent.command))
	}
	for user, content := range files {
		if err := t.dir.SetPrincipals(user, content); err != nil {
			return false, err
		}
	}
	return true, nil
}
