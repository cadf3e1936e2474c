package chatops

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/chat"
	"ramp.dev/ramp/ledger"
)

// FeedName is the name of the cursor that says how far messages have got.
const FeedName = "chat"

const (
	// callEvery is the pace of all servers together, which every service takes; Slack takes
	// one message a second in a channel (https://docs.slack.dev/apis/web-api/rate-limits).
	callEvery = time.Second
	// messageClaim is longer than a call may take, so that a call that hangs ends before
	// another server makes a later one of the same message.
	messageClaim = time.Minute
	messageLook  = 250 * time.Millisecond
	messageKeep  = 7 * 24 * time.Hour
	retryMost    = 10 * time.Minute
)

// Name implements feed.Consumer.
func (w *Workspace) Name() string { return FeedName }

// Handle implements feed.Consumer: it writes down which messages are to say more. It
// may be given the same events again, also by another server.
func (w *Workspace) Handle(ctx context.Context, events []access.Event) error {
	newest, urgent := map[string]int64{}, map[string]int64{}
	var order []string
	for _, e := range events {
		if e.RequestID == "" || e.Kind.Refusal() {
			continue // anybody can cause any number of refusals
		}
		if newest[e.RequestID] == 0 {
			order = append(order, e.RequestID)
		}
		newest[e.RequestID] = e.Seq
		if e.Kind.Urgent() {
			urgent[e.RequestID] = e.Seq
		}
	}
	var list []ledger.ChatMessage
	for _, id := range order {
		conversations, err := w.conversations(ctx, id)
		if err != nil {
			return err
		}
		for _, conversation := range conversations {
			m := ledger.ChatMessage{ID: w.messageID(conversation, id), Service: w.Service.Name(), RequestID: id, Conversation: conversation, WantSeq: newest[id]}
			if !w.Service.IsUser(conversation) {
				m.Urgent = urgent[id] // requesters know of their own break glass
			}
			list = append(list, m)
		}
	}
	if err := w.Ledger.WantChatMessages(ctx, w.Now().UTC(), list...); err != nil {
		return err
	}
	wake(w.newMessages)
	return nil
}

// conversations are where a request has a message: the channel of its approvers, and the
// direct messages of its requester, once they have linked. An agent's human reads
// instead of it.
func (w *Workspace) conversations(ctx context.Context, id string) ([]string, error) {
	q, err := w.Requests(ctx, id)
	if access.CodeOf(err) == access.CodeNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := []string{w.Channel(q.Contract)}
	if q.Requester.ID == "" {
		return out, nil
	}
	who := readerOf(q)
	if wants, err := w.wants(ctx, who, access.TopicRequests); err != nil || !wants {
		return out, err
	}
	link, err := w.Ledger.ExternalLinkOf(ctx, w.Service.Name(), who)
	switch {
	case access.CodeOf(err) == access.CodeNotFound:
	case err != nil:
		return nil, err
	default:
		out = append(out, link.User)
	}
	return out, nil
}

func (w *Workspace) messageID(conversation, request string) string {
	sum := sha256.Sum256([]byte(w.Service.Name() + "\n" + conversation + "\n" + request))
	return hex.EncodeToString(sum[:16])
}

// sendMessages makes one call after the other until ctx ends.
func (w *Workspace) sendMessages(ctx context.Context) {
	forgot, failing := time.Time{}, false
	for ctx.Err() == nil {
		now := w.Now().UTC()
		if now.Sub(forgot) > time.Hour {
			forgot = now
			if err := w.Ledger.ForgetChatMessages(ctx, now.Add(-messageKeep)); err != nil {
				w.Log.WithError(err).Warn("messages of requests that are over could not be forgotten; it is tried again")
			}
		}
		did, err := w.SendOne(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			w.Log.WithError(err).Error("messages in chat cannot be kept up to date at the moment; it is tried again")
		}
		failing = err != nil
		if !did {
			wait(ctx, w.newMessages, messageLook)
		}
	}
}

