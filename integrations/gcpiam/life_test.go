package gcpiam

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations/gcpiam/gcptest"
	"ramp.dev/ramp/integrations/targettest"
)

// TestCase151OthersWriteToo: what somebody else writes between Ramp's reading and writing of a
// policy stays.
func TestCase151OthersWriteToo(t *testing.T) {
	for _, e := range []access.Entitlement{viewLogs, readFile} {
		w := start(t)
		one, g := w.open(t, nil), grantFor(alice, e)
		var n atomic.Int32
		others := func(resource string) {
			if k := n.Add(1); k <= 3 {
				w.ByHand(resource, func(p *gcptest.Stored) {
					p.Bindings = append(p.Bindings, map[string]any{"role": "roles/browser", "members": []any{fmt.Sprintf("user:other%d@example.com", k)}})
				})
			}
		}
		w.Lock()
		w.Before = others
		w.Unlock()
		require.NoError(t, one.Grant(t.Context(), g))
		n.Store(1)
		require.NoError(t, one.Revoke(t.Context(), g))
		text := strings.Join(w.texts(t, e["resource"].(string)), "\n")
		for k := 1; k <= 3; k++ {
			require.Contains(t, text, fmt.Sprintf("other%d@example.com", k))
		}
		require.NotContains(t, text, g.Name)
	}
}

// TestCase151OthersWriteAllTheTime: it is tried again later, and nothing is overwritten.
func TestCase151OthersWriteAllTheTime(t *testing.T) {
	w := start(t)
	w.Before = func(resource string) { w.ByHand(resource, func(*gcptest.Stored) {}) }
	err := w.open(t, nil).Grant(t.Context(), grantFor(alice, viewLogs))
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
	require.Contains(t, err.Error(), "written by others")
	require.Zero(t, w.Writes)
}

