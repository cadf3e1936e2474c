package auth

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/labstack/echo/v4"
	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// SessionStore keeps browsers' sessions where every server finds them.
type SessionStore interface {
	AddSession(ctx context.Context, s ledger.Session, login access.Event) error
	UpdateSession(ctx context.Context, s ledger.Session) error
	Session(ctx context.Context, token string, at time.Time) (ledger.Session, error)
	Sessions(ctx context.Context, person string, at time.Time) ([]ledger.Session, error)
	EndSession(ctx context.Context, token string, at time.Time) error
	EndSessions(ctx context.Context, person string, at time.Time) error
}

// sessionStore makes a SessionStore what package scs wants. Somebody who writes to the
// ledger is not believed about who somebody is: a session's data is sealed with the
// servers' key for its row as it stands there, so that a row that somebody else
// wrote, moved, or gave a later end is no session (docs/threats.md, case 50).
type sessionStore struct {
	rows          SessionStore
	sealer        *Sealer
	log           logrus.FieldLogger
	touchInterval time.Duration // how long a use need not be written after the last
}

// open returns the row with its data in clear; false for one that no server wrote as
// it stands.
func (s *sessionStore) open(row ledger.Session) (ledger.Session, bool) {
	row, ok := s.sealer.OpenSession(row)
	if !ok {
		s.log.WithField("person", row.PersonID).Error("a session in the ledger was not written by a server of this installation, or was changed there; it is not believed. If keys.session was replaced, keep the old key second in its list until sessions have ended")
	}
	return row, ok
}

// find returns a session that is not over, in clear. Errors are CodeNotFound, and
// those of the store.
func (s *sessionStore) find(ctx context.Context, token string) (ledger.Session, error) {
	row, err := s.rows.Session(ctx, token, time.Now())
	if err != nil {
		return row, err
	}
	row, ok := s.open(row)
	if !ok {
		return row, access.Errorf(access.CodeNotFound, "there is no such session")
	}
	return row, nil
}

var _ scs.CtxStore = (*sessionStore)(nil)

// browserKey is where a request's context holds its browser.
type browserKey struct{}

// browser is one request's other end, and the session that it came with.
type browser struct {
	address, agent string
	used           bool // by a person, not by a page's script
	found          *ledger.Session
}

// AutoParam marks the address of a page that loads itself again without a
// script.
const AutoParam = "auto"

// isUse reports whether a request is an act of a person: a page that they open or
// something that they send. What an open page fetches by itself keeps no session
// alive; nobody may be there. Browsers say which is which (Fetch Metadata).
func isUse(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return true
	}
	mode := r.Header.Get("Sec-Fetch-Mode")
	return (mode == "" || mode == "navigate") && !r.URL.Query().Has(AutoParam)
}

// LoadSession is middleware for the browser's session.
func (a *Auth) LoadSession(next http.Handler) http.Handler {
	with := a.sessions.LoadAndSave(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b := &browser{agent: access.Clip(r.UserAgent(), 200), used: isUse(r)}
		if a.CallerAddress != nil {
			b.address = a.CallerAddress(r)
		}
		with.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), browserKey{}, b)))
	})
}

func (s *sessionStore) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	found, err := s.find(ctx, token)
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

// CommitCtx writes a session that has changed. One that was only used is written
// now and then: its end moves with its use, and a page need not wait for a disk
// each time. Neither brings back what was ended meanwhile.
func (s *sessionStore) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	now := time.Now().UTC()
	next := ledger.Session{Token: token, Data: data, CreatedAt: now, SeenAt: now, ExpiresAt: expiry}
	_, values, err := sessionCodec{}.Decode(data)
	if err != nil {
		return err
	}
	p, _ := values[personKey].(access.Person)
	next.PersonID = p.ID
	b, ok := ctx.Value(browserKey{}).(*browser)
	if ok {
		next.Address, next.UserAgent = b.address, b.agent
	}
	if !ok || b.found == nil || b.found.Token != token {
		if next, err = s.sealer.SealSession(next); err != nil {
			return err
		}
		return s.rows.AddSession(ctx, next, loginEvent(next, p))
	}
	if !changed(b.found.Data, values) && (!b.used || now.Sub(b.found.SeenAt) < s.touchInterval && b.found.Address == next.Address) {
		return nil
	}
	next.CreatedAt = b.found.CreatedAt
	if next, err = s.sealer.SealSession(next); err != nil {
		return err
	}
	return s.rows.UpdateSession(ctx, next)
}

