// Package chattest is what every chat.Bot must pass, against its service or a server
// that speaks the service's published API.
package chattest

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/chat"
)

// Fault is something that a service may do to one call.
type Fault string

const (
	Throttled Fault = "throttled"  // too many calls; wait two seconds
	Broken    Fault = "broken"     // an error of the service's own
	LostReply Fault = "lost reply" // done, and not said
	Revoked   Fault = "revoked"    // the credential counts no more, from now on
)

// Harness is a service as the suite sees it.
type Harness struct {
	Bot          chat.Bot
	Conversation string // where the bot may write
	Foreign      string // where it may not
	Shared       string // read by other workspaces
	User         string // a user of the workspace
	// Shown returns what is visible in a conversation now: one text for each message, threads
	// and what one user alone sees among them.
	Shown func(conversation string) []string
	// Trigger returns a new trigger of the user's.
	Trigger func() string
	// Form returns the form that is open for the user: its id, and all that it shows.
	Form func() (id, shown string)
	// Fail makes the next call meet a fault.
	Fail func(f Fault)
}

// Run holds a bot to what chat.Bot says.
func Run(t *testing.T, start func(t *testing.T) Harness) {
	for name, test := range map[string]func(*testing.T, Harness){
		"posts, updates in place and replies": inPlace, "a lost reply is found": found, "faults have codes": faults,
		"one user is told alone": told, "asks with a form": asks, "nothing of a text means anything": harmless, "conversations": conversations, "members": members,
	} {
		t.Run(name, func(t *testing.T) { test(t, start(t)) })
	}
}

func message(id, title string) chat.Message {
	return chat.Message{ID: id, Title: title, Text: chat.Say("text of " + title), Rows: []chat.Row{{Name: "Requester", Text: "alice"}, {Name: "Duration", Text: "30m"}},
		Small: "small print", Buttons: []chat.Button{{Name: "approve", Label: "Approve", Value: "v1", Style: chat.Go}, {Name: "open", Label: "Open", URL: "https://ramp.example.com/"}}}
}

func inPlace(t *testing.T, h Harness) {
	at, err := h.Bot.Post(t.Context(), h.Conversation, message("m1", "first"))
	require.NoError(t, err)
	require.NoError(t, h.Bot.Update(t.Context(), at, message("m1", "second")))
	shown := h.Shown(h.Conversation)
	require.Len(t, shown, 1, "an update is no second message")
	for _, part := range []string{"second", "alice", "30m", "small print", "Approve", "v1", "https://ramp.example.com/"} {
		require.Contains(t, shown[0], part)
	}
	require.NotContains(t, shown[0], "first")
	reply, err := h.Bot.Reply(t.Context(), at, chat.Message{ID: "m2", Text: chat.Say("it went on")})
	require.NoError(t, err)
	require.NotEqual(t, at, reply)
	require.Len(t, h.Shown(h.Conversation), 2)
	err = h.Bot.Update(t.Context(), chat.Ref{Conversation: at.Conversation, ID: "1.000000"}, message("m1", "third"))
	require.Equal(t, access.CodeNotFound, access.CodeOf(err), "%v", err)
}

func found(t *testing.T, h Harness) {
	before := time.Now()
	_, there, err := h.Bot.Find(t.Context(), h.Conversation, chat.Ref{}, "m1", before)
	require.NoError(t, err)
	require.False(t, there)
	h.Fail(LostReply)
	_, err = h.Bot.Post(t.Context(), h.Conversation, message("m1", "first"))
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
	at, there, err := h.Bot.Find(t.Context(), h.Conversation, chat.Ref{}, "m1", before)
	require.NoError(t, err)
	require.True(t, there, "what was posted is found, although nobody said so")
	require.NoError(t, h.Bot.Update(t.Context(), at, message("m1", "second")))
	require.Len(t, h.Shown(h.Conversation), 1)
	_, there, err = h.Bot.Find(t.Context(), h.Conversation, chat.Ref{}, "m2", before)
	require.NoError(t, err)
	require.False(t, there)

	h.Fail(LostReply)
	_, err = h.Bot.Reply(t.Context(), at, chat.Message{ID: "m2", Text: chat.Say("it went on")})
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
	_, there, err = h.Bot.Find(t.Context(), at.Conversation, at, "m2", before)
	require.NoError(t, err)
	require.True(t, there)

	// As a direct message, whose conversation has another name than the user.
	h.Fail(LostReply)
	_, err = h.Bot.Post(t.Context(), h.User, message("m3", "for you"))
	require.Error(t, err)
	at, there, err = h.Bot.Find(t.Context(), h.User, chat.Ref{}, "m3", before)
	require.NoError(t, err)
	require.True(t, there)
	require.NoError(t, h.Bot.Update(t.Context(), at, message("m3", "for you, again")))
}

