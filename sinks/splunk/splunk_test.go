package splunk_test

import (
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
	"ramp.dev/ramp/sinks/poster"
	"ramp.dev/ramp/sinks/sink"
	"ramp.dev/ramp/sinks/sinktest"
	"ramp.dev/ramp/sinks/splunk"
)

const token = "8f2f1b1c-1111-4222-8333-944445555666"

// collector is Splunk's HTTP Event Collector as its documentation describes it: what it has
// received is in memory until the indexers write it, and only then acknowledged; an
// acknowledgement is given once; a collector that is started again knows no channel.
type collector struct {
	*httptest.Server
	mu       sync.Mutex
	indexed  [][]byte
	entries  []map[string]any
	received map[string]map[int64][][]byte // by channel and request, in memory
	acked    map[string]map[int64]bool
	// Which requests the indexers have written; an acknowledgement is given once.
	indexedAs map[string]map[int64]bool
	status    int  // of every response, if not 0
	lost      bool // replies to events are lost
	full      bool // the indexers write nothing
	noAck     bool // the token is without acknowledgement
}

func collect(t testing.TB) *collector {
	c := &collector{received: map[string]map[int64][][]byte{}, acked: map[string]map[int64]bool{}, indexedAs: map[string]map[int64]bool{}}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		say := func(status int, text string) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_, _ = w.Write([]byte(text))
		}
		channel := r.Header.Get("X-Splunk-Request-Channel")
		switch {
		case c.status != 0:
			say(c.status, `{"text":"Server is busy","code":9}`)
		case r.Header.Get("Authorization") != "Splunk "+token:
			say(http.StatusForbidden, `{"text":"Invalid token","code":4}`)
		case r.URL.Path == "/services/collector/health":
			say(http.StatusOK, `{"text":"HEC is healthy","code":17}`)
		case r.URL.Path == "/services/collector/event":
			c.event(w, r, channel, say)
		case r.URL.Path == "/services/collector/ack" && r.URL.Query().Get("channel") == channel:
			if c.received[channel] == nil {
				say(http.StatusBadRequest, `{"text":"Invalid data channel","code":11}`)
				return
			}
			var asked struct{ Acks []int64 }
			_ = json.NewDecoder(r.Body).Decode(&asked)
			out := map[string]bool{}
			for _, id := range asked.Acks {
				out[fmt.Sprint(id)] = c.acked[channel][id]
				delete(c.acked[channel], id)
			}
			b, _ := json.Marshal(map[string]any{"acks": out})
			say(http.StatusOK, string(b))
		default:
			say(http.StatusNotFound, `{"text":"The requested URL was not found on this server.","code":404}`)
		}
	}))
	t.Cleanup(c.Close)
	return c
}

// event takes a request; the caller holds the lock.
func (c *collector) event(w http.ResponseWriter, r *http.Request, channel string, say func(int, string)) {
	d := json.NewDecoder(r.Body)
	var events [][]byte
	var entries []map[string]any
	for d.More() {
		var e struct{ Event json.RawMessage }
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil || json.Unmarshal(raw, &e) != nil {
			say(http.StatusBadRequest, `{"text":"Invalid data format","code":6}`)
			return
		}
		entry := map[string]any{}
		_ = json.Unmarshal(raw, &entry)
		events, entries = append(events, e.Event), append(entries, entry)
	}
	if c.noAck {
		say(http.StatusOK, `{"text":"Success","code":0}`)
		return
	}
	if c.received[channel] == nil {
		c.received[channel], c.acked[channel], c.indexedAs[channel] = map[int64][][]byte{}, map[int64]bool{}, map[int64]bool{}
	}
	id := int64(len(c.received[channel]))
	c.received[channel][id] = events
	if !c.full {
		c.indexed, c.entries = append(c.indexed, events...), append(c.entries, entries...)
		c.acked[channel][id], c.indexedAs[channel][id] = true, true
	}
	if c.lost {
		panic(http.ErrAbortHandler)
	}
	say(http.StatusOK, fmt.Sprintf(`{"text":"Success","code":0,"ackId":%d}`, id))
}

// restart forgets what was not indexed, and every channel.
func (c *collector) restart() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.received, c.acked, c.indexedAs, c.full = map[string]map[int64][][]byte{}, map[string]map[int64]bool{}, map[string]map[int64]bool{}, false
}

