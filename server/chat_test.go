package server

import (
	"context"
	"database/sql"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/chat/slack"
	"ramp.dev/ramp/chat/slack/slacktest"
	"ramp.dev/ramp/ledger"
)

// chatFixture is a server with a workspace of Slack's.
type chatFixture struct {
	*fixture
	slack  *slacktest.Server
	file   string // of the ledger
	socket bool   // Slack delivers over the connections of Socket Mode
}

// slackPath is where Slack sends what people do.
const slackPath = "/hooks/slack"

// users are Slack users of the development provider's people.
var users = map[string]string{"alice": "U0ALICE", "bob": "U0BOB", "carol": "U0CAROL", "dave": "U0DAVE"}

func newChatFixture(t *testing.T, change ...func(*Config)) *chatFixture {
	return newChatFixtureOver(t, (*slacktest.Server).Config, change...)
}

// newChatFixtureOver makes a server to which Slack delivers in one of its two ways:
// slacktest.Server's Config or SocketConfig.
func newChatFixtureOver(t *testing.T, way func(*slacktest.Server) slack.Config, change ...func(*Config)) *chatFixture {
	s := slacktest.Start(t)
	for name, id := range users {
		s.SetUser(slacktest.User{ID: id, Name: name})
	}
	f := newFixture(t, append(change, func(c *Config) { c.Slack = way(s) })...)
	f.chat.Every = time.Millisecond
	return &chatFixture{fixture: f, slack: s, file: filepath.Join(f.dir, "ledger.db"), socket: f.chat.Service.Listens()}
}

// runs runs what the server does for chat until the test ends, or stop is called.
func (f *chatFixture) runs() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { f.feed.Run(ctx) })
	running.Go(func() { f.chat.Run(ctx, f.feed) })
	stop = func() { cancel(); running.Wait() }
	f.Cleanup(stop)
	return stop
}

// pushes sends an envelope over a connection, and returns the status that says that it
// was acknowledged.
func (f *chatFixture) pushes(e slacktest.Envelope) int {
	f.Helper()
	before := f.slack.Acked(e)
	require.Eventually(f, func() bool { return f.slack.Push(e) }, 30*time.Second, 5*time.Millisecond, "no connection to this server")
	require.Eventually(f, func() bool { return f.slack.Acked(e) > before }, 30*time.Second, 5*time.Millisecond, "the envelope is not acknowledged")
	return http.StatusOK
}

// delivers sends a delivery as Slack does, and returns the status.
func (f *chatFixture) delivers(d slacktest.Delivery) int {
	f.Helper()
	if f.socket {
		return f.pushes(f.slack.Envelope(d))
	}
	var header []string
	for name, values := range d.Header {
		header = append(header, name, values[0])
	}
	return f.callWith("", "POST", slackPath, "", string(d.Body), header...).Code
}

var shownCode = regexp.MustCompile(`/ramp link ([A-Z2-7-]+)`)

// code has somebody get a code on the page about them.
func (f *chatFixture) code(who string) string {
	f.Helper()
	w := f.call(f.token(who), "POST", "/you/external/code", "application/x-www-form-urlencoded", "service=slack")
	require.Equal(f, http.StatusOK, w.Code, "%s", w.Body)
	found := shownCode.FindStringSubmatch(w.Body.String())
	require.NotNil(f, found, "%s", w.Body)
	return found[1]
}

// linksUser links somebody's Slack user.
func (f *chatFixture) linksUser(who string) {
	f.Helper()
	require.Equal(f, http.StatusOK, f.delivers(f.slack.Command(users[who], "link "+f.code(who))))
	f.tells(who, "You are ")
}

// tells waits until a user was told something.
func (f *chatFixture) tells(who, what string) {
	f.Helper()
	require.Eventually(f, func() bool {
		for _, m := range f.slack.Told(users[who]) {
			if strings.Contains(m.Shown(), what) {
				return true
			}
		}
		return false
	}, time.Minute, 5*time.Millisecond, "%s is not told %q: %v", who, what, f.slack.Told(users[who]))
}

// post waits for the one message about a request in the approvers' channel, with what it
// must say.
func (f *chatFixture) post(r access.Request, says string) slacktest.Message {
	f.Helper()
	var found []slacktest.Message
	require.Eventually(f, func() bool {
		found = nil
		for _, m := range f.slack.Posts(slacktest.Channel) {
			if strings.Contains(m.Shown(), r.ID) {
				found = append(found, m)
			}
		}
		return len(found) > 0 && strings.Contains(found[0].Shown(), says)
	}, time.Minute, 5*time.Millisecond, "no message of %s says %q: %+v", r.ID, says, found)
	require.Len(f, found, 1, "there is one message for each request")
	return found[0]
}

