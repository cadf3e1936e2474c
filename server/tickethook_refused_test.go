package server

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/server/tickethook"
)

// TestCase111CommentsThatDecideNothing: each of these decides nothing, and what is refused
// is recorded.
func TestCase111CommentsThatDecideNothing(t *testing.T) {
	f := newTicketFixture(t)
	r, guarded := f.asks("ssh-demo-jira", "OPS-42"), f.asks("ssh-demo-recent", "OPS-42")
	f.links(access.ViaJira, "bob", bobInJira, f.comment("OPS-42", bobInJira, "bob", ""))
	f.links(access.ViaJira, "alice", "acc-alice", f.comment("OPS-42", "acc-alice", "alice", ""))
	before := f.temporal.messages.Load()
	for name, c := range map[string]struct {
		change func(*commented)
		status int
		code   string // "": nothing is refused, since nothing was asked
	}{
		"an hour old":             {func(c *commented) { c.At = c.At.Add(-time.Hour) }, http.StatusGone, "hook_time"},
		"of tomorrow":             {func(c *commented) { c.At = c.At.Add(24 * time.Hour) }, http.StatusGone, "hook_time"},
		"edited":                  {func(c *commented) { c.Event = "comment_updated" }, http.StatusNoContent, ""},
		"edited, as issues have":  {func(c *commented) { c.Event, c.Type = "jira:issue_updated", "issue_comment_edited" }, http.StatusNoContent, ""},
		"edited by another":       {func(c *commented) { c.Editor = "acc-mallory" }, http.StatusForbidden, "not_human"},
		"edited before it came":   {func(c *commented) { c.Later = time.Second }, http.StatusForbidden, "not_human"},
		"sent by another":         {func(c *commented) { c.Actor = "acc-mallory" }, http.StatusForbidden, "not_human"},
		"by a program":            {func(c *commented) { c.Kind = "app" }, http.StatusForbidden, "not_human"},
		"by a customer":           {func(c *commented) { c.Kind = "customer" }, http.StatusForbidden, "not_human"},
		"on another ticket":       {func(c *commented) { c.Ticket = "OPS-43" }, http.StatusForbidden, "unknown_request"},
		"by the requester":        {func(c *commented) { c.by("acc-alice") }, http.StatusForbidden, "own_request"},
		"by who has bob's name":   {func(c *commented) { c.by("acc-mallory") }, http.StatusForbidden, "chat_not_linked"},
		"where a login is needed": {func(c *commented) { c.Text = says("approve", guarded, guarded.Plan.Digest) }, http.StatusUnauthorized, access.IssueStepUpNeeded},
		"of no request that is":   {func(c *commented) { c.Text = "/ramp approve 0123456789abcdef sha256:00" }, http.StatusForbidden, "unknown_request"},
		"of something else":       {func(c *commented) { c.Text = "/ramp revoke " + r.ID + " " + r.Plan.Digest }, http.StatusBadRequest, ""},
		"without a user":          {func(c *commented) { c.by("") }, http.StatusBadRequest, ""},
		"on no ticket":            {func(c *commented) { c.Ticket = "" }, http.StatusNoContent, ""},
	} {
		said := f.comment("OPS-42", bobInJira, "bob", says("approve", r, r.Plan.Digest))
		c.change(&said)
		require.Equal(t, c.status, f.sends(access.ViaJira, ticketSecret, said.jira()), name)
		if c.code != "" {
			require.NotZero(t, f.refusals(c.code), name)
		}
	}
	require.Equal(t, before, f.temporal.messages.Load())
}

// TestCase111GitHubsCommentsThatDecideNothing: likewise of GitHub, which says of each event
// whose act it is.
func TestCase111GitHubsCommentsThatDecideNothing(t *testing.T) {
	f := newTicketFixture(t)
	r := f.asks("ssh-demo-github", "acme/ops#12")
	f.links(access.ViaGitHub, "bob", "bob-b", f.comment("acme/ops#12", bobInGitHub, "bob-b", ""))
	before := f.temporal.messages.Load()
	for name, c := range map[string]struct {
		change func(*commented)
		status int
		code   string
	}{
		"edited":                {func(c *commented) { c.Action = "edited" }, http.StatusNoContent, ""},
		"edited before it came": {func(c *commented) { c.Later = time.Minute }, http.StatusForbidden, "not_human"},
		"deleted":               {func(c *commented) { c.Action = "deleted" }, http.StatusNoContent, ""},
		"sent by another":       {func(c *commented) { c.Actor = "666" }, http.StatusForbidden, "not_human"},
		"by a program":          {func(c *commented) { c.Kind = "Bot" }, http.StatusForbidden, "not_human"},
		"an hour old":           {func(c *commented) { c.At = c.At.Add(-time.Hour) }, http.StatusGone, "hook_time"},
		"of another repository": {func(c *commented) { c.Ticket = "mallory/ops#12" }, http.StatusForbidden, "unknown_request"},
		"on another issue":      {func(c *commented) { c.Ticket = "acme/ops#13" }, http.StatusForbidden, "unknown_request"},
		"with bob's login":      {func(c *commented) { c.by("666") }, http.StatusForbidden, "chat_not_linked"},
		"without a user":        {func(c *commented) { c.by("0") }, http.StatusBadRequest, ""},
		"on no issue":           {func(c *commented) { c.Ticket = "acme/ops#0" }, http.StatusBadRequest, ""},
	} {
		said := f.comment("acme/ops#12", bobInGitHub, "bob-b", says("approve", r, r.Plan.Digest))
		c.change(&said)
		require.Equal(t, c.status, f.sends(access.ViaGitHub, ticketSecret, said.gitHub()), name)
		if c.code != "" {
			require.NotZero(t, f.refusals(c.code), name)
		}
	}
	require.Equal(t, before, f.temporal.messages.Load())
}

