package azurerole

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/azurerole/azuretest"
	"ramp.dev/ramp/integrations/targettest"
	"ramp.dev/ramp/ledger"
)

const targetName = "azure/test"

const (
	tenant, client = azuretest.Tenant, azuretest.Client
	subscription   = azuretest.Subscription
	orders         = azuretest.Orders
	reader, writer = azuretest.Reader, azuretest.Writer
)

var (
	read  = access.Entitlement{"scope": orders, "role": "Reader"}
	write = access.Entitlement{"scope": orders, "role": "Contributor"}
)

// world is a cloud, a ledger and a target's configuration.
type world struct {
	*azuretest.Cloud
	led    *ledger.Ledger
	config Config
	secret string // its file
}

func start(t *testing.T) *world {
	t.Helper()
	w := &world{Cloud: azuretest.Start(t), secret: filepath.Join(t.TempDir(), "secret")}
	require.NoError(t, os.WriteFile(w.secret, []byte(w.Secret), 0o600))
	var err error
	w.led, err = ledger.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "ledger.db"))
	require.NoError(t, err)
	t.Cleanup(func() { w.led.Close() })
	w.config = Config{Tenant: tenant, Client: client, Secret: field.SecretFile(w.secret), Endpoint: w.URL, Consistency: access.Duration(300 * time.Millisecond),
		Roles: map[string]string{"Reader": reader, "Contributor": writer}, Allow: []AllowConfig{{Scopes: []string{orders}, Roles: []string{"Reader", "Contributor"}}}}
	return w
}

// open opens a target, with a wrapper before the network or nil.
func (w *world) open(t *testing.T, between func(http.RoundTripper) http.RoundTripper) *target {
	t.Helper()
	one, err := w.config.open(between)
	require.NoError(t, err)
	one.Step = 5 * time.Millisecond
	one.UseHolders(w.led.Holders(targetName))
	return one
}

func (w *world) faulty(t *testing.T, fault targettest.Fault, n int) integrations.Target {
	wire := &targettest.Wire{Fault: fault, N: n,
		NotFoundYet: func(r *http.Request, _ http.RoundTripper) *http.Response {
			switch {
			case !strings.Contains(r.URL.Path, "/roleAssignments/"):
				return nil
			case r.Method == http.MethodGet:
				return targettest.Response(http.StatusNotFound, nil, azuretest.ErrorBody("RoleAssignmentNotFound", "not found"))
			case r.Method == http.MethodDelete:
				return &http.Response{StatusCode: http.StatusNoContent, Header: http.Header{}, Body: http.NoBody}
			}
			return nil
		},
		Throttled: func() *http.Response {
			return targettest.Response(http.StatusTooManyRequests, http.Header{"Retry-After": {"7"}}, azuretest.ErrorBody("TooManyRequests", "slow down"))
		}}
	return w.open(t, func(to http.RoundTripper) http.RoundTripper { wire.To = to; return wire })
}

func grantFor(who string, e access.Entitlement) access.Grant {
	id := access.NewRequestID()
	return access.Grant{Name: access.GrantName(id, 0), RequestID: id, Target: targetName, Principal: who, Entitlement: e,
		ExpiresAt: time.Now().UTC().Add(time.Hour).Truncate(time.Second)}
}

// of returns the assignment that a grant is of.
func (w *world) of(g access.Grant) assignment {
	w.Lock()
	defer w.Unlock()
	return assignment{strings.ToLower(g.Entitlement["scope"].(string)), w.config.Roles[g.Entitlement["role"].(string)], w.Users[g.Principal]}
}

// byHand makes an assignment as an administrator: under a name of its own.
func (w *world) byHand(a assignment) (path string) {
	w.Lock()
	defer w.Unlock()
	path = a.scope + "/providers/microsoft.authorization/roleassignments/" + fmt.Sprintf("ffffffff-0000-0000-0000-%012d", len(w.Assignments))
	w.Assignments[path] = azuretest.Properties{RoleDefinitionID: a.definition(), PrincipalID: a.user}
	return path
}

func (w *world) has(a assignment) bool { return w.Has(a.scope, a.role, a.user) }

// pathOf returns the key of an assignment of Ramp's.
func pathOf(a assignment) string {
	u, _ := url.Parse(a.path())
	return strings.ToLower(u.Path)
}

func (w *world) names(ctx context.Context) (out []string, err error) {
	held, err := w.led.Holders(targetName).Held(ctx, assigned)
	for object, grants := range held {
		a, e := parse(object)
		if err = errors.Join(err, e); w.has(a) {
			out = append(out, grants...)
		}
	}
	return out, err
}