// unindexed returns how many events are in memory only.
func (c *collector) unindexed() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for channel, requests := range c.received {
		for id, events := range requests {
			if !c.indexedAs[channel][id] {
				n += len(events)
			}
		}
	}
	return n
}

func (c *collector) set(change func()) func() {
	return func() { c.mu.Lock(); defer c.mu.Unlock(); change() }
}

func config(t testing.TB, address string) splunk.Config {
	t.Setenv("RAMP_TEST_HEC", token)
	return splunk.Config{Config: poster.Config{Address: address}, Token: field.SecretEnv("RAMP_TEST_HEC")}
}

// harness is a receiver for the suite.
func harness(t testing.TB) sinktest.Harness {
	c := collect(t)
	wire := sinktest.NewWire(t, strings.TrimPrefix(c.URL, "http://"))
	conf := config(t, "http://"+wire.Address())
	return sinktest.Harness{
		Config: sinks.Config{Splunk: &conf},
		Received: func() [][]byte {
			c.mu.Lock()
			defer c.mu.Unlock()
			return append([][]byte(nil), c.indexed...)
		},
		Faults: append(wire.Faults(), wire.Tear(3000),
			sinktest.Fault{Name: "ServerIsBusy", Begin: c.set(func() { c.status = 503 }), End: c.set(func() { c.status = 0 })},
			sinktest.Fault{Name: "RepliesAreLost", Begin: c.set(func() { c.lost = true }), End: c.set(func() { c.lost = false })},
			// The indexers' disk is full: what was received is never written, and gone
			// after the collector was started again.
			sinktest.Fault{Name: "DiskIsFullThenRestarted", Begin: c.set(func() { c.full = true }), End: c.restart, Seen: func() bool { return c.unindexed() >= 30 }},
		),
	}
}

func TestCase114EverythingInOrderOnce(t *testing.T) {
	sinktest.Run(t, harness)
}

func BenchmarkThroughput(b *testing.B) { sinktest.Bench(b, harness) }

// TestWithoutAcknowledgement: without it nobody knows what was lost.
func TestWithoutAcknowledgement(t *testing.T) {
	c := collect(t)
	c.noAck = true
	s, err := config(t, c.URL).Open()
	require.NoError(t, err)
	_, err = s.Send(t.Context(), []sink.Message{{Seq: 1, At: time.Now(), Body: []byte(`{}`)}})
	require.ErrorContains(t, err, "without indexer acknowledgement")
}

// TestEntry: what Splunk files an event by.
func TestEntry(t *testing.T) {
	c := collect(t)
	conf := config(t, c.URL)
	conf.Index, conf.SourceType = "security", "ramp:ocsf"
	s, err := conf.Open()
	require.NoError(t, err)
	var messages []sink.Message
	for i := range 300 { // more than one request has room for
		messages = append(messages, sink.Message{Seq: int64(i + 1), At: time.UnixMicro(1795655704123456), Body: []byte(`{"id":"` + strings.Repeat("x", 4000) + `"}`)})
	}
	n, err := s.Send(t.Context(), messages)
	require.NoError(t, err)
	require.Equal(t, 300, n)
	require.Len(t, c.entries, 300)
	require.Greater(t, len(c.received), 0)
	for _, requests := range c.received {
		require.Greater(t, len(requests), 1)
	}
	e := c.entries[6]
	require.Equal(t, []any{"security", "ramp:ocsf", "ramp", 1795655704.123456}, []any{e["index"], e["sourcetype"], e["source"], e["time"]})
	require.Equal(t, map[string]any{"seq": 7.0}, e["fields"])
}

// TestSecretsStay: no error has the token or the address in it.
func TestSecretsStay(t *testing.T) {
	s, err := config(t, "http://127.0.0.1:1").Open()
	require.NoError(t, err)
	_, err = s.Send(t.Context(), []sink.Message{{Seq: 1, Body: []byte(`{}`)}})
	require.Error(t, err)
	require.NotContains(t, err.Error(), token)
	require.NotContains(t, err.Error(), "127.0.0.1")
	t.Setenv("RAMP_TEST_HEC", "two words")
	err = s.Ping(t.Context())
	require.EqualError(t, err, "env:RAMP_TEST_HEC is empty or malformed")
}

func TestValidate(t *testing.T) {
	ok := config(t, "https://splunk.example.com:8088")
	require.Empty(t, ok.Validate("s"))
	require.Len(t, splunk.Config{Config: poster.Config{Address: "http://splunk.example.com"}}.Validate("s"), 2)
}
