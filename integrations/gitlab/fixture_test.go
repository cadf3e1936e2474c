package gitlab

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/gitlab/gitlabtest"
	"ramp.dev/ramp/integrations/targettest"
	"ramp.dev/ramp/ledger"
)

const targetName = "gitlab/acme"

var (
	inGroup   = access.Entitlement{"group": "acme/oncall", "role": "developer"}
	asOwner   = access.Entitlement{"group": "acme/oncall", "role": "owner"}
	inProject = access.Entitlement{"project": "acme/oncall/runbooks", "role": "reporter"}
)

// forge is a GitLab, a ledger, and a target's configuration.
type forge struct {
	*gitlabtest.Server
	top, group, project *gitlabtest.Place
	led                 *ledger.Ledger
	config              Config
	people              atomic.Int64
}

func start(t *testing.T) *forge {
	t.Helper()
	f := &forge{Server: gitlabtest.Start(t)}
	f.top, f.group, f.project = f.Add(f.Groups, "acme"), f.Add(f.Groups, "acme/oncall"), f.Add(f.Projects, "acme/oncall/runbooks")
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte(gitlabtest.Token), 0o600))
	f.config = Config{Address: f.URL, Token: field.SecretFile(token), Provider: "saml",
		Allow:       []AllowConfig{{Groups: []string{"acme/oncall"}, Projects: []string{"acme/*"}, Roles: []string{"reporter", "developer", "owner"}, MayAddPeople: true}},
		Consistency: access.Duration(300 * time.Millisecond)}
	var err error
	f.led, err = ledger.Open(context.Background(), "sqlite:"+filepath.Join(t.TempDir(), "ledger.db"))
	require.NoError(t, err)
	t.Cleanup(func() { f.led.Close() })
	return f
}

// open opens a target; between is put before the network.
func (f *forge) open(t *testing.T, between func(http.RoundTripper) http.RoundTripper) *target {
	t.Helper()
	one, err := f.config.open(between)
	require.NoError(t, err)
	one.UseHolders(f.led.Holders(targetName))
	return one
}

// person makes a user who has no access yet.
func (f *forge) person(*testing.T) string {
	name := fmt.Sprintf("person%d", f.people.Add(1))
	f.AddUser(name, name+"@example.com")
	return name + "@example.com"
}

func (f *forge) number(principal string) (id int64) {
	f.Do(func() { id = f.Identity[principal] })
	return id
}

func (f *forge) place(e access.Entitlement) *gitlabtest.Place {
	if e["group"] != nil {
		return f.group
	}
	return f.project
}

// has returns what a principal has, and sets it if set is not nil.
func (f *forge) has(e access.Entitlement, principal string, set *gitlabtest.Member) gitlabtest.Member {
	return f.Member(f.place(e), f.number(principal), set)
}

func grantFor(who string, e access.Entitlement) access.Grant {
	id := access.NewRequestID()
	return access.Grant{Name: access.GrantName(id, 0), RequestID: id, Target: targetName, Principal: who, Entitlement: e,
		ExpiresAt: time.Now().UTC().Add(time.Hour).Truncate(time.Second)}
}

// faulty is a transport that fails as GitLab does.
func faulty(fault targettest.Fault, n int) func(http.RoundTripper) http.RoundTripper {
	return func(to http.RoundTripper) http.RoundTripper {
		return &targettest.Wire{To: to, Fault: fault, N: n,
			Throttled: func() *http.Response {
				return targettest.Response(http.StatusTooManyRequests, http.Header{"Retry-After": {"7"}}, map[string]any{"message": "Too many requests"})
			},
			NotFoundYet: func(r *http.Request, _ http.RoundTripper) *http.Response {
				if !strings.Contains(r.URL.Path, "/members/") {
					return nil
				}
				return targettest.Response(http.StatusNotFound, nil, map[string]any{"message": "404 Not found"})
			}}
	}
}

