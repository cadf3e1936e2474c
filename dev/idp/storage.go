package idp

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// storage implements the library's storage, in memory: logins take minutes.
type storage struct {
	key     key
	clients map[string]client

	mu     sync.Mutex
	logins map[string]*login // by id
	codes  map[string]string // authorization code to login id

	devices map[string]*device // by device code
}

func newStorage(k key, redirects []string) *storage {
	return &storage{key: k, logins: map[string]*login{}, codes: map[string]string{}, devices: map[string]*device{}, clients: map[string]client{
		"ramp-web": {"ramp-web", op.ApplicationTypeUserAgent, redirects},
		"ramp-cli": {"ramp-cli", op.ApplicationTypeNative, cliRedirects},
	}}
}

var _ op.Storage = (*storage)(nil)

var errUnknown = errors.New("unknown, or used already")

func (s *storage) CreateAuthRequest(_ context.Context, r *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	l := &login{id: rand.Text(), began: time.Now(), request: *r}
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, old := range s.logins {
		if time.Since(old.began) > 15*time.Minute {
			delete(s.logins, id)
		}
	}
	s.logins[l.id] = l
	return l, nil
}

func (s *storage) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l, ok := s.logins[id]; ok {
		return l.copy(), nil
	}
	return nil, errUnknown
}

func (s *storage) AuthRequestByCode(ctx context.Context, code string) (op.AuthRequest, error) {
	s.mu.Lock()
	id, ok := s.codes[code]
	delete(s.codes, code) // a code works once
	s.mu.Unlock()
	if !ok {
		return nil, errUnknown
	}
	return s.AuthRequestByID(ctx, id)
}

func (s *storage) SaveAuthCode(_ context.Context, id, code string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codes[code] = id
	return nil
}

func (s *storage) DeleteAuthRequest(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.logins, id)
	return nil
}

// recordLogin records who was chosen for a login.
func (s *storage) recordLogin(id, person string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, ok := s.logins[id]
	if !ok {
		return errUnknown
	}
	l.person, l.at = person, time.Now()
	return nil
}

func (s *storage) CreateAccessToken(context.Context, op.TokenRequest) (string, time.Time, error) {
	return rand.Text(), time.Now().Add(tokenLifetime), nil
}

func (s *storage) SigningKey(context.Context) (op.SigningKey, error) { return signing{s.key}, nil }
func (s *storage) KeySet(context.Context) ([]op.Key, error)          { return []op.Key{verifying{s.key}}, nil }
func (s *storage) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.RS256}, nil
}

func (s *storage) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	if c, ok := s.clients[id]; ok {
		return c, nil
	}
	return nil, errUnknown
}

func (s *storage) SetUserinfoFromScopes(context.Context, *oidc.UserInfo, string, string, []string) error {
	return nil // superseded by SetUserinfoFromRequest
}

// SetUserinfoFromRequest fills in the claims of ID tokens.
func (s *storage) SetUserinfoFromRequest(_ context.Context, u *oidc.UserInfo, r op.IDTokenRequest, _ []string) error {
	return fill(u, r.GetSubject())
}

func (s *storage) SetUserinfoFromToken(_ context.Context, u *oidc.UserInfo, _, subject, _ string) error {
	return fill(u, subject)
}

func fill(u *oidc.UserInfo, person string) error {
	p, err := Find(person)
	if err != nil {
		return err
	}
	u.Subject = p.ID
	for k, v := range p.claims() {
		u.AppendClaims(k, v)
	}
	return nil
}

// GetPrivateClaimsFromRequest returns the claims of access tokens, with auth_time
// as RFC 9068 defines it.
func (s *storage) GetPrivateClaimsFromRequest(_ context.Context, r op.TokenRequest, _ []string) (map[string]any, error) {
	p, err := Find(r.GetSubject())
	c := p.claims()
	if login, ok := r.(interface{ GetAuthTime() time.Time }); ok && err == nil {
		c["auth_time"] = login.GetAuthTime().Unix()
	}
	return c, err
}

func (s *storage) GetPrivateClaimsFromScopes(context.Context, string, string, []string) (map[string]any, error) {
	return nil, errNotOffered // superseded by GetPrivateClaimsFromRequest
}

func (s *storage) Health(context.Context) error { return nil }

// The provider does not offer what is below: refresh tokens, client secrets,
// introspection, assertions.

var errNotOffered = errors.New("not offered in development")

func (s *storage) CreateAccessAndRefreshTokens(context.Context, op.TokenRequest, string) (string, string, time.Time, error) {
	return "", "", time.Time{}, errNotOffered
}
func (s *storage) TokenRequestByRefreshToken(context.Context, string) (op.RefreshTokenRequest, error) {
	return nil, op.ErrInvalidRefreshToken
}
func (s *storage) TerminateSession(context.Context, string, string) error { return nil }
func (s *storage) RevokeToken(context.Context, string, string, string) *oidc.Error {
	return nil
}
func (s *storage) GetRefreshTokenInfo(context.Context, string, string) (string, string, error) {
	return "", "", op.ErrInvalidRefreshToken
}
func (s *storage) AuthorizeClientIDSecret(context.Context, string, string) error {
	return errNotOffered
}
func (s *storage) SetIntrospectionFromToken(context.Context, *oidc.IntrospectionResponse, string, string, string) error {
	return errNotOffered
}
func (s *storage) GetKeyByIDAndClientID(context.Context, string, string) (*jose.JSONWebKey, error) {
	return nil, errNotOffered
}
func (s *storage) ValidateJWTProfileScopes(context.Context, string, []string) ([]string, error) {
	return nil, errNotOffered
}
