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
	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/server/problem"
	"ramp.dev/ramp/server/surface"
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

// SCIM serves an identity provider.
type SCIM struct {
	config Config
	token  token
	store  Store
	base   string // where the provider reaches Path
	log    logrus.FieldLogger
}

// New makes the endpoints; site is where Ramp is reached.
func New(c Config, store Store, site string, log logrus.FieldLogger) *SCIM {
	return &SCIM{config: c, token: token{c.Token.Cached()}, store: store, base: strings.TrimSuffix(site, "/") + Path, log: log}
}

// Surface returns the endpoints. The provider's own token opens all of them, and
// a person's none.
func (s *SCIM) Surface() surface.Surface {
	route := func(method, path string, h echo.HandlerFunc) surface.Route {
		return surface.Route{Method: method, Path: Path + path, Handler: h}
	}
	return surface.Surface{
		Name: "SCIM", Prefixes: []string{Path}, Via: access.ViaSCIM, Rate: surface.PerAddress, BodyLimit: maxBody, Tokens: true,
		Require: s.authorize, RenderError: renderError,
		Routes: []surface.Route{
			route("GET", "/ServiceProviderConfig", fixed(serviceProviderConfig)),
			route("GET", "/ResourceTypes", fixed(resourceTypes)),
			route("GET", "/Schemas", fixed(schemas)),
			route("GET", "/Users", s.users),
			route("GET", "/Users/:id", s.user),
			route("POST", "/Users", s.addUser),
			route("PUT", "/Users/:id", s.putUser),
			route("PATCH", "/Users/:id", s.patchUser),
			route("DELETE", "/Users/:id", s.deleteUser),
			route("GET", "/Groups", s.groups),
			route("GET", "/Groups/:id", s.group),
			route("POST", "/Groups", s.addGroup),
			route("PUT", "/Groups/:id", s.putGroup),
			route("PATCH", "/Groups/:id", s.patchGroup),
			route("DELETE", "/Groups/:id", s.deleteGroup),
		},
	}
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

// renderError writes a problem as RFC 7644 has it (section 3.12).
func renderError(c echo.Context, p problem.Problem) error {
	body := map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:Error"}, "status": strconv.Itoa(p.Status), "detail": p.Detail}
	if t := scimType(p); t != "" {
		body["scimType"] = t
	}
	return answer(c, p.Status, body)
}

// scimType is RFC 7644's word for what is wrong (section 3.12).
func scimType(p problem.Problem) string {
	switch {
	case p.Kind == access.CodeConflict:
		return "uniqueness"
	case p.Kind != access.CodeInvalid:
		return ""
	case len(p.Issues) == 1 && strings.HasPrefix(p.Issues[0].Code, "scim_"):
		return map[string]string{"scim_syntax": "invalidSyntax", "scim_path": "invalidPath", "scim_filter": "invalidFilter",
			"scim_target": "noTarget"}[p.Issues[0].Code]
	}
	return "invalidValue"
}

func invalid(code, format string, args ...any) error {
	return access.Invalid(access.Issue{Code: "scim_" + code, Message: access.Clip(access.Errorf(access.CodeInvalid, format, args...).Error(), 300)})
}

// unproven refuses to change a part of what somebody else wrote into the ledger: the
// rest would be signed with it. It is CodeEvidence.
func unproven(what string) error {
	return access.Refuse(access.CodeEvidence, "scim_unproven", "what Ramp has recorded of this %s was changed in its database by somebody else; it counts for nothing. Write the whole %s (PUT), or delete it and add it again", what, what)
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
	doc, err := decode(c.Request().Body)
	var he *echo.HTTPError
	if errors.As(err, &he) {
		return nil, he
	}
	return doc, err
}

// page returns how many resources a list skips, and how many it returns.
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
