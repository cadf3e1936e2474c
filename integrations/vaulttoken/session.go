package vaulttoken

import (
	"context"
	"net/http"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/jsonhttp"
	"ramp.dev/ramp/internal/clock"
)

const (
	// refusedFor is how long a sign-in that Vault refused is not tried again: Vault locks an
	// AppRole out after a few.
	refusedFor = 10 * time.Second
	// oldTokenFor is how long a token is used on that could not be renewed, before the next
	// try.
	oldTokenFor = 10 * time.Second
)

// session is the token that the worker signed in for. It is renewed when two thirds of its
// life are over, and the worker signs in again when that is refused or brings too little. It
// is safe for concurrent use; one caller renews, and the others wait.
type session struct {
	vault  *vault // sends no token
	method method
	now    func() time.Time

	turn    chan struct{} // has one place; holds what is below
	token   string        // "" if there is none
	life    time.Duration // as long as it was at sign-in
	renewAt time.Time
	ends    time.Time
	refused error // the last sign-in's, until
	until   time.Time
}

var _ jsonhttp.Token = (*session)(nil)

// newSession returns a session that has not signed in. client sends no token.
func newSession(client *jsonhttp.Client, m method) *session {
	return &session{vault: &vault{Client: client}, method: m, now: clock.Now, turn: make(chan struct{}, 1)}
}

// Read implements jsonhttp.Token. Errors are of code forbidden (Vault does not let the
// worker in), unavailable and throttled.
func (s *session) Read(ctx context.Context) (string, error) {
	leave, err := s.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	now := s.now()
	if s.token != "" && now.Before(s.renewAt) {
		return s.token, nil
	}
	if s.token != "" && now.Before(s.ends) && s.renew(ctx) == nil {
		return s.token, nil
	}
	err = s.signIn(ctx)
	if err != nil && s.token != "" && s.now().Before(s.ends) {
		s.renewAt = s.now().Add(oldTokenFor) // what there is is good until its end
		return s.token, nil
	}
	return s.token, err
}

// lost reports whether another call may be let in where one was forbidden that was made
// with a token: because that token has ended, for whatever reason, and is forgotten now, or
// because there is another one already.
func (s *session) lost(ctx context.Context, used string) bool {
	leave, err := s.enter(ctx)
	if err != nil {
		return false
	}
	defer leave()
	if s.token != used {
		return true
	}
	as := &vault{Client: s.vault.As(ownToken(used))}
	if _, err := as.Call(ctx, http.MethodGet, "/v1/auth/token/lookup-self", nil, nil); access.CodeOf(err) != access.CodeForbidden || err == nil {
		return false // the token is good; a right is missing
	}
	s.token = ""
	return true
}

func (s *session) enter(ctx context.Context) (leave func(), err error) {
	select {
	case s.turn <- struct{}{}:
		return func() { <-s.turn }, nil
	case <-ctx.Done():
		return nil, access.Errorf(access.CodeUnavailable, "signing in to Vault: %w", ctx.Err())
	}
}

// signedIn is what Vault returns to who signs in or renews.
type signedIn struct {
	Auth struct {
		Token    string `json:"client_token"`
		Duration int64  `json:"lease_duration"` // seconds; 0 for a token that does not end
	} `json:"auth"`
}

// renew renews the token. It returns an error if that brings less than half of what signing
// in brings, as it does toward the longest life of a token.
func (s *session) renew(ctx context.Context) error {
	asked := s.now()
	as := &vault{Client: s.vault.As(ownToken(s.token))}
	var got signedIn
	if err := as.write(ctx, "auth/token/renew-self", nil, &got); err != nil {
		return err
	}
	if got.Auth.Token != s.token {
		return s.vault.Unexpected(http.MethodPut, "auth/token/renew-self")
	}
	s.lasts(asked, got)
	if s.ends.Sub(asked) < s.life/2 {
		return access.Errorf(access.CodeForbidden, "Ramp's own token is at the end of its longest life")
	}
	return nil
}

func (s *session) signIn(ctx context.Context) error {
	if s.refused != nil && s.now().Before(s.until) {
		return s.refused
	}
	s.refused = nil
	path, data, err := s.method.login(ctx, s.vault)
	asked := s.now()
	var got signedIn
	if err == nil {
		err = s.vault.write(ctx, path, data, &got)
	}
	if code := access.CodeOf(err); err != nil && (code == access.CodeInvalid || code == access.CodeForbidden) {
		// 400 is what AppRole returns for a wrong secret id. It is no mistake of the
		// requester's.
		s.refused, s.until = access.Errorf(access.CodeForbidden, "Ramp cannot sign in to Vault: %w", err), s.now().Add(refusedFor)
		return s.refused
	}
	if err != nil {
		return err
	}
	if got.Auth.Token == "" {
		return s.vault.Unexpected(http.MethodPut, path)
	}
	s.token = got.Auth.Token
	s.lasts(asked, got)
	s.life = s.ends.Sub(asked)
	return nil
}

// never is for tokens that do not end.
const never = 100 * 365 * 24 * time.Hour

func (s *session) lasts(asked time.Time, got signedIn) {
	life := time.Duration(got.Auth.Duration) * time.Second
	if life <= 0 {
		life = never
	}
	s.ends, s.renewAt = asked.Add(life), asked.Add(life/3*2)
}
