package oktagroup

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/oktagroup/oktatest"
	"ramp.dev/ramp/integrations/targettest"
	"ramp.dev/ramp/ledger"
)

const targetName = "okta/test"

const (
	apiToken, client = oktatest.APIToken, oktatest.Client
	dba, ops         = oktatest.DBA, oktatest.Ops
)

var (
	inDBA = access.Entitlement{"group": "dba"}
	inOps = access.Entitlement{"group": "ops"}
)

// world is an organisation, a ledger and a target's configuration.
type world struct {
	*oktatest.Cloud
	led    *ledger.Ledger
	config Config
}

func start(t *testing.T) *world {
	t.Helper()
	w := &world{Cloud: oktatest.Start(t)}
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte(apiToken), 0o600))
	var err error
	w.led, err = ledger.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "ledger.db"))
	require.NoError(t, err)
	t.Cleanup(func() { w.led.Close() })
	w.config = Config{Address: w.URL, Token: field.SecretFile(file), Groups: map[string]string{"dba": dba, "ops": ops}, Consistency: access.Duration(300 * time.Millisecond)}
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
			case strings.HasSuffix(r.URL.Path, "/groups"):
				return targettest.Response(http.StatusOK, nil, []any{})
			case r.Method == http.MethodDelete:
				return targettest.Response(http.StatusNotFound, nil, oktatest.ErrorBody(notFound, "not found"))
			}
			return nil
		},
		Throttled: func() *http.Response {
			now := time.Now()
			return targettest.Response(http.StatusTooManyRequests, http.Header{"Date": {now.UTC().Format(http.TimeFormat)}, "X-Rate-Limit-Reset": {strconv.FormatInt(now.Unix()+42, 10)}}, oktatest.ErrorBody("E0000047", "API call exceeded rate limit"))
		}}
	return w.open(t, func(to http.RoundTripper) http.RoundTripper { wire.To = to; return wire })
}

func grantFor(who string, e access.Entitlement) access.Grant {
	id := access.NewRequestID()
	return access.Grant{Name: access.GrantName(id, 0), RequestID: id, Target: targetName, Principal: who, Entitlement: e,
		ExpiresAt: time.Now().UTC().Add(time.Hour).Truncate(time.Second)}
}

// of returns the membership that a grant is of.
func (w *world) of(g access.Grant) membership {
	w.Lock()
	defer w.Unlock()
	return membership{w.config.Groups[g.Entitlement["group"].(string)], w.Users[g.Principal]}
}

func (w *world) has(m membership) bool { return w.Has(m.group, m.user) }

func (w *world) byHand(m membership, in bool) { w.ByHand(m.group, m.user, in) }

func (w *world) names(ctx context.Context) (out []string, err error) {
	held, err := w.led.Holders(targetName).Held(ctx, member)
	for object, grants := range held {
		m, e := parse(object)
		if err = errors.Join(err, e); w.has(m) {
			out = append(out, grants...)
		}
	}
	return out, err
}

func TestConformance(t *testing.T) {
	w := start(t)
	w.config.EndSessions = true
	targettest.Run(t, targettest.Harness{
		Open:   func(t *testing.T) integrations.Target { return w.open(t, nil) },
		Target: targetName, Principal: w.Person(t), Person: w.Person, Entitlement: inDBA, Other: inOps,
		Invalid: map[string]access.Entitlement{
			"no group":      {},
			"another group": {"group": "admins"},
			"an id":         {"group": dba},
			"a list":        {"group": []any{"dba"}},
		},
		ListNames: w.names,
		Remove: func(ctx context.Context, name string) error {
			objects, err := w.led.Holders(targetName).Objects(ctx, name)
			for object := range objects {
				m, e := parse(object)
				err = errors.Join(err, e)
				w.byHand(m, false)
			}
			return err
		},
		Foreign: func(t *testing.T) func(context.Context) error {
			m := w.of(grantFor(w.Person(t), inDBA))
			w.byHand(m, true)
			return func(context.Context) error {
				if !w.has(m) {
					return fmt.Errorf("%v was taken", m)
				}
				return nil
			}
		},
		Use: func(_ context.Context, g access.Grant, _ access.Credential) error {
			if !w.has(w.of(g)) {
				return fmt.Errorf("not a member: %w", targettest.ErrRefused)
			}
			return nil
		},
		Faulty: w.faulty,
		Lacks: targettest.Lacks{
			Expiry:   "a membership has no end of its own at Okta",
			Sessions: "what a membership gives is in other applications, which the suite has not",
			Mint:     "people sign in to Okta themselves",
		},
	})
}

