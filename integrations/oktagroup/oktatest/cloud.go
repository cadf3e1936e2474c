// Package oktatest is a stand-in for one organisation at Okta, written from its published
// reference: groups, users, sessions and tokens. It is not Okta.
package oktatest

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Cloud has error codes, pages by Link, rules, and groups whose members others decide. Its
// fields may be read and changed while it is locked.
type Cloud struct {
	*httptest.Server
	sync.Mutex
	Key        jose.JSONWebKey            // the public key of Ramp's own application
	Users      map[string]string          // ids by login
	Members    map[string]map[string]bool // users of each group
	Ruled      map[string]bool            // memberships by a rule: "group user"
	Refuses    bool                       // such a membership is refused to go, and not put back
	Hidden     bool                       // groups are shown to nobody
	Unfound    bool                       // memberships are not found by the person, nor to be deleted; the group's list has them
	Ended      map[string]int             // how often all sessions of a user were ended
	Types      map[string]string          // of groups
	Elsewhere  string                     // where the next page is said to be, in place of here
	Tokens     map[string]string          // scopes by token
	Assertions map[string]bool            // ids that were used
	Scopes     []string                   // that the service application was granted
	GivesLess  bool                       // it gets a token without a scope that it was not granted, and no refusal

	Roles       []Role              // of the service application, and of who made the API token
	Targets     map[string][]string // groups that roles are bound to, by the id of the assignment
	Permissions map[string][]string // of custom roles, by id
	Resources   map[string][]string // names of resources, by set
	Unread      string              // paths that contain it may not be read
}

// Role is an administrator's role that somebody has.
type Role struct {
	ID          string `json:"id"`
	Label       string `json:"label"`
	Type        string `json:"type"`
	Status      string `json:"status"`
	Role        string `json:"role,omitempty"`
	ResourceSet string `json:"resource-set,omitempty"`
}

// What there is from the beginning.
const (
	APIToken = "00abcdefghijklmnopqrstuvwxyz0123456789ABCD" // #nosec G101 -- of this fake
	Client   = "0oa0123456789abcdefg"
	DBA, Ops = "00gdba0000000000dbaa", "00gops0000000000opsa"
	Admin    = "00uadmin000000000000" // who made the API token
)

// Start starts the stand-in. It ends with the test.
func Start(t *testing.T) *Cloud {
	c := &Cloud{Users: map[string]string{}, Members: map[string]map[string]bool{DBA: {}, Ops: {}}, Ruled: map[string]bool{}, Ended: map[string]int{},
		Types: map[string]string{DBA: "OKTA_GROUP", Ops: "OKTA_GROUP"}, Tokens: map[string]string{}, Assertions: map[string]bool{},
		Scopes:  []string{"okta.groups.manage", "okta.users.read", "okta.users.manage"},
		Targets: map[string][]string{}, Permissions: map[string][]string{}, Resources: map[string][]string{}}
	for n := range 5 { // everybody is in these, which come first
		c.Members[fmt.Sprintf("00gaaa%014d", n)] = nil
	}
	c.Server = httptest.NewServer(c)
	t.Cleanup(c.Close)
	return c
}

// ServeHTTP implements http.Handler.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.Lock()
	defer c.Unlock()
	if r.URL.Path == "/oauth2/v1/token" {
		c.token(w, r)
		return
	}
	bearer, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if _, known := c.Tokens[bearer]; r.Header.Get("Authorization") != "SSWS "+APIToken && !(isBearer && known) {
		fails(w, http.StatusUnauthorized, "E0000011", "Invalid token provided")
		return
	}
	if c.roles(w, r, !isBearer || strings.Contains(c.Tokens[bearer], "okta.roles.read")) {
		return
	}
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/api/v1/"), "/")
	switch route := r.Method + " " + parts[0]; {
	case route == "GET users" && len(parts) == 2:
		id := c.userID(parts[1])
		if id == "" {
			missing(w)
			return
		}
		reply(w, http.StatusOK, map[string]string{"id": id})
	case route == "GET users" && len(parts) == 3 && parts[2] == "groups":
		c.groupsOf(w, r, parts[1])
	case route == "DELETE users" && len(parts) == 3 && parts[2] == "sessions":
		if isBearer && !strings.Contains(c.Tokens[bearer], "okta.users.manage") {
			fails(w, http.StatusForbidden, "E0000006", "You do not have permission to perform the requested action")
			return
		}
		c.Ended[parts[1]]++
		w.WriteHeader(http.StatusNoContent)
	case route == "GET groups" && len(parts) == 2:
		name := map[string]string{DBA: "dba", Ops: "ops"}[parts[1]]
		if name == "" || c.Hidden {
			missing(w)
			return
		}
		reply(w, http.StatusOK, map[string]any{"type": c.Types[parts[1]], "profile": map[string]string{"name": name}})
	case route == "GET groups" && len(parts) == 3 && parts[2] == "users":
		c.usersOf(w, parts[1])
	case parts[0] == "groups" && len(parts) == 4 && parts[2] == "users":
		c.membership(w, r.Method, parts[1], parts[3])
	default:
		fails(w, http.StatusMethodNotAllowed, "E0000022", "The endpoint does not support the provided HTTP method")
	}
}

