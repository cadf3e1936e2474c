package idp

import (
	"slices"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// tokenLifetime is how long the provider's tokens are valid.
const tokenLifetime = time.Hour

// client is one of Ramp's two OAuth clients: the pages and the command line. Both
// are public clients, which use PKCE.
type client struct {
	id        string
	kind      op.ApplicationType
	redirects []string
}

// cliRedirects match any port (RFC 8252, section 7.3).
var cliRedirects = []string{"http://127.0.0.1/callback"}

var _ op.Client = client{}

func (c client) GetID() string                        { return c.id }
func (c client) RedirectURIs() []string               { return c.redirects }
func (c client) PostLogoutRedirectURIs() []string     { return nil }
func (c client) ApplicationType() op.ApplicationType  { return c.kind }
func (c client) AuthMethod() oidc.AuthMethod          { return oidc.AuthMethodNone }
func (c client) LoginURL(id string) string            { return "/login?id=" + id }
func (c client) AccessTokenType() op.AccessTokenType  { return op.AccessTokenTypeJWT }
func (c client) IDTokenLifetime() time.Duration       { return tokenLifetime }
func (c client) DevMode() bool                        { return true } // plain http on loopback
func (c client) IDTokenUserinfoClaimsAssertion() bool { return true }
func (c client) ClockSkew() time.Duration             { return 0 }
func (c client) IsScopeAllowed(scope string) bool     { return slices.Contains(scopes, scope) }

func (c client) ResponseTypes() []oidc.ResponseType {
	return []oidc.ResponseType{oidc.ResponseTypeCode}
}
func (c client) GrantTypes() []oidc.GrantType {
	if c.kind == op.ApplicationTypeNative {
		return []oidc.GrantType{oidc.GrantTypeCode, oidc.GrantTypeDeviceCode}
	}
	return []oidc.GrantType{oidc.GrantTypeCode}
}
func (c client) RestrictAdditionalIdTokenScopes() func([]string) []string {
	return func(s []string) []string { return s }
}
func (c client) RestrictAdditionalAccessTokenScopes() func([]string) []string {
	return func(s []string) []string { return s }
}
