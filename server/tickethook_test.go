package server

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/facts"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/server/tickethook"
)

const ticketSecret = "a secret of the webhook, long enough"

// ticketFixture is a server that ticket systems tell of comments.
type ticketFixture struct {
	*fixture
	asked, comments int
}

const ticketedContract = `apiVersion: ramp/v1
kind: Contract
metadata: {name: ssh-demo-ticket, owner: team-platform}
description: Log in to the demo host, for a ticket.
request:
  who: '"engineering" in person.groups'
  ticket: {system: %s, required: true, open: true}
duration: {default: 30m, max: 1h}
grants:
  - target: ssh/demo
    entitlement: {user: demo}
%sapproval:
  stages:
    - {name: team lead, from: [approvers], approvals: 1}
`

func newTicketFixture(t *testing.T, change ...func(*tickethook.Config)) *ticketFixture {
	t.Setenv("RAMP_TEST_TICKETS", ticketSecret)
	return &ticketFixture{fixture: newFixture(t, func(c *Config) {
		dir := string(c.Contracts)
		for name, parts := range map[string][2]string{"jira": {"jira", ""}, "github": {"github", ""}, "recent": {"jira", "stepUp: {approve: 5m}\n"}} {
			text := strings.ReplaceAll(fmt.Sprintf(ticketedContract, parts[0], parts[1]), "ssh-demo-ticket", "ssh-demo-"+name)
			require.NoError(t, os.WriteFile(filepath.Join(dir, name+".yaml"), []byte(text), 0o600))
		}
		c.Facts = map[string]facts.Config{}
		for name, tickets := range map[string]string{"jira": "  OPS-42: {open: true}\n  OPS-43: {open: true}\n", "github": "  acme/ops#12: {open: true}\n"} {
			file := filepath.Join(filepath.Dir(dir), name+"-facts.yaml")
			require.NoError(t, os.WriteFile(file, []byte("tickets:\n"+tickets), 0o600))
			c.Facts[name] = facts.Config{Kind: "file", File: field.File(file)}
		}
		secret := []field.Secret{field.SecretEnv("RAMP_TEST_TICKETS")}
		c.Tickets = tickethook.Config{GitHub: tickethook.System{Secrets: secret, Approvals: true}, Jira: tickethook.System{Site: "acme.atlassian.net", Secrets: secret, Approvals: true}}
		for _, change := range change {
			change(&c.Tickets)
		}
		require.Empty(t, c.Tickets.Validate("server.tickets", func(source string) string { return c.Facts[source].Kind }))
	})}
}

// asks has alice ask for access for a ticket.
func (f *ticketFixture) asks(contract, ticket string) access.Request {
	f.Helper()
	f.asked++
	w := f.call(f.token("alice"), "POST", "/api/v1/requests", jsonType, fmt.Sprintf(`{"contract": %q, "reason": "the queue is stuck, for the time %d", "ticket": %q}`, contract, f.asked, ticket))
	require.Equal(f, http.StatusCreated, w.Code, "%s", w.Body)
	var r access.Request
	require.NoError(f, json.Unmarshal(w.Body.Bytes(), &r))
	return r
}

// sends sends a message as the systems do, signed with a secret.
func (f *ticketFixture) sends(via access.Via, secret, body string) int {
	f.Helper()
	header := map[access.Via]string{access.ViaGitHub: "X-Hub-Signature-256", access.ViaJira: "X-Hub-Signature"}[via]
	return f.callWith("", "POST", tickethook.Path(via), jsonType, body, header, signature(secret, body)).Code
}