// roles responds to what is asked about administrators' roles, and returns false if it is
// something else.
func (c *Cloud) roles(w http.ResponseWriter, r *http.Request, may bool) bool {
	path := r.URL.Path
	if path == "/api/v1/users/me" {
		reply(w, http.StatusOK, map[string]string{"id": Admin})
		return true
	}
	rest, ofRoles := strings.CutPrefix(path, "/oauth2/v1/clients/"+Client+"/roles")
	if !ofRoles {
		rest, ofRoles = strings.CutPrefix(path, "/api/v1/users/"+Admin+"/roles")
	}
	one, ofRole := strings.CutSuffix(strings.TrimPrefix(path, "/api/v1/iam/roles/"), "/permissions")
	set, ofSet := strings.CutSuffix(strings.TrimPrefix(path, "/api/v1/iam/resource-sets/"), "/resources")
	switch {
	case !ofRoles && !ofRole && !ofSet:
		return false
	case !may, c.Unread != "" && strings.Contains(path, c.Unread):
		fails(w, http.StatusForbidden, "E0000006", "You do not have permission to perform the requested action")
	case ofRoles && rest == "":
		reply(w, http.StatusOK, append([]Role{}, c.Roles...))
	case ofRoles:
		c.page(w, r, c.Targets[strings.TrimSuffix(strings.TrimPrefix(rest, "/"), "/targets/groups")])
	case ofRole:
		all := []map[string]string{}
		for _, label := range c.Permissions[one] {
			all = append(all, map[string]string{"label": label})
		}
		reply(w, http.StatusOK, map[string]any{"permissions": all})
	default:
		all, links, from := []map[string]string{}, map[string]any{}, 0
		if after := r.URL.Query().Get("after"); after != "" {
			from = slices.Index(c.Resources[set], after) + 1
		}
		names := c.Resources[set][from:min(from+2, len(c.Resources[set]))]
		for _, name := range names {
			all = append(all, map[string]string{"orn": name})
		}
		if from+2 < len(c.Resources[set]) {
			links["next"] = map[string]string{"href": c.next(path, names[1])}
		}
		reply(w, http.StatusOK, map[string]any{"resources": all, "_links": links})
	}
	return true
}

// next returns the address of a next page.
func (c *Cloud) next(path, after string) string {
	at := c.URL
	if c.Elsewhere != "" {
		at = c.Elsewhere
	}
	return at + path + "?after=" + after
}

func (c *Cloud) userID(name string) string {
	for login, id := range c.Users {
		if login == name || id == name {
			return id
		}
	}
	return ""
}

func (c *Cloud) membership(w http.ResponseWriter, method, group, user string) {
	if c.Members[group] == nil || c.userID(user) == "" || c.Hidden || method == http.MethodDelete && c.Unfound {
		missing(w)
		return
	}
	ruled := c.Ruled[group+" "+user]
	switch {
	case method == http.MethodPut:
		c.Members[group][user] = true
	case method == http.MethodDelete && ruled && c.Refuses:
		fails(w, http.StatusForbidden, "E0000006", "You do not have permission to perform the requested action")
		return
	case method == http.MethodDelete && !ruled: // a rule puts them back at once
		delete(c.Members[group], user)
	}
	w.WriteHeader(http.StatusNoContent)
}

