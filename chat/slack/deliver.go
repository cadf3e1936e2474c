package slack

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/chat"
	"ramp.dev/ramp/internal/strictjson"
)

// maxAge is how old a request of Slack's may be, and how far ahead
// (https://docs.slack.dev/authentication/verifying-requests-from-slack).
const maxAge = 5 * time.Minute

const (
	timeHeader      = "X-Slack-Request-Timestamp"
	signatureHeader = "X-Slack-Signature"
)

// Sign returns the signature of a body that is sent at a time, as Slack makes it.
func Sign(secret string, at time.Time, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("v0:" + strconv.FormatInt(at.Unix(), 10) + ":"))
	mac.Write(body)
	return "v0=" + hex.EncodeToString(mac.Sum(nil))
}

// Verify reports why a request is not Slack's, or not of now. Errors are
// CodeUnauthenticated, with an issue that says what is wrong, and CodeUnavailable for a
// secret that cannot be read.
func (c Config) Verify(ctx context.Context, h http.Header, body []byte, now time.Time) error {
	secret, err := c.SigningSecret.Read(ctx)
	if err != nil || strings.TrimSpace(secret) == "" {
		return access.Errorf(access.CodeUnavailable, "the signing secret of Slack cannot be read")
	}
	seconds, err := strconv.ParseInt(h.Get(timeHeader), 10, 64)
	if err != nil {
		return access.Refuse(access.CodeUnauthenticated, "chat_unsigned", "the request has no time of Slack's")
	}
	at := time.Unix(seconds, 0)
	if !hmac.Equal([]byte(Sign(strings.TrimSpace(secret), at, body)), []byte(h.Get(signatureHeader))) {
		return access.Refuse(access.CodeUnauthenticated, "chat_signature", "the request is not signed with the app's secret")
	}
	if now.Sub(at).Abs() > maxAge {
		return access.Refuse(access.CodeUnauthenticated, "chat_time", "the request was signed %s away from this server's time; 5 minutes are allowed", now.Sub(at).Abs().Round(time.Second))
	}
	return nil
}

// payload is what Ramp reads of an interaction
// (https://docs.slack.dev/reference/interaction-payloads).
type payload struct {
	Type      string `json:"type"`
	TriggerID string `json:"trigger_id"`
	AppID     string `json:"api_app_id"`
	Team      struct {
		ID string `json:"id"`
	} `json:"team"`
	User struct {
		ID     string `json:"id"`
		Name   string `json:"name"`
		Names  string `json:"username"`
		TeamID string `json:"team_id"`
	} `json:"user"`
	Channel struct {
		ID string `json:"id"`
	} `json:"channel"`
	Message struct {
		TS string `json:"ts"`
	} `json:"message"`
	Container struct {
		Ephemeral bool `json:"is_ephemeral"`
	} `json:"container"`
	Actions []struct {
		ID       string  `json:"action_id"`
		Value    string  `json:"value"`
		Selected *option `json:"selected_option"`
	} `json:"actions"`
	View struct {
		ID       string `json:"id"`
		Callback string `json:"callback_id"`
		Metadata string `json:"private_metadata"`
		State    struct {
			Values map[string]map[string]struct {
				Value    *string `json:"value"`
				Selected *option `json:"selected_option"`
			} `json:"values"`
		} `json:"state"`
	} `json:"view"`
}

type option struct {
	Value string `json:"value"`
}

// event is what Ramp reads of a delivery of the Events API
// (https://docs.slack.dev/apis/events-api).
type event struct {
	Type      string `json:"type"`
	Challenge string `json:"challenge"`
	AppID     string `json:"api_app_id"`
	TeamID    string `json:"team_id"`
}

// Read reads a request that Verify has let pass. Errors are CodeInvalid.
func Read(contentType string, body []byte) (chat.Interaction, error) {
	sum := sha256.Sum256(body)
	d := chat.Interaction{ID: hex.EncodeToString(sum[:]), Kind: chat.KindOther}
	if strings.HasPrefix(contentType, "application/json") {
		var e event
		if err := strictjson.UnmarshalOpen(body, &e); err != nil {
			return d, access.Errorf(access.CodeInvalid, "the event of Slack: %w", err)
		}
		d.App, d.Workspace = e.AppID, e.TeamID
		if e.Type == "url_verification" {
			d.Challenge = e.Challenge
		}
		return d, nil
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return d, access.Errorf(access.CodeInvalid, "the body is no form of Slack's")
	}
	if form.Has("command") {
		readCommand(&d, form.Get)
		return d, nil
	}
	err = readPayload(&d, []byte(form.Get("payload")))
	return d, err
}

// readCommand reads a slash command, of whose fields get returns one, into i.
func readCommand(i *chat.Interaction, get func(name string) string) {
	i.Kind, i.Name, i.Value = chat.KindCommand, get("command"), strings.TrimSpace(get("text"))
	i.App, i.Workspace, i.User, i.UserName, i.Trigger = get("api_app_id"), get("team_id"), get("user_id"), get("user_name"), get("trigger_id")
}

// readPayload reads what Slack says of a button or a form into d.
func readPayload(d *chat.Interaction, text []byte) error {
	var p payload
	if err := strictjson.UnmarshalOpen(text, &p); err != nil {
		return access.Errorf(access.CodeInvalid, "the payload of Slack: %w", err)
	}
	d.App, d.Workspace, d.User, d.UserName, d.HomeWorkspace, d.Trigger = p.AppID, p.Team.ID, p.User.ID, p.User.Name, p.User.TeamID, p.TriggerID
	if d.UserName == "" {
		d.UserName = p.User.Names
	}
	if !p.Container.Ephemeral {
		d.At = chat.Ref{Conversation: p.Channel.ID, ID: p.Message.TS}
	}
	d.Fields = map[string]string{}
	for _, block := range p.View.State.Values {
		for name, field := range block {
			switch {
			case field.Selected != nil:
				d.Fields[name] = field.Selected.Value
			case field.Value != nil:
				d.Fields[name] = *field.Value
			}
		}
	}
	switch {
	case p.Type == "view_submission":
		d.Kind, d.Name, d.Value = chat.KindForm, p.View.Callback, p.View.Metadata
	case p.Type == "block_actions" && len(p.Actions) == 1 && p.View.ID != "":
		d.Kind, d.Name, d.Value, d.Form = chat.KindChoice, p.View.Callback, p.Actions[0].ID, p.View.ID
		if p.Actions[0].Selected != nil {
			d.Fields[p.Actions[0].ID] = p.Actions[0].Selected.Value
		}
	case p.Type == "block_actions" && len(p.Actions) == 1:
		d.Kind, d.Name, d.Value = chat.KindButton, p.Actions[0].ID, p.Actions[0].Value
	}
	return nil
}
