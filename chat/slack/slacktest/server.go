// Package slacktest is a Slack workspace for tests: the part of the Web API that Ramp
// calls, over HTTP and as Slack's documentation has it
// (https://docs.slack.dev/reference/methods), with the faults of a real one.
package slacktest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/chat/slack"
)

// What the workspace is called.
const (
	Workspace = "T0RAMP"
	App       = "A0RAMP"
	Channel   = "C0APPROVERS"
	Token     = "xoxb-test-token"                  // #nosec G101 -- of this fake
	Secret    = "8f742231b10e8888abcd99yyyzzz85a5" // #nosec G101 -- the one of Slack's documentation
)

// User is a user of the workspace.
type User struct {
	ID, Name, Team             string
	Deleted, Guest, Bot, Alien bool
}

// Conversation is a channel.
type Conversation struct {
	ID     string
	Member bool // the app is in it
	Shared bool // with another workspace
}

// Message is one message of a channel.
type Message struct {
	Conversation, TS, Thread string
	To                       string // the one user who sees it
	Text                     string
	Blocks                   json.RawMessage
	Metadata                 json.RawMessage
	Versions                 int // 1, and 1 more for each update
}

// Shown is everything that a message shows.
func (m Message) Shown() string { return m.Text + "\n" + string(m.Blocks) }

// View is a modal that is open for a user.
type View struct {
	ID, User, Callback, Metadata string
	Body                         json.RawMessage
}

// Fault is what one call meets.
type Fault struct {
	Method     string // of the API; empty: any
	Status     int    // instead of 200
	RetryAfter int    // seconds; with 429
	Error      string // Slack's code
	LostReply  bool   // the call has its effect, and its response is lost
}

// Server is the workspace. Make one with Start.
type Server struct {
	t    require.TestingT
	http *httptest.Server
	dir  string

	mu            sync.Mutex
	clock         int64
	ahead         time.Duration // of this machine's clock
	users         map[string]User
	conversations map[string]Conversation
	messages      []*Message
	views         map[string]*View
	triggers      map[string]string // users, by trigger
	faults        []Fault
	revoked       bool
	calls         []Call
	perCall       time.Duration
	tickets       map[string]bool // each opens one connection
	acked         map[string]int  // by envelope
	ackedAt       map[string]time.Time
	sockets       []*socket
	nextSocket    int
	last          map[string]time.Time // call that wrote, by conversation
}

// Call is one call of the API.
type Call struct {
	Method string
	At     time.Time
	Failed bool
}

// Start starts a workspace with one channel, which the app is in, until the test ends.
func Start(t testing.TB) *Server {
	s := StartIn(t, t.TempDir())
	t.Cleanup(s.Stop)
	return s
}

// StartIn is Start for what is no test: the workspace lasts until Stop, and its secrets are
// in files of a directory.
func StartIn(t require.TestingT, dir string) *Server {
	s := &Server{t: t, dir: dir, users: map[string]User{}, conversations: map[string]Conversation{Channel: {ID: Channel, Member: true}}, views: map[string]*View{}, triggers: map[string]string{}, tickets: map[string]bool{}, acked: map[string]int{}, ackedAt: map[string]time.Time{}, last: map[string]time.Time{}}
	s.clock = time.Now().Unix() * 1_000_000
	s.http = httptest.NewServer(http.HandlerFunc(s.serve))
	return s
}

// Stop ends the workspace.
func (s *Server) Stop() {
	s.Drop()
	s.http.Close()
}

// API is the address of the Web API.
func (s *Server) API() string { return s.http.URL + "/api/" }

// Config is a configuration that leads here.
func (s *Server) Config() slack.Config {
	return slack.Config{Workspace: Workspace, App: App, Token: s.secret("token", Token), SigningSecret: s.secret("secret", Secret), Channel: Channel, API: s.API()}
}

// SocketConfig is Config with Socket Mode.
func (s *Server) SocketConfig() slack.Config {
	c := s.Config()
	c.AppToken = s.secret("app-token", AppToken)
	return c
}

// SetUser adds a user, or changes one. Team is this workspace if it is empty.
func (s *Server) SetUser(u User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u.Team == "" {
		u.Team = Workspace
	}
	s.users[u.ID] = u
}

// SetConversation adds a channel, or changes one.
func (s *Server) SetConversation(p Conversation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conversations[p.ID] = p
}

// Fail makes the next calls meet faults, one each, in order.
func (s *Server) Fail(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

// SetTime makes the workspace's clock show a time.
func (s *Server) SetTime(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead = time.Until(t)
}

// Revoke makes the token count no more, or again.
func (s *Server) Revoke(revoked bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked = revoked
}

// Every makes calls that write to one conversation more often than this meet a 429, as Slack
// documents it (https://docs.slack.dev/apis/web-api/rate-limits).
func (s *Server) Every(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.perCall = d
}

// Messages are the messages of a conversation, in the order in which they were posted; those
// of threads and those that one user sees among them.
func (s *Server) Messages(conversation string) (out []Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.messages {
		if m.Conversation == conversation {
			out = append(out, *m)
		}
	}
	return out
}

// Posts are Messages without threads and what one user alone sees.
func (s *Server) Posts(conversation string) (out []Message) {
	for _, m := range s.Messages(conversation) {
		if m.Thread == "" && m.To == "" {
			out = append(out, m)
		}
	}
	return out
}

// Told is what one user alone was shown, in any conversation or as a direct message.
func (s *Server) Told(user string) (out []Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.messages {
		if m.To == user || m.Conversation == direct(user) {
			out = append(out, *m)
		}
	}
	return out
}

// View is the modal that a user has open; nil if none.
func (s *Server) View(user string) *View {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.views[user]
	if v == nil {
		return nil
	}
	out := *v
	return &out
}

// Calls are the calls of the API so far.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Call(nil), s.calls...)
}

// Delete deletes a message, as an administrator of the workspace can.
func (s *Server) Delete(ts string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, m := range s.messages {
		if m.TS == ts {
			s.messages = append(s.messages[:i], s.messages[i+1:]...)
			return
		}
	}
}

// direct is the channel of the direct messages between the app and a user.
func direct(user string) string { return "D" + strings.TrimLeft(user, "UW") }

// Direct returns the channel of the direct messages between the app and a user.
func Direct(user string) string { return direct(user) }

// stamp returns the next message's time, by which Slack names it.
func (s *Server) stamp() string {
	s.clock = max(s.clock+1, time.Now().Add(s.ahead).UnixMicro())
	return fmt.Sprintf("%d.%06d", s.clock/1_000_000, s.clock%1_000_000)
}

func since(ts, oldest string) bool {
	a, _ := strconv.ParseFloat(ts, 64)
	b, _ := strconv.ParseFloat(oldest, 64)
	return a >= b
}
