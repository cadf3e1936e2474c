package azurerole

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// cloud stands in for Azure, as its reference has role assignments of version 2022-04-01,
// users of Microsoft Graph 1.0 and tokens for client credentials: one assignment for a user, a
// role and a scope, whatever its name; scopes in any case of letters.
type cloud struct {
	*httptest.Server
	mu          sync.Mutex
	assignments map[string]properties // by path in lower case
	users       map[string]string     // ids by userPrincipalName
	known       map[string]bool       // ids that all of Azure knows
	tokens      map[string]string     // scopes by token
	secret      string                // of Ramp's own application
	deaf        bool                  // deletions do nothing
	groups      map[string]bool       // scopes that there are, in lower case
	may         []string              // actions that Ramp's own application has
}

const (
	tenant, client = "11111111-2222-3333-4444-555555555555", "99999999-8888-7777-6666-555555555555"
	subscription   = "/subscriptions/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
	orders         = subscription + "/resourceGroups/Orders.Prod"
	reader, writer = "acdd72a7-3385-48ef-bd42-f606fba81ae7", "b24988ac-6180-42a0-ab88-20f7382dd24c"
)

func newCloud(t *testing.T) *cloud {
	c := &cloud{assignments: map[string]properties{}, users: map[string]string{}, known: map[string]bool{}, tokens: map[string]string{}, secret: "p4ssw0rd",
		groups: map[string]bool{strings.ToLower(orders): true, subscription: true}, may: []string{"Microsoft.Authorization/roleAssignments/*", "*/read"}}
	c.Server = httptest.NewServer(c)
	t.Cleanup(c.Close)
	return c
}

// ServeHTTP implements http.Handler.
func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.URL.Path == "/"+tenant+"/oauth2/v2.0/token" {
		c.token(w, r)
		return
	}
	wanted := "https://management.azure.com/.default"
	if strings.HasPrefix(r.URL.Path, "/v1.0/") {
		wanted = "https://graph.microsoft.com/.default"
	}
	if c.tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")] != wanted {
		fails(w, http.StatusUnauthorized, "InvalidAuthenticationToken", "The access token is invalid.")
		return
	}
	path := strings.ToLower(r.URL.Path)
	scope, rest, _ := strings.Cut(path, "/providers/microsoft.authorization/")
	switch kind, name, _ := strings.Cut(rest, "/"); {
	case strings.HasPrefix(path, "/v1.0/users/"):
		c.user(w, strings.TrimPrefix(r.URL.Path, "/v1.0/users/"))
	case r.URL.Query().Get("api-version") != "2022-04-01":
		fails(w, http.StatusBadRequest, "MissingApiVersionParameter", "The api-version query parameter is required.")
	case !c.groups[scope]:
		fails(w, http.StatusNotFound, "ResourceGroupNotFound", "Resource group could not be found.")
	case kind == "permissions":
		reply(w, http.StatusOK, map[string]any{"value": []any{map[string]any{"actions": c.may, "notActions": []string{}}}})
	case kind == "roledefinitions":
		reply(w, http.StatusOK, map[string]any{"properties": map[string]any{"roleName": map[string]string{reader: "Reader", writer: "Contributor"}[name]}})
	case kind == "roleassignments":
		c.assignment(w, r, path)
	default:
		fails(w, http.StatusNotFound, "InvalidResourceType", "The resource type could not be found.")
	}
}

func (c *cloud) assignment(w http.ResponseWriter, r *http.Request, path string) {
	has, there := c.assignments[path]
	switch r.Method {
	case http.MethodGet:
		if !there {
			fails(w, http.StatusNotFound, "RoleAssignmentNotFound", "The role assignment is not found.")
			return
		}
		reply(w, http.StatusOK, resource{has})
	case http.MethodDelete:
		if !there {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		if !c.deaf {
			delete(c.assignments, path)
		}
		reply(w, http.StatusOK, resource{has})
	case http.MethodPut:
		var in resource
		if json.NewDecoder(r.Body).Decode(&in) != nil {
			fails(w, http.StatusBadRequest, "InvalidRequestContent", "The request content was invalid.")
			return
		}
		p := in.Properties
		for at, one := range c.assignments {
			if at[:strings.LastIndexByte(at, '/')] == path[:strings.LastIndexByte(path, '/')] && one.PrincipalID == p.PrincipalID && one.RoleDefinitionID == p.RoleDefinitionID {
				fails(w, http.StatusConflict, "RoleAssignmentExists", "The role assignment already exists.")
				return
			}
		}
		switch {
		case there:
			fails(w, http.StatusConflict, "RoleAssignmentUpdateNotPermitted", "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.")
		case !c.known[p.PrincipalID] && p.PrincipalType == "":
			fails(w, http.StatusBadRequest, "PrincipalNotFound", "Principal does not exist in the directory.")
		default:
			c.assignments[path] = p
			reply(w, http.StatusCreated, in)
		}
	}
}

func (c *cloud) user(w http.ResponseWriter, name string) {
	if id, ok := c.users[name]; ok {
		reply(w, http.StatusOK, map[string]string{"id": id})
		return
	}
	fails(w, http.StatusNotFound, "Request_ResourceNotFound", "Resource does not exist.")
}

func (c *cloud) token(w http.ResponseWriter, r *http.Request) {
	bySecret := r.FormValue("client_secret") == c.secret
	byAssertion := r.FormValue("client_assertion") == "from-the-other-cloud" && r.FormValue("client_assertion_type") == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	if r.FormValue("client_id") != client || r.FormValue("grant_type") != "client_credentials" || bySecret == byAssertion {
		reply(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client", "error_description": "AADSTS7000215"})
		return
	}
	token := rand.Text()
	c.tokens[token] = r.FormValue("scope")
	reply(w, http.StatusOK, map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": 3599})
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func errorBody(code, message string) map[string]any {
	return map[string]any{"error": map[string]string{"code": code, "message": message}}
}

func fails(w http.ResponseWriter, status int, code, message string) {
	reply(w, status, errorBody(code, message))
}

// person makes a user of the tenant.
func (c *cloud) person(*testing.T) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.users)
	name := fmt.Sprintf("person%d@example.com", n)
	c.users[name] = fmt.Sprintf("00000000-0000-0000-0000-%012d", n)
	return name
}

// has reports whether a user has a role on a scope, by an assignment of any name.
func (c *cloud) has(a assignment) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for path, p := range c.assignments {
		if strings.HasPrefix(path, a.scope+"/providers/microsoft.authorization/roleassignments/") && p.PrincipalID == a.user && strings.HasSuffix(p.RoleDefinitionID, a.role) {
			return true
		}
	}
	return false
}

// pathOf returns the key of an assignment of Ramp's.
func pathOf(a assignment) string {
	u, _ := url.Parse(a.path())
	return strings.ToLower(u.Path)
}
