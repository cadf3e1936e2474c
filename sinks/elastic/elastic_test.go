package elastic_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/sinks"
	"ramp.dev/ramp/sinks/elastic"
	"ramp.dev/ramp/sinks/poster"
	"ramp.dev/ramp/sinks/sink"
	"ramp.dev/ramp/sinks/sinktest"
)

const key = "VnVhQ2ZHY0JDZGJrUW0tZTVhT3g6dWkybHA="

// index is the bulk API of Elasticsearch and OpenSearch as their documentation describes
// it: each document by itself is created, a conflict, or refused.
type index struct {
	*httptest.Server
	mu     sync.Mutex
	ids    map[string]bool
	docs   [][]byte
	status int  // of every response, if not 0
	lost   bool // replies are lost
	room   int  // for so many documents; none if below 0
	page   bool // something else is at the address
}

func start(t testing.TB) *index {
	x := &index{ids: map[string]bool{}, room: 1 << 30}
	x.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x.mu.Lock()
		defer x.mu.Unlock()
		user, password, _ := r.BasicAuth()
		switch {
		case x.page:
			_, _ = w.Write([]byte("<html>log in</html>"))
		case x.status != 0:
			http.Error(w, `{"error":{"type":"es_rejected_execution_exception"}}`, x.status)
		case r.Header.Get("Authorization") != "ApiKey "+key && !(user == "ramp" && password == "p w"):
			http.Error(w, `{"error":{"type":"security_exception"}}`, http.StatusUnauthorized)
		case r.URL.Path == "/":
			_, _ = w.Write([]byte(`{"tagline":"You Know, for Search"}`))
		case r.Method == http.MethodPost && r.URL.Path == "/ramp-events/_bulk" && r.Header.Get("Content-Type") == "application/x-ndjson":
			x.bulk(w, r)
		default:
			http.Error(w, "", http.StatusNotFound)
		}
	}))
	t.Cleanup(x.Close)
	return x
}

// bulk takes a request; the caller holds the lock.
func (x *index) bulk(w http.ResponseWriter, r *http.Request) {
	lines := bufio.NewScanner(r.Body)
	lines.Buffer(nil, 8<<20)
	var items []any
	for lines.Scan() {
		var action struct {
			Create struct {
				ID string `json:"_id"`
			}
		}
		if err := json.Unmarshal(lines.Bytes(), &action); err != nil || !lines.Scan() || !json.Valid(lines.Bytes()) {
			http.Error(w, `{"error":{"type":"illegal_argument_exception"}}`, http.StatusBadRequest)
			return
		}
		id, status := action.Create.ID, http.StatusCreated
		item := map[string]any{"_id": id}
		switch {
		case x.ids[id]:
			status = http.StatusConflict
			item["error"] = map[string]any{"type": "version_conflict_engine_exception"}
		case x.room <= 0:
			status = http.StatusTooManyRequests
			item["error"] = map[string]any{"type": "cluster_block_exception", "reason": "disk usage exceeded flood-stage watermark"}
		default:
			x.room--
			x.ids[id] = true
			x.docs = append(x.docs, append([]byte(nil), lines.Bytes()...))
		}
		item["status"] = status
		items = append(items, map[string]any{"create": item})
	}
	if x.lost {
		panic(http.ErrAbortHandler)
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"items": items})
}

func (x *index) set(change func()) func() {
	return func() { x.mu.Lock(); defer x.mu.Unlock(); change() }
}

func config(t testing.TB, address string) elastic.Config {
	t.Setenv("RAMP_TEST_ES", key)
	return elastic.Config{Config: poster.Config{Address: address}, APIKey: field.SecretEnv("RAMP_TEST_ES")}
}

