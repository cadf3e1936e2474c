package slacktest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/chat/slack"
	"ramp.dev/ramp/config/field"
)

// Delivery is a request that Slack makes to the app.
type Delivery struct {
	ContentType string
	Body        []byte
	Header      http.Header
}

// Signed signs a body as Slack does, at a time.
func Signed(secret string, at time.Time, contentType string, body []byte) Delivery {
	return Delivery{contentType, body, http.Header{"Content-Type": {contentType}, "X-Slack-Request-Timestamp": {strconv.FormatInt(at.Unix(), 10)},
		"X-Slack-Signature": {slack.Sign(secret, at, body)}}}
}

const formType = "application/x-www-form-urlencoded"

// trigger makes a trigger for a user's act; with the time it makes each delivery another.
func (s *Server) trigger(user string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := "trigger." + s.stamp()
	s.triggers[id] = user
	return id
}

// known returns a user as they are, for payloads.
func (s *Server) known(user string) User {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, ok := s.users[user]
	require.True(s.t, ok, "there is no user %s", user)
	return u
}

// Command is what a user types: /ramp and text.
func (s *Server) Command(user, text string) Delivery {
	u := s.known(user)
	v := url.Values{"command": {"/ramp"}, "text": {text}, "team_id": {Workspace}, "user_id": {u.ID}, "user_name": {u.Name}, "api_app_id": {App},
		"channel_id": {"C0ELSEWHERE"}, "trigger_id": {s.trigger(user)}, "response_url": {"https://hooks.slack.test/never-used"}}
	return Signed(Secret, time.Now(), formType, []byte(v.Encode()))
}

// Press presses a button of a message, with the value that it has there.
func (s *Server) Press(user string, m Message, button string) Delivery {
	value, there := Button(m, button)
	require.True(s.t, there, "the message has no button %s: %s", button, m.Blocks)
	return s.PressWith(user, m, button, value)
}

// PressWith presses a button with another value, such as one that the message had before.
func (s *Server) PressWith(user string, m Message, button, value string) Delivery {
	u := s.known(user)
	return s.interaction(map[string]any{"type": "block_actions", "api_app_id": App, "trigger_id": s.trigger(user), "team": map[string]any{"id": Workspace},
		"user": map[string]any{"id": u.ID, "name": u.Name, "team_id": u.Team}, "channel": map[string]any{"id": m.Conversation}, "message": map[string]any{"ts": m.TS},
		"container": map[string]any{"type": "message", "channel_id": m.Conversation, "message_ts": m.TS},
		"actions":   []any{map[string]any{"action_id": button, "value": value, "type": "button"}}})
}

// Send sends the modal that a user has open, with what they typed or chose.
func (s *Server) Send(user string, typed, chosen map[string]string) Delivery {
	return s.ofView(user, "view_submission", nil, typed, chosen)
}

// Choose chooses something in the modal that a user has open.
func (s *Server) Choose(user, field, value string) Delivery {
	return s.ofView(user, "block_actions", []any{map[string]any{"action_id": field, "selected_option": map[string]any{"value": value}}}, nil, nil)
}

func (s *Server) ofView(user, kind string, actions []any, typed, chosen map[string]string) Delivery {
	u, v := s.known(user), s.View(user)
	require.NotNil(s.t, v, "no modal is open for %s", user)
	values := map[string]any{}
	for name, text := range typed {
		values[name] = map[string]any{name: map[string]any{"type": "plain_text_input", "value": text}}
	}
	for name, value := range chosen {
		values[name] = map[string]any{name: map[string]any{"type": "static_select", "selected_option": map[string]any{"value": value}}}
	}
	p := map[string]any{"type": kind, "api_app_id": App, "trigger_id": s.trigger(user), "team": map[string]any{"id": Workspace},
		"user": map[string]any{"id": u.ID, "name": u.Name, "team_id": u.Team},
		"view": map[string]any{"id": v.ID, "callback_id": v.Callback, "private_metadata": v.Metadata, "state": map[string]any{"values": values}}}
	if actions != nil {
		p["actions"] = actions
	}
	return s.interaction(p)
}

func (s *Server) interaction(p map[string]any) Delivery {
	b, err := json.Marshal(p)
	require.NoError(s.t, err)
	return Signed(Secret, time.Now(), formType, []byte(url.Values{"payload": {string(b)}}.Encode()))
}

// Button returns the value of a message's button.
func Button(m Message, name string) (value string, there bool) {
	var list []struct {
		Elements []struct {
			ID    string `json:"action_id"`
			Value string `json:"value"`
		} `json:"elements"`
	}
	if json.Unmarshal(m.Blocks, &list) != nil {
		return "", false
	}
	for _, b := range list {
		for _, e := range b.Elements {
			if e.ID == name {
				return e.Value, true
			}
		}
	}
	return "", false
}

func (s *Server) secret(name, text string) field.Secret {
	path := filepath.Join(s.dir, name)
	require.NoError(s.t, os.WriteFile(path, []byte(text+"\n"), 0o600))
	return field.SecretFile(path)
}
