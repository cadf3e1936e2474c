package config

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/sirupsen/logrus"

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

// Await is Open for a process that serves: where the database cannot be reached, it
// waits until ctx ends, since processes start in any order, and a connection that is
// cut must not end for good a process that starts meanwhile. A database that is there and
// refuses, and an address that is wrong, are errors at once.
func (l Ledger) Await(ctx context.Context) (*ledger.Ledger, error) {
	for logged := false; ; logged = true {
		led, err := l.Open(ctx)
		if access.CodeOf(err) != access.CodeUnavailable || ledger.Refused(err) || !l.remote() {
			return led, err
		}
		if !logged {
			logrus.WithError(err).Warn("waiting for the ledger's database")
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(time.Second):
		}
	}
}

// remote reports whether the database is another process's: SQLite's is a file, and
// one that cannot be opened stays so.
func (l Ledger) remote() bool { return !strings.HasPrefix(l.URL.Reveal(), "sqlite:") }

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
