package vaulttoken

import (
	"errors"
	"regexp"
	"strings"

	"github.com/hashicorp/vault/api"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// tokenLike matches what may be a token in Vault's messages.
var tokenLike = regexp.MustCompile(`\b(hv[sbr]|[sbr])\.[A-Za-z0-9_-]{8,}`)

// mapped returns an error of Vault's library as one of Ramp's. It keeps Vault's
// message, without what may be a token. Nil stays nil.
func mapped(op, path string, err error) error {
	if err == nil {
		return nil
	}
	var own *access.Error
	if errors.As(err, &own) {
		return access.Errorf(own.Code, "%s %s: %w", op, path, own)
	}
	var answer *api.ResponseError
	if !errors.As(err, &answer) {
		return access.Errorf(access.CodeUnavailable, "%s %s: %w", op, path, err)
	}
	code := integrations.CodeOfStatus(answer.StatusCode)
	if code == access.CodeNotFound || code == access.CodeConflict {
		code = access.CodeUnavailable // Vault responds so to nothing that Ramp requests
	}
	said := "an answer that is not Vault's"
	if !answer.RawError {
		said = tokenLike.ReplaceAllString(strings.Join(answer.Errors, "; "), "(a token)")
	}
	return access.Errorf(code, "%s %s: Vault answers %d: %s", op, path, answer.StatusCode, access.Clip(strings.Join(strings.Fields(said), " "), 300))
}

// retryable returns an error of code invalid as unavailable: when the backend of a
// secret fails to revoke it, Vault responds with 400, and trying again may work.
func retryable(err error) error {
	if access.CodeOf(err) == access.CodeInvalid {
		return access.Errorf(access.CodeUnavailable, "Vault could not do it: %w", err)
	}
	return err
}