// eventsOf returns the events of a kind, of any request or of none. It may be called from
// any goroutine.
func (f *chatFixture) eventsOf(kind access.EventKind) (out []access.Event) {
	list, err := f.ledger.Events(context.Background(), ledger.EventFilter{})
	assert.NoError(f, err)
	for _, e := range list {
		if e.Kind == kind {
			out = append(out, e)
		}
	}
	return out
}

// raw writes to the ledger's database, past Ramp.
func (f *chatFixture) raw(statement string, args ...any) {
	f.Helper()
	db, err := sql.Open("sqlite", f.file+"?_pragma=busy_timeout(5000)")
	require.NoError(f, err)
	defer db.Close()
	_, err = db.ExecContext(context.Background(), statement, args...)
	require.NoError(f, err)
}

// TestCase07ChatUserIsLinkedOnTheWeb: a Slack user is a person only by a code of the page, once.
func TestCase07ChatUserIsLinkedOnTheWeb(t *testing.T) {
	f := newChatFixture(t)
	f.runs()
	code, second := f.code("bob"), f.code("bob")
	f.delivers(f.slack.Command(users["dave"], "link AAAA-AAAA-AAAA"))
	f.tells("dave", "no such code")
	require.Equal(t, http.StatusOK, f.delivers(f.slack.Command(users["bob"], "link "+strings.ToLower(code))))
	f.tells("bob", "You are ")
	linked := f.eventsOf(access.EventExternalLinked)
	require.Len(t, linked, 1)
	require.Equal(t, []string{"bob", "U0BOB", "slack"}, []string{linked[0].Actor, linked[0].Detail["user"], linked[0].Detail["via"]})

	f.delivers(f.slack.Command(users["carol"], "link "+code))
	f.tells("carol", "no such code")
	f.delivers(f.slack.Command(users["bob"], "link "+f.code("carol"))) // bob's user stays bob's
	f.tells("bob", "linked already")
	f.delivers(f.slack.Command(users["dave"], "link "+second)) // and bob has one user
	f.tells("dave", "linked already")
	require.Len(t, f.eventsOf(access.EventExternalLinked), 1)

	// An agent gets no code.
	require.Equal(t, http.StatusForbidden, f.call(f.token("alice-agent"), "POST", "/you/external/code", "application/x-www-form-urlencoded", "service=slack").Code)

	var row [3]string
	db, err := sql.Open("sqlite", f.file+"?_pragma=busy_timeout(5000)")
	require.NoError(t, err)
	defer db.Close()
	require.NoError(t, db.QueryRow(`SELECT id, version, record FROM external_links`).Scan(&row[0], &row[1], &row[2]))
	require.Equal(t, http.StatusSeeOther, f.call(f.token("bob"), "POST", "/you/external/unlink", "application/x-www-form-urlencoded", "service=slack").Code)
	require.Len(t, f.eventsOf(access.EventExternalUnlinked), 1)
	who := ledger.ExternalUser{Service: "slack", Workspace: slacktest.Workspace, User: users["bob"]}
	_, err = f.ledger.ExternalLink(t.Context(), who)
	require.Equal(t, access.CodeNotFound, access.CodeOf(err))

	// Somebody who owns the database puts the link back, as it was signed.
	f.raw(`UPDATE external_links SET version = ?, record = ?`, row[1], row[2])
	_, err = f.ledger.ExternalLink(t.Context(), who)
	require.Equal(t, access.CodeNotFound, access.CodeOf(err), "the log says that it was taken back")
}

// TestCase07RowsOfTheDatabaseLinkNobody: codes and links count as a server signed them.
func TestCase07RowsOfTheDatabaseLinkNobody(t *testing.T) {
	f := newChatFixture(t)
	f.runs()
	f.linksUser("bob")
	f.raw(`UPDATE external_links SET id = ?`, "slack "+slacktest.Workspace+" "+users["dave"])
	_, err := f.ledger.ExternalLink(t.Context(), ledger.ExternalUser{Service: "slack", Workspace: slacktest.Workspace, User: users["dave"]})
	require.Equal(t, access.CodeNotFound, access.CodeOf(err), "bob's record makes dave's user nobody")
	code := f.code("carol")
	f.raw(`UPDATE link_codes SET digest = ?`, "other")
	f.delivers(f.slack.Command(users["carol"], "link "+code))
	f.tells("carol", "no such code")
}