func TestCase151OktaSharing(t *testing.T) {
	w := start(t)
	who := w.Person(t)
	one := grantFor(who, inDBA)
	targettest.Sharing(t, targettest.SharingHarness{
		Open:     func(t *testing.T) integrations.Target { return w.open(t, nil) },
		NewGrant: func() access.Grant { return grantFor(who, inDBA) },
		Exists:   func(context.Context) (bool, error) { return w.has(w.of(one)), nil },
		ByHand: func(_ context.Context, there bool) error {
			w.byHand(w.of(one), there)
			return nil
		},
		Faulty: w.faulty,
		Slow: func(t *testing.T, reached chan<- struct{}, goOn <-chan struct{}) integrations.Target {
			return w.open(t, func(to http.RoundTripper) http.RoundTripper {
				return targettest.SlowWire{To: to, Reached: reached, GoOn: goOn}
			})
		},
	})
}

// TestCase151OktaMembersBefore: who was a member before stays one, and is refused; a rule that
// gives the membership keeps the ending open, whether Okta refuses or puts the person back.
func TestCase151OktaMembersBefore(t *testing.T) {
	w := start(t)
	one := w.open(t, nil)
	theirs := grantFor(w.Person(t), inDBA)
	w.byHand(w.of(theirs), true)
	err := one.Grant(t.Context(), theirs)
	require.Equal(t, access.CodeConflict, access.CodeOf(err), "%v", err)
	require.NoError(t, one.Revoke(t.Context(), theirs))
	require.True(t, w.has(w.of(theirs)))

	g := grantFor(w.Person(t), inDBA)
	m := w.of(g)
	require.NoError(t, one.Grant(t.Context(), g))
	for _, refuses := range []bool{false, true} {
		w.Lock()
		w.Ruled[m.group+" "+m.user], w.Refuses = true, refuses
		w.Unlock()
		err := one.Revoke(t.Context(), g)
		require.Contains(t, []access.Code{access.CodeUnavailable, access.CodeConflict}, access.CodeOf(err), "%v", err)
		require.Contains(t, err.Error(), "group rule")
		p, err := one.Inspect(t.Context(), g)
		require.NoError(t, err)
		require.True(t, p.Open)
	}
	w.Lock()
	delete(w.Ruled, m.group+" "+m.user)
	w.Unlock()
	require.NoError(t, one.Revoke(t.Context(), g))
}

// TestCase151OktaNotFoundIsNotGone: that Okta does not find a membership proves no end while the
// group's own list has it, or while the group is not shown.
func TestCase151OktaNotFoundIsNotGone(t *testing.T) {
	w := start(t)
	one, g := w.open(t, nil), grantFor(w.Person(t), inDBA)
	require.NoError(t, one.Grant(t.Context(), g))
	set := func(hidden, unfound bool) {
		w.Lock()
		defer w.Unlock()
		w.Hidden, w.Unfound = hidden, unfound
	}
	for _, hidden := range []bool{true, false} {
		set(hidden, true)
		err := one.Revoke(t.Context(), g)
		require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "hidden %t: %v", hidden, err)
		require.True(t, w.has(w.of(g)))
	}
	set(false, false)
	require.NoError(t, one.Revoke(t.Context(), g))
	require.False(t, w.has(w.of(g)))
}

// TestCase151OktaPages: a membership on a later page is one, and a page elsewhere is none.
func TestCase151OktaPages(t *testing.T) {
	w := start(t)
	one, g := w.open(t, nil), grantFor(w.Person(t), inOps)
	require.NoError(t, one.Grant(t.Context(), g))
	p, err := one.Inspect(t.Context(), g)
	require.NoError(t, err)
	require.True(t, p.Open, "it is on the third page")
	stranger := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a stranger was called") }))
	defer stranger.Close()
	for _, at := range []string{stranger.URL, w.URL + "@" + strings.TrimPrefix(stranger.URL, "http://")} {
		w.Lock()
		w.Elsewhere = at
		w.Unlock()
		_, err = one.Inspect(t.Context(), g)
		require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%s: %v", at, err)
		require.Equal(t, access.CodeUnavailable, access.CodeOf(one.Revoke(t.Context(), g)))
	}
	w.Lock()
	w.Elsewhere = ""
	w.Unlock()
	require.NoError(t, one.Revoke(t.Context(), g))
}

// TestCase151OktaNullIsNoList is a broken proxy's reply, which proves no end.
func TestCase151OktaNullIsNoList(t *testing.T) {
	w := start(t)
	g := grantFor(w.Person(t), inOps)
	require.NoError(t, w.open(t, nil).Grant(t.Context(), g))
	broken := w.open(t, func(http.RoundTripper) http.RoundTripper { return targettest.NullWire{} })
	_, err := broken.Inspect(t.Context(), g)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(broken.Revoke(t.Context(), g)))
	require.NoError(t, w.open(t, nil).Revoke(t.Context(), g))
}

// TestSessions end with the last grant, and not where that is not wanted.
func TestSessions(t *testing.T) {
	for _, end := range []bool{true, false} {
		w := start(t)
		w.config.EndSessions = end
		one, who := w.open(t, nil), w.Person(t)
		a, b := grantFor(who, inDBA), grantFor(who, inDBA)
		require.NoError(t, one.Grant(t.Context(), a))
		require.NoError(t, one.Grant(t.Context(), b))
		require.NoError(t, one.Revoke(t.Context(), a))
		require.Zero(t, w.Ended[w.of(a).user])
		require.NoError(t, one.Revoke(t.Context(), b))
		require.Equal(t, end, w.Ended[w.of(a).user] == 1)
	}
}