// usersOf lists a group's members who were not deleted.
func (c *Cloud) usersOf(w http.ResponseWriter, group string) {
	if c.Members[group] == nil || c.Hidden {
		missing(w)
		return
	}
	all := []map[string]string{}
	for user := range c.Members[group] {
		if c.userID(user) != "" {
			all = append(all, map[string]string{"id": user})
		}
	}
	reply(w, http.StatusOK, all)
}

// groupsOf lists a user's groups.
func (c *Cloud) groupsOf(w http.ResponseWriter, r *http.Request, user string) {
	if c.userID(user) == "" {
		missing(w)
		return
	}
	var all []string
	for group, users := range c.Members {
		if users == nil || users[user] && !c.Hidden && !c.Unfound {
			all = append(all, group)
		}
	}
	slices.Sort(all)
	c.page(w, r, all)
}

// page lists groups, two on a page.
func (c *Cloud) page(w http.ResponseWriter, r *http.Request, all []string) {
	from := 0
	if after := r.URL.Query().Get("after"); after != "" {
		from = slices.Index(all, after) + 1
	}
	page := []map[string]string{}
	for _, group := range all[from:min(from+2, len(all))] {
		page = append(page, map[string]string{"id": group})
	}
	w.Header().Add("Link", "<"+c.URL+r.URL.String()+`>; rel="self"`)
	if from+2 < len(all) {
		w.Header().Add("Link", "<"+c.next(r.URL.Path, all[from+1])+`>; rel="next"`)
	}
	reply(w, http.StatusOK, page)
}

// token gives out a token for a signed assertion (RFC 7523), which is used once.
func (c *Cloud) token(w http.ResponseWriter, r *http.Request) {
	signed, err := jwt.ParseSigned(r.FormValue("client_assertion"), []jose.SignatureAlgorithm{jose.RS256})
	var claims jwt.Claims
	if err == nil {
		err = signed.Claims(c.Key, &claims)
	}
	if err == nil {
		err = claims.ValidateWithLeeway(jwt.Expected{Issuer: Client, Subject: Client, AnyAudience: jwt.Audience{c.URL + "/oauth2/v1/token"}, Time: time.Now()}, time.Minute)
	}
	if err != nil || claims.ID == "" || c.Assertions[claims.ID] || r.FormValue("grant_type") != "client_credentials" {
		reply(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	}
	c.Assertions[claims.ID] = true
	granted := strings.Join(slices.DeleteFunc(strings.Fields(r.FormValue("scope")), func(one string) bool { return !slices.Contains(c.Scopes, one) }), " ")
	if granted == "" && c.GivesLess {
		granted = c.Scopes[0]
	}
	if granted == "" {
		reply(w, http.StatusBadRequest, map[string]string{"error": "invalid_scope"})
		return
	}
	token := rand.Text()
	c.Tokens[token] = granted
	reply(w, http.StatusOK, map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": 3600, "scope": granted})
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// ErrorBody is the body of an error of Okta's.
func ErrorBody(code, summary string) map[string]any {
	return map[string]any{"errorCode": code, "errorSummary": summary, "errorLink": code, "errorId": "oae", "errorCauses": []any{}}
}

func fails(w http.ResponseWriter, status int, code, summary string) {
	reply(w, status, ErrorBody(code, summary))
}

func missing(w http.ResponseWriter) {
	fails(w, http.StatusNotFound, "E0000007", "Not found: Resource not found")
}

// Person makes a user.
func (c *Cloud) Person(*testing.T) string {
	c.Lock()
	defer c.Unlock()
	n := len(c.Users)
	name := fmt.Sprintf("person%d@example.com", n)
	c.Users[name] = fmt.Sprintf("00u%017d", n)
	return name
}

// Has reports whether somebody is in a group.
func (c *Cloud) Has(group, user string) bool {
	c.Lock()
	defer c.Unlock()
	return c.Members[group][user]
}

// ByHand puts somebody into a group or takes them out, as an administrator.
func (c *Cloud) ByHand(group, user string, in bool) {
	c.Lock()
	defer c.Unlock()
	if in {
		c.Members[group][user] = true
	} else {
		delete(c.Members[group], user)
	}
}
