// Package gitlabtest is a stand-in for GitLab's REST API, written from its published
// reference (version 4): of groups, projects and users, what the target gitlab asks. It is
// not GitLab.
package gitlabtest

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Token is what the stand-in takes.
const Token = "glpat-test0123456789abcd" // #nosec G101 -- of this fake

// Member is a direct membership.
type Member struct {
	Level   int
	Expires string // YYYY-MM-DD; empty for none
	Waits   bool   // for a seat or an approval
}

// Place is a group or a project.
type Place struct {
	ID      int64
	Path    string // full
	Members map[int64]Member
	Hidden  bool // not shown to Ramp: GitLab then returns 404
}

// Server is the API. Its fields may be read and changed within Do alone.
type Server struct {
	*httptest.Server
	mu       sync.Mutex
	Users    map[int64]string // the user name of each
	States   map[int64]string // of users that are not active
	Identity map[string]int64 // users by their identity of the provider saml
	Groups   map[int64]*Place
	Projects map[int64]*Place
	Approval bool // an administrator approves new members
	Own      Own
	last     int64
}

// Own is what Token is.
type Own struct {
	User     int64
	Scopes   []string
	IsAdmin  bool
	IsUntold bool // GitLab does not say what the token is, as one from before 15.5 does not
}

// Start starts the API. It ends with the test.
func Start(t *testing.T) *Server {
	s := &Server{Users: map[int64]string{}, States: map[int64]string{}, Identity: map[string]int64{}, Groups: map[int64]*Place{}, Projects: map[int64]*Place{}, last: 100}
	s.Server = httptest.NewServer(s.routes())
	t.Cleanup(s.Close)
	return s
}

// Do runs f while nobody else reads or changes anything.
func (s *Server) Do(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// AddUser makes a user with an identity of the provider saml.
func (s *Server) AddUser(name, identity string) (id int64) {
	s.Do(func() {
		s.last++
		id = s.last
		s.Users[id], s.Identity[identity] = name, id
	})
	return id
}

// Add makes a group or a project.
func (s *Server) Add(to map[int64]*Place, path string) (p *Place) {
	s.Do(func() {
		s.last++
		p = &Place{ID: s.last, Path: path, Members: map[int64]Member{}}
		to[p.ID] = p
	})
	return p
}

// Member returns a user's membership, and sets it if set is not nil: one of level 0 is none.
func (s *Server) Member(p *Place, user int64, set *Member) (m Member) {
	s.Do(func() {
		if set != nil {
			delete(p.Members, user)
			if set.Level > 0 {
				p.Members[user] = *set
			}
		}
		m = p.Members[user]
	})
	return m
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if body != nil {
		_ = json.NewEncoder(w).Encode(body)
	}
}

func refuse(w http.ResponseWriter, status int, message string) {
	reply(w, status, map[string]string{"message": message})
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, h func(w http.ResponseWriter, r *http.Request)) {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" /api/v4"+path, func(w http.ResponseWriter, r *http.Request) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if r.Header.Get("Private-Token") != Token {
				refuse(w, 401, "401 Unauthorized")
				return
			}
			h(w, r)
		})
	}
	handle("GET /personal_access_tokens/self", s.token)
	handle("GET /user", s.tokenUser)
	handle("GET /groups", func(w http.ResponseWriter, r *http.Request) { s.ofUser(w, r, s.Groups, "full_path") })
	handle("GET /projects", func(w http.ResponseWriter, r *http.Request) { s.ofUser(w, r, s.Projects, "path_with_namespace") })
	handle("GET /users", s.byIdentity)
	handle("GET /users/{id}", s.user)
	handle("GET /groups/{place}/descendant_groups", func(w http.ResponseWriter, r *http.Request) { s.below(w, r, s.Groups, "full_path") })
	handle("GET /groups/{place}/projects", func(w http.ResponseWriter, r *http.Request) { s.below(w, r, s.Projects, "path_with_namespace") })
	for name, of := range map[string]func() map[int64]*Place{
		"full_path":           func() map[int64]*Place { return s.Groups },
		"path_with_namespace": func() map[int64]*Place { return s.Projects },
	} {
		root := map[string]string{"full_path": "/groups/{place}", "path_with_namespace": "/projects/{place}"}[name]
		in := func(h func(w http.ResponseWriter, r *http.Request, p *Place)) func(http.ResponseWriter, *http.Request) {
			return func(w http.ResponseWriter, r *http.Request) {
				p := find(of(), r.PathValue("place"))
				if p == nil {
					refuse(w, 404, "404 Not Found")
					return
				}
				h(w, r, p)
			}
		}
		handle("GET "+root, in(func(w http.ResponseWriter, _ *http.Request, p *Place) {
			reply(w, 200, map[string]any{"id": p.ID, name: p.Path})
		}))
		handle("GET "+root+"/members", in(s.members))
		handle("POST "+root+"/members", in(s.add))
		handle("GET "+root+"/members/{id}", in(s.member))
		handle("GET "+root+"/members/all/{id}", in(s.inherited))
		handle("PUT "+root+"/members/{id}", in(s.change))
		handle("DELETE "+root+"/members/{id}", in(s.remove))
	}
	return mux
}