// object returns the place and the person of what the ledger says is held.
func (f *forge) object(name string) (*gitlabtest.Place, int64) {
	fields := strings.Fields(name)
	id, _ := strconv.ParseInt(fields[2], 10, 64)
	for _, p := range []*gitlabtest.Place{f.group, f.project} {
		if strings.HasSuffix(fields[1], "/"+strconv.FormatInt(p.ID, 10)) {
			return p, id
		}
	}
	return &gitlabtest.Place{}, id
}

// names returns the grants of whom GitLab shows anything, by the ledger's word of who held
// what.
func (f *forge) names(ctx context.Context) (out []string, err error) {
	held, err := f.led.Holders(targetName).Held(ctx, "membership ")
	for object, grants := range held {
		if p, id := f.object(object); f.Member(p, id, nil).Level > 0 {
			out = append(out, grants...)
		}
	}
	return out, err
}

func (f *forge) harness(t *testing.T, one, other access.Entitlement) targettest.Harness {
	widen := func(change func(*gitlabtest.Member)) func(context.Context, access.Grant) error {
		return func(_ context.Context, g access.Grant) error {
			m := f.has(g.Entitlement, g.Principal, nil)
			change(&m)
			f.has(g.Entitlement, g.Principal, &m)
			return nil
		}
	}
	return targettest.Harness{
		Open:   func(t *testing.T) integrations.Target { return f.open(t, nil) },
		Target: targetName, Principal: f.person(t), Person: f.person, Entitlement: one, Other: other,
		Invalid: map[string]access.Entitlement{
			"no role":         {"group": "acme/oncall"},
			"no group":        {"role": "developer"},
			"both":            {"group": "acme/oncall", "project": "acme/oncall/runbooks", "role": "developer"},
			"another group":   {"group": "acme", "role": "developer"},
			"a group below":   {"group": "acme/oncall/secret", "role": "developer"},
			"a path":          {"project": "acme/../else", "role": "developer"},
			"another project": {"project": "acmeelse/a", "role": "developer"},
			"every project":   {"project": "acme/*", "role": "developer"},
			"another role":    {"group": "acme/oncall", "role": "maintainer"},
			"no such role":    {"group": "acme/oncall", "role": "admin"},
			"a number":        {"group": "acme/oncall", "role": 50},
		},
		ListNames: f.names,
		Remove: func(ctx context.Context, name string) error {
			objects, err := f.led.Holders(targetName).Objects(ctx, name)
			for object := range objects {
				p, id := f.object(object)
				f.Do(func() { delete(p.Members, id) })
			}
			return err
		},
		Widen: map[string]func(context.Context, access.Grant) error{
			"another role": widen(func(m *gitlabtest.Member) { m.Level = 40 }),
			"no end":       widen(func(m *gitlabtest.Member) { m.Expires = "" }),
			"a later end":  widen(func(m *gitlabtest.Member) { m.Expires = time.Now().Add(1000 * time.Hour).Format(time.DateOnly) }),
		},
		Foreign: func(t *testing.T) func(context.Context) error {
			who := f.person(t)
			f.has(one, who, &gitlabtest.Member{Level: 30})
			t.Cleanup(func() { f.has(one, who, &gitlabtest.Member{}) })
			return func(context.Context) error {
				if f.has(one, who, nil).Level != 30 {
					return errors.New("what somebody else had was taken")
				}
				return nil
			}
		},
		Use: func(_ context.Context, g access.Grant, _ access.Credential) error {
			if f.has(g.Entitlement, g.Principal, nil).Level == 0 {
				return targettest.ErrRefused
			}
			return nil
		},
		Faulty: func(t *testing.T, fault targettest.Fault, n int) integrations.Target {
			return f.open(t, faulty(fault, n))
		},
		Lacks: targettest.Lacks{
			Expiry:   "GitLab ends a membership at the beginning of a day, days after the grant's end",
			Sessions: "GitLab judges each call by what the person is at that moment; the stand-in has no sessions",
			Mint:     "people sign in to GitLab themselves",
		},
	}
}
