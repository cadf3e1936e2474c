package githubtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Token is what the stand-in takes as a personal access token.
const Token = "github_pat_test0123456789" // #nosec G101 -- of this fake

// Server is the API of one organisation.
type Server struct {
	*httptest.Server
	*Organisation
	// VerifyApp returns an error for a token that is not the App's own.
	VerifyApp func(token string) error
}

// Start starts the API. It ends with the test.
func Start(t *testing.T, o *Organisation) *Server {
	s := &Server{Organisation: o}
	s.Server = httptest.NewServer(s.routes())
	t.Cleanup(s.Close)
	return s
}

// installationToken is that of the n-th time.
func installationToken(n int) string { return fmt.Sprintf("ghs_test%08d", n) }

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	if body != nil {
		_ = json.NewEncoder(w).Encode(body)
	}
}

func refuse(w http.ResponseWriter, status int, message string) {
	reply(w, status, map[string]string{"message": message, "documentation_url": "https://docs.github.com/rest", "status": strconv.Itoa(status)})
}

func notFound(w http.ResponseWriter) { refuse(w, 404, "Not Found") }

type handler func(w http.ResponseWriter, r *http.Request)

// routes returns the API's paths. Each call sees and changes the organisation at once.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, h handler) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			s.mu.Lock()
			defer s.mu.Unlock()
			token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
			if token != Token && (s.TokensMade == 0 || token != installationToken(s.TokensMade)) {
				refuse(w, 401, "Bad credentials")
				return
			}
			h(w, r)
		})
	}
	mux.HandleFunc("POST /app/installations/{number}/access_tokens", func(w http.ResponseWriter, r *http.Request) { s.asApp(w, r, s.makeToken) })
	mux.HandleFunc("GET /app/installations", func(w http.ResponseWriter, r *http.Request) { s.asApp(w, r, s.installations) })
	mux.HandleFunc("GET /app/installations/{number}", func(w http.ResponseWriter, r *http.Request) { s.asApp(w, r, s.installation) })
	handle("GET /installation/repositories", s.selected)
	handle("GET /user", s.tokenUser)
	handle("GET /user/memberships/orgs/{org}", s.ownMembership)
	handle("GET /user/orgs", s.ownOrganisations)
	handle("GET /user/{id}", s.userByID)
	handle("GET /users/{login}", s.userByLogin)
	handle("GET /orgs/{org}/memberships/{login}", s.orgMembership)
	handle("GET /orgs/{org}/teams", func(w http.ResponseWriter, r *http.Request) { s.list(w, r, s.Teams) })
	handle("GET /orgs/{org}/repos", func(w http.ResponseWriter, r *http.Request) { s.list(w, r, s.Repositories) })
	handle("GET /orgs/{org}/teams/{name}", func(w http.ResponseWriter, r *http.Request) { s.one(w, named(s.Teams, r.PathValue("name"))) })
	handle("GET /organizations/{org}/team/{id}", func(w http.ResponseWriter, r *http.Request) { s.one(w, s.team(r)) })
	handle("GET /organizations/{org}/team/{id}/members", func(w http.ResponseWriter, r *http.Request) { s.people(w, r, s.team(r)) })
	handle("GET /organizations/{org}/team/{id}/memberships/{login}", s.teamMembership)
	handle("PUT /organizations/{org}/team/{id}/memberships/{login}", s.putTeamMembership)
	handle("DELETE /organizations/{org}/team/{id}/memberships/{login}", s.remove)
	handle("GET /repos/{org}/{name}", func(w http.ResponseWriter, r *http.Request) { s.one(w, s.repository(r)) })
	handle("GET /repos/{org}/{name}/collaborators", func(w http.ResponseWriter, r *http.Request) { s.people(w, r, s.repository(r)) })
	handle("PUT /repos/{org}/{name}/collaborators/{login}", s.putCollaborator)
	handle("DELETE /repos/{org}/{name}/collaborators/{login}", s.remove)
	handle("GET /repos/{org}/{name}/invitations", s.invitations)
	handle("DELETE /repos/{org}/{name}/invitations/{invitation}", s.takeBack)
	return mux
}

// asApp serves a call that the App makes as itself.
func (s *Server) asApp(w http.ResponseWriter, r *http.Request, h handler) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if s.VerifyApp == nil || s.VerifyApp(token) != nil {
		refuse(w, 401, "A JSON web token could not be decoded")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	h(w, r)
}

func (s *Server) installationShape(id int64) map[string]any {
	i := s.Installations[id]
	out := map[string]any{"id": id, "account": map[string]any{"login": i.Account}, "target_type": "Organization", "permissions": i.Permissions,
		"repository_selection": "all", "suspended_at": nil, "events": []string{}}
	if i.Selected != nil {
		out["repository_selection"] = "selected"
	}
	if i.IsSuspended {
		out["suspended_at"] = "2026-11-01T00:00:00Z"
	}
	return out
}

