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
	"ramp.dev/ramp/integrations/sshcert/authority"
	"ramp.dev/ramp/integrations/sshcert/hostfiles"
	"ramp.dev/ramp/integrations/sshcert/hostsessions"
)

type target struct {
	name, short string
	config      Config
	dir         *hostfiles.Dir
	authority   authority.Authority
	sessions    hostsessions.Finder
}

var (
	_ integrations.Target   = (*target)(nil)
	_ integrations.Minter   = (*target)(nil)
	_ integrations.Extender = (*target)(nil)
	_ integrations.Pinger   = (*target)(nil)

	_ integrations.UsageReporter = (*target)(nil)
)

// Resolve implements integrations.Target.
func (t *target) Resolve(_ context.Context, e access.Entitlement) (access.Scope, error) {
	ent, err := t.config.entitlement(e)
	if err != nil {
		return access.Scope{}, err
	}
	address := net.JoinHostPort(t.config.Host, strconv.Itoa(t.config.Port))
	scope := access.Scope{
		Summary: "log in to " + t.short + " (" + address + ") as " + ent.User,
		Facts: map[string]string{"host": address, "user": ent.User, "from": "anywhere",
			"authority": ssh.FingerprintSHA256(t.authority.Public())},
		Ends: "the host stops admitting this grant and its certificates expire, each by itself, at the end of access",
	}
	if ent.Command != "" {
		scope.Summary = "run one command on " + t.short + " (" + address + ") as " + ent.User
		scope.Facts["command"] = ent.Command
	}
	if ent.Source != "" {
		scope.Summary += ", from " + ent.Source
		scope.Facts["from"] = ent.Source
	}
	return scope, nil
}

// Bounds implements integrations.Target.
func (t *target) Bounds() integrations.Bounds {
	return integrations.Bounds{Consistency: 0, Ending: 30 * time.Second}
}

// Inspect implements integrations.Target. A record of issued keys also counts as
// open: an interrupted revoke leaves one behind.
func (t *target) Inspect(ctx context.Context, g access.Grant) (r access.ReadBack, err error) {
	listed, err := t.List(ctx)
	if err != nil {
		return r, err
	}
	r.Open = slices.ContainsFunc(listed, func(l integrations.ListedGrant) bool { return l.Name == g.Name })
	r.Sessions, err = t.sessions.Count(ctx, g.Name)
	return r, err
}

// List implements integrations.Target: every line, no matter who wrote it and in
// whichever login's file, and every record of issued keys.
func (t *target) List(context.Context) (listed []integrations.ListedGrant, err error) {
	files, err := t.dir.AllPrincipals()
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		for _, l := range hostfiles.Lines(f.Content) {
			listed = append(listed, integrations.ListedGrant{Name: l.Principal, ExpiresAt: l.Options.ExpiresAt})
		}
	}
	issued, err := t.dir.IssuedGrants()
	for _, name := range issued {
		listed = append(listed, integrations.ListedGrant{Name: name})
	}
	return listed, err
}

// Ping implements integrations.Pinger.
func (t *target) Ping(ctx context.Context) error {
	if _, err := t.config.hostKey(); err != nil {
		return err
	}
	return t.reach(ctx)
}

// reach returns nil if the host's files and sessions can be read.
func (t *target) reach(ctx context.Context) error {
	if _, err := t.List(ctx); err != nil {
		return err
	}
	_, err := t.sessions.Count(ctx, access.GrantName("0000000000000000", 0))
	return err
}