// TestCase151OldPolicyProvesNothing: a removal is no removal while Google shows what was true
// before; nor is an empty response.
func TestCase151OldPolicyProvesNothing(t *testing.T) {
	w := start(t)
	healthy, g := w.open(t, nil), grantFor(alice, viewLogs)
	require.NoError(t, healthy.Grant(t.Context(), g))
	err := w.faulty(t, targettest.NotFoundYet, 1).Revoke(t.Context(), g)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
	held, err := w.led.Holders(targetName).Objects(t.Context(), g.Name)
	require.NoError(t, err)
	require.Equal(t, map[string]bool{object(project, g.Name): true}, held, "the ledger has it as open")

	for _, body := range []any{map[string]any{}, map[string]any{"version": 1}, map[string]any{"etag": ""}, map[string]any{"etag": "BwW1=", "bindings": "none"}} {
		empty := w.open(t, func(to http.RoundTripper) http.RoundTripper {
			return roundTrip(func(r *http.Request) (*http.Response, error) {
				if _, verb := gcptest.ParsePath(r); verb == "get" {
					return targettest.Response(http.StatusOK, nil, body), nil
				}
				return to.RoundTrip(r)
			})
		})
		_, err = empty.Inspect(t.Context(), g)
		require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v: %v", body, err)
		require.Equal(t, access.CodeUnavailable, access.CodeOf(empty.Revoke(t.Context(), g)))
	}
	names, err := w.names(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{g.Name}, names)
	require.NoError(t, healthy.Revoke(t.Context(), g))
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestCase151WhereTheGrantIs: by the ledger, also when the configuration has the resource no
// more; by all policies, when the ledger was set back.
func TestCase151WhereTheGrantIs(t *testing.T) {
	w := start(t)
	g := grantFor(alice, readFile)
	require.NoError(t, w.open(t, nil).Grant(t.Context(), g))
	without := &world{Cloud: w.Cloud, led: w.led, config: w.config}
	without.config.Allow = w.config.Allow[:1]
	p, err := without.open(t, nil).Inspect(t.Context(), g)
	require.NoError(t, err)
	require.True(t, p.Open)
	listed, err := without.open(t, nil).List(t.Context())
	require.NoError(t, err)
	require.Len(t, listed, 1)
	require.NoError(t, without.open(t, nil).Revoke(t.Context(), g))
	require.NotContains(t, w.texts(t, bucket), g.Name)

	other := grantFor(alice, viewLogs)
	require.NoError(t, w.open(t, nil).Grant(t.Context(), other))
	back := start(t)
	back.Cloud, back.config = w.Cloud, w.config
	p, err = back.open(t, nil).Inspect(t.Context(), other)
	require.NoError(t, err)
	require.True(t, p.Open)
	require.NoError(t, back.open(t, nil).Revoke(t.Context(), other))
	names, err := w.names(t.Context())
	require.NoError(t, err)
	require.Empty(t, names)
}

// TestLimits: what Google would refuse, Ramp does not try, and says why it waits.
func TestLimits(t *testing.T) {
	w := start(t)
	one := w.open(t, nil)
	var all []access.Grant
	for range maxSame {
		g := grantFor("Alice@example.com", viewLogs) // Google writes it in lower case
		require.NoError(t, one.Grant(t.Context(), g))
		all = append(all, g)
	}
	g := grantFor(alice, viewLogs)
	err := one.Grant(t.Context(), g)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
	require.Contains(t, err.Error(), "20 times")
	require.NoError(t, one.Grant(t.Context(), grantFor("bob@example.com", viewLogs)))
	require.NoError(t, one.Revoke(t.Context(), all[0]))
	require.NoError(t, one.Grant(t.Context(), g))

	w.ByHand(folder, func(p *gcptest.Stored) {
		members := []any{}
		for i := range maxPrincipals {
			members = append(members, fmt.Sprintf("user:p%d@example.com", i))
		}
		p.Bindings = []map[string]any{{"role": "roles/browser", "members": members}}
	})
	err = one.Grant(t.Context(), grantFor(alice, access.Entitlement{"resource": folder, "role": viewer}))
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
	require.Contains(t, err.Error(), "1,500")
	require.Zero(t, w.open(t, nil).Revoke(t.Context(), grantFor(alice, viewLogs)))
}

// TestUnknown: people and resources that Google does not know are the request's mistake; a
// bucket that was deleted keeps nobody's access.
func TestUnknown(t *testing.T) {
	w := start(t)
	one := w.open(t, nil)
	for _, who := range []string{"nobody@example.com", "alice", "alice@example.com,user:bob@example.com", "allUsers", ""} {
		err := one.Grant(t.Context(), grantFor(who, viewLogs))
		require.Equal(t, access.CodeInvalid, access.CodeOf(err), "%s: %v", who, err)
	}
	g := grantFor(alice, readFile)
	require.NoError(t, one.Grant(t.Context(), g))
	w.Lock()
	delete(w.Policies, bucket)
	w.Unlock()
	require.Equal(t, access.CodeInvalid, access.CodeOf(one.Grant(t.Context(), grantFor(alice, readFile))))
	require.NoError(t, one.Revoke(t.Context(), g))
	p, err := one.Inspect(t.Context(), g)
	require.NoError(t, err)
	require.True(t, p.Gone())
}

func TestWorkforcePool(t *testing.T) {
	w := start(t)
	w.config.WorkforcePool = "people-of-example"
	g := grantFor("alice", viewLogs)
	one := w.open(t, nil)
	require.NoError(t, one.Grant(t.Context(), g))
	ok, err := w.Allows(project, viewer, "principal://iam.googleapis.com/locations/global/workforcePools/people-of-example/subject/alice", time.Now())
	require.NoError(t, err)
	require.True(t, ok)
	require.NoError(t, one.Revoke(t.Context(), g))
	require.Equal(t, access.CodeInvalid, access.CodeOf(one.Grant(t.Context(), grantFor("a/../b", viewLogs))))
}

// TestCredentials: of both kinds; of another kind, or changed, they are refused, and no error
// shows them.
func TestCredentials(t *testing.T) {
	w := start(t)
	require.NoError(t, w.open(t, nil).Ping(t.Context()))
	w.Lacks["storage.buckets.setIamPolicy"] = true
	err := w.open(t, nil).Ping(t.Context())
	require.Equal(t, access.CodeForbidden, access.CodeOf(err))
	require.Contains(t, err.Error(), "storage.buckets.setIamPolicy on "+bucket)
	delete(w.Lacks, "storage.buckets.setIamPolicy")
	one := w.open(t, nil)
	require.NoError(t, one.Ping(t.Context()))
	w.TakeTokensBack()
	require.NoError(t, one.Ping(t.Context()), "a token that Google took back is dropped")

	dir := t.TempDir()
	subject, path := filepath.Join(dir, "subject"), filepath.Join(dir, "credentials.json")
	require.NoError(t, os.WriteFile(subject, []byte("from-the-other-cloud"), 0o600))
	write := func(credentials any) {
		text, err := json.Marshal(credentials)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, text, 0o600))
	}
	w.config.Credentials = field.SecretFile(path)
	one = w.open(t, nil)
	write(map[string]any{"type": "external_account", "audience": "//iam.googleapis.com/pool", "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
		"token_url": w.URL + "/sts", "credential_source": map[string]any{"file": subject}})
	require.NoError(t, one.Ping(t.Context()))
	for what, bad := range map[string]any{
		"of a kind: a person's login": map[string]any{"type": "authorized_user", "refresh_token": "MARKED", "client_id": "x", "client_secret": "MARKED"},
		"of a kind: an impersonation": map[string]any{"type": "impersonated_service_account", "service_account_impersonation_url": w.URL, "source_credentials": map[string]any{"type": "x"}},
		"a broken key":                map[string]any{"type": "service_account", "client_email": "x", "private_key": "MARKED", "token_uri": w.URL + "/token"},
		"of a kind: a text":           "MARKED",
	} {
		write(bad)
		err := one.Ping(t.Context())
		require.Error(t, err, what)
		require.NotContains(t, err.Error(), "MARKED", what)
		if strings.HasPrefix(what, "of a kind") {
			require.Contains(t, err.Error(), "are not the JSON", what)
		}
		require.Contains(t, []access.Code{access.CodeForbidden, access.CodeUnavailable}, access.CodeOf(err), what)
	}
	other := gcptest.Start(t) // whose key this Google does not know
	text, err := os.ReadFile(other.KeyFile(t))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, []byte(strings.ReplaceAll(string(text), other.URL, w.URL)), 0o600))
	err = one.Ping(t.Context())
	require.Equal(t, access.CodeForbidden, access.CodeOf(err), "%v", err)
	require.Contains(t, err.Error(), "does not take")
}