// TestCase111ForgedAndReplayed: a message counts as the system signed it, and its comment
// once, whatever is around it.
func TestCase111ForgedAndReplayed(t *testing.T) {
	f := newTicketFixture(t)
	r := f.asks("ssh-demo-jira", "OPS-42")
	f.links(access.ViaJira, "bob", bobInJira, f.comment("OPS-42", bobInJira, "bob", ""))
	before := f.temporal.messages.Load()
	comment := f.comment("OPS-42", bobInJira, "bob", says("approve", r, r.Plan.Digest))
	said := comment.jira()
	for name, status := range map[string]int{
		"another secret":       f.sends(access.ViaJira, "another secret of no webhook", said),
		"no signature":         f.call("", "POST", tickethook.Path(access.ViaJira), jsonType, said).Code,
		"signed, then changed": f.callWith("", "POST", tickethook.Path(access.ViaJira), jsonType, said+" ", "X-Hub-Signature", signature(ticketSecret, said)).Code,
		"a person's own":       f.call(f.token("bob"), "POST", tickethook.Path(access.ViaJira), jsonType, said).Code,
		"GitHub's header":      f.callWith("", "POST", tickethook.Path(access.ViaJira), jsonType, said, "X-Hub-Signature-256", signature(ticketSecret, said)).Code,
	} {
		require.Equal(t, http.StatusUnauthorized, status, name)
	}
	require.NotZero(t, f.refusals("hook_signature"))
	require.Equal(t, http.StatusBadRequest, f.sends(access.ViaJira, ticketSecret, strings.Replace(said, `"id":"`, `"id":"0","id":"`, 1)), "two ids")
	require.Equal(t, before, f.temporal.messages.Load())
	require.Equal(t, http.StatusNoContent, f.sends(access.ViaJira, ticketSecret, said))
	require.Equal(t, http.StatusForbidden, f.sends(access.ViaJira, ticketSecret, said), "a replay")
	require.Equal(t, http.StatusForbidden, f.sends(access.ViaJira, ticketSecret, said+"\n"), "the same comment in another message")
	comment.Event, comment.Type = "jira:issue_updated", "issue_commented"
	require.Equal(t, http.StatusForbidden, f.sends(access.ViaJira, ticketSecret, comment.jira()), "the same comment as another event")
	require.Equal(t, before+1, f.temporal.messages.Load())
	require.NotZero(t, f.refusals("hook_replay"))
}

// TestCase124CodeThatOthersRead: a code in a comment links the one user whom its person
// named, whoever else is first to repeat it, by a name that is not another's id, and in no
// other program.
func TestCase124CodeThatOthersRead(t *testing.T) {
	f := newTicketFixture(t)
	code := f.codeFor(access.ViaGitHub, "bob", "Bob-B")
	link := func(user, login string) int {
		return f.sends(access.ViaGitHub, ticketSecret, f.comment("acme/ops#12", user, login, "/ramp link "+code).gitHub())
	}
	require.Equal(t, http.StatusForbidden, link("666", "mallory"))
	jira := f.comment("OPS-42", "Bob-B", "Bob-B", "/ramp link "+code)
	require.Equal(t, http.StatusForbidden, f.sends(access.ViaJira, ticketSecret, jira.jira()), "a user of another system who has that name")
	require.Equal(t, http.StatusNoContent, link(bobInGitHub, "bob-b"))
	require.Equal(t, http.StatusForbidden, link(bobInGitHub, "bob-b"), "it was used")
	for _, bad := range []string{"", "%20", "bob%0Ab", strings.Repeat("x", 101)} {
		w := f.call(f.token("bob"), "POST", "/you/external/code", "application/x-www-form-urlencoded", "service=github&user="+bad)
		require.Equal(t, http.StatusBadRequest, w.Code, bad)
	}
	// The long s folds to s, by Unicode and in no user's eyes.
	code = f.codeFor(access.ViaGitHub, "carol", "Sam.K")
	require.Equal(t, http.StatusForbidden, link("999", "\u017fam.k"))
	// Who is named by a login that is somebody else's number is not that somebody.
	code = f.codeFor(access.ViaGitHub, "carol", "777")
	require.Equal(t, http.StatusForbidden, link("777", "mallory"))
	require.Equal(t, http.StatusNoContent, link("888", "777"))
}

// TestCase111ApprovalsAreSaid: comments of a system approve only where its configuration
// says so, and deny everywhere.
func TestCase111ApprovalsAreSaid(t *testing.T) {
	f := newTicketFixture(t, func(c *tickethook.Config) { c.Jira.Approvals = false })
	f.links(access.ViaJira, "bob", bobInJira, f.comment("OPS-42", bobInJira, "bob", ""))
	r := f.asks("ssh-demo-jira", "OPS-42")
	say := func(verdict string) int {
		return f.sends(access.ViaJira, ticketSecret, f.comment("OPS-42", bobInJira, "bob", says(verdict, r, r.Plan.Digest)).jira())
	}
	before := f.temporal.messages.Load()
	require.Equal(t, http.StatusForbidden, say("approve"))
	require.NotZero(t, f.refusals("tickets_deny_only"))
	require.Equal(t, before, f.temporal.messages.Load())
	require.Equal(t, http.StatusNoContent, say("deny"))
}
