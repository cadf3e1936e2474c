package mysql

import (
	"context"
	"net"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// serial is how many characters tell the pick-ups of one grant apart. With them, a name
// has the 32 characters that MySQL would keep.
const serial = 8

// Mint implements integrations.Minter. The credential is an account of its own, so that
// two pick-ups do not take each other's password away. Errors are also of code conflict:
// the grant was picked up too often.
func (t *target) Mint(ctx context.Context, g access.Grant) (access.Credential, error) {
	terms, err := t.config.termsOf(g.Entitlement)
	if err != nil {
		return access.Credential{}, err
	}
	password, login := newPassword(), g.Name+"-"+access.NewRequestID()[:serial]
	ends := g.ExpiresAt
	err = t.with(ctx, func(c *session) error {
		if err := t.asGranted(ctx, c, g); err != nil {
			return err
		}
		return c.call(ctx, "CALL ramp.login(?, ?, ?)", func(_ int, scan func(...any) error) error {
			var seconds int64
			err := scan(&seconds)
			ends = integrations.Earlier(time.Unix(seconds, 0).UTC(), g.ExpiresAt)
			return err
		}, g.Name, login, verifierOf(t.config.Authentication, password))
	})
	if err != nil {
		// If the reply was lost, the account is there, nobody knows its password, and it
		// ends with the grant.
		return access.Credential{}, err
	}
	return t.credential(login, password, terms.database(), ends), nil
}

// credential returns what the requester's client gets. It makes the option file itself.
func (t *target) credential(login, password, database string, ends time.Time) access.Credential {
	host, port, _ := net.SplitHostPort(t.config.Clients)
	c := access.Credential{
		Kind: "mysql", ExpiresAt: ends,
		Env:       map[string]string{"MYSQL_HOST": host, "MYSQL_TCP_PORT": port, "MYSQL_USER": login, "MYSQL_PASSWORD": password},
		Arguments: map[string][]string{},
		Hint:      "mysql, mariadb and their dumps read an option file of their own; other programs have MYSQL_HOST, MYSQL_TCP_PORT, MYSQL_USER and MYSQL_PASSWORD",
	}
	for program, arguments := range access.CredentialKinds()[c.Kind].Arguments {
		c.Arguments[program] = arguments
	}
	if database != "" {
		c.Env["MYSQL_DATABASE"] = database
	}
	if t.authorities != "" {
		c.Env["MYSQL_SSL_CA"] = "{{dir}}/ca.pem"
		c.Files = map[string]string{"ca.pem": strings.TrimSpace(t.authorities) + "\n"}
	}
	return c
}
