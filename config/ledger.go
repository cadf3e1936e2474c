package config

import (
	"context"
	"net/url"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/ledger"
)

// Ledger says where the ledger's database is.
type Ledger struct {
	URL      field.URL    `yaml:"url"`                // sqlite:PATH or postgres://…
	Password field.Secret `yaml:"password,omitempty"` // of Postgres, so that url need not have it
}

// Open opens the ledger, and makes or migrates its tables. Errors are
// CodeInvalid for a wrong address, and CodeUnavailable.
func (l Ledger) Open(ctx context.Context) (*ledger.Ledger, error) {
	address, err := l.address(ctx)
	if err != nil {
		return nil, err
	}
	return ledger.Open(ctx, address)
}

// address returns the database's address with its password, for opening only.
func (l Ledger) address(ctx context.Context) (string, error) {
	if l.Password.IsZero() {
		return l.URL.Reveal(), nil
	}
	password, err := l.Password.Read(ctx)
	if err != nil {
		return "", access.Errorf(access.CodeOf(err), "ledger.password: %w", err)
	}
	u, err := url.Parse(l.URL.Reveal())
	if err != nil {
		// Not repeated: there may be a password in it.
		return "", access.Errorf(access.CodeInvalid, "ledger.url: the postgres address is malformed")
	}
	u.User = url.UserPassword(u.User.Username(), password)
	return u.String(), nil
}

func (l Ledger) validate() (issues access.Issues) {
	text := l.URL.Reveal()
	postgres := strings.HasPrefix(text, "postgres://") || strings.HasPrefix(text, "postgresql://")
	sqlite := strings.HasPrefix(text, "sqlite:") && text != "sqlite:"
	u, err := url.Parse(text)
	switch {
	case !postgres && !sqlite:
		issues.Add("url_malformed", "ledger.url", "the address must be sqlite:PATH or postgres://…")
	case postgres && err != nil:
		// Not repeated: there may be a password in it.
		issues.Add("url_malformed", "ledger.url", "the postgres address is malformed")
	}
	if l.Password.IsZero() || l.Password.Validate() != nil {
		return issues // the form of every secret is checked in one place
	}
	inline := false
	if err == nil {
		_, inline = u.User.Password()
	}
	switch {
	case !postgres:
		issues.Add("password_unused", "ledger.url", "only postgres has a password")
	case inline:
		issues.Add("password_twice", "ledger.url", "the password is in the address already; take it out there")
	case err == nil && u.User.Username() == "":
		issues.Add("user_missing", "ledger.url", "the password needs its user in the address: postgres://USER@…")
	default:
		if _, _, err := l.Password.ReadHere(context.Background()); err != nil {
			issues.Add("password_missing", "ledger.password", "%s", err)
		}
	}
	return issues
}