func faults(t *testing.T, h Harness) {
	h.Fail(Throttled)
	_, err := h.Bot.Post(t.Context(), h.Conversation, message("m1", "first"))
	require.Equal(t, access.CodeThrottled, access.CodeOf(err), "%v", err)
	require.Equal(t, 2*time.Second, access.RetryAfterOf(err))
	h.Fail(Broken)
	_, err = h.Bot.Post(t.Context(), h.Conversation, message("m1", "first"))
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
	require.Empty(t, h.Shown(h.Conversation))
	_, err = h.Bot.Post(t.Context(), h.Conversation, message("m1", "first"))
	require.NoError(t, err)
	require.NoError(t, h.Bot.Ping(t.Context()))
	h.Fail(Revoked)
	_, err = h.Bot.Post(t.Context(), h.Conversation, message("m2", "second"))
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
	require.Error(t, h.Bot.Ping(t.Context()))
}

func told(t *testing.T, h Harness) {
	require.NoError(t, h.Bot.PostEphemeral(t.Context(), h.Conversation, h.User, chat.Message{ID: "t1", Text: chat.Say("only you")}))
	require.Len(t, h.Shown(h.Conversation), 1)
	require.NoError(t, h.Bot.PostEphemeral(t.Context(), "", h.User, chat.Message{ID: "t2", Text: chat.Say("wherever you are")}))
	require.Len(t, h.Shown(h.Conversation), 1)
}

func asks(t *testing.T, h Harness) {
	f := chat.Form{Name: "request", Value: "v1", Title: "Ask for access", Send: "Ask", Fields: []chat.Field{
		{Name: "contract", Label: "What", Options: []chat.Option{{Value: "ssh-demo", Label: "ssh-demo"}}, Reports: true},
		{Name: "reason", Label: "Why", Long: true, MaxLength: 4000}}}
	require.NoError(t, h.Bot.OpenForm(t.Context(), h.Trigger(), f))
	id, shown := h.Form()
	for _, part := range []string{"Ask for access", "ssh-demo", "reason", "v1"} {
		require.Contains(t, shown, part)
	}
	f.Fields = append(f.Fields, chat.Field{Name: "duration", Label: "For how long", Text: "30m"})
	require.NoError(t, h.Bot.UpdateForm(t.Context(), id, f))
	_, shown = h.Form()
	require.Contains(t, shown, "duration")
	require.Error(t, h.Bot.OpenForm(t.Context(), "used up", f))
}

// harmless: people write mentions, markup, line breaks and characters that do not show.
func harmless(t *testing.T, h Harness) {
	evil := "<!channel> <!date^1^{date}|never> {date} :tada: @here <@U0VICTIM> <https://evil.example|ramp> *bold*\nApproved by: bob\u202e\u200b" + strings.Repeat("x", 9000)
	m := chat.Message{ID: "m1", Title: evil, Text: chat.Say(evil), Small: evil}
	for range 20 {
		m.Rows = append(m.Rows, chat.Row{Name: evil, Text: evil})
	}
	_, err := h.Bot.Post(t.Context(), h.Conversation, m)
	require.NoError(t, err, "too much text is cut off, and not refused")
	shown := h.Shown(h.Conversation)[0]
	for _, bad := range []string{"\u202e", "\u200b", `"mrkdwn"`} {
		require.NotContains(t, shown, bad)
	}
	first, _, _ := strings.Cut(shown, "\n")
	require.NotContains(t, first, "<", "what notifications show is escaped")
	// The same beside a time.
	m.Rows, m.Text = nil, chat.Say(evil).Time(time.Unix(1795707494, 0)).And(evil)
	_, err = h.Bot.Post(t.Context(), h.Conversation, m)
	require.NoError(t, err, "too much text is cut off, and not refused")
	m.Text = chat.Say("<!date^1^{date}|never>\u202e*bold* until ").Time(time.Unix(1795707494, 0)).And(".\n_also_ <!here>")
	_, err = h.Bot.Post(t.Context(), h.Conversation, m)
	require.NoError(t, err)
	for _, shown := range h.Shown(h.Conversation)[1:] {
		require.NotContains(t, shown, `"mrkdwn"`)
		require.NotContains(t, shown, "\u202e")
	}
}

func conversations(t *testing.T, h Harness) {
	_, err := h.Bot.Post(t.Context(), h.Foreign, message("m1", "first"))
	require.Contains(t, []access.Code{access.CodeForbidden, access.CodeNotFound}, access.CodeOf(err), "%v", err)
	out, err := h.Bot.Outsiders(t.Context(), h.Shared)
	require.NoError(t, err)
	require.True(t, out)
	out, err = h.Bot.Outsiders(t.Context(), h.Conversation)
	require.NoError(t, err)
	require.False(t, out)
	out, err = h.Bot.Outsiders(t.Context(), "C0NOWHERE")
	require.Error(t, err)
	require.True(t, out, "what cannot be known is taken for the worst")
}

func members(t *testing.T, h Harness) {
	m, err := h.Bot.Member(t.Context(), h.User)
	require.NoError(t, err)
	require.Equal(t, h.User, m.User)
	require.False(t, m.Guest || m.Deactivated || m.Program)
	_, err = h.Bot.Member(t.Context(), "U0NOBODY")
	require.Equal(t, access.CodeNotFound, access.CodeOf(err), "%v", err)
}
