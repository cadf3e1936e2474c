// Package slack is the chat.Bot of a Slack app, and reads what Slack delivers. Shapes
// are those of Slack's documentation, https://docs.slack.dev/reference/methods and
// https://docs.slack.dev/interactivity.
package slack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/chat"
)

// Bot implements chat.Bot. Make one with New.
type Bot struct {
	config Config
	client *http.Client
}

// callWithin bounds one call. It is well below how long the ledger gives a message to
// one process, so that a call that hangs never overtakes a later one.
const callWithin = 10 * time.Second

// New returns a Bot; it calls nobody yet.
func New(c Config) *Bot {
	return &Bot{config: c, client: &http.Client{Timeout: callWithin, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// api returns a client with the token as it is now, so that it may be rotated.
func (b *Bot) api(ctx context.Context) (*slack.Client, error) {
	token, err := b.config.Token.Read(ctx)
	if err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "the token of Slack: %w", err)
	}
	return slack.New(strings.TrimSpace(token), slack.OptionAPIURL(b.config.api()), slack.OptionHTTPClient(b.client)), nil
}

// metadataType names the metadata by which a message of Ramp's is found again.
const metadataType = "ramp_message"

// whole are the options that every message is sent with.
func whole(m chat.Message) []slack.MsgOption {
	return []slack.MsgOption{
		slack.MsgOptionText(fallback(m), false), slack.MsgOptionBlocks(blocks(m)...), slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl(),
		slack.MsgOptionMetadata(slack.SlackMetadata{EventType: metadataType, EventPayload: map[string]any{"id": m.ID}}),
	}
}

// Post implements chat.Bot.
func (b *Bot) Post(ctx context.Context, conversation string, m chat.Message) (chat.Ref, error) {
	api, err := b.api(ctx)
	if err != nil {
		return chat.Ref{}, err
	}
	channel, ts, err := api.PostMessageContext(ctx, conversation, whole(m)...)
	return chat.Ref{Conversation: channel, ID: ts}, failure("chat.postMessage", err)
}

// Reply implements chat.Bot.
func (b *Bot) Reply(ctx context.Context, to chat.Ref, m chat.Message) (chat.Ref, error) {
	api, err := b.api(ctx)
	if err != nil {
		return chat.Ref{}, err
	}
	channel, ts, err := api.PostMessageContext(ctx, to.Conversation, append(whole(m), slack.MsgOptionTS(to.ID))...)
	return chat.Ref{Conversation: channel, ID: ts}, failure("chat.postMessage", err)
}

// Update implements chat.Bot.
func (b *Bot) Update(ctx context.Context, at chat.Ref, m chat.Message) error {
	api, err := b.api(ctx)
	if err != nil {
		return err
	}
	_, _, _, err = api.UpdateMessageContext(ctx, at.Conversation, at.ID, whole(m)...)
	return failure("chat.update", err)
}

// PostEphemeral implements chat.Bot.
func (b *Bot) PostEphemeral(ctx context.Context, conversation, user string, m chat.Message) error {
	api, err := b.api(ctx)
	if err != nil {
		return err
	}
	if conversation == "" {
		_, _, err = api.PostMessageContext(ctx, user, whole(m)...)
		return failure("chat.postMessage", err)
	}
	_, err = api.PostEphemeralContext(ctx, conversation, user, slack.MsgOptionText(fallback(m), false), slack.MsgOptionBlocks(blocks(m)...))
	return failure("chat.postEphemeral", err)
}

const (
	pageSize = 100
	maxPages = 5 // of a channel's messages since a post was tried
)

// Find implements chat.Bot. Slack ignores no message that is posted twice, so Ramp
// looks for its own by their metadata, a minute back for clocks that differ.
func (b *Bot) Find(ctx context.Context, conversation string, thread chat.Ref, id string, since time.Time) (chat.Ref, bool, error) {
	api, err := b.api(ctx)
	if err != nil {
		return chat.Ref{}, false, err
	}
	if IsUser(conversation) { // a user: their direct messages have a channel of their own
		channel, _, _, err := api.OpenConversationContext(ctx, &slack.OpenConversationParameters{Users: []string{conversation}, ReturnIM: true})
		if err != nil {
			return chat.Ref{}, false, failure("conversations.open", err)
		}
		conversation = channel.ID
	}
	oldest := strconv.FormatInt(since.Add(-time.Minute).Unix(), 10) + ".000000"
	cursor := ""
	for range maxPages {
		var list []slack.Message
		if thread.IsZero() {
			page, err := api.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{ChannelID: conversation, Oldest: oldest, Limit: pageSize, Cursor: cursor, IncludeAllMetadata: true})
			if err != nil {
				return chat.Ref{}, false, failure("conversations.history", err)
			}
			list, cursor = page.Messages, page.ResponseMetaData.NextCursor
		} else if list, _, cursor, err = api.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{ChannelID: thread.Conversation, Timestamp: thread.ID, Oldest: oldest,
			Limit: pageSize, Cursor: cursor, IncludeAllMetadata: true}); err != nil {
			return chat.Ref{}, false, failure("conversations.replies", err)
		}
		if i := slices.IndexFunc(list, func(m slack.Message) bool {
			return m.Metadata.EventType == metadataType && m.Metadata.EventPayload["id"] == id && m.BotID != ""
		}); i >= 0 {
			return chat.Ref{Conversation: conversation, ID: list[i].Timestamp}, true, nil
		}
		if cursor == "" {
			return chat.Ref{}, false, nil
		}
	}
	return chat.Ref{}, false, access.Errorf(access.CodeUnavailable, "conversations.history: too many messages since %s to look for one of Ramp's", access.FormatTime(since))
}

