package vaulttoken

import (
	"context"
	"net/http"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/jsonhttp"
)

// vault is a client of one Vault. It is safe for concurrent use. Vault's own library
// takes addresses, tokens, headers and proxies from the environment, and drops the
// headers of what it does not expect, so this does not use it.
type vault struct {
	*jsonhttp.Client
	session *session // whose token the client sends; nil if it is given one
}

// Call is that of jsonhttp.Client. Where the token that Ramp signed in for has ended, because
// somebody revoked it, it signs in again and makes the call once more: Vault did nothing the
// first time.
func (v *vault) Call(ctx context.Context, method, path string, in, out any) (bool, error) {
	if v.session == nil {
		return v.Client.Call(ctx, method, path, in, out)
	}
	used, err := v.session.Read(ctx)
	if err != nil {
		return false, err
	}
	found, err := v.As(ownToken(used)).Call(ctx, method, path, in, out)
	if err != nil && access.CodeOf(err) == access.CodeForbidden && v.session.lost(ctx, used) {
		return v.Client.Call(ctx, method, path, in, out)
	}
	return found, err
}

// ownToken is a token that a call is made with in place of Ramp's own.
type ownToken string

// Read implements jsonhttp.Token.
func (t ownToken) Read(context.Context) (string, error) { return string(t), nil }

// get returns the data at a path, or nil if there is none.
func get[T any](ctx context.Context, v *vault, path string) (*T, error) {
	var reply struct {
		Data *T `json:"data"`
	}
	found, err := v.Call(ctx, http.MethodGet, "/v1/"+path, nil, &reply)
	if err == nil && found && reply.Data == nil {
		err = v.Unexpected(http.MethodGet, path)
	}
	return reply.Data, err
}

// list returns the names below a path; those of folders end with a slash.
func (v *vault) list(ctx context.Context, path string) ([]string, error) {
	names, err := get[struct {
		Keys []string `json:"keys"`
	}](ctx, v, path+"?list=true")
	if err != nil || names == nil {
		return nil, err
	}
	if names.Keys == nil {
		return nil, v.Unexpected(http.MethodGet, path)
	}
	return names.Keys, nil
}

// write writes data to a path, and decodes what Vault returns into out, if that is
// not nil. There is no path on which Ramp writes and nothing can be.
func (v *vault) write(ctx context.Context, path string, data map[string]any, out any) error {
	return v.change(ctx, http.MethodPut, path, data, out)
}

func (v *vault) delete(ctx context.Context, path string) error {
	return v.change(ctx, http.MethodDelete, path, nil, nil)
}

func (v *vault) change(ctx context.Context, method, path string, data map[string]any, out any) error {
	var in any
	if data != nil {
		in = data
	}
	found, err := v.Call(ctx, method, "/v1/"+path, in, out)
	if err == nil && !found {
		err = v.Unexpected(method, path)
	}
	return err
}

// retryable returns an error of code invalid as unavailable: when the backend of a
// secret fails to revoke it, Vault responds with 400, and trying again may work.
func retryable(err error) error {
	if access.CodeOf(err) == access.CodeInvalid {
		return access.Errorf(access.CodeUnavailable, "Vault could not do it: %w", err)
	}
	return err
}
