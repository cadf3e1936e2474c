package main

import (
	"context"
	"net/url"
	"os"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/internal/secret"
)

// check collects everything that is wrong with the parts that are asked for,
// each with its place. It reads files, and reaches for nothing on the network.
func (c config) check(forServer, forWorker bool) error {
	issues := append(c.Ledger.check(), c.Temporal.check()...)
	for _, ref := range c.Keys.Payload {
		if err := secret.Validate(ref); err != nil {
			issues = append(issues, access.Issue{Code: "payload_key_malformed", Field: "keys.payload", Message: err.Error()})
		}
	}
	if forServer {
		issues = append(issues, c.Server.Validate()...)
		if c.Keys.Signer == "" {
			issues = append(issues, access.Issue{Code: "signer_missing", Field: "keys.signer", Message: "the file of the server's signing key is needed; it is made on first use"})
		}
	}
	if forWorker {
		issues = append(issues, c.Worker.Validate()...)
		if _, err := c.keyring(); err != nil {
			issues = append(issues, access.Issue{Code: "trusted_keys", Field: "keys.trusted", Message: err.Error()})
		}
	}
	issues = append(issues, c.checkPasskeys(forServer, forWorker)...)
	if len(issues) == 0 {
		return nil
	}
	return access.Invalid(c.placed(issues)...)
}

// checkContracts adds the issues of the contracts that the server would load.
func (c config) checkContracts() error {
	_, err := contracts.LoadDir(c.Server.Contracts)
	return err
}

func (l ledgerConfig) check() (issues []access.Issue) {
	bad := func(code, field, message string) {
		issues = append(issues, access.Issue{Code: code, Field: "ledger." + field, Message: message})
	}
	postgres := strings.HasPrefix(l.URL, "postgres://") || strings.HasPrefix(l.URL, "postgresql://")
	sqlite := strings.HasPrefix(l.URL, "sqlite:") && l.URL != "sqlite:"
	u, err := url.Parse(l.URL)
	switch {
	case !postgres && !sqlite:
		bad("url_malformed", "url", "the address must be sqlite:PATH or postgres://…")
	case postgres && err != nil:
		// Not echoed: there may be a password in it.
		bad("url_malformed", "url", "the postgres address is malformed")
	}
	if l.PasswordFile == "" && l.PasswordEnv == "" {
		return issues
	}
	inline := false
	if err == nil {
		_, inline = u.User.Password()
	}
	switch {
	case l.PasswordFile != "" && l.PasswordEnv != "":
		bad("password_twice", "passwordEnv", "the password is in a file or in the environment, not both")
	case !postgres:
		bad("password_unused", "url", "only postgres has a password")
	case inline:
		bad("password_twice", "url", "the password is in the address already; take it out there")
	case err == nil && u.User.Username() == "":
		bad("user_missing", "url", "the password is whose? Name the user in the address: postgres://USER@…")
	default:
		if err := l.checkPassword(); err != nil {
			bad("password_missing", "passwordFile", err.Error())
		}
	}
	return issues
}

// address is the ledger's address with its password, for opening only: it must
// not be printed.
func (l ledgerConfig) address(ctx context.Context) (string, error) {
	if l.PasswordFile == "" && l.PasswordEnv == "" {
		return l.URL, nil
	}
	password, err := l.password(ctx)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(l.URL)
	if err != nil {
		return "", access.Errorf(access.CodeInvalid, "ledger.url: the postgres address is malformed")
	}
	u.User = url.UserPassword(u.User.Username(), password)
	return u.String(), nil
}

// checkPassword reads a file, and does not ask Vault.
func (l ledgerConfig) checkPassword() error {
	if !secret.IsFile(l.PasswordFile) {
		return secret.Validate(l.PasswordFile)
	}
	_, err := l.password(context.Background())
	return err
}

func (l ledgerConfig) password(ctx context.Context) (string, error) {
	if l.PasswordFile != "" {
		text, err := secret.Read(ctx, l.PasswordFile)
		if err != nil {
			return "", access.Errorf(access.CodeOf(err), "ledger.passwordFile: %w", err)
		}
		return text, nil
	}
	if v := os.Getenv(l.PasswordEnv); v != "" {
		return v, nil
	}
	return "", access.Errorf(access.CodeInvalid, "ledger.passwordEnv: the environment has no such variable, or it is empty")
}
