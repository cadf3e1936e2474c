// Package gcptest is a stand-in for Google Cloud, written from its published reference
// (https://cloud.google.com/iam/docs/reference/rest/v1/Policy): getIamPolicy and setIamPolicy
// of resource manager and storage, and the roles of IAM. It is not Google Cloud.
package gcptest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/cel-go/cel"
	"github.com/stretchr/testify/require"
)

// Cloud has etags, versions, what is refused and what is normalised. Conditions are evaluated by
// CEL itself, by the time of the call. Its fields may be read and changed while it is locked.
type Cloud struct {
	*httptest.Server
	key *rsa.PrivateKey

	sync.Mutex
	Policies map[string]*Stored // by resource
	tokens   map[string]bool    // that it has given out
	Lacks    map[string]bool    // permissions that Ramp needs and has not
	More     map[string]bool    // permissions that Ramp has beside those on policies
	Odd      map[string]bool    // permissions that no resource can have
	Before   func(resource string)
	Writes   int
	Roles    map[string]Role // by name
	Secret   bool            // Ramp's account may not read custom roles
}

// Stored is one policy. What is in a binding is kept as it was written.
type Stored struct {
	etag     int
	Bindings []map[string]any
	Audit    any
}

// What there is from the beginning.
const (
	Project, Folder, Bucket = "projects/orders-prod", "folders/123456", "buckets/orders-exports"
)

// Start starts the stand-in. It ends with the test.
func Start(t *testing.T) *Cloud {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	c := &Cloud{key: key, Policies: map[string]*Stored{}, tokens: map[string]bool{}, Lacks: map[string]bool{}, More: map[string]bool{}, Odd: map[string]bool{}}
	for _, resource := range []string{Project, Folder, Bucket} {
		c.Policies[resource] = &Stored{etag: 1, Audit: []any{map[string]any{"service": "allServices"}},
			Bindings: []map[string]any{{"role": "roles/owner", "members": []any{"user:owner@example.com"}}}}
	}
	c.Roles = map[string]Role{"roles/logging.viewer": {Permissions: []string{"logging.logEntries.list", "logging.logs.list"}},
		"roles/pubsub.viewer": {Permissions: []string{"pubsub.topics.get", "pubsub.topics.list"}}, "roles/storage.objectViewer": {Permissions: []string{"storage.objects.get", "storage.objects.list"}}}
	c.Server = httptest.NewServer(c)
	t.Cleanup(c.Close)
	return c
}

// TakeTokensBack makes every token void that was given out.
func (c *Cloud) TakeTokensBack() {
	c.Lock()
	defer c.Unlock()
	clear(c.tokens)
}

// KeyFile writes the key of Ramp's own service account, as Google does.
func (c *Cloud) KeyFile(t *testing.T) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(c.key)
	require.NoError(t, err)
	text, err := json.Marshal(map[string]string{"type": "service_account", "project_id": "ramp", "private_key_id": "k1",
		"private_key":  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		"client_email": "ramp@ramp.iam.gserviceaccount.com", "token_uri": c.URL + "/token"})
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "key.json")
	require.NoError(t, os.WriteFile(path, text, 0o600))
	return path
}

// ServeHTTP implements http.Handler.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/token":
		c.token(w, r)
		return
	case "/sts":
		c.exchange(w, r)
		return
	}
	c.Lock()
	known := c.tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	c.Unlock()
	if !known {
		fails(w, http.StatusUnauthorized, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
		return
	}
	if name, ok := strings.CutPrefix(r.URL.Path, "/v1/"); ok && r.Method == http.MethodGet {
		c.role(w, name)
		return
	}
	resource, verb := ParsePath(r)
	var in map[string]any
	if body, _ := io.ReadAll(r.Body); len(body) > 0 && json.Unmarshal(body, &in) != nil {
		fails(w, http.StatusBadRequest, "INVALID_ARGUMENT", "Invalid JSON payload received.")
		return
	}
	c.Lock()
	hook := c.Before
	c.Unlock()
	if hook != nil && verb == "set" {
		hook(resource)
	}
	c.Lock()
	defer c.Unlock()
	p := c.Policies[resource]
	storage := strings.HasPrefix(resource, "buckets/")
	switch {
	case p == nil && storage:
		fails(w, http.StatusNotFound, "", "The specified bucket does not exist.")
	case p == nil:
		fails(w, http.StatusForbidden, "PERMISSION_DENIED", "The caller does not have permission")
	case verb == "get":
		reply(w, p.show(resource, wantedVersion(r, in)))
	case verb == "set":
		sent := in
		if !storage {
			sent, _ = in["policy"].(map[string]any)
		}
		if p.set(w, sent, storage) {
			c.Writes++
			reply(w, p.show(resource, 3))
		}
	case verb == "test":
		c.test(w, r, in)
	default:
		fails(w, http.StatusNotFound, "NOT_FOUND", "no such method")
	}
}