// harness is a receiver for the suite.
func harness(t testing.TB) sinktest.Harness {
	x := start(t)
	wire := sinktest.NewWire(t, strings.TrimPrefix(x.URL, "http://"))
	conf := config(t, "http://"+wire.Address())
	return sinktest.Harness{
		Once:   true,
		Config: sinks.Config{Elastic: &conf},
		Received: func() [][]byte {
			x.mu.Lock()
			defer x.mu.Unlock()
			return append([][]byte(nil), x.docs...)
		},
		Faults: append(wire.Faults(), wire.Tear(3000),
			sinktest.Fault{Name: "TooManyRequests", Begin: x.set(func() { x.status = 429 }), End: x.set(func() { x.status = 0 })},
			sinktest.Fault{Name: "RepliesAreLost", Begin: x.set(func() { x.lost = true }), End: x.set(func() { x.lost = false })},
			sinktest.Fault{Name: "DiskIsFullAfterSome", Begin: x.set(func() { x.room = 7 }), End: x.set(func() { x.room = 1 << 30 })},
			sinktest.Fault{Name: "ALoginPage", Begin: x.set(func() { x.page = true }), End: x.set(func() { x.page = false })},
		),
	}
}

func TestCase114EverythingInOrderOnce(t *testing.T) {
	sinktest.Run(t, harness)
}

func BenchmarkThroughput(b *testing.B) { sinktest.Bench(b, harness) }

// TestOnce: what is sent twice is one document, though nobody removes anything.
func TestOnce(t *testing.T) {
	x := start(t)
	s, err := config(t, x.URL).Open()
	require.NoError(t, err)
	messages := []sink.Message{{Seq: 1, At: time.Now(), Body: []byte(`{"id":"1"}`)}, {Seq: 2, At: time.Now(), Body: []byte(`{"id":"2"}`)}}
	for range 2 {
		n, err := s.Send(t.Context(), messages)
		require.NoError(t, err)
		require.Equal(t, 2, n)
	}
	require.Len(t, x.docs, 2)
	var doc map[string]any
	require.NoError(t, json.Unmarshal(x.docs[0], &doc))
	at, err := time.Parse(time.RFC3339Nano, fmt.Sprint(doc["@timestamp"]))
	require.NoError(t, err)
	require.WithinDuration(t, messages[0].At, at, 0)
}

// TestTakenInPart: what comes before a refused document is taken, and the error says why
// the rest is not.
func TestTakenInPart(t *testing.T) {
	x := start(t)
	x.room = 1
	s, err := config(t, x.URL).Open()
	require.NoError(t, err)
	n, err := s.Send(t.Context(), []sink.Message{{Seq: 1, Body: []byte(`{"id":"1"}`)}, {Seq: 2, Body: []byte(`{"id":"2"}`)}})
	require.Equal(t, 1, n)
	require.ErrorContains(t, err, `event 2 was not taken: 429 {"reason":"disk usage exceeded flood-stage watermark","type":"cluster_block_exception"}`)
}

func TestUserAndPassword(t *testing.T) {
	x := start(t)
	t.Setenv("RAMP_TEST_ES_PASSWORD", "p w")
	c := elastic.Config{Config: poster.Config{Address: x.URL}, User: "ramp", Password: field.SecretEnv("RAMP_TEST_ES_PASSWORD")}
	require.Empty(t, c.Validate("s"))
	s, err := c.Open()
	require.NoError(t, err)
	require.NoError(t, s.Ping(t.Context()))
	t.Setenv("RAMP_TEST_ES_PASSWORD", "hunter2")
	err = s.Ping(t.Context())
	require.ErrorContains(t, err, "401")
	require.NotContains(t, err.Error(), "hunter2")
}

func TestValidate(t *testing.T) {
	c := elastic.Config{Config: poster.Config{Address: "http://es.example.com"}, Index: "Ramp", User: "ramp"}
	var codes []string
	for _, is := range c.Validate("s") {
		codes = append(codes, is.Code)
	}
	require.Equal(t, []string{"address_insecure", "index_malformed", "password_missing"}, codes)
	require.Len(t, elastic.Config{Config: poster.Config{Address: "https://es.example.com"}}.Validate("s"), 1)
}
