package webhooks

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	logs "github.com/sirupsen/logrus/hooks/test"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/feed"
	"ramp.dev/ramp/ledger"
)

const secret, older = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// receiver is a program that verifies what it is sent, as the specification says.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	events []map[string]any
	ids    []string
	status []int // of the next responses; 204 after them
	lost   bool  // the next response, of an event that was taken
}

func receive(t testing.TB) *receiver {
	verifier, err := standardwebhooks.NewWebhook(secret)
	require.NoError(t, err)
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if req.Method == http.MethodHead {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		body, _ := io.ReadAll(req.Body)
		if err := verifier.Verify(body, req.Header); err != nil {
			t.Error(err)
		}
		if len(r.status) > 0 {
			w.WriteHeader(r.status[0])
			r.status = r.status[1:]
			return
		}
		var e map[string]any
		if err := json.Unmarshal(body, &e); err != nil {
			t.Error(err)
		}
		r.events, r.ids = append(r.events, e), append(r.ids, req.Header.Get("webhook-id"))
		if r.lost {
			r.lost = false
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) got() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string{}, r.ids...)
}

func hook(t testing.TB, url string) *Hook {
	t.Setenv("RAMP_TEST_HOOK", secret)
	t.Setenv("RAMP_TEST_HOOK_OLD", older)
	c := Config{URL: url, Secrets: []field.Secret{field.SecretEnv("RAMP_TEST_HOOK_OLD"), field.SecretEnv("RAMP_TEST_HOOK")}}
	require.Empty(t, Validate("w", map[string]Config{"siem": c}))
	h, err := Open("siem", c, noLog{})
	require.NoError(t, err)
	return h
}

// noLog is a log without events.
type noLog struct{}

func (noLog) Events(context.Context, ledger.EventFilter) ([]access.Event, error) { return nil, nil }

// oneRequest is a log that begins with a request of alice's.
type oneRequest struct{}

func (oneRequest) Events(_ context.Context, f ledger.EventFilter) ([]access.Event, error) {
	return []access.Event{{Seq: 1, Kind: access.EventRequestCreated, RequestID: f.RequestID, Actor: "alice"}}, nil
}

// TestOCSF: a SIEM that reads one form reads it from a webhook too, with the requester, who
// is not in the event itself.
func TestOCSF(t *testing.T) {
	r := receive(t)
	h := hook(t, r.URL)
	h.config.Format, h.requesters.Log = "ocsf", oneRequest{}
	require.NoError(t, h.Handle(t.Context(), []access.Event{{Seq: 7, At: time.Now(), Kind: access.EventGrantOpened, RequestID: "k2m4q6s8u0w2y4a6", Actor: access.ActorRamp, Detail: map[string]string{"grant": "ramp-k2m4q6s8u0w2y4a6-a"}}}))
	require.Equal(t, "https://schema.ocsf.io/1.8.0", r.events[0]["dataschema"])
	data := r.events[0]["data"].(map[string]any)
	require.EqualValues(t, 3005, data["class_uid"])
	require.Equal(t, "alice", data["user"].(map[string]any)["uid"])
}

