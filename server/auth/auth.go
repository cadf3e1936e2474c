package auth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/labstack/echo/v4"
	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/server/surface"
)

// Auth authenticates people and programs. It is safe for concurrent use.
type Auth struct {
	config    Config
	base      *url.URL
	providers []*provider
	sessions  *scs.SessionManager
	store     *sessionStore // nil: sessions are in this process's memory
	Deps
}

// Deps are what Auth works with.
type Deps struct {
	Log           logrus.FieldLogger
	Directory     access.Directory             // nil: tokens say all there is
	Accounts      AccountLinks                 // nil: accounts are linked by configuration alone
	Store         SessionStore                 // nil: sessions are in this process's memory
	Sealer        *Sealer                      // nil: sessions and logins are of this process alone
	CallerAddress func(r *http.Request) string // where a request comes from
}

// New checks the configuration; it does not call the provider. base is where
// people reach Ramp.
func New(c Config, base *url.URL, d Deps) (*Auth, error) {
	c = c.withDefaults()
	if issues := c.Validate(); len(issues) > 0 {
		return nil, access.Invalid(issues...)
	}
	if d.Sealer == nil {
		var err error
		if d.Sealer, err = newProcessSealer(); err != nil {
			return nil, err
		}
	}
	s := scs.New()
	s.Lifetime, s.IdleTimeout = c.SessionMax.Std(), c.SessionIdle.Std()
	s.Cookie.Name, s.Cookie.Path = "ramp_session", "/"
	s.Cookie.HttpOnly, s.Cookie.SameSite = true, http.SameSiteLaxMode
	s.HashTokenInStore = true
	s.Codec = sessionCodec{}
	a := &Auth{config: c, base: base, sessions: s, Deps: d}
	if d.Store != nil {
		a.store = &sessionStore{rows: d.Store, sealer: d.Sealer, log: d.Log, touchInterval: min(time.Minute, c.SessionIdle.Std()/10)}
		s.Store = a.store
	}
	s.ErrorFunc = func(w http.ResponseWriter, _ *http.Request, err error) {
		d.Log.WithError(err).Error("sessions cannot be read or written")
		w.Header().Set("Retry-After", "2")
		http.Error(w, "Ramp cannot tell who you are at the moment. Try again.", http.StatusServiceUnavailable)
	}
	if base.Scheme == "https" {
		s.Cookie.Name, s.Cookie.Secure = "__Host-ramp_session", true
	}
	for _, is := range c.issuers() {
		a.providers = append(a.providers, newProvider(is))
	}
	return a, nil
}

// Ping reports why nobody can be authenticated, for readiness: one provider of
// several that is away keeps out its own people only.
func (a *Auth) Ping(context.Context) error {
	var err error
	for _, p := range a.providers {
		if _, err = p.discover(); err == nil {
			return nil
		}
	}
	return err
}

const (
	untilKey   = "until"
	sessionKey = "session"
)

// Identify is middleware: it authenticates everybody who sends a bearer token or a
// session, and passes everybody else on as nobody. A token goes before a session,
// and a bad one is refused even where nobody is needed.
func (a *Auth) Identify(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if header := r.Header.Get("Authorization"); header != "" {
			scheme, token, _ := strings.Cut(header, " ")
			if !strings.EqualFold(scheme, "Bearer") || token == "" {
				return unauthenticated("token_missing", `the Authorization header must be "Bearer" and a token`)
			}
			p, until, err := a.bearer(r.Context(), token, r.Method != http.MethodGet && r.Method != http.MethodHead)
			if err == nil {
				p, err = a.Refresh(r.Context(), p)
			}
			if err != nil {
				return err
			}
			c.Set(personKey, p)
			c.Set(untilKey, until)
			return next(c)
		}
		if p, ok := a.sessions.Get(r.Context(), personKey).(access.Person); ok {
			p, err := a.Refresh(r.Context(), p)
			if access.CodeOf(err) == access.CodeForbidden {
				err = errors.Join(err, a.sessions.Destroy(r.Context())) // a person who has left has no session
			}
			if err != nil {
				return err
			}
			c.Set(personKey, p)
			until, token := a.sessionExpiry(r.Context())
			c.Set(untilKey, until)
			if token != "" {
				c.Set(sessionKey, token)
			}
		}
		return next(c)
	}
}

