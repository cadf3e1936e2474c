package server

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/server/decisionhook"
	"ramp.dev/ramp/server/proposals"
)

const hookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// hookFixture is a server to which a ticket system sends decisions.
type hookFixture struct {
	*fixture
	sent int
}

func newHookFixture(t *testing.T) *hookFixture {
	t.Setenv("RAMP_TEST_HOOK", hookSecret)
	return &hookFixture{fixture: newFixture(t, func(c *Config) {
		c.Decisions = decisionhook.Config{Name: "Tickets", Secrets: []field.Secret{field.SecretEnv("RAMP_TEST_HOOK")}}
		require.Empty(t, c.Decisions.Validate())
	})}
}

// posts sends a message, signed as the specification says.
func (f *hookFixture) posts(id, secret string, at time.Time, body string) *httptest.ResponseRecorder {
	f.Helper()
	w, err := standardwebhooks.NewWebhook(secret)
	require.NoError(f, err)
	signature, err := w.Sign(id, at, []byte(body))
	require.NoError(f, err)
	return f.callWith("", "POST", decisionhook.Path, jsonType, body, "webhook-id", id, "webhook-timestamp", strconv.FormatInt(at.Unix(), 10), "webhook-signature", signature)
}

func (f *hookFixture) says(body string) *httptest.ResponseRecorder {
	f.sent++
	return f.posts(fmt.Sprint("msg_", f.sent), hookSecret, time.Now(), body)
}

var codeOnPage = regexp.MustCompile(`id="link-code">([A-Z2-7-]+)<`)

// links makes a user of the ticket system a person.
func (f *hookFixture) links(who, user string) {
	f.Helper()
	w := f.call(f.token(who), "POST", "/you/external/code", "application/x-www-form-urlencoded", "service=decisions")
	require.Equal(f, http.StatusOK, w.Code, "%s", w.Body)
	found := codeOnPage.FindStringSubmatch(w.Body.String())
	require.NotNil(f, found, "%s", w.Body)
	w = f.says(`{"type": "link", "user": "` + user + `", "name": "` + who + `", "code": "` + found[1] + `"}`)
	require.Equal(f, http.StatusOK, w.Code, "%s", w.Body)
}

func decides(user string, r access.Request, digest string) string {
	return `{"type": "decision", "user": "` + user + `", "request": "` + r.ID + `", "planDigest": "` + digest + `", "decision": "approve"}`
}

// TestCase07DecisionsOfAnotherProgram: a decision counts for the person who has linked the
// program's user, on the plan that it names, by the rules of the page.
func TestCase07DecisionsOfAnotherProgram(t *testing.T) {
	f := newHookFixture(t)
	r := f.request(access.StatePending)
	require.Equal(t, http.StatusForbidden, f.says(decides("u-bob", r, r.Plan.Digest)).Code, "nobody has linked it")
	f.links("bob", "u-bob")
	f.links("alice", "u-alice")
	before := f.temporal.messages.Load()
	require.Equal(t, http.StatusForbidden, f.says(decides("u-alice", r, r.Plan.Digest)).Code, "the requester decides nothing")
	require.NotEqual(t, http.StatusOK, f.says(decides("u-bob", r, "sha256:0000")).Code, "another plan")
	require.NotEqual(t, http.StatusOK, f.says(decides("u-bob", r, "")).Code, "no plan is named")
	require.Equal(t, before, f.temporal.messages.Load())
	w := f.says(decides("u-bob", r, r.Plan.Digest))
	require.Equal(t, http.StatusOK, w.Code, "%s", w.Body)
	require.Equal(t, before+1, f.temporal.messages.Load())
	var said struct{ Request string }
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &said))
	require.Equal(t, r.ID, said.Request)

	w = f.call(f.token("bob"), "POST", "/you/external/unlink", "application/x-www-form-urlencoded", "service=decisions")
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Equal(t, http.StatusForbidden, f.says(decides("u-bob", r, r.Plan.Digest)).Code, "it was taken back")
}

// TestCase109OneMessageManyTimes: one signed decision that is sent eight times at an instant is
// taken once.
func TestCase109OneMessageManyTimes(t *testing.T) {
	f := newHookFixture(t)
	r := f.request(access.StatePending)
	f.links("bob", "u-bob")
	body, before := decides("u-bob", r, r.Plan.Digest), f.temporal.messages.Load()
	var sending sync.WaitGroup
	codes := make([]int, 8)
	for i := range codes {
		sending.Go(func() { codes[i] = f.posts("eight", hookSecret, time.Now(), body).Code })
	}
	sending.Wait()
	taken := 0
	for _, code := range codes {
		require.Contains(t, []int{http.StatusOK, http.StatusConflict, http.StatusServiceUnavailable}, code)
		if code == http.StatusOK {
			taken++
		}
	}
	require.Equal(t, 1, taken, "%v", codes)
	require.Equal(t, before+1, f.temporal.messages.Load())
	require.Equal(t, http.StatusConflict, f.posts("eight", hookSecret, time.Now(), body).Code)
}

