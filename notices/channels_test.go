package notices

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/notices/mail/mailtest"
	"ramp.dev/ramp/notices/service"
)

// room is a channel of Mattermost: https://developers.mattermost.com/integrate/webhooks/incoming/
type room struct {
	mu    sync.Mutex
	took  []string
	reply http.HandlerFunc
}

func (r *room) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, _ := io.ReadAll(q.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.took = append(r.took, string(body))
	r.reply(w, q)
}

func (r *room) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string{}, r.took...)
}

func takes(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }

// withRoom has the engine know the channel "ops".
func withRoom(t *testing.T, f *fixture) *room {
	r := &room{reply: takes}
	s := httptest.NewServer(r)
	t.Cleanup(s.Close)
	file := filepath.Join(t.TempDir(), "address")
	require.NoError(t, os.WriteFile(file, []byte("mattermost://"+strings.TrimPrefix(s.URL, "http://")+"/s3cr3t?disabletls=yes"), 0o600))
	c := f.engine.config
	c.Channels = map[string]service.Config{"ops": {Address: field.SecretFile(file)}}
	c.Groups["dba"], c.Alarms = []string{"ops", "dba@example.com"}, []string{"watch@example.com", "ops"}
	require.Empty(t, c.Validate())
	f.engine = New(c, f.ledger, f.ledger.Request, f.engine.channels[mailChannel], f.engine.log)
	f.engine.now = func() time.Time { return f.clock }
	return r
}

// TestChannelsOfServices: a group, an alarm and a contract name a channel, which hears once
// of each event, and of no reason even where mail has it.
func TestChannelsOfServices(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	f := newFixture(t, s.Addr)
	r := withRoom(t, f)
	f.engine.config.Reasons = true
	f.submits(func(r *access.Request) {
		r.Requester.Name, r.Plan.Requester.Name = "Mallory @all [here](https://evil.example) <!channel>", "Mallory @all [here](https://evil.example) <!channel>"
		r.Plan.Notify = []access.Notice{{Of: []access.EventKind{access.EventRequestCreated}, Channels: []string{"ops", "nowhere"}}}
	})
	f.handles()
	f.sends()
	f.handles()
	f.sends()
	require.Len(t, r.all(), 1)
	said := r.all()[0]
	require.Contains(t, said, "asks for orders.")
	require.NotContains(t, said, "4711", "reasons stay in Ramp")
	require.NotContains(t, said, "@all")
	require.NotContains(t, said, "](")
	require.NotContains(t, said, "<!")
	require.Contains(t, s.Mails()[0].Body, "4711")
	require.Zero(t, f.alarms(), "a channel that nobody configured is an alarm of what is urgent")

	f.submits(broken, func(r *access.Request) {
		r.Plan.Notify = []access.Notice{{Of: []access.EventKind{access.EventGlassBroken}, Channels: []string{"nowhere"}}}
	})
	f.handles()
	f.sends()
	require.Len(t, r.all(), 2)
	require.Contains(t, r.all()[1], "BREAK GLASS")
	require.Equal(t, 1, f.alarms())
}

// TestCase46ChannelDoesNotTakeBreakGlass: it is an alarm, tried again when the service says,
// and holds nobody else up.
func TestCase46ChannelDoesNotTakeBreakGlass(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	f := newFixture(t, s.Addr)
	r := withRoom(t, f)
	r.reply = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "600")
		w.WriteHeader(429)
	}
	f.submits(broken)
	f.handles()
	require.Equal(t, "sent 2 notices, 1 are tried again", f.sends())
	f.clock = f.clock.Add(9 * time.Minute)
	f.sends()
	require.Len(t, r.all(), 1, "it asked to wait for ten")
	f.clock = f.clock.Add(time.Minute)
	f.sends()
	require.Equal(t, 1, f.alarms())
	r.mu.Lock()
	r.reply = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }
	r.mu.Unlock()
	f.submits(broken, func(r *access.Request) { r.Requester.ID, r.Requester.Email = "bob", "bob@example.com" })
	f.handles()
	f.sends()
	require.Equal(t, 2, f.alarms(), "that there is no such channel is an alarm at once")
	r.mu.Lock()
	r.reply = takes
	r.mu.Unlock()
	f.clock = f.clock.Add(11 * time.Minute)
	f.sends()
	glass := 0
	for _, said := range r.all() {
		if strings.Contains(said, "BREAK GLASS: Alice") {
			glass++
		}
	}
	require.Equal(t, 5, glass, "of the first use two that were not taken, of the second one, and of each one that was")
	require.Contains(t, strings.Join(r.all(), ""), "A notice did not arrive.")
}

// TestResponseWasLost: a service does not know a message again, so that it may be there twice.
// docs/notices.md says so.
func TestResponseWasLost(t *testing.T) {
	s := mailtest.Start(t, nil, "")
	f := newFixture(t, s.Addr)
	r := withRoom(t, f)
	r.reply = func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	f.submits()
	f.handles()
	f.sends()
	r.mu.Lock()
	r.reply = takes
	r.mu.Unlock()
	f.later()
	f.sends()
	f.later()
	f.sends()
	require.Len(t, r.all(), 2)
}

// TestChannelsTakeWhatIsLong: Discord takes 2,000 characters and ntfy 4,096 bytes, whatever
// letters a summary has, and the link is whole.
func TestChannelsTakeWhatIsLong(t *testing.T) {
	for name, letter := range map[string]string{"one byte": "a", "two": "ß", "three": "日", "four": "🔒", "mixed": "a日"} {
		t.Run(name, func(t *testing.T) {
			r := asked(func(r *access.Request) {
				for range 30 {
					r.Plan.Grants = append(r.Plan.Grants, access.PlannedGrant{Target: "t", Scope: access.Scope{Summary: strings.Repeat(letter, 450)}})
				}
			})
			text := Config{Pages: "https://ramp.example.com"}.composeShared(ledger.Notice{ID: "1", RequestID: r.ID, Kind: access.EventRequestCreated, Why: whyApprover}, r).Text
			require.LessOrEqual(t, utf8.RuneCountInString(text), 2000)
			require.LessOrEqual(t, len(text), 4096)
			require.True(t, utf8.ValidString(text), "no letter is cut in two")
			require.True(t, strings.HasSuffix(text, "…\nhttps://ramp.example.com/requests/"+r.ID), "%q", text[len(text)-80:])
			require.Greater(t, len(text), 1800, "what fits is there")
		})
	}
	require.Equal(t, "a…", clipBytes("a日本", 6))
	require.Equal(t, "a日", clipBytes("a日", 4))
}
