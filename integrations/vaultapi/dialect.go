// Package vaultapi is how Ramp speaks to Vault, or OpenBao, whatever for.
package vaultapi

import (
	"net/http"
	"regexp"
	"strings"

	"ramp.dev/ramp/integrations/jsonhttp"
	"ramp.dev/ramp/internal/strictjson"
)

// Dialect returns how Vault is called in a namespace of Vault Enterprise, or in none. A list
// of errors that is empty says that nothing is there.
func Dialect(namespace string) jsonhttp.Dialect {
	header := http.Header{"X-Vault-Request": {"true"}}
	if namespace != "" {
		header.Set("X-Vault-Namespace", namespace)
	}
	return jsonhttp.Dialect{Name: "Vault", Header: header,
		Authenticate: func(h http.Header, token string) { h.Set("X-Vault-Token", token) },
		// A missing mount and a wrong namespace also return 404.
		IsNotFound: func(body []byte) bool { said, ok := errorsOf(body); return ok && len(said) == 0 },
		Message:    message,
	}
}

// errorsOf returns the errors in a body, and false for what is not Vault's.
func errorsOf(body []byte) (said []string, ok bool) {
	var reply struct {
		Errors *[]string `json:"errors"`
	}
	if strictjson.UnmarshalOpen(body, &reply) != nil || reply.Errors == nil {
		return nil, false
	}
	return *reply.Errors, true
}

// tokenLike matches what may be a token in Vault's messages.
var tokenLike = regexp.MustCompile(`\b(hv[sbr]|[sbr])\.[A-Za-z0-9_-]{8,}`)

func message(body []byte) string {
	said, ok := errorsOf(body)
	if !ok {
		return "in words that are not Vault's"
	}
	return tokenLike.ReplaceAllString(strings.Join(said, "; "), "(a token)")
}
