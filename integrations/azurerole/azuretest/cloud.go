// Package azuretest is a stand-in for Azure, written from its published reference: role
// assignments of version 2022-04-01, users of Microsoft Graph 1.0 and tokens for client
// credentials. It is not Azure.
package azuretest

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// Cloud has one assignment for a user, a role and a scope, whatever its name, and takes scopes
// in any case of letters. Its fields may be read and changed while it is locked.
type Cloud struct {
	*httptest.Server
	sync.Mutex
	Assignments map[string]Properties // by path in lower case
	Users       map[string]string     // ids by userPrincipalName
	Known       map[string]bool       // ids that all of Azure knows
	Tokens      map[string]string     // scopes by token
	Secret      string                // of Ramp's own application
	Deaf        bool                  // deletions do nothing
	Groups      map[string]bool       // scopes that there are, in lower case
	May         []string              // actions that Ramp's own application has on all but the subscription
	MayAbove    []string              // those that it has on the subscription
	MayData     []string              // actions on data that it has
	Mute        bool                  // it may not ask what it may do
	Roles       map[string]Definition // by GUID
}

// What there is from the beginning.
const (
	Tenant, Client = "11111111-2222-3333-4444-555555555555", "99999999-8888-7777-6666-555555555555"
	Subscription   = "/subscriptions/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
	Orders         = Subscription + "/resourceGroups/Orders.Prod"
	Reader, Writer = "acdd72a7-3385-48ef-bd42-f606fba81ae7", "b24988ac-6180-42a0-ab88-20f7382dd24c"
)

// Resource is a role assignment as Azure sends and takes it.
type Resource struct {
	Properties Properties `json:"properties"`
}

// Properties say who may act in which role.
type Properties struct {
	RoleDefinitionID string `json:"roleDefinitionId"`
	PrincipalID      string `json:"principalId"`
	PrincipalType    string `json:"principalType,omitempty"`
	Description      string `json:"description,omitempty"`
}

// Definition is what there is of a role.
type Definition struct {
	RoleName    string       `json:"roleName"`
	Permissions []Permission `json:"permissions"`
}

// Permission is what a role gives, or somebody may do.
type Permission struct {
	Actions        []string `json:"actions"`
	NotActions     []string `json:"notActions"`
	DataActions    []string `json:"dataActions"`
	NotDataActions []string `json:"notDataActions"`
}

// Start starts the stand-in. It ends with the test.
func Start(t *testing.T) *Cloud {
	c := &Cloud{Assignments: map[string]Properties{}, Users: map[string]string{}, Known: map[string]bool{}, Tokens: map[string]string{}, Secret: "p4ssw0rd",
		Groups: map[string]bool{strings.ToLower(Orders): true, Subscription: true}, May: []string{"Microsoft.Authorization/roleAssignments/*", "*/read"}, MayAbove: []string{},
		Roles: map[string]Definition{Reader: {"Reader", []Permission{{Actions: []string{"*/read"}}}},
			Writer: {"Contributor", []Permission{{Actions: []string{"*"}, NotActions: []string{"Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write", "Microsoft.Authorization/elevateAccess/Action"}}}}}}
	c.Server = httptest.NewServer(c)
	t.Cleanup(c.Close)
	return c
}

// ServeHTTP implements http.Handler.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.Lock()
	defer c.Unlock()
	if r.URL.Path == "/"+Tenant+"/oauth2/v2.0/token" {
		c.token(w, r)
		return
	}
	wanted := "https://management.azure.com/.default"
	if strings.HasPrefix(r.URL.Path, "/v1.0/") {
		wanted = "https://graph.microsoft.com/.default"
	}
	if c.Tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")] != wanted {
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
	case !c.Groups[scope]:
		fails(w, http.StatusNotFound, "ResourceGroupNotFound", "Resource group could not be found.")
	case kind == "permissions" && c.Mute:
		fails(w, http.StatusForbidden, "AuthorizationFailed", "The client does not have authorization to perform action 'Microsoft.Authorization/permissions/read'.")
	case kind == "permissions":
		may := c.May
		if scope == Subscription {
			may = c.MayAbove
		}
		reply(w, http.StatusOK, map[string]any{"value": []Permission{{Actions: may, NotActions: []string{}, DataActions: c.MayData, NotDataActions: []string{}}}})
	case kind == "roledefinitions":
		role, there := c.Roles[name]
		if !there {
			fails(w, http.StatusNotFound, "RoleDefinitionDoesNotExist", "The specified role definition does not exist.")
			return
		}
		reply(w, http.StatusOK, map[string]any{"properties": role})
	case kind == "roleassignments":
		c.assignment(w, r, path)
	default:
		fails(w, http.StatusNotFound, "InvalidResourceType", "The resource type could not be found.")
	}
}

