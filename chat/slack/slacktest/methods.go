package slacktest

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"ramp.dev/ramp/chat/slack"
)

type reply map[string]any

// methods are the methods that Ramp calls, and what each does.
var methods = map[string]func(*Server, url.Values) reply{
	"apps.connections.open": (*Server).openConnection,
	"auth.test":             (*Server).authTest,
	"chat.postMessage":      (*Server).post,
	"chat.postEphemeral":    (*Server).ephemeral,
	"chat.update":           (*Server).update,
	"conversations.history": (*Server).history,
	"conversations.replies": (*Server).replies,
	"conversations.info":    (*Server).info,
	"conversations.open":    (*Server).open,
	"users.info":            (*Server).user,
	"views.open":            (*Server).openView,
	"views.update":          (*Server).updateView,
}

// writes are the methods that count against Every.
var writes = []string{"chat.postMessage", "chat.update"}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == linkPath {
		s.link(w, r)
		return
	}
	method := path.Base(r.URL.Path)
	values, err := form(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	call := Call{Method: method, At: time.Now()}
	defer func() { s.calls = append(s.calls, call) }()
	fail := func(code string) {
		call.Failed = true
		_ = json.NewEncoder(w).Encode(reply{"ok": false, "error": code})
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if token == "" {
		token = values.Get("token")
	}
	do, known := methods[method]
	switch {
	case !known:
		fail("unknown_method")
		return
	case token != tokenOf(method):
		fail("invalid_auth")
		return
	case s.revoked:
		fail("token_revoked")
		return
	}
	var fault Fault
	if i := slices.IndexFunc(s.faults, func(f Fault) bool { return f.Method == "" || f.Method == method }); i >= 0 {
		fault = s.faults[i]
		s.faults = slices.Delete(s.faults, i, i+1)
	}
	if slices.Contains(writes, method) && s.perCall > 0 && fault == (Fault{}) {
		if now := time.Now(); now.Sub(s.last[values.Get("channel")]) < s.perCall {
			fault = Fault{Status: http.StatusTooManyRequests, RetryAfter: 1}
		} else {
			s.last[values.Get("channel")] = now
		}
	}
	switch {
	case fault.RetryAfter > 0:
		call.Failed = true
		w.Header().Set("Retry-After", strconv.Itoa(fault.RetryAfter))
		w.WriteHeader(http.StatusTooManyRequests)
		return
	case fault.Status != 0:
		call.Failed = true
		w.WriteHeader(fault.Status)
		return
	case fault.Error != "":
		fail(fault.Error)
		return
	}
	out := do(s, values)
	if fault.LostReply {
		call.Failed = true
		panic(http.ErrAbortHandler) // the connection breaks
	}
	if method == "auth.test" {
		w.Header().Set("X-OAuth-Scopes", strings.Join(slack.Scopes(), ","))
	}
	if _, bad := out["error"]; bad {
		call.Failed = true
	} else {
		out["ok"] = true
	}
	_ = json.NewEncoder(w).Encode(out)
}

// form reads a body of either kind that Slack takes.
func form(r *http.Request) (url.Values, error) {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		err := r.ParseForm()
		return r.Form, err
	}
	var fields map[string]json.RawMessage
	if err := json.NewDecoder(r.Body).Decode(&fields); err != nil && !errors.Is(err, io.EOF) { // apps.connections.open has no body
		return nil, err
	}
	out := url.Values{}
	for name, raw := range fields {
		var text string
		if json.Unmarshal(raw, &text) != nil {
			text = string(raw)
		}
		out.Set(name, text)
	}
	return out, nil
}

func no(code string) reply { return reply{"ok": false, "error": code} }

func (s *Server) authTest(url.Values) reply {
	return reply{"team_id": Workspace, "user_id": "U0BOT", "bot_id": "B0BOT", "team": "Ramp's tests", "user": "ramp"}
}

func (s *Server) post(v url.Values) reply {
	channel := v.Get("channel")
	if u, ok := s.users[channel]; ok && !u.Deleted {
		channel = direct(channel)
	} else if p, ok := s.conversations[channel]; !strings.HasPrefix(channel, "D") && !ok {
		return no("channel_not_found")
	} else if !strings.HasPrefix(channel, "D") && !p.Member {
		return no("not_in_channel")
	}
	if bad := checkBlocks(v.Get("blocks")); bad != "" {
		return no(bad)
	}
	m := &Message{Conversation: channel, TS: s.stamp(), Thread: v.Get("thread_ts"), Text: v.Get("text"), Blocks: json.RawMessage(v.Get("blocks")), Metadata: json.RawMessage(v.Get("metadata")), Versions: 1}
	s.messages = append(s.messages, m)
	return reply{"channel": m.Conversation, "ts": m.TS}
}