func (s *Server) installations(w http.ResponseWriter, r *http.Request) {
	var all []any
	for _, id := range slices.Sorted(maps.Keys(s.Installations)) {
		all = append(all, s.installationShape(id))
	}
	page(w, r, all)
}

func (s *Server) installation(w http.ResponseWriter, r *http.Request) {
	id, _ := strconv.ParseInt(r.PathValue("number"), 10, 64)
	if s.Installations[id] == nil {
		notFound(w)
		return
	}
	reply(w, 200, s.installationShape(id))
}

// selected lists the repositories of the installation in the organisation.
func (s *Server) selected(w http.ResponseWriter, r *http.Request) {
	all := []any{}
	for _, i := range s.Installations {
		if i.Account == s.Login {
			for n, name := range i.Selected {
				all = append(all, map[string]any{"id": 9000 + n, "name": name})
			}
		}
	}
	from, to := bounds(r, len(all))
	reply(w, 200, map[string]any{"total_count": len(all), "repository_selection": "selected", "repositories": all[from:to]})
}

// tokenUser is whose personal access token it is: an installation's token has no user.
func (s *Server) tokenUser(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+Token {
		refuse(w, 403, "Resource not accessible by integration")
		return
	}
	if s.Owner.Scopes != nil {
		w.Header().Set("X-OAuth-Scopes", strings.Join(s.Owner.Scopes, ", "))
	}
	reply(w, 200, map[string]any{"id": 1, "login": "robot"})
}

func (s *Server) ownMembership(w http.ResponseWriter, r *http.Request) {
	switch {
	case s.Owner.Refused:
		refuse(w, 403, "Resource not accessible by personal access token")
	case s.Owner.Role == "" || r.PathValue("org") != s.Login:
		notFound(w)
	default:
		reply(w, 200, map[string]any{"state": "active", "role": s.Owner.Role})
	}
}

func (s *Server) ownOrganisations(w http.ResponseWriter, r *http.Request) {
	all := []any{map[string]any{"login": s.Login}}
	for _, other := range s.Owner.Others {
		all = append(all, map[string]any{"login": other})
	}
	page(w, r, all)
}

func (s *Server) makeToken(w http.ResponseWriter, _ *http.Request) {
	s.TokensMade++
	reply(w, 201, map[string]any{"token": installationToken(s.TokensMade), "expires_at": time.Now().Add(time.Hour).UTC().Format(time.RFC3339)})
}

func (s *Server) team(r *http.Request) *Group {
	id, _ := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if g := s.Teams[id]; g != nil && !g.Hidden && r.PathValue("org") == strconv.FormatInt(s.ID, 10) {
		return g
	}
	return nil
}

func (s *Server) repository(r *http.Request) *Group {
	return named(s.Repositories, r.PathValue("name"))
}

// group returns the team or the repository of a path.
func (s *Server) group(r *http.Request) *Group {
	if r.PathValue("id") != "" {
		return s.team(r)
	}
	return s.repository(r)
}

func (s *Server) userByID(w http.ResponseWriter, r *http.Request) {
	id, _ := strconv.ParseInt(r.PathValue("id"), 10, 64)
	s.user(w, s.Users[id])
}

func (s *Server) userByLogin(w http.ResponseWriter, r *http.Request) {
	s.user(w, s.byLogin(r.PathValue("login")))
}

func (s *Server) user(w http.ResponseWriter, u *User) {
	if u == nil || u.Flagged {
		notFound(w)
		return
	}
	reply(w, 200, map[string]any{"id": u.ID, "login": u.Login})
}

func (s *Server) orgMembership(w http.ResponseWriter, r *http.Request) {
	u := s.byLogin(r.PathValue("login"))
	if u == nil || s.Members[u.ID] == "" && !s.Invited[u.ID] {
		notFound(w)
		return
	}
	role, state := s.Members[u.ID], "active"
	if role == "" {
		role, state = "member", "pending"
	}
	reply(w, 200, map[string]any{"state": state, "role": role, "user": map[string]any{"id": u.ID, "login": u.Login}})
}

// page writes one page of a list, as per_page and page say.
func page(w http.ResponseWriter, r *http.Request, all []any) {
	from, to := bounds(r, len(all))
	reply(w, 200, append([]any{}, all[from:to]...))
}

// bounds returns where a page of a list begins and ends.
func bounds(r *http.Request, all int) (from, to int) {
	size, n := 30, 1
	if v, err := strconv.Atoi(r.URL.Query().Get("per_page")); err == nil {
		size = min(v, 100)
	}
	if v, err := strconv.Atoi(r.URL.Query().Get("page")); err == nil {
		n = v
	}
	from = min(all, size*(n-1))
	return from, min(all, from+size)
}