func (c *Cloud) assignment(w http.ResponseWriter, r *http.Request, path string) {
	has, there := c.Assignments[path]
	switch r.Method {
	case http.MethodGet:
		if !there {
			fails(w, http.StatusNotFound, "RoleAssignmentNotFound", "The role assignment is not found.")
			return
		}
		reply(w, http.StatusOK, Resource{has})
	case http.MethodDelete:
		if !there {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		if !c.Deaf {
			delete(c.Assignments, path)
		}
		reply(w, http.StatusOK, Resource{has})
	case http.MethodPut:
		var in Resource
		if json.NewDecoder(r.Body).Decode(&in) != nil {
			fails(w, http.StatusBadRequest, "InvalidRequestContent", "The request content was invalid.")
			return
		}
		p := in.Properties
		for at, one := range c.Assignments {
			if at[:strings.LastIndexByte(at, '/')] == path[:strings.LastIndexByte(path, '/')] && one.PrincipalID == p.PrincipalID && one.RoleDefinitionID == p.RoleDefinitionID {
				fails(w, http.StatusConflict, "RoleAssignmentExists", "The role assignment already exists.")
				return
			}
		}
		switch {
		case there:
			fails(w, http.StatusConflict, "RoleAssignmentUpdateNotPermitted", "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.")
		case !c.Known[p.PrincipalID] && p.PrincipalType == "":
			fails(w, http.StatusBadRequest, "PrincipalNotFound", "Principal does not exist in the directory.")
		default:
			c.Assignments[path] = p
			reply(w, http.StatusCreated, in)
		}
	}
}

func (c *Cloud) user(w http.ResponseWriter, name string) {
	if id, ok := c.Users[name]; ok {
		reply(w, http.StatusOK, map[string]string{"id": id})
		return
	}
	fails(w, http.StatusNotFound, "Request_ResourceNotFound", "Resource does not exist.")
}

func (c *Cloud) token(w http.ResponseWriter, r *http.Request) {
	bySecret := r.FormValue("client_secret") == c.Secret
	byAssertion := r.FormValue("client_assertion") == "from-the-other-cloud" && r.FormValue("client_assertion_type") == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	if r.FormValue("client_id") != Client || r.FormValue("grant_type") != "client_credentials" || bySecret == byAssertion {
		reply(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client", "error_description": "AADSTS7000215"})
		return
	}
	token := rand.Text()
	c.Tokens[token] = r.FormValue("scope")
	reply(w, http.StatusOK, map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": 3599})
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// ErrorBody is the body of an error of Azure's.
func ErrorBody(code, message string) map[string]any {
	return map[string]any{"error": map[string]string{"code": code, "message": message}}
}

func fails(w http.ResponseWriter, status int, code, message string) {
	reply(w, status, ErrorBody(code, message))
}

// Person makes a user of the tenant.
func (c *Cloud) Person(*testing.T) string {
	c.Lock()
	defer c.Unlock()
	n := len(c.Users)
	name := fmt.Sprintf("person%d@example.com", n)
	c.Users[name] = fmt.Sprintf("00000000-0000-0000-0000-%012d", n)
	return name
}

// Has reports whether a user has a role on a scope, by an assignment of any name.
func (c *Cloud) Has(scope, role, user string) bool {
	c.Lock()
	defer c.Unlock()
	for path, p := range c.Assignments {
		if strings.HasPrefix(path, strings.ToLower(scope)+"/providers/microsoft.authorization/roleassignments/") && p.PrincipalID == user && strings.HasSuffix(p.RoleDefinitionID, role) {
			return true
		}
	}
	return false
}