// TestSignature is the example of the specification's reference implementations.
func TestSignature(t *testing.T) {
	h := hook(t, "https://siem.example.com")
	signers, err := h.config.signers(t.Context())
	require.NoError(t, err)
	got, err := signers[1].Sign("msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	require.NoError(t, err)
	require.Equal(t, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", got)
}

// TestEveryEventInOrder: through the feed and the ledger, across a program that is down,
// a response that is lost and a process that starts again.
func TestEveryEventInOrder(t *testing.T) {
	l, err := ledger.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "ledger.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	r := receive(t)
	log, _ := logs.NewNullLogger()
	add := func() {
		require.NoError(t, l.AppendEvent(t.Context(), access.Event{At: time.Now(), Kind: access.EventEndOrdered, Actor: "alice", Message: "my password is hunter2", Detail: map[string]string{"via": "web"}}))
	}
	run := func() (stop func()) {
		ctx, cancel := context.WithCancel(t.Context())
		f := feed.New(l, log, feed.Options{Poll: 10 * time.Millisecond, RetryMin: 10 * time.Millisecond, RetryMax: 20 * time.Millisecond})
		var running sync.WaitGroup
		running.Go(func() { f.Run(ctx) })
		running.Go(func() { f.Consume(ctx, l, hook(t, r.URL), feed.FromNow) })
		return func() { cancel(); running.Wait() }
	}
	add() // before the program was known
	stop := run()
	require.Eventually(t, func() bool { c, err := l.Cursors(t.Context()); return err == nil && len(c) == 1 }, 30*time.Second, time.Millisecond)
	r.mu.Lock()
	r.status, r.lost = []int{503, 429, 302, 404}, true
	r.mu.Unlock()
	add()
	add()
	require.Eventually(t, func() bool { return len(r.got()) >= 3 }, 30*time.Second, time.Millisecond)
	// A process that is stopped before it has read the last response sends that one again.
	require.Eventually(t, func() bool { c, err := l.Cursors(t.Context()); return err == nil && c[0].Seq == 3 }, 30*time.Second, time.Millisecond)
	stop()
	add()
	stop = run()
	defer stop()
	require.Eventually(t, func() bool { ids := r.got(); return ids[len(ids)-1] == "ramp_4" }, 30*time.Second, time.Millisecond)
	require.Equal(t, []string{"ramp_2", "ramp_2", "ramp_3", "ramp_4"}, r.got(), "the one whose response was lost has the same id")
	e := r.events[0]
	require.Equal(t, []any{"1.0", "2", "urn:ramp:events", "dev.ramp.end.ordered", "00000000000000000002"}, []any{e["specversion"], e["id"], e["source"], e["type"], e["sequence"]})
	require.NotContains(t, e["data"], "message", "what people write stays")
}

func TestText(t *testing.T) {
	r := receive(t)
	h := hook(t, r.URL)
	h.config.Text = true
	require.NoError(t, h.Handle(t.Context(), []access.Event{{Seq: 7, At: time.Now(), Kind: access.EventEndOrdered, Message: "done"}}))
	require.Equal(t, "done", r.events[0]["data"].(map[string]any)["message"])
	require.NoError(t, h.config.Ping(t.Context()))
}

// TestSecretsStay: no error has a secret or the address in it.
func TestSecretsStay(t *testing.T) {
	h := hook(t, "http://127.0.0.1:1/hook?token=hunter2")
	err := h.Handle(t.Context(), []access.Event{{Seq: 1, Kind: access.EventEndOrdered}})
	require.Error(t, err)
	said := err.Error() + h.config.Ping(t.Context()).Error()
	require.NotContains(t, said, "hunter2")
	require.NotContains(t, said, "127.0.0.1", "what is recorded of a failure says why, not where")
	for _, bad := range []string{"hunter2hunter2hunter2hunter2hunter2", "whsec_aHVudGVyMg==", "whsec_hunter2!"} {
		t.Setenv("RAMP_TEST_HOOK", bad)
		err := h.Handle(t.Context(), []access.Event{{Seq: 1, Kind: access.EventEndOrdered}})
		require.EqualError(t, err, "env:RAMP_TEST_HOOK is not whsec_ and 24 to 64 bytes in base64")
	}
}

func TestValidate(t *testing.T) {
	ok := Config{URL: "https://siem.example.com/x?y=z", Secrets: []field.Secret{field.SecretEnv("X")}}
	for want, change := range map[string]func(*Config){
		"":                  func(*Config) {},
		"address_malformed": func(c *Config) { c.URL = "siem.example.com" },
		"address_insecure":  func(c *Config) { c.URL = "http://siem.example.com" },
		"secret_missing":    func(c *Config) { c.Secrets = nil },
		"format_unknown":    func(c *Config) { c.Format = "cef" },
	} {
		c := ok
		change(&c)
		var got []string
		for _, is := range Validate("w", map[string]Config{"siem": c}) {
			got = append(got, is.Code)
		}
		require.Equal(t, want, strings.Join(got, ","))
	}
	require.Len(t, Validate("w", map[string]Config{"SIEM": ok}), 1)
}