// find returns a place by its number or its path.
func find(in map[int64]*Place, by string) *Place {
	for id, p := range in {
		if (strconv.FormatInt(id, 10) == by || p.Path == by) && !p.Hidden {
			return p
		}
	}
	return nil
}

func (s *Server) shape(id int64) map[string]any {
	state := s.States[id]
	if state == "" {
		state = "active"
	}
	return map[string]any{"id": id, "username": s.Users[id], "state": state}
}

func (s *Server) byIdentity(w http.ResponseWriter, r *http.Request) {
	out := []any{}
	if id, ok := s.Identity[r.URL.Query().Get("extern_uid")]; ok && r.URL.Query().Get("provider") == "saml" {
		out = append(out, s.shape(id))
	}
	reply(w, 200, out)
}

func (s *Server) token(w http.ResponseWriter, _ *http.Request) {
	if s.Own.IsUntold {
		refuse(w, 404, "404 Not Found")
		return
	}
	reply(w, 200, map[string]any{"id": 4, "name": "ramp", "revoked": false, "active": true, "scopes": s.Own.Scopes, "user_id": s.Own.User, "expires_at": "2027-11-01"})
}

// tokenUser is the token's user: GitLab says to administrators alone that they are such.
func (s *Server) tokenUser(w http.ResponseWriter, _ *http.Request) {
	out := s.shape(s.Own.User)
	if s.Own.IsAdmin {
		out["is_admin"] = true
	}
	reply(w, 200, out)
}

// ofUser lists where the token's user has a role, by themselves or by a group above.
func (s *Server) ofUser(w http.ResponseWriter, r *http.Request, in map[int64]*Place, name string) {
	least, _ := strconv.Atoi(r.URL.Query().Get("min_access_level"))
	var all []any
	for _, id := range slices.Sorted(maps.Keys(in)) {
		if m := s.highest(in[id], s.Own.User); least > 0 && m.Level >= least {
			all = append(all, map[string]any{"id": id, name: in[id].Path})
		}
	}
	page(w, r, all)
}

func number(r *http.Request) int64 {
	id, _ := strconv.ParseInt(r.PathValue("id"), 10, 64)
	return id
}

func (s *Server) user(w http.ResponseWriter, r *http.Request) {
	if s.Users[number(r)] == "" {
		refuse(w, 404, "404 User Not Found")
		return
	}
	reply(w, 200, s.shape(number(r)))
}

// page writes one page of a list, as per_page and page say.
func page(w http.ResponseWriter, r *http.Request, all []any) {
	size, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
	n, _ := strconv.Atoi(r.URL.Query().Get("page"))
	size, n = min(max(size, 20), 100), max(n, 1)
	from := min(len(all), size*(n-1))
	reply(w, 200, append([]any{}, all[from:min(len(all), from+size)]...))
}