func TestConformance(t *testing.T) {
	w := start(t)
	targettest.Run(t, targettest.Harness{
		Open:   func(t *testing.T) integrations.Target { return w.open(t, nil) },
		Target: targetName, Principal: w.Person(t), Person: w.Person, Entitlement: read, Other: write,
		Invalid: map[string]access.Entitlement{
			"no scope":      {"role": "Reader"},
			"no role":       {"scope": orders},
			"another scope": {"scope": subscription, "role": "Reader"},
			"another case":  {"scope": strings.ToUpper(orders), "role": "Reader"},
			"a GUID":        {"scope": orders, "role": reader},
			"a list":        {"scope": []any{orders}, "role": "Reader"},
		},
		ListNames: w.names,
		Remove: func(ctx context.Context, name string) error {
			objects, err := w.led.Holders(targetName).Objects(ctx, name)
			for object := range objects {
				a, e := parse(object)
				err = errors.Join(err, e)
				w.Lock()
				delete(w.Assignments, pathOf(a))
				w.Unlock()
			}
			return err
		},
		Foreign: func(t *testing.T) func(context.Context) error {
			var paths []string
			for range 2 {
				paths = append(paths, w.byHand(w.of(grantFor(w.Person(t), read))))
			}
			return func(context.Context) error {
				w.Lock()
				defer w.Unlock()
				for _, path := range paths {
					if _, there := w.Assignments[path]; !there {
						return fmt.Errorf("%s was taken", path)
					}
				}
				return nil
			}
		},
		Use: func(_ context.Context, g access.Grant, _ access.Credential) error {
			if !w.has(w.of(g)) {
				return fmt.Errorf("AuthorizationFailed: %w", targettest.ErrRefused)
			}
			return nil
		},
		Faulty: w.faulty,
		Lacks: targettest.Lacks{
			Expiry:   "a role assignment has no end of its own on Azure",
			Sessions: "Azure judges each call by the assignments, so nothing that was begun lives on",
			Mint:     "people sign in to Azure themselves",
		},
	})
}

func TestCase151AzureSharing(t *testing.T) {
	w := start(t)
	who := w.Person(t)
	one := grantFor(who, write)
	targettest.Sharing(t, targettest.SharingHarness{
		Open:     func(t *testing.T) integrations.Target { return w.open(t, nil) },
		NewGrant: func() access.Grant { return grantFor(who, write) },
		Exists:   func(context.Context) (bool, error) { return w.has(w.of(one)), nil },
		Faulty:   w.faulty,
		Slow: func(t *testing.T, reached chan<- struct{}, goOn <-chan struct{}) integrations.Target {
			return w.open(t, func(to http.RoundTripper) http.RoundTripper {
				return targettest.SlowWire{To: to, Reached: reached, GoOn: goOn}
			})
		},
	})
}

// TestCase151AzureSomebodyElses: what an administrator gave is not Ramp's to take, under
// whatever name it is, and a deletion that did nothing is no end.
func TestCase151AzureSomebodyElses(t *testing.T) {
	w := start(t)
	one := w.open(t, nil)
	theirs := grantFor(w.Person(t), read)
	path := w.byHand(w.of(theirs))
	err := one.Grant(t.Context(), theirs)
	require.Equal(t, access.CodeConflict, access.CodeOf(err), "%v", err)
	require.NoError(t, one.Revoke(t.Context(), theirs))
	require.Contains(t, w.Assignments, path)

	again := grantFor(w.Person(t), read) // of another installation with the same rights
	w.Lock()
	w.Assignments[strings.ToLower(strings.SplitN(assignmentPath(w, again), "?", 2)[0])] = azuretest.Properties{RoleDefinitionID: assignment{strings.ToLower(orders), reader, ""}.definition(), PrincipalID: w.Users[again.Principal]}
	w.Unlock()
	require.Equal(t, access.CodeConflict, access.CodeOf(one.Grant(t.Context(), again)))

	g := grantFor(w.Person(t), read)
	require.NoError(t, one.Grant(t.Context(), g))
	w.Lock()
	w.Deaf = true
	w.Unlock()
	require.Equal(t, access.CodeUnavailable, access.CodeOf(one.Revoke(t.Context(), g)))
	p, err := one.Inspect(t.Context(), g)
	require.NoError(t, err)
	require.True(t, p.Open)
	w.Lock()
	w.Deaf = false
	w.Unlock()
	require.NoError(t, one.Revoke(t.Context(), g))
}

// assignmentPath is pathOf for callers that hold the lock.
func assignmentPath(w *world, g access.Grant) string {
	return assignment{strings.ToLower(orders), reader, w.Users[g.Principal]}.path()
}