// TestChatDecides: the same use case as on the page, with the digest of what was shown, no
// matter how Slack delivers.
func TestChatDecides(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) { decidesInChat(t, newChatFixtureOver(t, way)) })
	}
}

// ways are the two ways in which Slack delivers.
var ways = map[string]func(*slacktest.Server) slack.Config{"requests": (*slacktest.Server).Config, "Socket Mode": (*slacktest.Server).SocketConfig}

func decidesInChat(t *testing.T, f *chatFixture) {
	f.runs()
	f.linksUser("bob")
	r := f.request(access.StatePending)
	m := f.post(r, "Approve")
	for _, fact := range []string{r.Plan.Digest, "alice", "30m", "ssh-demo", "Deny"} {
		require.Contains(t, m.Shown(), fact)
	}
	require.NotContains(t, m.Shown(), r.Plan.Reason, "what people wrote stays out unless it is configured")
	before := f.temporal.messages.Load()
	require.Equal(t, http.StatusOK, f.delivers(f.slack.Press(users["bob"], m, "approve")))
	f.tells("bob", "Your approval is recorded")
	require.Equal(t, before+1, f.temporal.messages.Load())

	require.Equal(t, http.StatusOK, f.delivers(f.slack.Press(users["bob"], m, "deny")))
	require.Eventually(t, func() bool { return f.slack.View(users["bob"]) != nil }, time.Minute, 5*time.Millisecond)
	require.Equal(t, http.StatusOK, f.delivers(f.slack.Send(users["bob"], map[string]string{"comment": "not tonight"}, nil)))
	f.tells("bob", "Your denial is recorded")
	now, err := f.chat.Requests(t.Context(), r.ID)
	require.NoError(t, err)
	require.Len(t, now.Decisions, 1)
	require.Equal(t, []string{"bob", "slack", "not tonight", r.Plan.Digest},
		[]string{now.Decisions[0].Approver.ID, string(now.Decisions[0].Via), now.Decisions[0].Comment, now.Decisions[0].PlanDigest})
}