func TestUnknownAndThrottled(t *testing.T) {
	w := start(t)
	one := w.open(t, nil)
	for _, who := range []string{"nobody@example.com", "a/b", "../groups", ""} {
		require.Equal(t, access.CodeInvalid, access.CodeOf(one.Grant(t.Context(), grantFor(who, inDBA))), who)
	}
	g := grantFor(w.Person(t), inDBA)
	require.NoError(t, one.Grant(t.Context(), g))
	_, err := w.faulty(t, targettest.Throttled, 1).Inspect(t.Context(), g)
	require.Equal(t, access.CodeThrottled, access.CodeOf(err))
	require.GreaterOrEqual(t, access.RetryAfterOf(err), 41*time.Second)
	w.Lock()
	clear(w.Users) // they were deleted
	w.Unlock()
	require.NoError(t, one.Revoke(t.Context(), g))
	p, err := one.Inspect(t.Context(), g)
	require.NoError(t, err)
	require.True(t, p.Gone())
}

// useKey makes the target use a key of a service application, in place of an API token. write
// puts another key in its place.
func (w *world) useKey(t *testing.T) (write func(jose.JSONWebKey), private jose.JSONWebKey) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	private = jose.JSONWebKey{Key: key, KeyID: "k1", Algorithm: "RS256"}
	w.Key = private.Public()
	file := filepath.Join(t.TempDir(), "key")
	write = func(k jose.JSONWebKey) {
		text, err := k.MarshalJSON()
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, text, 0o600))
	}
	write(private)
	w.config.Token, w.config.Client, w.config.Key = field.Secret{}, client, field.SecretFile(file)
	return write, private
}

// TestServiceApplication: a key in place of an API token.
func TestServiceApplication(t *testing.T) {
	w := start(t)
	write, private := w.useKey(t)
	w.config.EndSessions = true
	one, g := w.open(t, nil), grantFor(w.Person(t), inDBA)
	require.NoError(t, one.Ping(t.Context()))
	require.NoError(t, one.Grant(t.Context(), g))
	require.NoError(t, one.Revoke(t.Context(), g))
	require.Len(t, w.Tokens, 1, "one token for all calls")
	w.Lock()
	clear(w.Tokens)
	w.Unlock()
	require.NoError(t, one.Ping(t.Context()), "a token that Okta took back is dropped")

	write(private.Public())
	err := one.Ping(t.Context())
	require.Equal(t, access.CodeForbidden, access.CodeOf(err))
	require.Contains(t, err.Error(), "not a private key")
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	write(jose.JSONWebKey{Key: other, KeyID: "k1", Algorithm: "RS256"})
	err = one.Ping(t.Context())
	require.Equal(t, access.CodeForbidden, access.CodeOf(err), "a key that was changed is used at once: %v", err)
	require.Contains(t, err.Error(), "invalid_client")
}

func TestPing(t *testing.T) {
	w := start(t)
	require.NoError(t, w.open(t, nil).Ping(t.Context()))
	w.Types[ops] = "APP_GROUP"
	err := w.open(t, nil).Ping(t.Context())
	require.Equal(t, access.CodeConflict, access.CodeOf(err))
	require.Contains(t, err.Error(), "APP_GROUP")
	w.config.Groups = map[string]string{"ops": dba}
	require.Equal(t, access.CodeConflict, access.CodeOf(w.open(t, nil).Ping(t.Context())))
}

func TestConfig(t *testing.T) {
	valid := start(t).config
	require.Empty(t, valid.Validate(targetName))
	for code, change := range map[string]func(*Config){
		"address_insecure":         func(c *Config) { c.Address = "http://example.okta.com" },
		"token_missing":            func(c *Config) { c.Token = field.Secret{} },
		"client_malformed":         func(c *Config) { c.Client = client },
		"secret_malformed":         func(c *Config) { c.Token = field.ParseSecret(apiToken) },
		"consistency_out_of_range": func(c *Config) { c.Consistency = access.Duration(time.Hour) },
		"groups_missing":           func(c *Config) { c.Groups = nil },
		"group_name":               func(c *Config) { c.Groups = map[string]string{"": dba} },
		"group_malformed":          func(c *Config) { c.Groups = map[string]string{"dba": "dba"} },
		"group_twice":              func(c *Config) { c.Groups = map[string]string{"dba": dba, "ops": dba} },
	} {
		c := valid
		change(&c)
		issues := c.Validate(targetName)
		require.Len(t, issues, 1, "%s: %v", code, issues)
		require.Equal(t, code, issues[0].Code)
		require.NotContains(t, issues.Err().Error(), apiToken)
	}
}
