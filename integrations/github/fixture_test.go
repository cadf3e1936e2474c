package github

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/github/githubtest"
	"ramp.dev/ramp/integrations/targettest"
	"ramp.dev/ramp/ledger"
)

const targetName = "github/acme"

var (
	member     = access.Entitlement{"team": "oncall", "role": "member"}
	maintainer = access.Entitlement{"team": "oncall", "role": "maintainer"}
	writer     = access.Entitlement{"repository": "payments", "repositoryRole": "write"}
	reader     = access.Entitlement{"repository": "payments", "repositoryRole": "read"}
)

// forge is an organisation, a ledger, and a target's configuration.
type forge struct {
	*githubtest.Server
	team, repo *githubtest.Group
	led        *ledger.Ledger
	config     Config
	people     atomic.Int64
}

func start(t *testing.T) *forge {
	t.Helper()
	o := githubtest.New("acme")
	f := &forge{Server: githubtest.Start(t, o), team: o.AddTeam("oncall"), repo: o.AddRepository("payments")}
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte(githubtest.Token), 0o600))
	f.config = Config{Organisation: "acme", Address: f.URL, Token: field.SecretFile(token), Managed: ManagedConfig{Suffix: "_acme", Domain: "example.com"},
		Allow: []AllowConfig{{Teams: []string{"oncall"}, Roles: []string{"member", "maintainer"},
			Repositories: []string{"payments"}, RepositoryRoles: []string{"read", "write"}, MayAddPeople: true}},
		Consistency: access.Duration(300 * time.Millisecond)}
	var err error
	f.led, err = ledger.Open(context.Background(), "sqlite:"+filepath.Join(t.TempDir(), "ledger.db"))
	require.NoError(t, err)
	t.Cleanup(func() { f.led.Close() })
	return f
}

