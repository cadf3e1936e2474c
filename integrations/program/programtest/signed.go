package programtest

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations/jsonhttp"
	"ramp.dev/ramp/integrations/program"
	"ramp.dev/ramp/internal/webhooksecret"
)

// signed tries what only services at an address have: calls of others.
func (s suite) signed(t *testing.T) {
	key, err := webhooksecret.Read(t.Context(), field.SecretFile(s.Secret))
	require.NoError(t, err)
	stranger, err := standardwebhooks.NewWebhookRaw([]byte(rand.Text() + rand.Text()))
	require.NoError(t, err)

	for what, by := range map[string]*standardwebhooks.Webhook{"Unsigned": nil, "SignedByAnother": stranger} {
		t.Run(what, func(t *testing.T) {
			g := s.grant(t)
			require.NotEqual(t, http.StatusOK, s.post(t, s.message(t, by, program.Request{Operation: program.OpGrant, Grant: g}), false),
				"a call without a signature of the secret must have another status than 200, and no effect")
			s.closed(t, g.Name)
		})
	}
	t.Run("Case135Altered", func(t *testing.T) {
		g := s.grant(t)
		require.NotEqual(t, http.StatusOK, s.post(t, s.message(t, key, program.Request{Operation: program.OpGrant, Grant: g}), true),
			"a call that was changed on its way must have another status than 200, and no effect")
		s.closed(t, g.Name)
	})
	t.Run("Case135Replayed", func(t *testing.T) {
		g := s.grant(t)
		m := s.message(t, key, program.Request{Operation: program.OpGrant, Grant: g})
		require.Equal(t, http.StatusOK, s.post(t, m, false))
		target := s.open(t, nil)
		require.NoError(t, target.Revoke(t.Context(), access.Grant{Name: g.Name}))
		_ = s.post(t, m, false) // whatever it is replied
		s.closed(t, g.Name)
	})
}

// sent is a message with its signature.
type sent struct {
	header http.Header
	body   []byte
}

func (s suite) message(t *testing.T, by *standardwebhooks.Webhook, r program.Request) sent {
	t.Helper()
	r.Ramp, r.Call, r.Target = program.Version, "call_"+rand.Text(), name
	r.Deadline = time.Now().UTC().Add(timeout).Truncate(time.Second)
	b, err := json.Marshal(r)
	require.NoError(t, err)
	m := sent{http.Header{"Content-Type": {"application/json"}}, b}
	if by == nil {
		return m
	}
	now := time.Now()
	signature, err := by.Sign(r.Call, now, b)
	require.NoError(t, err)
	m.header.Set(standardwebhooks.HeaderWebhookID, r.Call)
	m.header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	m.header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	return m
}

// post sends a message and returns the status. altered, it has a blank more than was signed.
func (s suite) post(t *testing.T, m sent, altered bool) int {
	t.Helper()
	own, err := jsonhttp.Config{CAFile: field.File(s.CAFile)}.HTTPClient()
	require.NoError(t, err)
	own.Timeout = timeout
	body := bytes.Clone(m.body)
	if altered {
		body = append(body, ' ')
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, bytes.NewReader(body))
	require.NoError(t, err)
	req.Header = m.header.Clone()
	resp, err := own.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, program.MaxReply))
	return resp.StatusCode
}
