package auth

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"ramp.dev/ramp/access"
)

// provider is the OpenID Connect provider, discovered when it is first needed,
// so that Ramp starts while the provider is away.
type provider struct {
	config IssuerConfig
	client *http.Client

	mu    sync.Mutex
	found *oidc.Provider
	tried time.Time
	err   error
}

func newProvider(c IssuerConfig) *provider {
	return &provider{config: c, client: &http.Client{Timeout: 10 * time.Second}}
}

// discover discovers at most once a second while the provider is away.
func (p *provider) discover() (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil {
		return p.found, nil
	}
	if p.err != nil && time.Since(p.tried) < time.Second {
		return nil, p.err
	}
	// The context given here is kept for fetching keys later, so it is nobody's
	// request.
	found, err := oidc.NewProvider(p.context(context.Background()), p.config.Issuer)
	p.tried = time.Now()
	if err != nil {
		p.err = access.Errorf(access.CodeUnavailable, "the identity provider does not answer: %w", err)
		return nil, p.err
	}
	p.found, p.err = found, nil
	return found, nil
}

func (p *provider) context(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, p.client)
}

// bearer verifies a token that was made for Ramp, and returns when it expires.
// For an act the person's groups are read from the provider once more, where that
// is configured: a token holds what was so when it was made (docs/threats.md, case 6).
func (p *provider) bearer(ctx context.Context, raw string, act bool) (access.Person, time.Time, error) {
	person, until, err := p.verify(ctx, raw, p.config.Audience, nil)
	if err == nil && act && p.config.UserInfo {
		person, err = p.refreshGroups(ctx, raw, person)
	}
	return person, until, err
}

// refreshGroups returns the person with the groups that the provider has now.
// Where they cannot be read, there is no act.
func (p *provider) refreshGroups(ctx context.Context, raw string, person access.Person) (access.Person, error) {
	found, err := p.discover()
	if err != nil {
		return access.Person{}, err
	}
	info, err := found.UserInfo(p.context(ctx), oauth2.StaticTokenSource(&oauth2.Token{AccessToken: raw}))
	if err != nil {
		if text := err.Error(); strings.HasPrefix(text, "401") || strings.HasPrefix(text, "403") {
			return access.Person{}, unauthenticated("token_revoked", "the identity provider no longer takes this token; log in again")
		}
		return access.Person{}, access.Errorf(access.CodeUnavailable, "the identity provider does not say who is in which group: %w", err)
	}
	if subject, ok := claimOf(raw, "sub"); !ok || info.Subject != subject {
		return access.Person{}, unauthenticated("token_invalid", "the identity provider answered about somebody else")
	}
	var claims map[string]any
	if err := info.Claims(&claims); err != nil {
		return access.Person{}, access.Errorf(access.CodeUnavailable, "the identity provider's answer about groups: %w", err)
	}
	groups, err := p.config.Claims.groups(claims)
	if err != nil {
		return access.Person{}, err
	}
	for i := range groups {
		if groups[i], err = p.config.namespaced(groups[i]); err != nil {
			return access.Person{}, err
		}
	}
	person.Groups = groups
	return person, nil
}

// verify checks signature, issuer, expiry and audience; the nonce too if there
// must be one.
func (p *provider) verify(ctx context.Context, raw, audience string, nonce *string) (access.Person, time.Time, error) {
	bad := func(err error) (access.Person, time.Time, error) { return access.Person{}, time.Time{}, err }
	found, err := p.discover()
	if err != nil {
		return bad(err)
	}
	token, err := found.Verifier(&oidc.Config{SkipClientIDCheck: true}).Verify(ctx, raw)
	var expired *oidc.TokenExpiredError
	switch {
	case errors.As(err, &expired):
		return bad(unauthenticated("token_expired", "the token expired at "+expired.Expiry.UTC().Format(time.RFC3339)+"; log in again"))
	case err != nil && strings.Contains(err.Error(), "fetching keys"):
		return bad(access.Errorf(access.CodeUnavailable, "the identity provider's keys cannot be fetched: %w", err))
	case err != nil:
		return bad(unauthenticated("token_invalid", "the token is not one of this provider's, or was changed"))
	case !slices.Contains(token.Audience, audience):
		return bad(unauthenticated("wrong_audience", "the token was made for something else than "+audience))
	case nonce != nil && token.Nonce != *nonce:
		return bad(unauthenticated("login_replayed", "this login does not belong to this browser; log in again"))
	}
	var claims map[string]any
	if err := token.Claims(&claims); err != nil {
		return bad(unauthenticated("token_invalid", "the token's claims are unreadable"))
	}
	person, err := p.config.Claims.person(claims, p.config.Kind)
	if err == nil {
		person, err = p.config.prefixed(person)
	}
	person.LoggedInAt = loggedInAt(claims, token.IssuedAt)
	return person, token.Expiry, err
}

func (p *provider) oauth(redirect string) (*oauth2.Config, error) {
	found, err := p.discover()
	if err != nil {
		return nil, err
	}
	secret, err := readSecret(p.config.ClientSecret)
	if err != nil {
		return nil, err
	}
	return &oauth2.Config{ClientID: p.config.ClientID, ClientSecret: secret, Endpoint: found.Endpoint(),
		RedirectURL: redirect, Scopes: p.config.Scopes}, nil
}

func unauthenticated(code, message string) error {
	return &access.Error{Code: access.CodeUnauthenticated, Issues: []access.Issue{{Code: code, Message: message}}}
}