// asApp lets the target be a GitHub App, and returns the path of its private key.
func (f *forge) asApp(t *testing.T) (file string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	file = filepath.Join(t.TempDir(), "key.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	require.NoError(t, os.WriteFile(file, text, 0o600))
	f.config.Token, f.config.App = field.Secret{}, AppConfig{ID: "Iv1.test", Installation: "77", Key: field.SecretFile(file)}
	f.VerifyApp = func(token string) error {
		signed, err := jose.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
		if err != nil {
			return err
		}
		payload, err := signed.Verify(&key.PublicKey)
		if err != nil {
			return err
		}
		var c struct {
			Iss      string
			Iat, Exp int64
		}
		now := time.Now().Unix()
		if err := json.Unmarshal(payload, &c); err != nil || c.Iss != "Iv1.test" || c.Iat > now || c.Exp <= now || c.Exp > now+600 {
			return errors.New("its claims are not the App's")
		}
		return nil
	}
	return file
}

// open opens a target; between is put before the network.
func (f *forge) open(t *testing.T, between func(http.RoundTripper) http.RoundTripper) *target {
	t.Helper()
	one, err := f.config.open(between)
	require.NoError(t, err)
	one.UseHolders(f.led.Holders(targetName))
	return one
}

// person makes a member of the organisation who has no access yet.
func (f *forge) person(*testing.T) string {
	name := fmt.Sprintf("person%d", f.people.Add(1))
	f.AddUser(name+"_acme", "member")
	return name + "@example.com"
}

// number returns the number of the user whom a principal is.
func (f *forge) number(principal string) (id int64) {
	name, _, _ := strings.Cut(principal, "@")
	f.Do(func() {
		for _, u := range f.Users {
			if u.Login == name+"_acme" {
				id = u.ID
			}
		}
	})
	return id
}

func (f *forge) group(e access.Entitlement) *githubtest.Group {
	if e["team"] != nil {
		return f.team
	}
	return f.repo
}

func grantFor(who string, e access.Entitlement) access.Grant {
	id := access.NewRequestID()
	return access.Grant{Name: access.GrantName(id, 0), RequestID: id, Target: targetName, Principal: who, Entitlement: e,
		ExpiresAt: time.Now().UTC().Add(time.Hour).Truncate(time.Second)}
}

// byHand gives a grant's person a role, or takes it, as an administrator does.
func (f *forge) byHand(e access.Entitlement, principal, role string) {
	f.SetRole(f.group(e), f.number(principal), role)
}

// faulty is a transport that fails as GitHub does, whose two limits are said in two ways.
func faulty(fault targettest.Fault, n int) func(http.RoundTripper) http.RoundTripper {
	return func(to http.RoundTripper) http.RoundTripper {
		var refused atomic.Int32
		return &targettest.Wire{To: to, Fault: fault, N: n,
			Throttled: func() *http.Response {
				if refused.Add(1)%2 == 0 {
					return targettest.Response(http.StatusForbidden, http.Header{"Retry-After": {"7"}}, map[string]any{"message": "You have exceeded a secondary rate limit."})
				}
				return targettest.Response(http.StatusForbidden, http.Header{"X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {fmt.Sprint(time.Now().Add(time.Hour).Unix())}},
					map[string]any{"message": "API rate limit exceeded"})
			},
			NotFoundYet: func(r *http.Request, _ http.RoundTripper) *http.Response {
				switch {
				case strings.Contains(r.URL.Path, "/memberships/") && strings.HasPrefix(r.URL.Path, "/organizations/"):
					return targettest.Response(http.StatusNotFound, nil, map[string]any{"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"})
				case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/collaborators"):
					return targettest.Response(http.StatusOK, nil, []any{})
				}
				return nil
			}}
	}
}

// names returns the grants of whom the organisation shows anything, by the ledger's word of
// who held what.
func (f *forge) names(ctx context.Context) (out []string, err error) {
	held, err := f.led.Holders(targetName).Held(ctx, "membership ")
	if err != nil {
		return nil, err
	}
	for object, grants := range held {
		fields := bytes.Fields([]byte(object))
		place, person := string(fields[1]), string(fields[2])
		there := false
		f.Do(func() {
			for _, all := range []map[int64]*githubtest.Group{f.Teams, f.Repositories} {
				for _, g := range all {
					for id := range g.Members {
						there = there || strings.HasSuffix(place, "/"+fmt.Sprint(g.ID)) && fmt.Sprint(id) == person
					}
				}
			}
		})
		if there {
			out = append(out, grants...)
		}
	}
	return out, nil
}

// harness is of the suite, for two entitlements.
func (f *forge) harness(t *testing.T, one, other access.Entitlement, wider string) targettest.Harness {
	return targettest.Harness{
		Open:   func(t *testing.T) integrations.Target { return f.open(t, nil) },
		Target: targetName, Principal: f.person(t), Person: f.person, Entitlement: one, Other: other,
		Invalid: map[string]access.Entitlement{
			"no role":          {"team": "oncall"},
			"no team":          {"role": "member"},
			"both":             {"team": "oncall", "role": "member", "repository": "payments", "repositoryRole": "read"},
			"another team":     {"team": "owners", "role": "member"},
			"every team":       {"team": "*", "role": "member"},
			"a path":           {"team": "../oncall", "role": "member"},
			"another role":     {"team": "oncall", "role": "owner"},
			"admin":            {"repository": "payments", "repositoryRole": "admin"},
			"another's":        {"repository": "else/payments", "repositoryRole": "read"},
			"role in a list":   {"team": "oncall", "role": []any{"member"}},
			"of a repository":  {"repository": "payments", "role": "member"},
			"repository's dot": {"repository": "..", "repositoryRole": "read"},
		},
		ListNames: f.names,
		Remove: func(ctx context.Context, name string) error {
			objects, err := f.led.Holders(targetName).Objects(ctx, name)
			for object := range objects {
				fields := strings.Fields(object)
				f.Do(func() {
					for _, g := range []*githubtest.Group{f.team, f.repo} {
						if strings.HasSuffix(fields[1], "/"+fmt.Sprint(g.ID)) {
							var id int64
							_, _ = fmt.Sscan(fields[2], &id)
							delete(g.Members, id)
						}
					}
				})
			}
			return err
		},
		Widen: map[string]func(context.Context, access.Grant) error{
			"another role": func(_ context.Context, g access.Grant) error { f.byHand(g.Entitlement, g.Principal, wider); return nil },
		},
		Foreign: func(t *testing.T) func(context.Context) error {
			who := f.person(t)
			f.byHand(one, who, "maintain")
			t.Cleanup(func() { f.byHand(one, who, "") })
			return func(context.Context) error {
				if f.RoleIn(f.group(one), f.number(who)) != "maintain" {
					return errors.New("what somebody else had was taken")
				}
				return nil
			}
		},
		Use: func(_ context.Context, g access.Grant, _ access.Credential) error {
			if f.RoleIn(f.group(g.Entitlement), f.number(g.Principal)) == "" {
				return targettest.ErrRefused
			}
			return nil
		},
		Faulty: func(t *testing.T, fault targettest.Fault, n int) integrations.Target {
			return f.open(t, faulty(fault, n))
		},
		Lacks: targettest.Lacks{
			Expiry:   "a membership has no end of its own on GitHub",
			Sessions: "GitHub judges each call by what the person is at that moment; the stand-in has no sessions",
			Mint:     "people sign in to GitHub themselves",
		},
	}
}