func signature(secret, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// commented is what a system says of a new comment, and what a test may change of it.
type commented struct {
	ID            int
	Ticket        string
	User, Name    string
	Text          string
	At            time.Time
	Later         time.Duration // after At it was edited
	Event, Type   string        // of Jira
	Action        string        // of GitHub
	Kind          string
	Editor, Actor string
}

func (f *ticketFixture) comment(ticket, user, name, text string) commented {
	f.comments++
	return commented{ID: f.comments, Ticket: ticket, User: user, Name: name, Text: text, At: time.Now(), Event: "comment_created", Action: "created", Editor: user, Actor: user}
}

const jiraTime = "2006-01-02T15:04:05.000-0700"

// jira is the payload of Jira Cloud's webhook.
func (c commented) jira() string {
	kind := c.Kind
	if kind == "" {
		kind = "atlassian"
	}
	b, err := json.Marshal(map[string]any{"timestamp": c.At.UnixMilli(), "webhookEvent": c.Event, "issue_event_type_name": c.Type, "user": map[string]any{"accountId": c.Actor}, "comment": map[string]any{
		"self": "https://acme.atlassian.net/rest/api/2/issue/38747/comment/43735", "id": fmt.Sprint(c.ID), "body": c.Text, "created": c.At.Format(jiraTime), "updated": c.At.Add(c.Later).Format(jiraTime),
		"author":       map[string]any{"accountId": c.User, "displayName": c.Name, "accountType": kind, "active": true},
		"updateAuthor": map[string]any{"accountId": c.Editor, "displayName": c.Name, "accountType": kind, "active": true}},
		"issue": map[string]any{"id": "38747", "key": c.Ticket, "fields": map[string]any{"summary": "the queue is stuck"}}})
	if err != nil {
		panic(err)
	}
	return string(b)
}

// by has another user write it.
func (c *commented) by(user string) { c.User, c.Editor, c.Actor = user, user, user }

// of is the payload of a system's webhook.
func (c commented) of(via access.Via) string {
	if via == access.ViaGitHub {
		return c.gitHub()
	}
	return c.jira()
}

// gitHub is the payload of GitHub's event issue_comment.
func (c commented) gitHub() string {
	kind := c.Kind
	if kind == "" {
		kind = "User"
	}
	repository, number, _ := strings.Cut(c.Ticket, "#")
	b, err := json.Marshal(map[string]any{"action": c.Action, "issue": map[string]any{"number": json.Number(number), "state": "open"},
		"comment":    map[string]any{"id": c.ID, "user": map[string]any{"login": c.Name, "id": json.Number(c.User), "type": kind}, "created_at": c.At.UTC().Format(time.RFC3339), "updated_at": c.At.Add(c.Later).UTC().Format(time.RFC3339), "body": c.Text, "performed_via_github_app": nil},
		"repository": map[string]any{"full_name": repository, "private": true}, "sender": map[string]any{"login": c.Name, "id": json.Number(c.Actor), "type": kind}})
	if err != nil {
		panic(err)
	}
	return string(b)
}

// links has somebody link their user of a system, by a comment that everybody reads.
func (f *ticketFixture) links(via access.Via, who, named string, c commented) {
	f.Helper()
	code := f.codeFor(via, who, named)
	c.Text = "/ramp link " + code
	require.Equal(f, http.StatusNoContent, f.sends(via, ticketSecret, c.of(via)))
}

func (f *ticketFixture) codeFor(via access.Via, who, named string) string {
	f.Helper()
	w := f.call(f.token(who), "POST", "/you/external/code", "application/x-www-form-urlencoded", "service="+string(via)+"&user="+named)
	require.Equal(f, http.StatusOK, w.Code, "%s", w.Body)
	_, after, found := strings.Cut(w.Body.String(), "/ramp link ")
	require.True(f, found, "%s", w.Body)
	return after[:14]
}

// refusals counts the events of refusals with an issue's code; one that is repeated is
// counted in the event of the first.
func (f *ticketFixture) refusals(code string) (n int) {
	f.Helper()
	list, err := f.ledger.Events(f.Context(), ledger.EventFilter{})
	require.NoError(f, err)
	for _, e := range list {
		if (e.Kind == access.EventActRefused || e.Kind == access.EventDecisionRefused) && e.Detail["code"] == code {
			n++
		}
	}
	return n
}

const bobInJira, bobInGitHub = "5b10ac8d82e05b22cc7d4ef5", "583231"

func says(verdict string, r access.Request, digest string) string {
	return "/ramp " + verdict + " " + r.ID + " " + digest
}

// TestCase111DecisionsInTickets: a comment on the ticket decides for the person who has
// linked its author, on the plan that it names.
func TestCase111DecisionsInTickets(t *testing.T) {
	for via, c := range map[access.Via]struct{ contract, ticket, user, login string }{
		access.ViaJira: {"ssh-demo-jira", "OPS-42", bobInJira, bobInJira}, access.ViaGitHub: {"ssh-demo-github", "acme/ops#12", bobInGitHub, "Bob-B"},
	} {
		t.Run(string(via), func(t *testing.T) {
			f := newTicketFixture(t)
			r := f.asks(c.contract, c.ticket)
			send := func(text string) int {
				return f.sends(via, ticketSecret, f.comment(c.ticket, c.user, strings.ToLower(c.login), text).of(via))
			}
			early := f.comment(c.ticket, c.user, strings.ToLower(c.login), says("approve", r, r.Plan.Digest)).of(via)
			require.Equal(t, http.StatusForbidden, f.sends(via, ticketSecret, early), "nobody has linked it")
			require.Equal(t, 1, f.refusals("chat_not_linked"))
			f.links(via, "bob", c.login, f.comment(c.ticket, c.user, strings.ToLower(c.login), ""))
			before := f.temporal.messages.Load()
			require.Equal(t, http.StatusForbidden, f.sends(via, ticketSecret, early), "it was refused, and is written again")
			require.Equal(t, http.StatusForbidden, send(says("approve", r, "sha256:0000")), "another plan")
			require.Equal(t, http.StatusNoContent, send("I would "+says("approve", r, r.Plan.Digest)), "talk")
			require.Equal(t, http.StatusNoContent, send("> "+says("approve", r, r.Plan.Digest)), "a quotation")
			require.Equal(t, http.StatusBadRequest, send("/ramp approve "+r.ID), "no plan is named")
			require.Equal(t, before, f.temporal.messages.Load())
			require.Equal(t, http.StatusNoContent, send(says("approve", r, r.Plan.Digest)+"\nlooked at the queue"))
			require.Equal(t, before+1, f.temporal.messages.Load())

			again := f.asks(c.contract, c.ticket)
			before = f.temporal.messages.Load()
			require.Equal(t, http.StatusForbidden, send(says("approve", again, r.Plan.Digest)), "the plan of an earlier request")
			w := f.call(f.token("bob"), "POST", "/you/external/unlink", "application/x-www-form-urlencoded", "service="+string(via))
			require.Equal(t, http.StatusSeeOther, w.Code)
			require.Equal(t, http.StatusForbidden, send(says("approve", again, again.Plan.Digest)), "the link was taken back")
			require.Equal(t, before, f.temporal.messages.Load())
		})
	}
}

// TestCase111CommentsOutOfOrder: a denial that arrives before the approval which was written
// before it stands, and one comment that arrives eight times at an instant is taken once.
func TestCase111CommentsOutOfOrder(t *testing.T) {
	f := newTicketFixture(t)
	f.links(access.ViaJira, "bob", bobInJira, f.comment("OPS-42", bobInJira, "bob", ""))
	r := f.asks("ssh-demo-jira", "OPS-42")
	first := f.comment("OPS-42", bobInJira, "bob", says("approve", r, r.Plan.Digest))
	second := f.comment("OPS-42", bobInJira, "bob", says("deny", r, r.Plan.Digest)+" not tonight")
	require.Equal(t, http.StatusNoContent, f.sends(access.ViaJira, ticketSecret, second.jira()))
	before := f.temporal.messages.Load()
	require.Equal(t, http.StatusForbidden, f.sends(access.ViaJira, ticketSecret, first.jira()))
	require.Equal(t, before, f.temporal.messages.Load())

	many := f.asks("ssh-demo-jira", "OPS-42")
	said := f.comment("OPS-42", bobInJira, "bob", says("approve", many, many.Plan.Digest)).jira()
	before = f.temporal.messages.Load()
	var sending sync.WaitGroup
	codes := make([]int, 8)
	for i := range codes {
		sending.Go(func() { codes[i] = f.sends(access.ViaJira, ticketSecret, said) })
	}
	sending.Wait()
	taken := 0
	for _, code := range codes {
		require.Contains(t, []int{http.StatusNoContent, http.StatusForbidden, http.StatusServiceUnavailable}, code)
		if code == http.StatusNoContent {
			taken++
		}
	}
	require.Equal(t, 1, taken, "%v", codes)
	require.Equal(t, before+1, f.temporal.messages.Load())
}
