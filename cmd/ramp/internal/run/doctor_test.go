package run

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/chat/slack/slacktest"
	"ramp.dev/ramp/config"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/facts"
	"ramp.dev/ramp/facts/source"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/notices"
	"ramp.dev/ramp/notices/mail"
	"ramp.dev/ramp/notices/mail/mailtest"
)

const noticing = `apiVersion: ramp/v1
kind: Contract
metadata: {name: c}
request: {who: 'true'}
duration: {default: 30m, max: 1h}
grants: [{target: ssh/demo, entitlement: {user: demo}}]
approval: {auto: 'true'}
notify: [{of: [access.active], groups: [watch]}]
`

// TestDoctorExamines what can be reached and does not work, and sends a test message.
func TestDoctorExamines(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "c.yaml"), []byte(noticing), 0o600))
	address := "sqlite:" + filepath.Join(t.TempDir(), "ledger.db")
	l, err := ledger.Open(t.Context(), address)
	require.NoError(t, err)
	defer l.Close()
	box := mailtest.Start(t, nil, "")
	var c config.Config
	c.Ledger.URL, c.Server.Contracts = field.ParseURL(address), field.File(dir)
	examined := func(to string) (codes []string) {
		for _, is := range examine(t.Context(), c, to) {
			codes = append(codes, is.Code)
		}
		return codes
	}
	require.Equal(t, []string{"notices_nobody", "notice_not_sent"}, examined("me@example.com"))

	now := time.Now()
	c.Worker.Notices = notices.Config{Pages: "https://ramp.example.com", Mail: mail.Config{Server: box.Addr, From: "ramp@example.com", TLS: "none"}}
	_, err = l.OpenCursor(t.Context(), notices.Name, 0, now)
	require.NoError(t, err)
	require.Empty(t, examined("me@example.com"))
	require.Len(t, box.Mails(), 1)
	require.Equal(t, "me@example.com", box.Mails()[0].To)

	n := ledger.Notice{ID: "1", RequestID: "r", Kind: access.EventGlassBroken, Channel: "mail", Address: "a@example.com", Urgent: true, CreatedAt: now, DueAt: now}
	given := n
	given.ID = "2"
	require.NoError(t, l.AddNotices(t.Context(), n, given))
	require.NoError(t, l.RetryNotice(t.Context(), "1", "down", now))
	require.NoError(t, l.CloseNotice(t.Context(), "2", ledger.NoticeGivenUp, "no such mailbox", now))
	require.NoError(t, l.FailCursor(t.Context(), notices.Name, 0, now, "no route"))
	require.Equal(t, []string{"feed_failing", "notices_failing", "notices_given_up"}, examined(""))
	require.Len(t, box.Mails(), 1)
}

// TestDoctorMissesWorkersKeys: of a server's configuration it says that nobody checks who closed
// access; a worker's needs no such keys.
func TestDoctorMissesWorkersKeys(t *testing.T) {
	led, err := ledger.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "ledger.db"))
	require.NoError(t, err)
	defer led.Close()
	for text, want := range map[string]int{"server: {listen: 127.0.0.1:8080}\n": 1, "worker: {control: true}\n": 0} {
		path := filepath.Join(t.TempDir(), config.DefaultName)
		require.NoError(t, os.WriteFile(path, []byte("ledger: {url: sqlite:/ledger.db}\n"+text), 0o600))
		c, err := config.Load(path)
		require.NoError(t, err)
		issues := stateIssues(t.Context(), c, led)
		require.Len(t, issues, want)
		for _, is := range issues {
			require.Equal(t, "workers_unknown", is.Code)
			require.Equal(t, "keys.workers", is.Field)
			require.Contains(t, is.Message, "that access has ended")
		}
	}
}

