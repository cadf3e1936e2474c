package oktagroup

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

// cloud stands in for one organisation at Okta, as its reference has groups, users, sessions
// and tokens: error codes, pages by Link, rules, groups whose members others decide.
type cloud struct {
	*httptest.Server
	mu         sync.Mutex
	key        jose.JSONWebKey            // the public key of Ramp's own application
	users      map[string]string          // ids by login
	members    map[string]map[string]bool // users of each group
	ruled      map[string]bool            // memberships by a rule: "group user"
	refuses    bool                       // such a membership is refused to go, and not put back
	ended      map[string]int             // how often all sessions of a user were ended
	types      map[string]string          // of groups
	elsewhere  string                     // where the next page is said to be, in place of here
	tokens     map[string]string          // scopes by token
	assertions map[string]bool            // ids that were used
}

const (
	apiToken = "00abcdefghijklmnopqrstuvwxyz0123456789ABCD"
	client   = "0oa0123456789abcdefg"
	dba, ops = "00gdba0000000000dbaa", "00gops0000000000opsa"
)

func newCloud(t *testing.T) *cloud {
	c := &cloud{users: map[string]string{}, members: map[string]map[string]bool{dba: {}, ops: {}}, ruled: map[string]bool{}, ended: map[string]int{},
		types: map[string]string{dba: "OKTA_GROUP", ops: "OKTA_GROUP"}, tokens: map[string]string{}, assertions: map[string]bool{}}
	for n := range 5 { // everybody is in these, which come first
		c.members[fmt.Sprintf("00gaaa%014d", n)] = nil
	}
	c.Server = httptest.NewServer(c)
	t.Cleanup(c.Close)
	return c
}

// ServeHTTP implements http.Handler.
func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.URL.Path == "/oauth2/v1/token" {
		c.token(w, r)
		return
	}
	bearer, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if _, known := c.tokens[bearer]; r.Header.Get("Authorization") != "SSWS "+apiToken && !(isBearer && known) {
		fails(w, http.StatusUnauthorized, "E0000011", "Invalid token provided")
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
		if isBearer && !strings.Contains(c.tokens[bearer], "okta.users.manage") {
			fails(w, http.StatusForbidden, "E0000006", "You do not have permission to perform the requested action")
			return
		}
		c.ended[parts[1]]++
		w.WriteHeader(http.StatusNoContent)
	case route == "GET groups" && len(parts) == 2:
		name := map[string]string{dba: "dba", ops: "ops"}[parts[1]]
		if name == "" {
			missing(w)
			return
		}
		reply(w, http.StatusOK, map[string]any{"type": c.types[parts[1]], "profile": map[string]string{"name": name}})
	case parts[0] == "groups" && len(parts) == 4 && parts[2] == "users":
		c.membership(w, r.Method, parts[1], parts[3])
	default:
		fails(w, http.StatusMethodNotAllowed, "E0000022", "The endpoint does not support the provided HTTP method")
	}
}

func (c *cloud) userID(name string) string {
	for login, id := range c.users {
		if login == name || id == name {
			return id
		}
	}
	return ""
}

func (c *cloud) membership(w http.ResponseWriter, method, group, user string) {
	if c.members[group] == nil || c.userID(user) == "" {
		missing(w)
		return
	}
	ruled := c.ruled[group+" "+user]
	switch {
	case method == http.MethodPut:
		c.members[group][user] = true
	case method == http.MethodDelete && ruled && c.refuses:
		fails(w, http.StatusForbidden, "E0000006", "You do not have permission to perform the requested action")
		return
	case method == http.MethodDelete && !ruled: // a rule puts them back at once
		delete(c.members[group], user)
	}
	w.WriteHeader(http.StatusNoContent)
}

// groupsOf lists a user's groups, two on a page.
func (c *cloud) groupsOf(w http.ResponseWriter, r *http.Request, user string) {
	if c.userID(user) == "" {
		missing(w)
		return
	}
	var all []string
	for group, users := range c.members {
		if users == nil || users[user] {
			all = append(all, group)
		}
	}
	slices.Sort(all)
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
		at := c.URL
		if c.elsewhere != "" {
			at = c.elsewhere
		}
		w.Header().Add("Link", "<"+at+r.URL.Path+"?after="+all[from+1]+`>; rel="next"`)
	}
	reply(w, http.StatusOK, page)
}

// token gives out a token for a signed assertion (RFC 7523), which is used once.
func (c *cloud) token(w http.ResponseWriter, r *http.Request) {
	signed, err := jwt.ParseSigned(r.FormValue("client_assertion"), []jose.SignatureAlgorithm{jose.RS256})
	var claims jwt.Claims
	if err == nil {
		err = signed.Claims(c.key, &claims)
	}
	if err == nil {
		err = claims.ValidateWithLeeway(jwt.Expected{Issuer: client, Subject: client, AnyAudience: jwt.Audience{c.URL + "/oauth2/v1/token"}, Time: time.Now()}, time.Minute)
	}
	if err != nil || claims.ID == "" || c.assertions[claims.ID] || r.FormValue("grant_type") != "client_credentials" {
		reply(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	}
	c.assertions[claims.ID] = true
	token := rand.Text()
	c.tokens[token] = r.FormValue("scope")
	reply(w, http.StatusOK, map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": 3600})
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func errorBody(code, summary string) map[string]any {
	return map[string]any{"errorCode": code, "errorSummary": summary, "errorLink": code, "errorId": "oae", "errorCauses": []any{}}
}

func fails(w http.ResponseWriter, status int, code, summary string) {
	reply(w, status, errorBody(code, summary))
}

func missing(w http.ResponseWriter) {
	fails(w, http.StatusNotFound, notFound, "Not found: Resource not found")
}

// person makes a user.
func (c *cloud) person(*testing.T) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.users)
	name := fmt.Sprintf("person%d@example.com", n)
	c.users[name] = fmt.Sprintf("00u%017d", n)
	return name
}

// has reports whether somebody is in a group.
func (c *cloud) has(m membership) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.members[m.group][m.user]
}

// byHand puts somebody into a group or takes them out, as an administrator.
func (c *cloud) byHand(m membership, in bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if in {
		c.members[m.group][m.user] = true
	} else {
		delete(c.members[m.group], m.user)
	}
}
