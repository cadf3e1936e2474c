package vaulttoken

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"time"

	"github.com/hashicorp/vault/api"

	"ramp.dev/ramp/access"
)

// callTimeout bounds one call to Vault.
const callTimeout = 10 * time.Second

// vault is a client of one Vault. It is safe for concurrent use.
type vault struct{ api *api.Client }

// newVault returns a client that takes nothing from the environment. The library
// would take an address, a token, a namespace, headers, a proxy and wrapping from
// there, all of which may be meant for the person who started the worker.
func newVault(c Config, authorities []byte, between func(http.RoundTripper) http.RoundTripper) (*vault, error) {
	settings := &tls.Config{MinVersion: tls.VersionTLS12}
	if len(authorities) > 0 {
		settings.RootCAs = x509.NewCertPool()
		if !settings.RootCAs.AppendCertsFromPEM(authorities) {
			return nil, access.Invalid(access.Issue{Code: "ca_malformed", Field: "caFile", Message: "the file has no certificate in it"})
		}
	}
	var transport http.RoundTripper = &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		TLSHandshakeTimeout: 5 * time.Second, TLSClientConfig: settings, ForceAttemptHTTP2: true,
		MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute,
	}
	if between != nil {
		transport = between(transport)
	}
	client, err := api.NewClient(&api.Config{
		Address: c.Address, Timeout: callTimeout, DisableRedirects: true,
		MaxRetries: 0, // the workflow retries, and must see throttling
		HttpClient: &http.Client{
			Transport:     &wire{next: transport, token: ownToken(c.Token.Cached())},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	})
	if err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "Vault's client cannot start; is a VAULT_ variable malformed?: %w", err)
	}
	client.SetHeaders(http.Header{api.RequestHeaderName: {"true"}})
	client.ClearToken() // wire sets it
	client.SetWrappingLookupFunc(func(string, string) string { return "" })
	if c.Namespace != "" {
		client.SetNamespace(c.Namespace)
	}
	return &vault{client}, nil
}

// read returns the data at a path, or nil if there is none.
func (v *vault) read(ctx context.Context, path string) (map[string]any, error) {
	secret, err := v.api.Logical().ReadWithContext(ctx, path)
	if err != nil {
		return nil, mapped("read", path, err)
	}
	if secret == nil {
		return nil, nil
	}
	if len(secret.Data) == 0 {
		return nil, unexpected("read", path)
	}
	return secret.Data, nil
}

// list returns the names below a path; those of folders end with a slash.
func (v *vault) list(ctx context.Context, path string) ([]string, error) {
	secret, err := v.api.Logical().ListWithContext(ctx, path)
	if err != nil {
		return nil, mapped("list", path, err)
	}
	if secret == nil {
		return nil, nil
	}
	names, ok := texts(secret.Data["keys"])
	if !ok {
		return nil, unexpected("list", path)
	}
	return names, nil
}

// write writes data to a path. The secret is nil if Vault returns none.
func (v *vault) write(ctx context.Context, path string, data map[string]any) (*api.Secret, error) {
	secret, err := v.api.Logical().WriteWithContext(ctx, path, data)
	return secret, mapped("write", path, err)
}

func (v *vault) delete(ctx context.Context, path string) error {
	_, err := v.api.Logical().DeleteWithContext(ctx, path)
	return mapped("delete", path, err)
}

func unexpected(op, path string) error {
	return access.Errorf(access.CodeUnavailable, "%s %s: this is not how Vault answers; is something else at the address?", op, path)
}

// texts returns a list of texts from Vault's JSON.
func texts(value any) ([]string, bool) {
	list, ok := value.([]any)
	if !ok {
		return nil, false
	}
	out := make([]string, len(list))
	for i, v := range list {
		if out[i], ok = v.(string); !ok {
			return nil, false
		}
	}
	return out, true
}
