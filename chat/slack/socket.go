package slack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/chat"
	"ramp.dev/ramp/internal/strictjson"
)

// Socket Mode: Slack says what people do over a WebSocket that the app opens, with a token
// of the app's own, so that Slack need not reach Ramp
// (https://docs.slack.dev/apis/events-api/using-socket-mode). Whoever opens such a
// connection with the token is the app: the connection, and not each message, is
// authenticated. Slack gives each envelope to one of the app's connections, and waits
// three seconds until it is acknowledged there.

const (
	maxEnvelope = 1 << 20 // as of a request over HTTP
	takenAtOnce = 50
	takeWithin  = 10 * time.Second
	pingWithin  = 30 * time.Second // Slack pings more often; one that does not is gone
)

// Listens implements chat.Service: it reports whether Socket Mode is configured.
func (b *Bot) Listens() bool { return !b.config.AppToken.IsZero() }

// socketAPI returns a client with the app's own token, as it is now.
func (b *Bot) socketAPI(ctx context.Context) (*slack.Client, error) {
	token, err := b.config.AppToken.Read(ctx)
	if err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "the app-level token of Slack cannot be read")
	}
	return slack.New("", slack.OptionAppLevelToken(strings.TrimSpace(token)), slack.OptionAPIURL(b.config.api()), slack.OptionHTTPClient(b.client)), nil
}

// pingSocket asks whether a connection could be opened, and opens none.
func (b *Bot) pingSocket(ctx context.Context) error {
	api, err := b.socketAPI(ctx)
	if err != nil {
		return err
	}
	if _, _, err = api.StartSocketModeContext(ctx); err != nil {
		return access.Errorf(access.CodeOf(failure("", err)), "Socket Mode needs an app-level token with the scope connections:write, and to be enabled for the app: %w", failure("apps.connections.open", err))
	}
	return nil
}

// Listen implements chat.Service. It opens a new connection whenever Slack ends one, as it
// does every few hours.
func (b *Bot) Listen(ctx context.Context, take func(context.Context, chat.Interaction) error, connected func(bool)) error {
	api, err := b.socketAPI(ctx)
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(ctx)
	socket := socketmode.New(api, socketmode.OptionReadLimit(maxEnvelope), socketmode.OptionPingInterval(pingWithin))
	var taking sync.WaitGroup
	taking.Go(func() { b.takeEnvelopes(running, socket, take, connected) })
	err = socket.RunContext(running)
	stop()
	taking.Wait()
	connected(false)
	if ctx.Err() != nil {
		return nil
	}
	return failure("apps.connections.open", err)
}

// takeEnvelopes takes what Slack sends until ctx ends.
func (b *Bot) takeEnvelopes(ctx context.Context, socket *socketmode.Client, take func(context.Context, chat.Interaction) error, connected func(bool)) {
	slots := make(chan struct{}, takenAtOnce)
	var taking sync.WaitGroup
	defer taking.Wait()
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-socket.Events:
			switch e.Type {
			case socketmode.EventTypeHello:
				connected(true)
			case socketmode.EventTypeConnecting, socketmode.EventTypeConnectionError, socketmode.EventTypeInvalidAuth:
				connected(false)
			}
			if e.Request == nil || e.Request.EnvelopeID == "" {
				continue
			}
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				return
			}
			taking.Go(func() {
				defer func() { <-slots }()
				takeEnvelope(ctx, socket, *e.Request, take)
			})
		}
	}
}

// takeEnvelope acknowledges an envelope once what is in it was taken. One that is not
// acknowledged Slack sends again, or shows its user an error.
func takeEnvelope(ctx context.Context, socket *socketmode.Client, r socketmode.Request, take func(context.Context, chat.Interaction) error) {
	// What has arrived is written down also when this process is stopping.
	lasting, cancel := context.WithTimeout(context.WithoutCancel(ctx), takeWithin)
	defer cancel()
	i, err := readEnvelope(r.Type, r.Payload)
	if err == nil {
		err = take(lasting, i)
	}
	if err == nil {
		_ = socket.AckCtx(ctx, r.EnvelopeID, nil) // nobody to tell: the connection is gone
	}
}

// readEnvelope reads the payload of an envelope. The same one sent again, in another
// envelope too, has the same ID: its trigger makes each payload another. Errors are
// CodeInvalid.
func readEnvelope(kind string, payload json.RawMessage) (chat.Interaction, error) {
	sum := sha256.Sum256(payload)
	i := chat.Interaction{ID: hex.EncodeToString(sum[:]), Kind: chat.KindOther}
	switch kind {
	case socketmode.RequestTypeSlashCommands:
		var fields map[string]json.RawMessage
		if err := strictjson.UnmarshalOpen(payload, &fields); err != nil {
			return i, access.Errorf(access.CodeInvalid, "the command of Slack: %w", err)
		}
		readCommand(&i, func(name string) (text string) {
			_ = strictjson.UnmarshalOpen(fields[name], &text) // a field that is no text is none
			return text
		})
		return i, nil
	case socketmode.RequestTypeInteractive:
		err := readPayload(&i, payload)
		return i, err
	}
	return i, nil // an event, to none of which Ramp subscribes
}
