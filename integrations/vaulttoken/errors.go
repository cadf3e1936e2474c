package vaulttoken

import (
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/hashicorp/vault/api"

	"ramp.dev/ramp/access"
)

// codes is what Vault's answers mean to Ramp. Those that are missing, among them
// all of 500 and more, and no answer at all are unavailable: worth another try.
var codes = map[int]access.Code{
	http.StatusBadRequest:            access.CodeInvalid,
	http.StatusForbidden:             access.CodeForbidden, // Ramp's own rights are missing, or its token ended
	http.StatusUnauthorized:          access.CodeForbidden,
	http.StatusMethodNotAllowed:      access.CodeInvalid,
	http.StatusRequestEntityTooLarge: access.CodeInvalid,
	http.StatusTooManyRequests:       access.CodeThrottled,
}

// tokenLike is what may be a token in a text of Vault's.
var tokenLike = regexp.MustCompile(`\b(hv[sbr]|[sbr])\.[A-Za-z0-9_-]{8,}`)

// mapped makes an error of Vault's library one of Ramp's. It keeps what Vault
// says, without what may be a token; nil stays nil.
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
	code, known := codes[answer.StatusCode]
	if !known {
		code = access.CodeUnavailable
	}
	said := "an answer that is not Vault's"
	if !answer.RawError {
		said = tokenLike.ReplaceAllString(strings.Join(answer.Errors, "; "), "(a token)")
	}
	return access.Errorf(code, "%s %s: Vault answers %d: %s", op, path, answer.StatusCode, access.Clip(strings.Join(strings.Fields(said), " "), 300))
}

// retryable turns what would be taken for a mistake of the caller's into
// something that is worth another try: Vault answers 400 when a secret's own
// backend fails to take it back.
func retryable(err error) error {
	if access.CodeOf(err) == access.CodeInvalid {
		return access.Errorf(access.CodeUnavailable, "Vault could not do it: %w", err)
	}
	return err
}

func notOpen() error { return access.Errorf(access.CodeNotFound, "nothing is open under this grant") }
