package e2e

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/chat/slack/slacktest"
)

// chatStory is an installation with a workspace of Slack's, in which two people work.
type chatStory struct {
	*installation
	slack          *slacktest.Server
	server, worker *process
	users          map[string]string
}

// delivers sends what a user does, and reports whether Ramp acknowledged it within the
// three seconds that Slack waits.
func (s *chatStory) delivers(d slacktest.Delivery) bool {
	req, err := http.NewRequest("POST", s.url()+"/hooks/slack", bytes.NewReader(d.Body))
	require.NoError(s, err)
	req.Header = d.Header.Clone()
	client := http.Client{Timeout: 3 * time.Second}
	res, err := client.Do(req)
	if err != nil {
		return false
	}
	res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// does has a user do something until it is acknowledged, as people do.
func (s *chatStory) does(what string, act func() slacktest.Delivery) {
	s.Helper()
	s.eventually(60*time.Second, what+" is acknowledged", func() bool { return s.delivers(act()) })
}

// serverDies kills the server with -9, and starts another.
func (s *chatStory) serverDies() {
	s.Helper()
	s.server.kill()
	s.server = s.start(nil, "server", "--config", s.config()).ready()
}

func (s *chatStory) workerDies() {
	s.worker.kill()
	s.worker = s.start(nil, "worker", "--config", s.config())
}

// links links a person's user, with the code of the page about them.
func (s *chatStory) links(who string) {
	s.Helper()
	req, err := http.NewRequest("POST", s.url()+"/you/external/code", strings.NewReader("service=slack"))
	require.NoError(s, err)
	req.Header.Set("Authorization", "Bearer "+s.as(who).token)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultClient.Do(req)
	require.NoError(s, err)
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	require.NoError(s, err)
	code := regexp.MustCompile(`/ramp link ([A-Z2-7-]+)`).FindSubmatch(page)
	require.NotNil(s, code, "%s", page)
	s.does("linking", func() slacktest.Delivery { return s.slack.Command(s.users[who], "link "+string(code[1])) })
	s.eventually(60*time.Second, who+" is linked", func() bool {
		for _, m := range s.slack.Told(s.users[who]) {
			if strings.Contains(m.Shown(), "You are ") {
				return true
			}
		}
		return false
	})
}

// says waits until the one message of a place says something.
func (s *chatStory) says(place, what string) slacktest.Message {
	s.Helper()
	var last slacktest.Message
	s.eventually(90*time.Second, place+" says "+what, func() bool {
		for _, m := range s.slack.Posts(place) {
			if strings.Contains(m.Shown(), "Plan sha256:") {
				last = m
				return strings.Contains(m.Shown(), what)
			}
		}
		return false
	})
	return last
}

// TestTwoPeopleWorkInSlackAlone: from asking to ended, with servers and workers killed in
// between: one message in each place, nothing doubled, nothing lost.
func TestTwoPeopleWorkInSlackAlone(t *testing.T) {
	t.Parallel()
	s := &chatStory{installation: install(t), slack: slacktest.Start(t), users: map[string]string{"alice": "U0ALICE", "bob": "U0BOB"}}
	for name, id := range s.users {
		s.slack.SetUser(slacktest.User{ID: id, Name: name})
	}
	s.slack.Every(900 * time.Millisecond) // as Slack itself does
	s.server, s.worker = s.apart(nil, nil)
	s.server.kill()
	s.reconfigure(func(c configuration) { c.section("server")["slack"] = s.slack.Config() })
	s.server = s.start(nil, "server", "--config", s.config()).ready()
	s.links("alice")
	s.links("bob")
	alice, mine := s.users["alice"], slacktest.Direct(s.users["alice"])

	// Alice asks; the server dies as soon as Slack has its response.
	s.does("/ramp", func() slacktest.Delivery { return s.slack.Command(alice, "") })
	s.eventually(60*time.Second, "the form is open", func() bool { return s.slack.View(alice) != nil })
	s.does("choosing", func() slacktest.Delivery { return s.slack.Choose(alice, "contract", "ssh-demo") })
	s.eventually(60*time.Second, "the form has all fields", func() bool { return strings.Contains(string(s.slack.View(alice).Body), `"reason"`) })
	s.does("asking", func() slacktest.Delivery {
		return s.slack.Send(alice, map[string]string{"duration": "10m", "reason": "the order is stuck again"}, map[string]string{"contract": "ssh-demo"})
	})
	s.serverDies()

	// Bob approves; the server dies again.
	m := s.says(slacktest.Channel, "Waits for")
	s.does("approving", func() slacktest.Delivery { return s.slack.Press(s.users["bob"], m, "approve") })
	s.serverDies()
	s.says(slacktest.Channel, "Active until")
	m = s.says(mine, "Active until")
	id := regexp.MustCompile(`ramp exec ([a-z0-9]+) --`).FindStringSubmatch(m.Shown())
	require.NotNil(t, id, "%s", m.Shown())
	k := s.as("alice").picksUp(id[1])
	require.True(t, k.works())

	// She extends, and releases; the worker dies.
	s.does("extending", func() slacktest.Delivery { return s.slack.Press(alice, m, "extend") })
	s.eventually(60*time.Second, "the form to extend is open", func() bool { return s.slack.View(alice).Callback == "extend" })
	before := s.as("alice").sees(id[1]).ExpiresAt
	s.does("sending", func() slacktest.Delivery { return s.slack.Send(alice, map[string]string{"for": "5m"}, nil) })
	s.eventually(60*time.Second, "the end has moved", func() bool { return s.as("alice").sees(id[1]).ExpiresAt != before })
	s.workerDies()
	m = s.says(mine, "Active until")
	s.does("releasing", func() slacktest.Delivery { return s.slack.Press(alice, m, "release") })
	s.serverDies()
	s.workerDies()
	s.says(slacktest.Channel, "Over: its requester released it")
	s.says(mine, "Over: its requester released it")

	require.False(t, k.works(), "the credential outlived its access")
	require.Empty(t, s.admitted())
	require.Len(t, s.slack.Posts(slacktest.Channel), 1, "one message for each request")
	r := s.as("alice").sees(id[1])
	require.Equal(t, "released", r.Outcome)
	told := r.kinds()
	for _, kind := range []string{"request.created", "decision.recorded", "request.approved", "grant.opened", "access.extended", "end.ordered", "grant.closed", "access.ended"} {
		require.Equal(t, 1, told[kind], "%s in the timeline: %v", kind, told)
	}
	thread := func() (all string) {
		for _, m := range s.slack.Messages(slacktest.Channel) {
			if m.Thread == s.slack.Posts(slacktest.Channel)[0].TS {
				all += m.Shown()
			}
		}
		return all
	}
	s.eventually(60*time.Second, "the thread is the timeline", func() bool { return strings.Contains(thread(), "over, proven gone") })
	require.Equal(t, 1, strings.Count(thread(), "over, proven gone"))
	var list struct {
		Items []request `json:"items"`
	}
	s.as("alice").call("GET", "/api/v1/requests?mine=true", nil, &list)
	require.Len(t, list.Items, 1, "she asked once")
}