func (s *Server) ephemeral(v url.Values) reply {
	if p, ok := s.conversations[v.Get("channel")]; !strings.HasPrefix(v.Get("channel"), "D") && (!ok || !p.Member) {
		return no("channel_not_found")
	}
	m := &Message{Conversation: v.Get("channel"), TS: s.stamp(), To: v.Get("user"), Text: v.Get("text"), Blocks: json.RawMessage(v.Get("blocks")), Versions: 1}
	s.messages = append(s.messages, m)
	return reply{"message_ts": m.TS}
}

func (s *Server) update(v url.Values) reply {
	if bad := checkBlocks(v.Get("blocks")); bad != "" {
		return no(bad)
	}
	for _, m := range s.messages {
		if m.Conversation == v.Get("channel") && m.TS == v.Get("ts") && m.To == "" {
			m.Text, m.Blocks, m.Versions = v.Get("text"), json.RawMessage(v.Get("blocks")), m.Versions+1
			if v.Get("metadata") != "" {
				m.Metadata = json.RawMessage(v.Get("metadata"))
			}
			return reply{"channel": m.Conversation, "ts": m.TS, "text": m.Text}
		}
	}
	return no("message_not_found")
}

func (s *Server) list(conversation, thread, oldest string) reply {
	var out []reply
	for _, m := range s.messages {
		if m.Conversation != conversation || m.To != "" || !since(m.TS, oldest) || m.Thread != thread && (thread == "" || m.TS != thread) {
			continue
		}
		one := reply{"type": "message", "ts": m.TS, "text": m.Text, "bot_id": "B0BOT"}
		if len(m.Metadata) > 0 {
			one["metadata"] = m.Metadata
		}
		out = append(out, one)
	}
	slices.Reverse(out)
	return reply{"messages": out, "has_more": false}
}

func (s *Server) history(v url.Values) reply {
	return s.list(v.Get("channel"), "", v.Get("oldest"))
}

func (s *Server) replies(v url.Values) reply {
	return s.list(v.Get("channel"), v.Get("ts"), v.Get("oldest"))
}

func (s *Server) info(v url.Values) reply {
	id := v.Get("channel")
	p, ok := s.conversations[id]
	if strings.HasPrefix(id, "D") {
		p, ok = Conversation{ID: id, Member: true}, true
	}
	if !ok {
		return no("channel_not_found")
	}
	return reply{"channel": reply{"id": p.ID, "is_member": p.Member, "is_ext_shared": p.Shared}}
}

func (s *Server) open(v url.Values) reply {
	if _, ok := s.users[v.Get("users")]; !ok {
		return no("user_not_found")
	}
	return reply{"channel": reply{"id": direct(v.Get("users"))}}
}

func (s *Server) user(v url.Values) reply {
	u, ok := s.users[v.Get("user")]
	if !ok {
		return no("user_not_found")
	}
	return reply{"user": reply{"id": u.ID, "team_id": u.Team, "name": u.Name, "deleted": u.Deleted, "is_restricted": u.Guest, "is_bot": u.Bot, "is_stranger": u.Alien,
		"profile": reply{"display_name": u.Name}}}
}

func (s *Server) openView(v url.Values) reply {
	user, ok := s.triggers[v.Get("trigger_id")]
	if !ok {
		return no("expired_trigger_id")
	}
	delete(s.triggers, v.Get("trigger_id"))
	return s.keepView(&View{ID: "V" + user, User: user}, v)
}

func (s *Server) updateView(v url.Values) reply {
	for _, open := range s.views {
		if open.ID == v.Get("view_id") {
			return s.keepView(open, v)
		}
	}
	return no("not_found")
}

func (s *Server) keepView(at *View, v url.Values) reply {
	var body struct {
		Callback string          `json:"callback_id"`
		Metadata string          `json:"private_metadata"`
		Blocks   json.RawMessage `json:"blocks"`
	}
	if json.Unmarshal([]byte(v.Get("view")), &body) != nil || checkBlocks(string(body.Blocks)) != "" {
		return no("invalid_arguments")
	}
	at.Callback, at.Metadata, at.Body = body.Callback, body.Metadata, json.RawMessage(v.Get("view"))
	s.views[at.User] = at
	return reply{"view": reply{"id": at.ID, "type": "modal"}}
}