// TestUnknown: what is not found proves that access has ended only where Azure says so of the
// assignment, its resource or its group.
func TestUnknown(t *testing.T) {
	w := start(t)
	one := w.open(t, nil)
	for _, who := range []string{"nobody@example.com", "alice", "a/b@example.com", ""} {
		require.Equal(t, access.CodeInvalid, access.CodeOf(one.Grant(t.Context(), grantFor(who, read))), who)
	}
	g := grantFor(w.Person(t), read)
	require.NoError(t, one.Grant(t.Context(), g))
	for _, body := range []any{azuretest.ErrorBody("SubscriptionNotFound", "x"), azuretest.ErrorBody("InvalidResourceType", "x"), map[string]any{}, "not found"} {
		elsewhere := w.open(t, func(to http.RoundTripper) http.RoundTripper {
			return roundTrip(func(r *http.Request) (*http.Response, error) {
				if strings.Contains(r.URL.Path, "/roleAssignments/") {
					return targettest.Response(http.StatusNotFound, nil, body), nil
				}
				return to.RoundTrip(r)
			})
		})
		_, err := elsewhere.Inspect(t.Context(), g)
		require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v: %v", body, err)
	}
	w.Lock()
	delete(w.Groups, strings.ToLower(orders))
	w.Unlock()
	require.NoError(t, one.Revoke(t.Context(), g))
	p, err := one.Inspect(t.Context(), g)
	require.NoError(t, err)
	require.True(t, p.Gone())
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestCredentials(t *testing.T) {
	w := start(t)
	one := w.open(t, nil)
	require.NoError(t, one.Ping(t.Context()))
	w.Lock()
	clear(w.Tokens)
	w.Unlock()
	require.NoError(t, one.Ping(t.Context()), "a token that Azure took back is dropped")
	w.May = []string{"*/read"}
	err := one.Ping(t.Context())
	require.Equal(t, access.CodeForbidden, access.CodeOf(err))
	require.Contains(t, err.Error(), "roleAssignments/write")
	w.May = []string{"*"}
	w.config.Roles = map[string]string{"Reader": writer, "Contributor": reader}
	require.Equal(t, access.CodeConflict, access.CodeOf(w.open(t, nil).Ping(t.Context())))

	require.NoError(t, os.WriteFile(w.secret, []byte("MARKED"), 0o600))
	err = one.Ping(t.Context())
	require.Equal(t, access.CodeForbidden, access.CodeOf(err), "a secret that was changed is used at once: %v", err)
	require.NotContains(t, err.Error(), "MARKED")
	require.Contains(t, err.Error(), "invalid_client")

	require.NoError(t, os.WriteFile(w.secret, []byte("from-the-other-cloud"), 0o600))
	w.config.Secret, w.config.Assertion = field.Secret{}, field.SecretFile(w.secret)
	w.config.Roles, w.config.User = map[string]string{"Reader": reader, "Contributor": writer}, byID
	one = w.open(t, nil)
	require.NoError(t, one.Ping(t.Context()))
	g := grantFor("00000000-0000-0000-0000-00000000000A", read)
	require.NoError(t, one.Grant(t.Context(), g))
	require.True(t, w.has(assignment{strings.ToLower(orders), reader, "00000000-0000-0000-0000-00000000000a"}))
	require.NoError(t, one.Revoke(t.Context(), g))
	require.Equal(t, access.CodeInvalid, access.CodeOf(one.Grant(t.Context(), grantFor("alice@example.com", read))))
}

func TestConfig(t *testing.T) {
	valid := start(t).config
	require.Empty(t, valid.Validate(targetName))
	for code, change := range map[string]func(*Config){
		"tenant_malformed":         func(c *Config) { c.Tenant = "example.com" },
		"client_malformed":         func(c *Config) { c.Client = "" },
		"secret_missing":           func(c *Config) { c.Assertion = c.Secret },
		"secret_malformed":         func(c *Config) { c.Secret = field.ParseSecret("p4ss") },
		"cloud_unknown":            func(c *Config) { c.Cloud = "moon" },
		"address_insecure":         func(c *Config) { c.Endpoint = "http://management.example.com" },
		"user_unknown":             func(c *Config) { c.User = "mail" },
		"consistency_out_of_range": func(c *Config) { c.Consistency = access.Duration(time.Hour) },
		"role_malformed":           func(c *Config) { c.Roles["Reader"] = "Reader" },
		"role_unending":            func(c *Config) { c.Roles["Reader"] = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635" },
		"role_name":                func(c *Config) { c.Roles["a/b"] = reader },
		"allow_missing":            func(c *Config) { c.Allow = nil },
		"allow_incomplete":         func(c *Config) { c.Allow[0].Scopes = nil },
		"allow_scope":              func(c *Config) { c.Allow[0].Scopes = []string{orders + "/../x"} },
		"allow_scope_twice":        func(c *Config) { c.Allow[0].Scopes = []string{orders, strings.Replace(orders, "Orders", "orders", 1)} },
		"allow_role":               func(c *Config) { c.Allow[0].Roles = []string{"Writer"} },
	} {
		c := valid
		c.Roles = map[string]string{"Reader": reader}
		c.Allow = []AllowConfig{{Scopes: []string{orders}, Roles: []string{"Reader"}}}
		change(&c)
		issues := c.Validate(targetName)
		require.Len(t, issues, 1, "%s: %v", code, issues)
		require.Equal(t, code, issues[0].Code)
	}
}