func TestConfig(t *testing.T) {
	valid := start(t).config
	require.Empty(t, valid.Validate(targetName))
	for code, change := range map[string]func(*Config){
		"credentials_missing":      func(c *Config) { c.Credentials = field.Secret{} },
		"credentials_malformed":    func(c *Config) { c.Credentials = field.ParseSecret("{}") },
		"address_insecure":         func(c *Config) { c.Endpoint = "http://googleapis.example.com" },
		"workforce_pool_malformed": func(c *Config) { c.WorkforcePool = "a/b" },
		"consistency_out_of_range": func(c *Config) { c.Consistency = access.Duration(time.Hour) },
		"allow_missing":            func(c *Config) { c.Allow = nil },
		"allow_incomplete":         func(c *Config) { c.Allow = []AllowConfig{{Roles: []string{viewer}}} },
		"allow_resource":           func(c *Config) { c.Allow[0].Resources = []string{"projects/123456789"} },
		"allow_role":               func(c *Config) { c.Allow[0].Roles = []string{"viewer"} },
		"allow_role_unconditional": func(c *Config) { c.Allow[0].Roles = []string{"roles/owner"} },
		"allow_role_unending":      func(c *Config) { c.Allow[0].Roles = []string{"roles/resourcemanager.projectIamAdmin"} },
		"allow_many": func(c *Config) {
			for i := range maxResources + 1 {
				c.Allow[0].Resources = append(c.Allow[0].Resources, fmt.Sprintf("folders/%d", i))
			}
		},
	} {
		c := valid
		c.Allow = []AllowConfig{{Resources: []string{project}, Roles: []string{viewer}}}
		change(&c)
		issues := c.Validate(targetName)
		require.Len(t, issues, 1, "%s: %v", code, issues)
		require.Equal(t, code, issues[0].Code)
		_, err := c.Open(t.Context(), targetName)
		require.Equal(t, access.CodeInvalid, access.CodeOf(err), code)
	}
	choices, _, err := start(t).open(t, nil).Choices(t.Context(), listResources, "")
	require.NoError(t, err)
	require.Len(t, choices, 3)
}