// TestCase07ChatRefuses: each of these is refused, recorded, and decides nothing.
func TestCase07ChatRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		act    func(f *chatFixture, m slacktest.Message) slacktest.Delivery
		status int
		code   string // of the issue that is recorded
	}{
		"a forged signature": {func(f *chatFixture, m slacktest.Message) slacktest.Delivery {
			d := f.slack.Press(users["bob"], m, "approve")
			return slacktest.Signed("another secret", time.Now(), d.ContentType, d.Body)
		}, http.StatusUnauthorized, "chat_signature"},
		"a body that was changed": {func(f *chatFixture, m slacktest.Message) slacktest.Delivery {
			d := f.slack.Press(users["dave"], m, "approve")
			d.Body = []byte(strings.ReplaceAll(string(d.Body), users["dave"], users["bob"]))
			return d
		}, http.StatusUnauthorized, "chat_signature"},
		"a clock six minutes behind": {func(f *chatFixture, m slacktest.Message) slacktest.Delivery {
			d := f.slack.Press(users["bob"], m, "approve")
			return slacktest.Signed(slacktest.Secret, time.Now().Add(-6*time.Minute), d.ContentType, d.Body)
		}, http.StatusUnauthorized, "chat_time"},
		"a clock six minutes ahead": {func(f *chatFixture, m slacktest.Message) slacktest.Delivery {
			d := f.slack.Press(users["bob"], m, "approve")
			return slacktest.Signed(slacktest.Secret, time.Now().Add(6*time.Minute), d.ContentType, d.Body)
		}, http.StatusUnauthorized, "chat_time"},
		"a user of another workspace": {func(f *chatFixture, m slacktest.Message) slacktest.Delivery {
			f.slack.SetUser(slacktest.User{ID: users["bob"], Name: "bob", Team: "T0OTHER"})
			return f.slack.Press(users["bob"], m, "approve")
		}, http.StatusForbidden, "chat_workspace"},
		"another app": {func(f *chatFixture, m slacktest.Message) slacktest.Delivery {
			d := f.slack.Press(users["bob"], m, "approve")
			return slacktest.Signed(slacktest.Secret, time.Now(), d.ContentType, []byte(strings.ReplaceAll(string(d.Body), slacktest.App, "A0OTHER")))
		}, http.StatusForbidden, "chat_app"},
		"a user who was deactivated": {func(f *chatFixture, m slacktest.Message) slacktest.Delivery {
			d := f.slack.Press(users["bob"], m, "approve")
			f.slack.SetUser(slacktest.User{ID: users["bob"], Name: "bob", Deleted: true})
			return d
		}, http.StatusOK, "chat_deactivated"},
		"a guest": {func(f *chatFixture, m slacktest.Message) slacktest.Delivery {
			f.slack.SetUser(slacktest.User{ID: users["bob"], Name: "bob", Guest: true})
			return f.slack.Press(users["bob"], m, "approve")
		}, http.StatusOK, "chat_guest"},
		"a program": {func(f *chatFixture, m slacktest.Message) slacktest.Delivery {
			f.slack.SetUser(slacktest.User{ID: users["bob"], Name: "bob", Bot: true})
			return f.slack.Press(users["bob"], m, "approve")
		}, http.StatusOK, "chat_guest"},
		"a channel that is shared": {func(f *chatFixture, m slacktest.Message) slacktest.Delivery {
			f.slack.SetConversation(slacktest.Conversation{ID: "C0SHARED", Member: true, Shared: true})
			m.Conversation = "C0SHARED"
			return f.slack.Press(users["bob"], m, "approve")
		}, http.StatusOK, "chat_shared"},
		"a user who has not linked": {func(f *chatFixture, m slacktest.Message) slacktest.Delivery {
			return f.slack.Press(users["carol"], m, "approve")
		}, http.StatusOK, "chat_not_linked"},
		"the requester": {func(f *chatFixture, m slacktest.Message) slacktest.Delivery {
			f.linksUser("alice")
			return f.slack.Press(users["alice"], m, "approve")
		}, http.StatusOK, "own_request"},
		"an old button": {func(f *chatFixture, m slacktest.Message) slacktest.Delivery {
			value, _ := slacktest.Button(m, "approve")
			id, _, _ := strings.Cut(value, " ")
			return f.slack.PressWith(users["bob"], m, "approve", id+" "+strings.Repeat("0", 64))
		}, http.StatusOK, "wrong_digest"},
		"a request that they may not see": {func(f *chatFixture, m slacktest.Message) slacktest.Delivery {
			f.linksUser("dave")
			return f.slack.Press(users["dave"], m, "approve")
		}, http.StatusOK, "not_visible"},
	} {
		refuses := func(t *testing.T, f *chatFixture) {
			f.runs()
			f.linksUser("bob")
			r := f.request(access.StatePending)
			m := f.post(r, "Approve")
			before := f.temporal.messages.Load()
			status := f.delivers(c.act(f, m))
			if !f.socket { // over a connection, what is refused is acknowledged
				require.Equal(t, c.status, status)
			}
			require.Eventually(t, func() bool {
				for _, e := range append(f.eventsOf(access.EventActRefused), f.eventsOf(access.EventDecisionRefused)...) {
					if e.Detail["code"] == c.code {
						return e.Detail["via"] == "slack"
					}
				}
				return false
			}, time.Minute, 5*time.Millisecond, "nothing of code %s is recorded", c.code)
			require.Equal(t, before, f.temporal.messages.Load(), "nothing is decided")
			now, err := f.chat.Requests(t.Context(), r.ID)
			require.NoError(t, err)
			require.Empty(t, now.Decisions)
		}
		for over, way := range ways {
			if over == "Socket Mode" && c.status == http.StatusUnauthorized {
				continue // nothing is signed there: the connection itself is Slack's
			}
			t.Run(name+"/"+over, func(t *testing.T) { refuses(t, newChatFixtureOver(t, way)) })
		}
	}
}

// TestCase07ReplayIsRefused: within the five minutes, and with its signature, a delivery is
// done once.
func TestCase07ReplayIsRefused(t *testing.T) {
	f := newChatFixture(t)
	f.runs()
	f.linksUser("bob")
	m := f.post(f.request(access.StatePending), "Approve")
	d := f.slack.Press(users["bob"], m, "approve")
	require.Equal(t, http.StatusOK, f.delivers(d))
	f.tells("bob", "Your approval is recorded")
	before := f.temporal.messages.Load()
	require.Equal(t, http.StatusConflict, f.delivers(d))
	require.Equal(t, before, f.temporal.messages.Load())
	refused := f.eventsOf(access.EventActRefused)
	require.Equal(t, "chat_replay", refused[len(refused)-1].Detail["code"])
}
