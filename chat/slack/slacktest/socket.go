package slacktest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
)

// Socket Mode, as https://docs.slack.dev/apis/events-api/using-socket-mode has it:
// apps.connections.open gives an address that is good for one WebSocket, which begins with
// hello; each envelope goes to one of the app's connections, which acknowledges it by its
// id; and a connection ends with disconnect, or without a word.

// AppToken is the app-level token.
const AppToken = "xapp-test-token" // #nosec G101 -- of this fake

const linkPath = "/link/"

func tokenOf(method string) string {
	if method == "apps.connections.open" {
		return AppToken
	}
	return Token
}

// socket is one connection of the app.
type socket struct {
	conn    *websocket.Conn
	writing sync.Mutex
}

func (k *socket) write(v any) error {
	k.writing.Lock()
	defer k.writing.Unlock()
	return k.conn.WriteJSON(v)
}

func (s *Server) openConnection(url.Values) reply {
	ticket := "ticket." + s.stamp()
	s.tickets[ticket] = true
	return reply{"url": "ws" + strings.TrimPrefix(s.http.URL, "http") + linkPath + "?ticket=" + ticket}
}

// link is the other end of a connection.
func (s *Server) link(w http.ResponseWriter, r *http.Request) {
	ticket := r.URL.Query().Get("ticket")
	s.mu.Lock()
	good := s.tickets[ticket]
	delete(s.tickets, ticket)
	s.mu.Unlock()
	if !good {
		http.Error(w, "this address was used already", http.StatusNotFound)
		return
	}
	conn, err := (&websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}).Upgrade(w, r, nil)
	if err != nil {
		return
	}
	k := &socket{conn: conn}
	defer conn.Close()
	s.mu.Lock()
	s.sockets = append(s.sockets, k)
	n := len(s.sockets)
	s.mu.Unlock()
	defer s.forget(k)
	if k.write(reply{"type": "hello", "num_connections": n, "connection_info": reply{"app_id": App}, "debug_info": reply{"host": "applink-test", "build_number": 1, "approximate_connection_time": 18060}}) != nil {
		return
	}
	done := make(chan struct{})
	defer close(done)
	go k.ping(done)
	for {
		var ack struct {
			Envelope string `json:"envelope_id"`
		}
		if conn.ReadJSON(&ack) != nil {
			return
		}
		s.mu.Lock()
		if s.acked[ack.Envelope]++; s.acked[ack.Envelope] == 1 {
			s.ackedAt[ack.Envelope] = time.Now()
		}
		s.mu.Unlock()
	}
}

// ping pings until done; an app takes a connection without pings for one that is gone.
func (k *socket) ping(done chan struct{}) {
	every := time.NewTicker(time.Second)
	defer every.Stop()
	for {
		select {
		case <-done:
			return
		case <-every.C:
			_ = k.conn.WriteControl(websocket.PingMessage, []byte("ping"), time.Now().Add(5*time.Second))
		}
	}
}

func (s *Server) forget(k *socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, other := range s.sockets {
		if other == k {
			s.sockets = append(s.sockets[:i], s.sockets[i+1:]...)
			return
		}
	}
}

// Envelope is what Slack sends over a connection.
type Envelope struct {
	ID      string          `json:"envelope_id"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload"`
	Accepts bool            `json:"accepts_response_payload"`
}

// Envelope returns what Slack would send over HTTP as it sends it over a connection: the
// same payload, and no signature.
func (s *Server) Envelope(d Delivery) Envelope {
	form, err := url.ParseQuery(string(d.Body))
	require.NoError(s.t, err)
	s.mu.Lock()
	id := "envelope." + s.stamp()
	s.mu.Unlock()
	if payload := form.Get("payload"); payload != "" {
		return Envelope{ID: id, Type: "interactive", Payload: json.RawMessage(payload), Accepts: true}
	}
	fields := map[string]string{}
	for name := range form {
		fields[name] = form.Get(name)
	}
	b, err := json.Marshal(fields)
	require.NoError(s.t, err)
	return Envelope{ID: id, Type: "slash_commands", Payload: b, Accepts: true}
}

// Push sends an envelope over one of the connections, each in turn, and reports whether
// there was one.
func (s *Server) Push(e Envelope) bool {
	s.mu.Lock()
	if len(s.sockets) == 0 {
		s.mu.Unlock()
		return false
	}
	s.nextSocket++
	k := s.sockets[s.nextSocket%len(s.sockets)]
	s.mu.Unlock()
	return k.write(e) == nil
}

// PushAll sends an envelope over each connection, as no Slack should.
func (s *Server) PushAll(e Envelope) {
	s.mu.Lock()
	all := append([]*socket(nil), s.sockets...)
	s.mu.Unlock()
	for _, k := range all {
		_ = k.write(e)
	}
}

// Acked is how often an envelope was acknowledged.
func (s *Server) Acked(e Envelope) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.acked[e.ID]
}

// AckedAt is when an envelope was acknowledged first; the zero time if it was not.
func (s *Server) AckedAt(e Envelope) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ackedAt[e.ID]
}

// Connections is how many connections the app has now.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sockets)
}

// Disconnect tells each connection that it ends, and why: warning, refresh_requested or
// link_disabled.
func (s *Server) Disconnect(reason string) {
	s.mu.Lock()
	all := append([]*socket(nil), s.sockets...)
	s.mu.Unlock()
	for _, k := range all {
		_ = k.write(reply{"type": "disconnect", "reason": reason, "debug_info": reply{"host": "applink-test"}})
	}
}

// Drop ends each connection without a word.
func (s *Server) Drop() {
	s.mu.Lock()
	all := append([]*socket(nil), s.sockets...)
	s.mu.Unlock()
	for _, k := range all {
		_ = k.conn.Close()
	}
}