// TestDoctorWritesInSlack sends a direct message to one user, and says what Slack says if
// it cannot.
func TestDoctorWritesInSlack(t *testing.T) {
	address := "sqlite:" + filepath.Join(t.TempDir(), "ledger.db")
	l, err := ledger.Open(t.Context(), address)
	require.NoError(t, err)
	defer l.Close()
	var c config.Config
	c.Ledger.URL = field.ParseURL(address)
	examined := func() access.Issues { return examine(t.Context(), c, "U0ALICE") }
	require.ErrorContains(t, examined().Err(), "server.slack is not configured")

	s := slacktest.Start(t)
	s.SetUser(slacktest.User{ID: "U0ALICE", Name: "alice"})
	c.Server.Slack = s.Config()
	require.Empty(t, examined())
	require.Len(t, s.Told("U0ALICE"), 1)
	require.Contains(t, s.Told("U0ALICE")[0].Shown(), "This one did.")
	s.Revoke(true)
	require.ErrorContains(t, examined().Err(), "token_revoked")
	s.Revoke(false)

	require.NoError(t, l.WantChatMessages(t.Context(), time.Now(), ledger.ChatMessage{ID: "m", Service: "slack", RequestID: "r", Conversation: slacktest.Channel, WantSeq: 2, Urgent: 2}))
	require.NoError(t, l.RetryChatMessage(t.Context(), "m", "away", time.Now()))
	issues := examined()
	require.Len(t, issues, 1)
	require.Equal(t, "chat_failing", issues[0].Code)
}

// TestDoctorCommentsOnATicket of the person who asks for it, and says which system it lacks.
func TestDoctorCommentsOnATicket(t *testing.T) {
	var comments []string
	jira := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/rest/api/2/myself":
			_, _ = io.WriteString(w, `{"accountId":"ramp"}`)
		case r.URL.Path != "/rest/api/2/issue/OPS-42/comment":
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"errorMessages":["Issue does not exist"]}`)
		case r.Method == http.MethodPost:
			body, err := io.ReadAll(r.Body)
			assert.NoError(t, err)
			comments = append(comments, string(body))
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"id":"10001"}`)
		default:
			_, _ = io.WriteString(w, `{"comments":[],"total":0}`)
		}
	}))
	defer jira.Close()
	t.Setenv("RAMP_TEST_JIRA", "t0ken")
	c := config.Config{}
	c.Worker.Notices = notices.Config{Pages: "https://ramp.example.com", Tickets: map[string]facts.Config{
		"jira": {Kind: "jira", Config: source.Config{Address: jira.URL, Token: field.SecretEnv("RAMP_TEST_JIRA")}}}}
	require.NoError(t, c.Worker.TestNotice(t.Context(), "jira:OPS-42"))
	require.Len(t, comments, 1)
	require.Contains(t, comments[0], "This one did.")
	require.ErrorContains(t, c.Worker.TestNotice(t.Context(), "jira:OPS-43"), "Jira has no issue OPS-43")
	require.ErrorContains(t, c.Worker.TestNotice(t.Context(), "snow:INC1"), `no system "snow" is configured (worker.notices.tickets)`)
	for to, place := range map[string]string{"me@example.com": "mail", "jira:OPS-42": "tickets", "prod-chat": "channels"} {
		require.Equal(t, "worker.notices."+place, placeOf(to))
	}
}

func TestClocksApart(t *testing.T) {
	at := time.Date(2026, 11, 24, 2, 14, 0, 0, time.UTC)
	for there, want := range map[time.Duration]time.Duration{-time.Minute: time.Minute, 0: 0, time.Second: 0, 2 * time.Second: time.Second} {
		require.Equal(t, want, clocksApart(at, at.Add(time.Second), at.Add(there)))
	}
}

// TestDoctorSaysAFaultOnce: a target or a ledger that cannot be used is found in several ways.
func TestDoctorSaysAFaultOnce(t *testing.T) {
	got := withoutRepeats(access.Issues{
		{Code: "target_unavailable", Field: "worker.targets.ssh/a", Message: "no such file"},
		{Code: "ledger_unavailable", Field: "ledger.url", Message: "no route"},
		{Code: "ledger_unavailable", Field: "ledger.url", Message: "open: no route"},
		{Code: "target_off", Field: "ssh/a", Message: "ssh/a has been off: no such file"},
		{Code: "target_off", Field: "ssh/b", Message: "ssh/b has been off"},
		{Code: "rights_missing", Field: "worker.targets.ssh/a", Message: "one"},
		{Code: "rights_missing", Field: "worker.targets.ssh/a", Message: "two"},
		{Code: "rights_missing", Field: "worker.targets.ssh/a", Message: "two"},
	})
	var said []string
	for _, is := range got {
		said = append(said, is.Code+" "+is.Message)
	}
	require.Equal(t, []string{"target_unavailable no such file", "ledger_unavailable no route", "target_off ssh/b has been off", "rights_missing one", "rights_missing two"}, said)
}