// TestCase109DecidedOnThePage: what needs a recent login, a passkey, or that a change of
// contracts is shown whole, is approved by no other program's message. Denying needs none
// of it.
func TestCase109DecidedOnThePage(t *testing.T) {
	t.Setenv("RAMP_TEST_HOOK", hookSecret)
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	p := proposing{worker: evidence.NewSigner(key)}
	p.fixture = newFixtureWith(t, func(f *fixture, d *Deps) {
		d.Workers = evidence.Keyring{}.With(key.Public(), "contracts")
		require.NoError(t, os.WriteFile(filepath.Join(f.dir, "contracts", "change.yaml"), []byte(changing[strings.Index(changing, "---"):]), 0o600))
	}, func(c *Config) {
		c.Proposals = proposals.Config{Contract: "change-contracts"}
		c.Decisions = decisionhook.Config{Name: "Tickets", Secrets: []field.Secret{field.SecretEnv("RAMP_TEST_HOOK")}}
	})
	f := &hookFixture{fixture: p.fixture}
	f.links("carol", "u-carol")
	f.links("bob", "u-bob")
	b, err := os.ReadFile(example)
	require.NoError(t, err)
	var u uploaded
	status, body := p.send("alice", "POST", "/api/v1/contract-sets", map[string]any{"files": map[string]string{"ssh.yaml": string(b), "change.yaml": strings.Replace(changing[strings.Index(changing, "---"):], "max: 5m", "max: 4m", 1)}}, &u)
	require.Equal(t, http.StatusOK, status, body)
	change, status, body := p.propose("alice", u)
	require.Equal(t, http.StatusCreated, status, body)
	asked := func(contract string) (r access.Request) {
		status, body := p.send("alice", "POST", "/api/v1/requests", map[string]string{"contract": contract, "reason": "look at the host together"}, &r)
		require.Equal(t, http.StatusCreated, status, body)
		return r
	}
	for _, c := range []struct {
		user string
		r    access.Request
		code string
	}{
		{"u-carol", change, access.IssueNotShown},
		{"u-bob", asked("ssh-demo-guarded"), access.IssueStepUpNeeded},
		{"u-bob", asked("ssh-demo-passkey"), access.IssuePasskeyNeeded},
	} {
		before := f.temporal.messages.Load()
		w := f.says(decides(c.user, c.r, c.r.Plan.Digest))
		require.NotEqual(t, http.StatusOK, w.Code, c.code)
		require.Contains(t, w.Body.String(), c.code)
		require.Equal(t, before, f.temporal.messages.Load())
		w = f.says(strings.Replace(decides(c.user, c.r, c.r.Plan.Digest), `"approve"`, `"deny"`, 1))
		require.Equal(t, http.StatusOK, w.Code, "%s: %s", c.code, w.Body)
	}
}

// TestCase07MessagesOfAnotherProgram: what is not signed, is old, was changed or was taken
// already does nothing.
func TestCase07MessagesOfAnotherProgram(t *testing.T) {
	f := newHookFixture(t)
	r := f.request(access.StatePending)
	f.links("bob", "u-bob")
	body, before := decides("u-bob", r, r.Plan.Digest), f.temporal.messages.Load()
	for what, w := range map[string]*httptest.ResponseRecorder{
		"another secret": f.posts("a", "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", time.Now(), body),
		"old":            f.posts("b", hookSecret, time.Now().Add(-6*time.Minute), body),
		"early":          f.posts("c", hookSecret, time.Now().Add(6*time.Minute), body),
		"no signature":   f.call("", "POST", decisionhook.Path, jsonType, body),
		"a person's own": f.call(f.token("bob"), "POST", decisionhook.Path, jsonType, body),
		"no id":          f.posts("", hookSecret, time.Now(), body),
	} {
		require.Equal(t, http.StatusUnauthorized, w.Code, "%s: %s", what, w.Body)
	}
	for _, bad := range []string{`{}`, `{"type": "decision"}`, `{"type": "decision", "user": "u-bob", "user": "u-alice"}`, `{"type": "decision", "user": "u-bob", "approver": "bob"}`, `[]`} {
		require.GreaterOrEqual(t, f.says(bad).Code, 400, bad)
	}
	require.Equal(t, before, f.temporal.messages.Load())
	require.Equal(t, http.StatusOK, f.posts("once", hookSecret, time.Now(), body).Code)
	require.Equal(t, http.StatusConflict, f.posts("once", hookSecret, time.Now(), body).Code, "a replay")
	require.Equal(t, before+1, f.temporal.messages.Load())
}
