package service

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/notices/channel"
)

// chatServer stands for whichever host a service has, keeps what it took, and replies as reply
// says.
type chatServer struct {
	*httptest.Server
	mu    sync.Mutex
	hosts []string
	paths []string
	took  []string
	reply http.HandlerFunc
}

func startChat(t *testing.T) *chatServer { return startAs(t, httptest.NewTLSServer) }

func startAs(t *testing.T, start func(http.Handler) *httptest.Server) *chatServer {
	s := &chatServer{}
	s.Server = start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.hosts, s.paths, s.took = append(s.hosts, r.Host), append(s.paths, r.URL.RequestURI()), append(s.took, string(body))
		reply := s.reply
		s.mu.Unlock()
		reply(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// there leads every host to the server, as the resolver of a name would.
func (s *chatServer) there(http.RoundTripper) http.RoundTripper {
	return &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true, // #nosec G402 -- it has a certificate of its own
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, s.Listener.Addr().String())
		}}
}

func (s *chatServer) calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.took)
}

func responds(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// services are those that Ramp knows, with what each returns for a message that it took.
var services = map[string]struct {
	address, secret string
	took            http.HandlerFunc
	at              string // where the message arrives
	text            func(body []byte) string
}{
	// https://discord.com/developers/docs/resources/webhook#execute-webhook
	"discord": {"discord://s3cr3t-discord@112233445566778899", "s3cr3t-discord", responds(204, ""), "discord.com/api/webhooks/112233445566778899/s3cr3t-discord", func(b []byte) string {
		var in struct {
			Content string
		}
		_ = json.Unmarshal(b, &in)
		return in.Content
	}},
	// https://developers.mattermost.com/integrate/webhooks/incoming/
	"mattermost": {"mattermost://chat.example.com/s3cr3t-mattermost", "s3cr3t-mattermost", responds(200, "ok"), "chat.example.com/hooks/s3cr3t-mattermost", textField},
	// https://docs.rocket.chat/docs/integrations
	"rocketchat": {"rocketchat://rocket.example.com/s3cr3t-a/s3cr3t-b", "s3cr3t-b", responds(200, `{"success":true}`), "rocket.example.com/hooks/s3cr3t-a/s3cr3t-b", textField},
	// https://docs.ntfy.sh/publish/
	"ntfy": {"ntfy://ntfy.example.com/s3cr3t-topic", "s3cr3t-topic", responds(200, `{"id":"hwQ2YpKdmg","time":1635528741,"event":"message","topic":"s3cr3t-topic","message":"x"}`), "ntfy.example.com/s3cr3t-topic", func(b []byte) string { return string(b) }},
	// https://learn.microsoft.com/connectors/teams/#microsoft-teams-webhook
	"teams": {"teams+https://prod-00.westeurope.logic.azure.com/workflows/0a1b/triggers/manual/paths/invoke?api-version=2016-06-01&sig=s3cr3t-sig", "s3cr3t-sig", responds(202, ""),
		"prod-00.westeurope.logic.azure.com/workflows/0a1b/triggers/manual/paths/invoke?api-version=2016-06-01&sig=s3cr3t-sig", func(b []byte) string {
			var in struct {
				Type        string
				Attachments []struct {
					ContentType string
					Content     struct {
						Type string
						Body []struct{ Text string }
					}
				}
			}
			_ = json.Unmarshal(b, &in)
			if in.Type != "message" || in.Attachments[0].ContentType != "application/vnd.microsoft.card.adaptive" || in.Attachments[0].Content.Type != "AdaptiveCard" {
				return "no card"
			}
			var lines []string
			for _, one := range in.Attachments[0].Content.Body {
				lines = append(lines, one.Text)
			}
			return strings.Join(lines, "\n")
		}},
}

func textField(b []byte) string {
	var in struct{ Text string }
	_ = json.Unmarshal(b, &in)
	return in.Text
}

func opened(t *testing.T, s *chatServer, address string) *Channel {
	file := filepath.Join(t.TempDir(), "address")
	require.NoError(t, os.WriteFile(file, []byte(address+"\n"), 0o600))
	c := New(map[string]Config{"ops": {Address: field.SecretFile(file)}})
	require.Empty(t, Validate("at", c.channels))
	if s != nil {
		c.between = s.there
	}
	return c
}

const text = "BREAK GLASS: Alice opened orders, and nobody approved it.\nRequester: Alice (alice)\nhttps://ramp.example.com/requests/1"

// TestEachService: a message arrives once, where its address says, as one text.
func TestEachService(t *testing.T) {
	for name, of := range services {
		t.Run(name, func(t *testing.T) {
			s := startChat(t)
			s.reply = of.took
			c := opened(t, s, of.address)
			require.NoError(t, c.Ping(t.Context()))
			require.Zero(t, s.calls(), "a ping writes nothing")
			require.NoError(t, c.Send(t.Context(), "ops", channel.Message{ID: "1", Text: text}))
			require.Equal(t, 1, s.calls())
			require.Equal(t, of.at, s.hosts[0]+s.paths[0])
			require.Equal(t, text, of.text([]byte(s.took[0])))
		})
	}
}

// TestFaults: each fault is one call and one error, of which no later part of Ramp can make
// the address. What the service wants less often is tried when it says.
func TestFaults(t *testing.T) {
	for name, of := range services {
		for fault, c := range map[string]struct {
			reply   http.HandlerFunc
			code    access.Code
			refused bool
			after   time.Duration
		}{
			"throttled":              {responds(429, `{"message":"You are being rate limited.","retry_after":70.5,"global":false}`, "Retry-After", "71"), access.CodeThrottled, false, 71 * time.Second},
			"down":                   {responds(503, "unavailable"), access.CodeUnavailable, false, 0},
			"in error":               {responds(500, "oops"), access.CodeUnavailable, false, 0},
			"the address is no more": {responds(404, `{"message":"Unknown Webhook","code":10015}`), access.CodeNotFound, true, 0},
			"revoked":                {responds(401, `{}`), access.CodeForbidden, true, 0},
			"moved":                  {responds(302, "", "Location", "https://elsewhere.example.com/"), access.CodeUnavailable, false, 0},
			"taken, and no word":     {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, access.CodeUnavailable, false, 0},
		} {
			t.Run(name+" "+fault, func(t *testing.T) {
				s := startChat(t)
				s.reply = c.reply
				err := opened(t, s, of.address).Send(t.Context(), "ops", channel.Message{ID: "1", Text: text})
				require.Error(t, err)
				require.Equal(t, c.code, access.CodeOf(err), "%v", err)
				require.Equal(t, c.refused, channel.IsRefused(err))
				require.Equal(t, c.after, access.RetryAfterOf(err))
				require.Equal(t, 1, s.calls(), "the outbox tries again, and nobody else")
				require.NotContains(t, err.Error(), "s3cr3t")
			})
		}
	}
}

// TestHangs: a service that lets Ramp wait is given up when the context ends.
func TestHangs(t *testing.T) {
	for name, of := range services {
		t.Run(name, func(t *testing.T) {
			s := startChat(t)
			done := make(chan struct{})
			arrived := make(chan struct{}, 1)
			s.reply = func(http.ResponseWriter, *http.Request) { arrived <- struct{}{}; <-done }
			t.Cleanup(func() { close(done) })
			ctx, cancel := context.WithCancel(t.Context())
			go func() { <-arrived; cancel() }()
			err := opened(t, s, of.address).Send(ctx, "ops", channel.Message{ID: "1", Text: text})
			require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
			require.NotContains(t, err.Error(), "s3cr3t")
			require.Equal(t, 1, s.calls())
		})
	}
}

// TestAddresses: what is no address is refused without a word of it, and nothing is sent in
// clear.
func TestAddresses(t *testing.T) {
	for _, address := range []string{"", "https://s3cr3t.example.com", "slack://s3cr3t@x", "logger://s3cr3t", "discord://s3cr3t", "discord://s3cr3t@1/raw", "discord://s3cr3t@1?json=yes", "discord://s3cr3t@1?s3cr3t=1",
		"mattermost://chat.example.com", "rocketchat://s3cr3t", "ntfy://s3cr3t.example.com", "teams://s3cr3t@x/y/z", "teams+https:///s3cr3t", "teams+https://s3cr3t@x", "discord://%zzs3cr3t", "teams+http://s3cr3t.example.com/x"} {
		c := opened(t, nil, address)
		err := c.Send(t.Context(), "ops", channel.Message{Text: text})
		require.True(t, channel.IsRefused(err), "%s: %v", address, err)
		require.Error(t, c.Ping(t.Context()), address)
		require.NotContains(t, err.Error(), "s3cr3t")
	}
	for _, address := range []string{"mattermost://s3cr3t.example.com/x?disabletls=yes", "ntfy://s3cr3t.example.com/x?disabletls=yes"} {
		s := startAs(t, httptest.NewServer) // which would take it
		s.reply = responds(200, "{}")
		err := opened(t, s, address).Send(t.Context(), "ops", channel.Message{Text: text})
		require.True(t, channel.IsRefused(err), "%s: %v", address, err)
		require.Zero(t, s.calls())
		require.NotContains(t, err.Error(), "s3cr3t")
	}
	missing := New(map[string]Config{"ops": {Address: field.SecretFile("/nowhere")}})
	require.Equal(t, access.CodeUnavailable, access.CodeOf(missing.Send(t.Context(), "ops", channel.Message{Text: text})), "it may be there later")
	require.True(t, channel.IsRefused(missing.Send(t.Context(), "other", channel.Message{Text: text})))
	issues := Validate("at", map[string]Config{"Not a name": {}})
	require.Len(t, issues, 2)
}
