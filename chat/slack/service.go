package slack

import (
	"context"
	"net/http"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/chat"
)

var _ chat.Service = (*Bot)(nil)

// Name implements chat.Service.
func (b *Bot) Name() string { return string(access.ViaSlack) }

// Receive implements chat.Service.
func (b *Bot) Receive(ctx context.Context, h http.Header, body []byte, now time.Time) (chat.Interaction, error) {
	if err := b.config.Verify(ctx, h, body, now); err != nil {
		return chat.Interaction{}, err
	}
	return Read(h.Get("Content-Type"), body)
}

// Belongs implements chat.Service: it refuses other apps, and users of other workspaces,
// who see a channel that is shared with theirs.
func (b *Bot) Belongs(i chat.Interaction) error {
	switch {
	case i.App != b.config.App:
		return access.Refuse(access.CodeForbidden, "chat_app", "the interaction is of another app")
	case i.Workspace != b.config.Workspace || i.HomeWorkspace != "" && i.HomeWorkspace != b.config.Workspace:
		return access.Refuse(access.CodeForbidden, "chat_workspace", "only users of the workspace that is configured act here")
	}
	return nil
}

// IsDirect implements chat.Service (https://docs.slack.dev/reference/objects/conversation-object).
func (b *Bot) IsDirect(conversation string) bool { return strings.HasPrefix(conversation, "D") }

// IsUser implements chat.Service.
func (b *Bot) IsUser(conversation string) bool { return IsUser(conversation) }
