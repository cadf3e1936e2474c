package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/server/decisionhook"
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
	w := f.call(f.token(who), "POST", "/you/external/code", "application/x-www-form-urlencoded", "")
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

	w = f.call(f.token("bob"), "POST", "/you/external/unlink", "application/x-www-form-urlencoded", "")
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Equal(t, http.StatusForbidden, f.says(decides("u-bob", r, r.Plan.Digest)).Code, "it was taken back")
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