func (s *Server) shape(g *Group) map[string]any {
	return map[string]any{"id": g.ID, "name": g.Name, "slug": g.Name, "organization": map[string]any{"id": s.ID, "login": s.Login}}
}

func (s *Server) list(w http.ResponseWriter, r *http.Request, in map[int64]*Group) {
	if r.PathValue("org") != s.Login {
		notFound(w)
		return
	}
	var all []any
	for _, g := range shown(in) {
		all = append(all, s.shape(g))
	}
	page(w, r, all)
}

func (s *Server) one(w http.ResponseWriter, g *Group) {
	if g == nil {
		notFound(w)
		return
	}
	reply(w, 200, s.shape(g))
}

func (s *Server) people(w http.ResponseWriter, r *http.Request, g *Group) {
	if g == nil {
		notFound(w)
		return
	}
	var all []any
	for _, id := range slices.Sorted(maps.Keys(g.Members)) {
		if u := s.Users[id]; u != nil {
			all = append(all, map[string]any{"id": id, "login": u.Login, "role_name": g.Members[id]})
		}
	}
	page(w, r, all)
}

func (s *Server) teamMembership(w http.ResponseWriter, r *http.Request) {
	g, u := s.team(r), s.byLogin(r.PathValue("login"))
	if g == nil || u == nil || g.Members[u.ID] == "" && g.Invitations[u.ID] == "" {
		notFound(w)
		return
	}
	role, state := g.Members[u.ID], "active"
	if role == "" {
		role, state = g.Invitations[u.ID], "pending"
	}
	reply(w, 200, map[string]any{"state": state, "role": role, "url": r.URL.Path})
}

func (s *Server) putTeamMembership(w http.ResponseWriter, r *http.Request) {
	var in struct{ Role string }
	g, u := s.team(r), s.byLogin(r.PathValue("login"))
	if g == nil || u == nil {
		notFound(w)
		return
	}
	if json.NewDecoder(r.Body).Decode(&in) != nil || in.Role != "member" && in.Role != "maintainer" {
		refuse(w, 422, "Validation Failed")
		return
	}
	state := "active"
	if s.Members[u.ID] != "" {
		g.Members[u.ID] = in.Role
	} else {
		g.Invitations[u.ID], s.Invited[u.ID], state = in.Role, true, "pending"
	}
	reply(w, 200, map[string]any{"state": state, "role": in.Role})
}

func (s *Server) putCollaborator(w http.ResponseWriter, r *http.Request) {
	var in struct{ Permission string }
	g, u := s.repository(r), s.byLogin(r.PathValue("login"))
	if g == nil || u == nil {
		notFound(w)
		return
	}
	roles := map[string]string{"pull": "read", "triage": "triage", "push": "write", "maintain": "maintain", "admin": "admin"}
	if json.NewDecoder(r.Body).Decode(&in) != nil || roles[in.Permission] == "" {
		refuse(w, 422, "Validation Failed")
		return
	}
	if s.Members[u.ID] == "" && g.Members[u.ID] == "" || s.NoMembersYet {
		g.Invitations[u.ID] = roles[in.Permission]
		reply(w, 201, map[string]any{"id": u.ID + 100_000, "permissions": roles[in.Permission]})
		return
	}
	g.Members[u.ID] = roles[in.Permission]
	reply(w, 204, nil)
}

func (s *Server) remove(w http.ResponseWriter, r *http.Request) {
	g, u := s.group(r), s.byLogin(r.PathValue("login"))
	if g == nil || u == nil || r.PathValue("id") != "" && g.Members[u.ID] == "" && g.Invitations[u.ID] == "" {
		notFound(w)
		return
	}
	delete(g.Members, u.ID)
	if r.PathValue("id") != "" {
		delete(g.Invitations, u.ID)
	}
	reply(w, 204, nil)
}

func (s *Server) invitations(w http.ResponseWriter, r *http.Request) {
	g := s.repository(r)
	if g == nil {
		notFound(w)
		return
	}
	var all []any
	for _, id := range slices.Sorted(maps.Keys(g.Invitations)) {
		all = append(all, map[string]any{"id": id + 100_000, "permissions": g.Invitations[id], "invitee": map[string]any{"id": id, "login": s.Users[id].Login}})
	}
	page(w, r, all)
}

func (s *Server) takeBack(w http.ResponseWriter, r *http.Request) {
	g := s.repository(r)
	id, _ := strconv.ParseInt(r.PathValue("invitation"), 10, 64)
	if g == nil || g.Invitations[id-100_000] == "" {
		notFound(w)
		return
	}
	delete(g.Invitations, id-100_000)
	reply(w, 204, nil)
}
