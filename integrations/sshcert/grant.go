package sshcert

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/sshcert/hostfiles"
	"ramp.dev/ramp/internal/clock"
)

// Grant implements integrations.Target. One that was revoked before is refused
// (conflict), and so is one that stands for something else.
func (t *target) Grant(ctx context.Context, g access.Grant) error {
	ent, unlock, err := t.begin(ctx, g)
	if err != nil {
		return err
	}
	defer unlock()
	content, line, there, err := t.line(ent.user, g.Name)
	if err != nil {
		return err
	}
	if there {
		// The expiry is left alone: this may be a retry that an extension overtook.
		return t.same(ent, line)
	}
	if elsewhere, err := t.elsewhere(g.Name, ent.user); err != nil || elsewhere {
		return orConflict(err, "the grant is open for another login")
	}
	content = hostfiles.Append(content, hostfiles.GrantLine(g.Name, g.ExpiresAt, ent.source, ent.command))
	return t.dir.SetPrincipals(ent.user, content)
}

// Extend implements integrations.Extender. An earlier end than the one that
// stands changes nothing: it is an older extension that arrives late. Errors are
// also of code not_found (nothing is open) and conflict (revoked, or changed).
func (t *target) Extend(ctx context.Context, g access.Grant) error {
	ent, unlock, err := t.begin(ctx, g)
	if err != nil {
		return err
	}
	defer unlock()
	content, line, there, err := t.line(ent.user, g.Name)
	if err != nil {
		return err
	}
	if !there {
		return notOpen()
	}
	if err := t.same(ent, line); err != nil {
		return err
	}
	if !g.ExpiresAt.After(line.Options.ExpiresAt) {
		return nil
	}
	// Replaced as a whole, so the host sees the old end or the new one.
	rest, _ := hostfiles.Drop(content, g.Name)
	return t.dir.SetPrincipals(ent.user,
		hostfiles.Append(rest, hostfiles.GrantLine(g.Name, g.ExpiresAt, ent.source, ent.command)))
}

// begin checks a grant that is to be changed, and keeps other writers out. The
// time is taken under the lock, since waiting for it takes time.
func (t *target) begin(ctx context.Context, g access.Grant) (ent entitlement, unlock func(), err error) {
	if err := checkName(g.Name); err != nil {
		return ent, nil, err
	}
	if ent, err = t.config.entitlement(g.Entitlement); err != nil {
		return ent, nil, err
	}
	release, err := t.dir.Lock(ctx)
	if err != nil {
		return ent, nil, err
	}
	defer func() {
		if err != nil {
			release()
		}
	}()
	if !clock.Now().Before(g.ExpiresAt.Truncate(time.Second)) {
		return ent, nil, access.Invalid(access.Issue{Code: "expired", Field: "expiresAt", Message: "the grant has already expired"})
	}
	closed, err := t.dir.IsClosed(g.Name)
	if err != nil || closed {
		return ent, nil, orConflict(err, "the grant was revoked; it never opens again")
	}
	return ent, release, nil
}

// line is a login's file, and the grant's line in it.
func (t *target) line(user, grant string) (content []byte, line hostfiles.Line, there bool, err error) {
	content, err = t.dir.Principals(user)
	if err != nil {
		return nil, line, false, err
	}
	line, there = hostfiles.Find(content, grant)
	return content, line, there, nil
}

func (t *target) same(ent entitlement, line hostfiles.Line) error {
	if !ent.admittedBy(line) {
		return access.Errorf(access.CodeConflict, "the host admits this grant on other terms: its line was changed, or its entitlement was")
	}
	return nil
}

// elsewhere reports whether another login's file has the grant.
func (t *target) elsewhere(grant, user string) (bool, error) {
	users, err := t.dir.Users()
	if err != nil {
		return false, err
	}
	for _, other := range users {
		if other == user {
			continue
		}
		if _, there, err := t.dir.Admission(other, grant); err != nil || there {
			return there, err
		}
	}
	return false, nil
}

func notOpen() error { return access.Errorf(access.CodeNotFound, "nothing is open under this grant") }

func orConflict(err error, message string) error {
	if err != nil {
		return err
	}
	return access.Errorf(access.CodeConflict, "%s", message)
}
