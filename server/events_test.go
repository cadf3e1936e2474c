package server

import (
	"bufio"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// eventStream reads server-sent events as a browser does.
type eventStream struct {
	*testing.T
	*bufio.Reader
	close  func()
	lastID string
}

// follow opens a stream of events as somebody.
func (f *fixture) follow(t *testing.T, addr, who, lastID string) *eventStream {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+addr+"/api/v1/events", nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+f.token(who))
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	res, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	t.Cleanup(func() { res.Body.Close() })
	require.Equal(t, http.StatusOK, res.StatusCode)
	s := &eventStream{T: t, Reader: bufio.NewReader(res.Body), close: func() { res.Body.Close() }}
	line, err := s.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, ": connected\n", line)
	return s
}

// next returns the next event that has data.
func (s *eventStream) next() (e access.Event) {
	s.Helper()
	for {
		line, err := s.ReadString('\n')
		require.NoError(s, err, "the stream ended")
		field, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch field {
		case "id":
			s.lastID = value
		case "event":
			s.Fatalf("an event has a name: %s", value)
		case "data":
			require.NoError(s, json.Unmarshal([]byte(value), &e))
			return e
		}
	}
}

// TestEventsAreForThoseWhoMaySeeThem: everybody follows one log, and sees theirs.
func TestEventsAreForThoseWhoMaySeeThem(t *testing.T) {
	f := newFixture(t)
	addr, _ := f.serving(defaultTimeouts)
	alice, bob, oscar := f.follow(t, addr, "alice", ""), f.follow(t, addr, "bob", ""), f.follow(t, addr, "oscar", "")
	carol := f.follow(t, addr, "carol", "")
	r := f.request(access.StatePending)
	require.NoError(t, f.ledger.AppendEvent(t.Context(), access.Event{At: time.Now(), Kind: access.EventSessionsEnded, Actor: "carol"}))
	for _, s := range []*eventStream{alice, bob, oscar} {
		e := s.next()
		require.Equal(t, access.EventRequestCreated, e.Kind)
		require.Equal(t, r.ID, e.RequestID)
		require.Equal(t, fmt.Sprint(e.Seq), s.lastID)
	}
	require.Equal(t, access.EventSessionsEnded, oscar.next().Kind, "operators see what is about no request")
	require.Equal(t, "carol", carol.next().Actor, "she sees her own acts, and no request that she cannot decide")
}

// TestAStreamGoesOnWhereItEnded: nothing is lost between two connections.
func TestAStreamGoesOnWhereItEnded(t *testing.T) {
	f := newFixture(t)
	addr, _ := f.serving(defaultTimeouts)
	first := f.follow(t, addr, "alice", "")
	one := f.request(access.StatePending)
	require.Equal(t, one.ID, first.next().RequestID)
	first.close()
	var made []string
	for range 3 {
		made = append(made, f.request(access.StateDenied).ID)
	}
	again := f.follow(t, addr, "alice", first.lastID)
	for _, id := range made {
		e := again.next()
		require.Equal(t, id, e.RequestID)
		require.Equal(t, access.EventRequestCreated, e.Kind)
	}
}

// TestAStreamResumedBeforeAGap: a reader that resumes before events that were removed is
// told which they are, and follows what comes after, instead of coming to the gap
// again and again.
func TestAStreamResumedBeforeAGap(t *testing.T) {
	f := newFixture(t)
	first, second, third := f.request(access.StateDenied), f.request(access.StateDenied), f.request(access.StateDenied)
	raw, err := sql.Open("sqlite", filepath.Join(f.dir, "ledger.db")+"?_pragma=busy_timeout(10000)")
	require.NoError(t, err)
	defer raw.Close()
	_, err = raw.Exec(`DROP TRIGGER events_no_delete; DELETE FROM events WHERE request_id = ?`, second.ID)
	require.NoError(t, err)
	addr, _ := f.serving(defaultTimeouts) // so that the feed has none of them in memory
	s := f.follow(t, addr, "alice", "0")
	require.Equal(t, first.ID, s.next().RequestID)
	var named, told string
	for told == "" {
		line, err := s.ReadString('\n')
		require.NoError(t, err, "the stream ended")
		switch field, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": "); field {
		case "event":
			named = value
		case "data":
			told = value
		}
	}
	require.Equal(t, "gap", named)
	require.JSONEq(t, `{"from": 2, "to": 2}`, told)
	require.Equal(t, third.ID, s.next().RequestID)
}

// TestCase74StreamsOfOnePerson: nobody takes what is there for all.
func TestCase74StreamsOfOnePerson(t *testing.T) {
	f := newFixture(t)
	addr, _ := f.serving(defaultTimeouts)
	var open []*eventStream
	for range 10 {
		open = append(open, f.follow(t, addr, "alice", ""))
	}
	w := f.call(f.token("alice"), "GET", "/api/v1/events", "", "")
	require.Equal(t, http.StatusTooManyRequests, w.Code)
	require.Contains(t, w.Body.String(), "too_many_streams")
	f.follow(t, addr, "bob", "")
	open[0].close()
	require.Eventually(t, func() bool {
		return f.call(f.token("alice"), "GET", "/api/v1/events", "", "").Code == http.StatusOK
	}, time.Minute, 10*time.Millisecond, "a stream that ended counts no more")
}

// TestAStreamEndsWhenItsPersonLeaves: with the next event, before it is shown.
func TestAStreamEndsWhenItsPersonLeaves(t *testing.T) {
	f := newFixture(t, withSCIM(t))
	ids := f.provisions("alice")
	f.group("engineering", ids["alice"])
	addr, _ := f.serving(defaultTimeouts)
	s := f.follow(t, addr, "alice", "")
	f.request(access.StatePending)
	require.Equal(t, access.EventRequestCreated, s.next().Kind)
	f.scim("PATCH", "/Users/"+ids["alice"], `{"Operations":[{"op":"Replace","path":"active","value":"False"}]}`)
	ends(t, s.Reader)
}
