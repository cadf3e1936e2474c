package sshcert

import (
	"context"
	"net"
	"slices"
	"strconv"
	"time"

	"golang.org/x/crypto/ssh"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/sshcert/hostfiles"
)

type target struct {
	name, short string
	config      Config
	dir         *hostfiles.Dir
	ca          ssh.Signer
	sessions    sessions
}

var (
	_ integrations.Target   = (*target)(nil)
	_ integrations.Minter   = (*target)(nil)
	_ integrations.Extender = (*target)(nil)
	_ integrations.Pinger   = (*target)(nil)
)

// sessions finds and ends what goes on under a grant. Errors are of code
// unavailable, or forbidden: neither is proof that nothing goes on.
type sessions interface {
	// Count is how many live connections a grant has.
	Count(ctx context.Context, grant string) (int, error)
	// Cut ends them all, and returns once they are gone.
	Cut(ctx context.Context, grant string) error
}

// Resolve implements integrations.Target.
func (t *target) Resolve(_ context.Context, e access.Entitlement) (access.Scope, error) {
	ent, err := t.config.entitlement(e)
	if err != nil {
		return access.Scope{}, err
	}
	address := net.JoinHostPort(t.config.Host, strconv.Itoa(t.config.Port))
	scope := access.Scope{
		Summary: "log in to " + t.short + " (" + address + ") as " + ent.user,
		Facts: map[string]string{"host": address, "user": ent.user, "from": "anywhere",
			"authority": ssh.FingerprintSHA256(t.ca.PublicKey())},
		Ends: "the host stops admitting this grant and its certificates expire, each by itself, at the end of access",
	}
	if ent.command != "" {
		scope.Summary = "run one command on " + t.short + " (" + address + ") as " + ent.user
		scope.Facts["command"] = ent.command
	}
	if ent.source != "" {
		scope.Summary += ", from " + ent.source
		scope.Facts["from"] = ent.source
	}
	return scope, nil
}

// Bounds implements integrations.Target.
func (t *target) Bounds() integrations.Bounds {
	return integrations.Bounds{Consistency: 0, Ending: 30 * time.Second}
}

// Inspect implements integrations.Target. A record of issued keys counts as
// open, too: it is what a revoke that broke off leaves behind.
func (t *target) Inspect(ctx context.Context, g access.Grant) (access.ReadBack, error) {
	var p access.ReadBack
	if err := checkName(g.Name); err != nil {
		return p, err
	}
	found, err := t.found()
	if err != nil {
		return p, err
	}
	p.Open = slices.ContainsFunc(found, func(f integrations.ListedGrant) bool { return f.Name == g.Name })
	p.Sessions, err = t.sessions.Count(ctx, g.Name)
	return p, err
}

// List implements integrations.Target.
func (t *target) List(context.Context) ([]integrations.ListedGrant, error) { return t.found() }

// found is everything in the directory that carries Ramp's mark: lines, by hand
// or not, in whoever's file, and records of issued keys.
func (t *target) found() ([]integrations.ListedGrant, error) {
	var out []integrations.ListedGrant
	add := func(name string, at time.Time) {
		for i := range out {
			if out[i].Name == name {
				if at.After(out[i].ExpiresAt) {
					out[i].ExpiresAt = at
				}
				return
			}
		}
		out = append(out, integrations.ListedGrant{Name: name, ExpiresAt: at})
	}
	users, err := t.dir.Users()
	if err != nil {
		return nil, err
	}
	for _, user := range users {
		content, err := t.dir.Principals(user)
		if err != nil {
			return nil, err
		}
		for _, l := range hostfiles.Lines(content) {
			if name, ok := l.Grant(); ok {
				add(name, l.Options.ExpiresAt)
			}
		}
	}
	issued, err := t.dir.IssuedGrants()
	if err != nil {
		return nil, err
	}
	for _, name := range issued {
		if _, ok := access.RequestIDFromGrantName(name); ok {
			add(name, time.Time{})
		}
	}
	return out, nil
}

// Ping implements integrations.Checker.
func (t *target) Ping(ctx context.Context) error {
	if _, err := t.found(); err != nil {
		return err
	}
	if _, err := t.config.hostKey(); err != nil {
		return err
	}
	_, err := t.sessions.Count(ctx, access.GrantName("0000000000000000", 0))
	return err
}

func checkName(name string) error {
	if _, ok := access.RequestIDFromGrantName(name); !ok {
		return access.Invalid(access.Issue{Code: "grant_name", Field: "name", Message: "not the name of a grant of Ramp's"})
	}
	return nil
}