// SendOne makes the next call that is due, and records what came of it. did is false
// where nothing is due now. Errors are the ledger's.
func (w *Workspace) SendOne(ctx context.Context) (did bool, err error) {
	now := w.Now().UTC()
	m, ok, err := w.Ledger.ClaimChatMessage(ctx, w.Service.Name(), now, now.Add(messageClaim), w.Every)
	if err != nil || !ok {
		return false, err
	}
	// What the service has is written down also when this process is stopping.
	lasting, cancel := context.WithTimeout(context.WithoutCancel(ctx), messageClaim/2)
	defer cancel()
	if err := w.step(lasting, &m); err != nil {
		return true, w.failed(lasting, m, err)
	}
	return true, w.Ledger.SentChatMessage(lasting, m)
}

// step makes one call for a message: it posts it, or makes it say what is so now, or adds
// to its thread, or reminds its reader.
func (w *Workspace) step(ctx context.Context, m *ledger.ChatMessage) error {
	q, err := w.Requests(ctx, m.RequestID)
	if access.CodeOf(err) == access.CodeNotFound {
		m.MessageSeq, m.ThreadSeq, m.RemindAt = m.WantSeq, m.WantSeq, nil
		return nil
	}
	if err != nil {
		return err
	}
	if found, err := w.recover(ctx, m, q); err != nil || found {
		return err
	}
	// Also a message that is there is brought up to date only where no outsider reads it: a
	// channel may have been shared since it was posted.
	if err := w.notShared(ctx, m.Conversation); err != nil {
		return err
	}
	at := chat.Ref{Conversation: m.RefConversation, ID: m.Ref}
	now := w.Now().UTC()
	switch {
	case m.Ref == "":
		return w.post(ctx, m, q)
	case m.MessageSeq < m.WantSeq:
		err := w.Service.Update(ctx, at, w.render(q, m))
		if access.CodeOf(err) == access.CodeNotFound {
			m.Ref, m.RefConversation, m.MessageSeq = "", "", 0 // somebody deleted it; the next call posts it again
			return nil
		}
		if err == nil {
			m.MessageSeq, m.RemindAt = m.WantSeq, w.nextReminder(*m, q, now)
		}
		return err
	case m.RemindAt != nil && !now.Before(*m.RemindAt):
		return w.remind(ctx, m, q)
	case m.ThreadSeq < m.WantSeq:
		return w.reply(ctx, m, q, at)
	}
	return nil
}

// notShared refuses a conversation that people of another workspace read.
func (w *Workspace) notShared(ctx context.Context, conversation string) error {
	if !w.Service.IsUser(conversation) {
		shared, err := w.shared(ctx, conversation)
		if err != nil {
			return err
		}
		if shared {
			return access.Errorf(access.CodeForbidden, "channel %s is shared with another workspace: nothing about requests is written there", conversation)
		}
	}
	return nil
}

// post posts a message for the first time.
func (w *Workspace) post(ctx context.Context, m *ledger.ChatMessage, q access.Request) error {
	if err := w.Ledger.TryChatMessage(ctx, m.ID, 0, w.Now().UTC()); err != nil {
		return err
	}
	at, err := w.Service.Post(ctx, m.Conversation, w.render(q, m))
	if err == nil {
		w.posted(m, at, q)
	}
	return err
}

func (w *Workspace) posted(m *ledger.ChatMessage, at chat.Ref, q access.Request) {
	m.RefConversation, m.Ref, m.MessageSeq, m.RemindAt = at.Conversation, at.ID, m.WantSeq, w.nextReminder(*m, q, w.Now().UTC())
	if m.ThreadSeq == 0 {
		m.ThreadSeq = m.WantSeq // what happened before it was posted, it says itself
	}
}

// recover looks for what an earlier try may have written without anybody hearing of it,
// and reports whether that was so.
func (w *Workspace) recover(ctx context.Context, m *ledger.ChatMessage, q access.Request) (bool, error) {
	if m.TriedAt == nil {
		return false, nil
	}
	switch {
	case m.Ref == "":
		at, there, err := w.Service.Find(ctx, m.Conversation, chat.Ref{}, m.ID, *m.TriedAt)
		if err != nil || !there {
			return false, err
		}
		want := m.WantSeq
		w.posted(m, at, q)
		m.MessageSeq = min(m.MessageSeq, want-1) // with which state it was posted, nobody knows
		return true, nil
	case m.TriedSeq > m.ThreadSeq:
		_, there, err := w.Service.Find(ctx, m.RefConversation, chat.Ref{Conversation: m.RefConversation, ID: m.Ref}, replyID(m.ID, m.TriedSeq), *m.TriedAt)
		if there {
			m.ThreadSeq = m.TriedSeq
		}
		return there, err
	case m.RemindAt != nil:
		_, there, err := w.Service.Find(ctx, m.Conversation, chat.Ref{}, reminderID(*m), *m.TriedAt)
		if there {
			m.RemindAt = nil
		}
		return there, err
	}
	return false, nil
}