// OpenForm implements chat.Bot.
func (b *Bot) OpenForm(ctx context.Context, trigger string, f chat.Form) error {
	api, err := b.api(ctx)
	if err != nil {
		return err
	}
	_, err = api.OpenViewContext(ctx, trigger, view(f))
	return failure("views.open", err)
}

// UpdateForm implements chat.Bot.
func (b *Bot) UpdateForm(ctx context.Context, form string, f chat.Form) error {
	api, err := b.api(ctx)
	if err != nil {
		return err
	}
	_, err = api.UpdateViewContext(ctx, view(f), "", "", form)
	return failure("views.update", err)
}

// Member implements chat.Bot.
func (b *Bot) Member(ctx context.Context, user string) (chat.Member, error) {
	api, err := b.api(ctx)
	if err != nil {
		return chat.Member{}, err
	}
	u, err := api.GetUserInfoContext(ctx, user)
	if err != nil {
		return chat.Member{}, failure("users.info", err)
	}
	name := u.Profile.DisplayName
	if name == "" {
		name = u.Name
	}
	return chat.Member{User: u.ID, Workspace: u.TeamID, Name: name, Deactivated: u.Deleted, Guest: u.IsRestricted || u.IsUltraRestricted || u.IsStranger || u.IsInvitedUser,
		Program: u.IsBot || u.IsWorkflowBot || u.IsConnectorBot}, nil
}

// Outsiders implements chat.Bot.
func (b *Bot) Outsiders(ctx context.Context, conversation string) (bool, error) {
	api, err := b.api(ctx)
	if err != nil {
		return true, err
	}
	c, err := api.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: conversation})
	if err != nil {
		return true, failure("conversations.info", err)
	}
	return c.IsExtShared || c.IsPendingExtShared || c.IsOrgShared || c.IsGlobalShared, nil
}