// ParsePath returns the resource of a call, and what is to be done.
func ParsePath(r *http.Request) (resource, verb string) {
	if rest, ok := strings.CutPrefix(r.URL.Path, "/v3/"); ok && r.Method == http.MethodPost {
		resource, verb, _ = strings.Cut(rest, ":")
		return resource, map[string]string{"getIamPolicy": "get", "setIamPolicy": "set", "testIamPermissions": "test"}[verb]
	}
	rest, _ := strings.CutPrefix(r.URL.Path, "/storage/v1/b/")
	name, rest, _ := strings.Cut(rest, "/")
	return "buckets/" + name, map[string]string{"GET iam": "get", "PUT iam": "set", "GET iam/testPermissions": "test"}[r.Method+" "+rest]
}

func wantedVersion(r *http.Request, in map[string]any) int {
	if r.URL.Query().Get("optionsRequestedPolicyVersion") == "3" {
		return 3
	}
	options, _ := in["options"].(map[string]any)
	version, _ := options["requestedPolicyVersion"].(float64)
	return int(version)
}

// show returns a policy as Google does: for less than version 3 without its conditions.
func (p *Stored) show(resource string, version int) map[string]any {
	out := map[string]any{"version": 1, "etag": fmt.Sprintf("BwW%d=", p.etag)}
	bindings := []any{}
	for _, b := range p.Bindings {
		if b["condition"] != nil {
			out["version"] = 3
			if version < 3 {
				b = maps.Clone(b)
				b["role"] = fmt.Sprint(b["role"], "_withcond_0123456789abcdef")
				delete(b, "condition")
			}
		}
		bindings = append(bindings, b)
	}
	out["bindings"] = bindings
	if strings.HasPrefix(resource, "buckets/") {
		out["kind"], out["resourceId"] = "storage#policy", "projects/_/"+resource
	} else {
		out["auditConfigs"] = p.Audit
	}
	return out
}

// set takes a policy, or says why not.
func (p *Stored) set(w http.ResponseWriter, sent map[string]any, storage bool) bool {
	etag, _ := sent["etag"].(string)
	if etag != "" && etag != fmt.Sprintf("BwW%d=", p.etag) { // without one, it overwrites blindly
		if storage {
			fails(w, http.StatusPreconditionFailed, "", "At least one of the pre-conditions you specified did not hold.")
		} else {
			fails(w, http.StatusConflict, "ABORTED", "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.")
		}
		return false
	}
	list, _ := sent["bindings"].([]any)
	merged, order, principals, conditional, same := map[string]map[string]any{}, []string{}, 0, 0, map[string]int{}
	for _, one := range list {
		b := one.(map[string]any)
		members := []any{}
		for _, m := range b["members"].([]any) {
			text := m.(string)
			if strings.HasPrefix(text, "user:") {
				text = strings.ToLower(text)
			}
			if strings.HasPrefix(text, "user:nobody") {
				fails(w, http.StatusBadRequest, "INVALID_ARGUMENT", "User "+strings.TrimPrefix(text, "user:")+" does not exist.")
				return false
			}
			members = append(members, text)
		}
		role := b["role"].(string)
		b["members"] = members
		principals += len(members)
		if b["condition"] != nil {
			conditional++
			for _, m := range members {
				same[role+fmt.Sprint(m)]++
			}
			if sent["version"] != float64(3) || role == "roles/owner" || strings.HasPrefix(role, "roles/storage.legacy") {
				fails(w, http.StatusBadRequest, "INVALID_ARGUMENT", "The policy contains bindings with conditions that it may not have.")
				return false
			}
		}
		key, _ := json.Marshal([]any{role, b["condition"]})
		if merged[string(key)] == nil {
			order = append(order, string(key))
			merged[string(key)] = b
		} else {
			merged[string(key)]["members"] = append(merged[string(key)]["members"].([]any), members...)
		}
	}
	if principals > 1500 || conditional > 100 || slices.Max(append(slices.Collect(maps.Values(same)), 0)) > 20 {
		fails(w, http.StatusBadRequest, "INVALID_ARGUMENT", "The policy exceeds a limit.")
		return false
	}
	p.Bindings = nil
	for _, key := range order {
		p.Bindings = append(p.Bindings, merged[key])
	}
	p.etag++
	return true
}