// IdentifyToken is Identify for programs: a session does not count.
func (a *Auth) IdentifyToken(next echo.HandlerFunc) echo.HandlerFunc {
	identify := a.Identify(next)
	return func(c echo.Context) error {
		if c.Request().Header.Get("Authorization") == "" {
			return next(c)
		}
		return identify(c)
	}
}

// Refresh returns a person whom a token or a session proves, as linked accounts
// and the directory know them now. Errors are CodeForbidden for one who has left, and
// CodeUnavailable for a directory that cannot be reached: what it knew before is
// not enough.
func (a *Auth) Refresh(ctx context.Context, p access.Person) (access.Person, error) {
	p.Accounts = nil
	p, err := a.linked(ctx, p)
	if err != nil {
		return p, err
	}
	for _, id := range p.Identities() {
		for _, other := range a.config.Links.group(id) {
			if !slices.Contains(p.Identities(), other) {
				p.Accounts = append(p.Accounts, other)
			}
		}
	}
	slices.Sort(p.Accounts)
	if a.Directory == nil {
		return p, nil
	}
	snapshot, err := a.Directory.DirectorySnapshot(ctx, p.Identities()...)
	if err != nil {
		return access.Person{}, access.Errorf(access.CodeUnavailable, "the directory cannot be read: %w", err)
	}
	return snapshot.Current(p)
}

// Actor returns who sent a request, and through which surface; call it only behind
// Require or RequirePage.
func Actor(c echo.Context) access.Actor {
	return access.Actor{Person: Person(c), Via: surface.Via(c)}
}

// Person returns who sent a request; call it only behind Require or RequirePage.
func Person(c echo.Context) access.Person {
	p, _ := c.Get(personKey).(access.Person)
	return p
}

// IdentityExpiry returns when the token or session of a request expires: no
// response may last longer. The zero time if nobody is known.
func IdentityExpiry(c echo.Context) time.Time {
	t, _ := c.Get(untilKey).(time.Time)
	return t
}

// Require is middleware: it refuses anybody who is not authenticated.
func Require(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if Person(c).ID == "" {
			return unauthenticated("token_missing", "say who you are: a bearer token in the Authorization header, or log in")
		}
		return next(c)
	}
}

// IssueSessionOver is the code of the issue of a form that was sent without a
// session.
const IssueSessionOver = "session_over"

// RequirePage is Require for pages: it redirects people to the login.
func RequirePage(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if Person(c).ID != "" {
			return next(c)
		}
		if m := c.Request().Method; m != http.MethodGet && m != http.MethodHead {
			return unauthenticated(IssueSessionOver, "your session has ended and nothing was done; log in again")
		}
		return c.Redirect(http.StatusSeeOther, "/auth/login?next="+url.QueryEscape(c.Request().URL.RequestURI()))
	}
}

// LoginInfo is what a client needs to know to log in.
type LoginInfo struct {
	Name     string      `json:"name,omitempty"`
	Issuer   string      `json:"issuer"`
	ClientID string      `json:"clientId"` // of the command line
	Audience string      `json:"audience"`
	Others   []LoginInfo `json:"others,omitempty"` // where there are several to choose from
}

// LoginInfo returns what the command line needs to log in.
func (a *Auth) LoginInfo() LoginInfo {
	var all []LoginInfo
	for _, p := range a.providers {
		all = append(all, LoginInfo{Name: p.config.Name, Issuer: p.config.Issuer, ClientID: p.config.CLIClientID, Audience: p.config.Audience})
	}
	first := all[0]
	first.Others = all[1:]
	return first
}

// readSecret reads a client's secret each time, so that it may be rotated; none is
// empty text.
func readSecret(ref field.Secret) (string, error) {
	text, err := ref.Read(context.Background())
	if err != nil {
		return "", access.Errorf(access.CodeUnavailable, "client secret: %w", err)
	}
	return strings.TrimSpace(text), nil
}

// loginWithin is how long a login at the provider may take.
const loginWithin = 15 * time.Minute