func (s *Server) below(w http.ResponseWriter, r *http.Request, in map[int64]*Place, name string) {
	root := find(s.Groups, r.PathValue("place"))
	if root == nil {
		refuse(w, 404, "404 Group Not Found")
		return
	}
	var all []any
	for _, id := range slices.Sorted(maps.Keys(in)) {
		if strings.HasPrefix(in[id].Path, root.Path+"/") {
			all = append(all, map[string]any{"id": id, name: in[id].Path})
		}
	}
	page(w, r, all)
}

func (s *Server) memberShape(id int64, m Member) map[string]any {
	out := s.shape(id)
	out["access_level"], out["expires_at"], out["membership_state"] = m.Level, nil, "active"
	if m.Expires != "" {
		out["expires_at"] = m.Expires
	}
	if m.Waits {
		out["membership_state"] = "awaiting"
	}
	return out
}

func (s *Server) members(w http.ResponseWriter, r *http.Request, p *Place) {
	var all []any
	for _, id := range slices.Sorted(maps.Keys(p.Members)) {
		all = append(all, s.memberShape(id, p.Members[id]))
	}
	page(w, r, all)
}

func (s *Server) member(w http.ResponseWriter, r *http.Request, p *Place) {
	m, ok := p.Members[number(r)]
	if !ok {
		refuse(w, 404, "404 Not found")
		return
	}
	reply(w, 200, s.memberShape(number(r), m))
}

// highest is a user's membership of a place, or of a group above it.
func (s *Server) highest(p *Place, user int64) Member {
	highest := p.Members[user]
	for _, g := range s.Groups {
		if m := g.Members[user]; strings.HasPrefix(p.Path, g.Path+"/") && m.Level > highest.Level {
			highest = m
		}
	}
	return highest
}

func (s *Server) inherited(w http.ResponseWriter, r *http.Request, p *Place) {
	highest := s.highest(p, number(r))
	if highest.Level == 0 {
		refuse(w, 404, "404 Not found")
		return
	}
	reply(w, 200, s.memberShape(number(r), highest))
}

type change struct {
	User    json.Number `json:"user_id"`
	Level   int         `json:"access_level"`
	Expires string      `json:"expires_at"`
}

func (s *Server) read(w http.ResponseWriter, r *http.Request) (c change, ok bool) {
	if json.NewDecoder(r.Body).Decode(&c) != nil || c.Level < 10 || c.Level > 50 {
		refuse(w, 400, "access_level does not have a valid value")
		return c, false
	}
	return c, true
}

func (s *Server) add(w http.ResponseWriter, r *http.Request, p *Place) {
	c, ok := s.read(w, r)
	if !ok {
		return
	}
	id, _ := strconv.ParseInt(c.User.String(), 10, 64)
	switch {
	case s.Users[id] == "":
		refuse(w, 404, "404 User Not Found")
	case p.Members[id].Level > 0:
		refuse(w, 409, "Member already exists")
	case s.Approval:
		reply(w, 202, map[string]any{"status": "success", "message": map[string]string{s.Users[id]: "Request queued for administrator approval."}})
	default:
		p.Members[id] = Member{Level: c.Level, Expires: c.Expires}
		reply(w, 201, s.memberShape(id, p.Members[id]))
	}
}

func (s *Server) change(w http.ResponseWriter, r *http.Request, p *Place) {
	c, ok := s.read(w, r)
	if !ok {
		return
	}
	if p.Members[number(r)].Level == 0 {
		refuse(w, 404, "404 Not found")
		return
	}
	p.Members[number(r)] = Member{Level: c.Level, Expires: c.Expires}
	reply(w, 200, s.memberShape(number(r), p.Members[number(r)]))
}

// remove also takes what the user has below a group, unless it is told not to.
func (s *Server) remove(w http.ResponseWriter, r *http.Request, p *Place) {
	if p.Members[number(r)].Level == 0 {
		refuse(w, 404, "404 Not found")
		return
	}
	delete(p.Members, number(r))
	if r.URL.Query().Get("skip_subresources") != "true" {
		for _, all := range []map[int64]*Place{s.Groups, s.Projects} {
			for _, one := range all {
				if strings.HasPrefix(one.Path, p.Path+"/") {
					delete(one.Members, number(r))
				}
			}
		}
	}
	reply(w, 204, nil)
}