// reply adds to the thread what has happened since it was last told.
func (w *Workspace) reply(ctx context.Context, m *ledger.ChatMessage, q access.Request, at chat.Ref) error {
	events, _, err := w.Ledger.Timeline(ctx, m.RequestID)
	if err != nil {
		return err
	}
	text := w.timeline(q, events, m.ThreadSeq, m.WantSeq)
	if len(text) == 0 {
		m.ThreadSeq = m.WantSeq
		return nil
	}
	if err := w.Ledger.TryChatMessage(ctx, m.ID, m.WantSeq, w.Now().UTC()); err != nil {
		return err
	}
	if _, err := w.Service.Reply(ctx, at, chat.Message{ID: replyID(m.ID, m.WantSeq), Text: text}); err != nil {
		return err
	}
	m.ThreadSeq = m.WantSeq
	return nil
}

func replyID(message string, seq int64) string { return message + " " + strconv.FormatInt(seq, 10) }

// remind posts that access is about to end, as a message of its own: an update would
// show nobody anything new.
func (w *Workspace) remind(ctx context.Context, m *ledger.ChatMessage, q access.Request) error {
	if q.Plan.Lasting() || q.State != access.StateActive || q.ExpiresAt == nil || !q.ExpiresAt.After(w.Now()) {
		m.RemindAt = nil
		return nil
	}
	if wants, err := w.wants(ctx, readerOf(q), access.TopicReminders); err != nil {
		return err
	} else if !wants {
		m.RemindAt = nil
		return nil
	}
	if err := w.Ledger.TryChatMessage(ctx, m.ID, m.ThreadSeq, w.Now().UTC()); err != nil {
		return err
	}
	reminder := w.reminder(q)
	reminder.ID = reminderID(*m)
	if _, err := w.Service.Post(ctx, m.Conversation, reminder); err != nil {
		return err
	}
	m.RemindAt = nil
	return nil
}

func reminderID(m ledger.ChatMessage) string {
	return m.ID + " ends " + strconv.FormatInt(m.RemindAt.Unix(), 10)
}

// remindBefore is how long before the end of access its requester is reminded; a quarter
// of short access.
const remindBefore = 10 * time.Minute

// nextReminder returns when the reader of a message is to be reminded next; nil for
// never. One that is due and was not made yet stays, unless the end has moved.
func (w *Workspace) nextReminder(m ledger.ChatMessage, q access.Request, now time.Time) *time.Time {
	if !w.Service.IsUser(m.Conversation) || q.State != access.StateActive || q.ExpiresAt == nil || q.ActiveAt == nil {
		return nil
	}
	at := q.ExpiresAt.Add(-min(remindBefore, q.ExpiresAt.Sub(*q.ActiveAt)/4))
	if at.After(now) || m.RemindAt != nil && m.RemindAt.Equal(at) {
		return &at
	}
	return nil
}

// failed records when a message is tried again.
func (w *Workspace) failed(ctx context.Context, m ledger.ChatMessage, why error) error {
	now := w.Now().UTC()
	pause := min(2*time.Second<<min(m.Tries-1, 9), retryMost)
	if m.Urgent > m.MessageSeq {
		pause = min(pause, retryUrgent)
		if isRefusal(why) {
			if err := w.alarm(ctx, m, now); err != nil {
				return err
			}
		}
	}
	if access.CodeOf(why) == access.CodeThrottled {
		pause = max(access.RetryAfterOf(why), time.Second)
		if err := w.Ledger.HoldChat(ctx, w.Service.Name(), now.Add(pause)); err != nil {
			return err
		}
	} else {
		w.Log.WithError(why).WithField("request", m.RequestID).WithField("tries", m.Tries).Error("a message in chat could not be brought up to date; it is tried again")
	}
	return w.Ledger.RetryChatMessage(ctx, m.ID, access.Clip(why.Error(), 300), now.Add(pause))
}
