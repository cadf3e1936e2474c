package auth

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"github.com/alexedwards/scs/v2"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// SessionStore keeps browsers' sessions where every server finds them.
type SessionStore interface {
	AddSession(ctx context.Context, s ledger.Session) error
	ChangeSession(ctx context.Context, s ledger.Session) error
	TouchSession(ctx context.Context, token, address string, seen, expires time.Time) error
	Session(ctx context.Context, token string, at time.Time) (ledger.Session, error)
	Sessions(ctx context.Context, person string, at time.Time) ([]ledger.Session, error)
	EndSession(ctx context.Context, token string) error
	EndSessions(ctx context.Context, person string, at time.Time) error
}

// stored makes a SessionStore what package scs wants.
type stored struct {
	SessionStore
	sparing time.Duration // how long a use need not be written after the last
}

var _ scs.CtxStore = stored{}

// browserKey is where a request's context says who is at the other end.
type browserKey struct{}

// browser is one request's other end, and the session that it came with.
type browser struct {
	address, agent string
	found          *ledger.Session
}

// Sessions is middleware for the browser's session.
func (a *Auth) Sessions(next http.Handler) http.Handler {
	with := a.sessions.LoadAndSave(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b := &browser{agent: access.Clip(r.UserAgent(), 200)}
		if a.Address != nil {
			b.address = a.Address(r)
		}
		with.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), browserKey{}, b)))
	})
}

func (s stored) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	found, err := s.Session(ctx, token, time.Now())
	if access.CodeOf(err) == access.CodeNotFound {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	if b, ok := ctx.Value(browserKey{}).(*browser); ok {
		b.found = &found
	}
	return found.Data, true, nil
}

// CommitCtx writes a session that has changed. One that was only used is
// touched, now and then: its end moves with its use, and a page need not wait
// for a disk each time. Neither brings back what was ended meanwhile.
func (s stored) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	now := time.Now().UTC()
	next := ledger.Session{Token: token, Data: data, CreatedAt: now, SeenAt: now, ExpiresAt: expiry}
	_, values, err := scs.GobCodec{}.Decode(data)
	if err != nil {
		return err
	}
	if p, ok := values[personKey].(access.Person); ok {
		next.Person = p.ID
	}
	if b, ok := ctx.Value(browserKey{}).(*browser); ok {
		next.Address, next.Agent = b.address, b.agent
		if b.found != nil && b.found.Token == token {
			if _, before, err := (scs.GobCodec{}).Decode(b.found.Data); err != nil || !reflect.DeepEqual(before, values) {
				return s.ChangeSession(ctx, next)
			}
			if now.Sub(b.found.SeenAt) < s.sparing && b.found.Address == next.Address {
				return nil
			}
			return s.TouchSession(ctx, token, next.Address, now, expiry)
		}
	}
	return s.AddSession(ctx, next)
}

func (s stored) DeleteCtx(ctx context.Context, token string) error { return s.EndSession(ctx, token) }

// These are of an interface that package scs asks for and does not use.

func (s stored) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}
func (s stored) Commit(token string, b []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, b, expiry)
}
func (s stored) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }

// SignedIn is one session as its person sees it.
type SignedIn struct {
	Since   time.Time `json:"since"`
	Seen    time.Time `json:"seen"` // about when it was last used
	Until   time.Time `json:"until"`
	Address string    `json:"address"`
	Agent   string    `json:"agent"`
	Here    bool      `json:"here,omitempty"` // the one that asks
}

// SignedIn lists a person's sessions, the last used first.
func (a *Auth) SignedIn(ctx context.Context, p access.Person) ([]SignedIn, error) {
	out := []SignedIn{}
	if a.Store == nil {
		return out, nil
	}
	list, err := a.Store.Sessions(ctx, p.ID, time.Now())
	if err != nil {
		return nil, err
	}
	b, _ := ctx.Value(browserKey{}).(*browser)
	for _, s := range list {
		out = append(out, SignedIn{Since: s.CreatedAt, Seen: s.SeenAt, Until: s.ExpiresAt, Address: s.Address, Agent: s.Agent,
			Here: b != nil && b.found != nil && b.found.Token == s.Token})
	}
	return out, nil
}

// SignOut ends all sessions of a person, this one among them. Tokens end at
// their own time: the provider made them.
func (a *Auth) SignOut(ctx context.Context, p access.Person) error {
	if a.Store != nil {
		if err := a.Store.EndSessions(ctx, p.ID, time.Now().UTC()); err != nil {
			return err
		}
	}
	return a.sessions.Destroy(ctx)
}
