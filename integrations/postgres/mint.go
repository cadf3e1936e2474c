package postgres

import (
	"context"
	"crypto/rand"
	"net"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// Mint implements integrations.Minter. The credential is a login of its own, so that two
// pick-ups do not take each other's password away. Errors are also of code conflict: the
// grant was picked up too often.
func (t *target) Mint(ctx context.Context, g access.Grant) (access.Credential, error) {
	terms, err := t.config.termsOf(g.Entitlement)
	if err != nil {
		return access.Credential{}, err
	}
	password, login := rand.Text(), g.Name+"-"+access.NewRequestID()
	verifier, err := scramVerifier(password)
	if err != nil {
		return access.Credential{}, err
	}
	var ends time.Time
	err = t.with(ctx, t.config.Home, func(c *session) error {
		if err := t.asGranted(ctx, c, g); err != nil {
			return err
		}
		made, err := rows[struct{ Ends time.Time }](ctx, c, `SELECT ramp.login($1, $2, $3, $4, $5)`,
			g.Name, login, verifier, g.ExpiresAt, t.config.Connections)
		if err == nil {
			ends = made[0].Ends.UTC()
		}
		return err
	})
	if err != nil {
		// If the reply was lost, the login is there, nobody knows its password, and it
		// ends with the grant.
		return access.Credential{}, err
	}
	return t.credential(login, password, terms.database, integrations.Earlier(ends, g.ExpiresAt)), nil
}

// credential returns what the requester's client gets. It makes the service file itself.
func (t *target) credential(login, password, database string, ends time.Time) access.Credential {
	host, port, _ := net.SplitHostPort(t.config.Clients)
	c := access.Credential{
		Kind: "postgres", ExpiresAt: ends,
		Env:  map[string]string{"PGHOST": host, "PGPORT": port, "PGDATABASE": database, "PGUSER": login, "PGPASSWORD": password, "PGSSLMODE": t.config.TLS},
		Hint: "psql: PGHOST, PGUSER, PGPASSWORD and others are set, and service=ramp names the same in a service file",
	}
	if t.authorities != "" {
		c.Env["PGSSLROOTCERT"] = "{{dir}}/root.crt"
		c.Files = map[string]string{"root.crt": strings.TrimSpace(t.authorities) + "\n"}
	}
	return c
}