// Ping implements chat.Bot: it asks whose token it is, whether the scopes of the
// manifest are there, and whether each channel is one where the bot may write and no
// outsider reads.
func (b *Bot) Ping(ctx context.Context) error {
	api, err := b.api(ctx)
	if err != nil {
		return err
	}
	who, err := api.AuthTestContext(ctx)
	if err != nil {
		return failure("auth.test", err)
	}
	if who.TeamID != b.config.Workspace {
		return access.Errorf(access.CodeInvalid, "the token is of the workspace %s, and %s is configured", who.TeamID, b.config.Workspace)
	}
	if date, err := http.ParseTime(who.Header.Get("Date")); err == nil {
		if apart := time.Since(date).Abs(); apart > clockTolerance {
			return access.Errorf(access.CodeInvalid, "this machine's clock and Slack's are %s apart: synchronize it by NTP, or Slack's requests are refused", apart.Round(time.Second))
		}
	}
	if b.Listens() {
		if err := b.pingSocket(ctx); err != nil {
			return err
		}
	}
	if missing := missingScopes(who.Header.Get("X-OAuth-Scopes")); len(missing) > 0 {
		return access.Errorf(access.CodeInvalid, "the token lacks the scopes %s; install the app again from docs/integrations/slack.md's manifest", strings.Join(missing, ", "))
	}
	for _, id := range b.config.ChannelIDs() {
		c, err := api.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: id})
		switch {
		case err != nil:
			return failure("channel "+id, err)
		case !c.IsMember:
			return access.Errorf(access.CodeInvalid, "the app is not in channel %s: invite it there", id)
		case c.IsExtShared || c.IsPendingExtShared || c.IsOrgShared || c.IsGlobalShared:
			return access.Errorf(access.CodeInvalid, "channel %s is shared with other workspaces: nothing is written there, and no decision counts from there", id)
		}
	}
	return nil
}

// clockTolerance is generous: a Date header has seconds, and Slack allows five minutes.
const clockTolerance = 30 * time.Second

// Scopes returns what the app may do, which is all that Ramp needs; the manifest in
// docs/integrations/slack.md has the same.
func Scopes() []string {
	return []string{"channels:history", "channels:read", "chat:write", "commands", "groups:history", "groups:read", "im:history", "im:write", "users:read"}
}

func missingScopes(header string) (missing []string) {
	if header == "" {
		return nil // not said
	}
	var has []string
	for s := range strings.SplitSeq(header, ",") {
		has = append(has, strings.TrimSpace(s))
	}
	for _, s := range Scopes() {
		if !slices.Contains(has, s) {
			missing = append(missing, s)
		}
	}
	return missing
}

// failure returns an error of Slack's as chat.Bot says. Its words are Slack's codes:
// none has a token in it.
func failure(method string, err error) error {
	if err == nil {
		return nil
	}
	var limited *slack.RateLimitedError
	if errors.As(err, &limited) {
		return access.RetryAfter(access.Errorf(access.CodeThrottled, "%s: Slack wants fewer calls", method), max(limited.RetryAfter, time.Second))
	}
	var said slack.SlackErrorResponse
	if errors.As(err, &said) {
		return access.Errorf(codeOf(said.Err), "%s: Slack says %s%s", method, access.Clip(said.Err, 60), hint(said.Err))
	}
	return access.Errorf(access.CodeUnavailable, "%s: %w", method, err)
}

func codeOf(said string) access.Code {
	switch said {
	case "message_not_found", "channel_not_found", "user_not_found", "thread_not_found", "not_found", "view_not_found":
		return access.CodeNotFound
	case "not_in_channel", "is_archived", "restricted_action", "user_not_in_channel", "cant_update_message", "edit_window_closed", "user_not_visible", "expired_trigger_id":
		return access.CodeForbidden
	case "invalid_blocks", "msg_too_long", "no_text", "invalid_arguments", "invalid_blocks_format", "msg_blocks_too_long":
		return access.CodeInvalid
	}
	return access.CodeUnavailable
}

func hint(said string) string {
	switch said {
	case "token_revoked", "invalid_auth", "account_inactive", "token_expired", "not_authed":
		return ": the token does not count any more; install the app again and put its token in place"
	case "missing_scope":
		return fmt.Sprintf(": the app needs the scopes %s", strings.Join(Scopes(), ", "))
	case "not_in_channel":
		return ": invite the app to the channel"
	}
	return ""
}
