package scim

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/server/problem"
)

// Path is where SCIM is; what is below it is not for people, and a person's
// token is worth nothing there.
const Path = "/scim/v2"

// maxBody bounds a body: a group with some ten thousand members fits.
const maxBody = "2M"

// Store is what SCIM needs of the ledger.
type Store interface {
	AddUser(ctx context.Context, u ledger.User, at time.Time) (ledger.User, error)
	UpdateUser(ctx context.Context, id string, at time.Time, change func(*ledger.User) error) (ledger.User, error)
	DeleteUser(ctx context.Context, id string, at time.Time) error
	User(ctx context.Context, id string) (ledger.User, error)
	Users(ctx context.Context, f ledger.UserFilter) ([]ledger.User, int, error)
	AddGroup(ctx context.Context, g ledger.Group, at time.Time) (ledger.Group, error)
	UpdateGroup(ctx context.Context, id string, at time.Time, change func(*ledger.Group) error) (ledger.Group, error)
	DeleteGroup(ctx context.Context, id string, at time.Time) error
	Group(ctx context.Context, id string) (ledger.Group, error)
	Groups(ctx context.Context, f ledger.GroupFilter) ([]ledger.Group, int, error)
}

// SCIM answers a provider.
type SCIM struct {
	config  Config
	token   token
	store   Store
	base    string // where the provider reaches Path
	changed func() // told after every change
	log     logrus.FieldLogger
}

// New makes the answers; site is where Ramp is reached.
func New(c Config, store Store, site string, changed func(), log logrus.FieldLogger) *SCIM {
	return &SCIM{config: c, token: token{c.Token.Cached()}, store: store, base: strings.TrimSuffix(site, "/") + Path, changed: changed, log: log}
}

// Routes adds the endpoints.
func (s *SCIM) Routes(e *echo.Echo) {
	add := func(method, path string, h echo.HandlerFunc) {
		e.Add(method, Path+path, h, s.answers, s.authorize, middleware.BodyLimit(maxBody))
	}
	add("GET", "/ServiceProviderConfig", fixed(serviceProviderConfig))
	add("GET", "/ResourceTypes", fixed(resourceTypes))
	add("GET", "/Schemas", fixed(schemas))
	add("GET", "/Users", s.users)
	add("POST", "/Users", s.addUser)
	add("GET", "/Users/:id", s.user)
	add("PUT", "/Users/:id", s.putUser)
	add("PATCH", "/Users/:id", s.patchUser)
	add("DELETE", "/Users/:id", s.deleteUser)
	add("GET", "/Groups", s.groups)
	add("POST", "/Groups", s.addGroup)
	add("GET", "/Groups/:id", s.group)
	add("PUT", "/Groups/:id", s.putGroup)
	add("PATCH", "/Groups/:id", s.patchGroup)
	add("DELETE", "/Groups/:id", s.deleteGroup)
}

func (s *SCIM) authorize(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		scheme, given, _ := strings.Cut(c.Request().Header.Get("Authorization"), " ")
		ok, err := s.token.is(c.Request().Context(), given)
		if err != nil {
			return err
		}
		if !ok || !strings.EqualFold(scheme, "Bearer") {
			s.log.WithField("address", c.RealIP()).Warn("SCIM was asked with a wrong token")
			return &access.Error{Code: access.CodeUnauthenticated, Issues: []access.Issue{{Code: "token_invalid", Message: "this is not the provider's token"}}}
		}
		return next(c)
	}
}

const contentType = "application/scim+json"

// answers puts errors into SCIM's form, and makes a change known.
func (s *SCIM) answers(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		if err == nil {
			if c.Request().Method != http.MethodGet {
				s.changed()
			}
			return nil
		}
		p := problem.From(err)
		if p.Status >= 500 {
			s.log.WithError(err).WithField("route", c.Path()).Error("SCIM answered with a failure")
		}
		body := map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:Error"}, "status": strconv.Itoa(p.Status), "detail": p.Detail}
		if t := scimType(err); t != "" {
			body["scimType"] = t
		}
		return answer(c, p.Status, body)
	}
}

// scimType is RFC 7644's word for what is wrong (section 3.12).
func scimType(err error) string {
	issues := access.IssuesOf(err)
	switch {
	case access.CodeOf(err) == access.CodeConflict:
		return "uniqueness"
	case access.CodeOf(err) != access.CodeInvalid:
		return ""
	case len(issues) == 1 && strings.HasPrefix(issues[0].Code, "scim_"):
		return map[string]string{"scim_syntax": "invalidSyntax", "scim_path": "invalidPath", "scim_filter": "invalidFilter",
			"scim_target": "noTarget"}[issues[0].Code]
	}
	return "invalidValue"
}

func invalid(code, format string, args ...any) error {
	return access.Invalid(access.Issue{Code: "scim_" + code, Message: access.Clip(access.Errorf(access.CodeInvalid, format, args...).Error(), 300)})
}

func answer(c echo.Context, status int, body any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return c.Blob(status, contentType, b)
}

func fixed(body any) echo.HandlerFunc {
	return func(c echo.Context) error { return answer(c, http.StatusOK, body) }
}

// read reads a resource or a message.
func read(c echo.Context) (object, error) {
	var doc object
	d := json.NewDecoder(c.Request().Body)
	err := d.Decode(&doc)
	var he *echo.HTTPError
	switch {
	case errors.As(err, &he):
		return nil, he
	case err != nil || doc == nil || d.More():
		return nil, invalid("syntax", "the body must be one JSON object")
	}
	return doc.lowered(), nil
}

// page is what a list asks for: how many to pass over, and how many to answer.
func page(c echo.Context) (skip, limit int) {
	number := func(name string, def int) int {
		if n, err := strconv.Atoi(c.QueryParam(name)); err == nil {
			return n
		}
		return def
	}
	return max(number("startIndex", 1), 1) - 1, min(max(number("count", 100), 0), 500)
}

func list[T any](c echo.Context, skip, total int, items []T) error {
	if items == nil {
		items = []T{}
	}
	return answer(c, http.StatusOK, map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:ListResponse"},
		"totalResults": total, "startIndex": skip + 1, "itemsPerPage": len(items), "Resources": items})
}

func (s *SCIM) meta(kind, id string, created, changed time.Time) map[string]any {
	return map[string]any{"resourceType": kind, "created": created.Format(time.RFC3339), "lastModified": changed.Format(time.RFC3339),
		"location": s.base + "/" + kind + "s/" + id}
}

func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