// changed reports whether a session's values are others than it was found with.
func changed(found []byte, values map[string]any) bool {
	_, before, err := sessionCodec{}.Decode(found)
	return err != nil || !reflect.DeepEqual(before, values)
}

// loginEvent records a login. Nothing in it lets anybody in.
func loginEvent(s ledger.Session, p access.Person) access.Event {
	e := access.Actor{Person: p, Via: access.ViaWeb}.Event(access.EventSessionStarted, s.CreatedAt)
	e.Detail["address"], e.Detail["session"] = s.Address, sessionName(s.Token)
	if !p.LoggedInAt.IsZero() {
		e.Detail["loggedInAt"] = access.FormatTime(p.LoggedInAt)
	}
	return e
}

// sessionName names a session in events: enough of its token's digest to tell it
// from others.
func sessionName(token string) string { return access.Clip(token, 12) }

func (s *sessionStore) DeleteCtx(ctx context.Context, token string) error {
	return s.rows.EndSession(ctx, token, time.Now().UTC())
}

// These belong to an interface that package scs requires and does not use.

func (s *sessionStore) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}
func (s *sessionStore) Commit(token string, b []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, b, expiry)
}
func (s *sessionStore) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }

// StillKnown returns the person of a request that goes on for long, as Refresh
// does, while the session that proved them lasts; CodeUnauthenticated once it has
// ended. A token's end is IdentityExpiry.
func (a *Auth) StillKnown(ctx context.Context, c echo.Context) (access.Person, error) {
	if token, ok := c.Get(sessionKey).(string); ok && a.store != nil {
		if _, err := a.store.find(ctx, token); err != nil {
			if access.CodeOf(err) == access.CodeNotFound {
				err = unauthenticated(IssueSessionOver, "your session has ended; log in again")
			}
			return access.Person{}, err
		}
	}
	return a.Refresh(ctx, Person(c))
}

// sessionExpiry returns when the session of a request ends unless it is used
// again, and its token as the store has it; "" where there is no store.
func (a *Auth) sessionExpiry(ctx context.Context) (until time.Time, token string) {
	until = a.sessions.Deadline(ctx)
	if b, ok := ctx.Value(browserKey{}).(*browser); ok && b.found != nil {
		if token = b.found.Token; b.found.ExpiresAt.Before(until) {
			until = b.found.ExpiresAt
		}
	}
	return until, token
}

// SessionInfo is one session as its person sees it.
type SessionInfo struct {
	CreatedAt  time.Time `json:"createdAt"`
	LastUsedAt time.Time `json:"lastUsedAt"` // about when it was last used
	ExpiresAt  time.Time `json:"expiresAt"`
	Address    string    `json:"address"`
	UserAgent  string    `json:"userAgent"`
	Current    bool      `json:"current,omitempty"` // the one of this request
}

// ListSessions lists a person's sessions, the last used first.
func (a *Auth) ListSessions(ctx context.Context, p access.Person) ([]SessionInfo, error) {
	out := []SessionInfo{}
	if a.store == nil {
		return out, nil
	}
	list, err := a.Store.Sessions(ctx, p.ID, time.Now())
	if err != nil {
		return nil, err
	}
	b, _ := ctx.Value(browserKey{}).(*browser)
	for _, s := range list {
		if _, ours := a.store.open(s); !ours {
			continue
		}
		out = append(out, SessionInfo{CreatedAt: s.CreatedAt, LastUsedAt: s.SeenAt, ExpiresAt: s.ExpiresAt, Address: s.Address, UserAgent: s.UserAgent,
			Current: b != nil && b.found != nil && b.found.Token == s.Token})
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