func (c *Cloud) test(w http.ResponseWriter, r *http.Request, in map[string]any) {
	asked := r.URL.Query()["permissions"]
	if list, ok := in["permissions"].([]any); ok {
		for _, one := range list {
			asked = append(asked, one.(string))
		}
	}
	has := []string{}
	for _, one := range asked {
		switch ofPolicy := strings.HasSuffix(one, "s.getIamPolicy") || strings.HasSuffix(one, "s.setIamPolicy") && !strings.HasPrefix(one, "iam."); {
		case c.Odd[one]:
			fails(w, http.StatusBadRequest, "INVALID_ARGUMENT", "Permission "+one+" is not valid for this resource.")
			return
		case c.More[one], ofPolicy && !c.Lacks[one]:
			has = append(has, one)
		}
	}
	reply(w, map[string]any{"permissions": has})
}

// token gives out a token for a signed assertion (RFC 7523).
func (c *Cloud) token(w http.ResponseWriter, r *http.Request) {
	signed, err := jwt.ParseSigned(r.FormValue("assertion"), []jose.SignatureAlgorithm{jose.RS256})
	var claims struct {
		jwt.Claims
		Scope string `json:"scope"`
	}
	if err == nil {
		err = signed.Claims(&c.key.PublicKey, &claims)
	}
	if err != nil || claims.Issuer != "ramp@ramp.iam.gserviceaccount.com" || !claims.Audience.Contains(c.URL+"/token") || claims.Scope != "https://www.googleapis.com/auth/cloud-platform" {
		w.WriteHeader(http.StatusBadRequest)
		reply(w, map[string]any{"error": "invalid_grant", "error_description": "Invalid JWT Signature."})
		return
	}
	c.give(w)
}

// exchange gives out a token for somebody else's (RFC 8693).
func (c *Cloud) exchange(w http.ResponseWriter, r *http.Request) {
	if r.FormValue("subject_token") != "from-the-other-cloud" || r.FormValue("audience") != "//iam.googleapis.com/pool" {
		w.WriteHeader(http.StatusBadRequest)
		reply(w, map[string]any{"error": "invalid_request"})
		return
	}
	c.give(w)
}

func (c *Cloud) give(w http.ResponseWriter) {
	token := "ya29." + rand.Text()
	c.Lock()
	c.tokens[token] = true
	c.Unlock()
	reply(w, map[string]any{"access_token": token, "expires_in": 3599, "token_type": "Bearer", "issued_token_type": "urn:ietf:params:oauth:token-type:access_token"}) // #nosec G101 -- of this fake
}

func reply(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

func fails(w http.ResponseWriter, status int, word, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	reply(w, ErrorBody(status, word, message))
}

// ErrorBody is the body of an error of Google's.
func ErrorBody(status int, word, message string) map[string]any {
	body := map[string]any{"code": status, "message": message}
	if word != "" {
		body["status"] = word
	}
	return map[string]any{"error": body}
}

// Allows reports whether somebody may act in a role as of a time, by CEL.
func (c *Cloud) Allows(resource, role, member string, at time.Time) (bool, error) {
	c.Lock()
	defer c.Unlock()
	env, err := cel.NewEnv(cel.Variable("request", cel.MapType(cel.StringType, cel.DynType)))
	if err != nil {
		return false, err
	}
	for _, b := range c.Policies[resource].Bindings {
		if b["role"] != role || !slices.Contains(b["members"].([]any), any(member)) {
			continue
		}
		when, _ := b["condition"].(map[string]any)
		if when == nil {
			return true, nil
		}
		ast, issues := env.Compile(when["expression"].(string))
		if issues.Err() != nil {
			return false, issues.Err()
		}
		program, err := env.Program(ast)
		if err != nil {
			return false, err
		}
		is, _, err := program.Eval(map[string]any{"request": map[string]any{"time": at}})
		if err != nil {
			return false, err
		}
		if is.Value() == true {
			return true, nil
		}
	}
	return false, nil
}

// ByHand changes a policy as an administrator.
func (c *Cloud) ByHand(resource string, change func(p *Stored)) {
	c.Lock()
	defer c.Unlock()
	change(c.Policies[resource])
	c.Policies[resource].etag++
}

// Title returns the title of a binding's condition.
func Title(b map[string]any) string {
	when, _ := b["condition"].(map[string]any)
	text, _ := when["title"].(string)
	return text
}
