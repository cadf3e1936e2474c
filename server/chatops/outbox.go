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
	// callEvery is the pace of all servers together: Slack takes one message a second in
	// a channel (https://docs.slack.dev/apis/web-api/rate-limits).
	callEvery = time.Second
	// messageClaim is longer than a call may take, so that a call that hangs ends before
	// another server makes a later one of the same message.
	messageClaim = time.Minute
	messageLook  = 250 * time.Millisecond
	messageKeep  = 7 * 24 * time.Hour
	retryMost    = 10 * time.Minute
)

// Name implements feed.Consumer.
func (r *Room) Name() string { return FeedName }

// Handle implements feed.Consumer: it writes down which messages are to say more. It
// may be given the same events again, also by another server.
func (r *Room) Handle(ctx context.Context, events []access.Event) error {
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
		places, err := r.places(ctx, id)
		if err != nil {
			return err
		}
		for _, place := range places {
			m := ledger.ChatMessage{ID: messageID(place, id), Service: Service, RequestID: id, Place: place, Want: newest[id]}
			if !isUser(place) {
				m.Urgent = urgent[id] // requesters know of their own break glass
			}
			list = append(list, m)
		}
	}
	if err := r.Ledger.WantChatMessages(ctx, r.Now().UTC(), list...); err != nil {
		return err
	}
	wake(r.newMessages)
	return nil
}

// places are where a request has a message: the channel of its approvers, and the
// direct messages of its requester, once they have linked. An agent's human reads in its
// place.
func (r *Room) places(ctx context.Context, id string) ([]string, error) {
	q, err := r.Requests(ctx, id)
	if access.CodeOf(err) == access.CodeNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := []string{r.Slack.ChannelOf(q.Contract)}
	if q.Requester.ID == "" {
		return out, nil
	}
	who := q.Requester.ID
	if q.Requester.OnBehalfOf != "" {
		who = q.Requester.OnBehalfOf
	}
	link, err := r.Ledger.ChatLinkOf(ctx, Service, who)
	switch {
	case access.CodeOf(err) == access.CodeNotFound:
	case err != nil:
		return nil, err
	default:
		out = append(out, link.User)
	}
	return out, nil
}

func messageID(place, request string) string {
	sum := sha256.Sum256([]byte(Service + "\n" + place + "\n" + request))
	return hex.EncodeToString(sum[:16])
}

// sendMessages makes one call after the other until ctx ends.
func (r *Room) sendMessages(ctx context.Context) {
	forgot, failing := time.Time{}, false
	for ctx.Err() == nil {
		now := r.Now().UTC()
		if now.Sub(forgot) > time.Hour {
			forgot = now
			if err := r.Ledger.ForgetChatMessages(ctx, now.Add(-messageKeep)); err != nil {
				r.Log.WithError(err).Warn("messages of requests that are over could not be forgotten; it is tried again")
			}
		}
		did, err := r.SendOne(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			r.Log.WithError(err).Error("messages in chat cannot be kept up to date at the moment; it is tried again")
		}
		failing = err != nil
		if !did {
			wait(ctx, r.newMessages, messageLook)
		}
	}
}

// SendOne makes the next call that is due, and records what came of it. did is false
// where nothing is due now. Errors are the ledger's.
func (r *Room) SendOne(ctx context.Context) (did bool, err error) {
	now := r.Now().UTC()
	m, ok, err := r.Ledger.ClaimChatMessage(ctx, Service, now, now.Add(messageClaim), r.Every)
	if err != nil || !ok {
		return false, err
	}
	// What the service has is written down also when this process is stopping.
	lasting, cancel := context.WithTimeout(context.WithoutCancel(ctx), messageClaim/2)
	defer cancel()
	if err := r.step(lasting, &m); err != nil {
		return true, r.failed(lasting, m, err)
	}
	return true, r.Ledger.SentChatMessage(lasting, m)
}

// step makes one call for a message: it posts it, or makes it say what is so now, or adds
// to its thread, or reminds its reader.
func (r *Room) step(ctx context.Context, m *ledger.ChatMessage) error {
	q, err := r.Requests(ctx, m.RequestID)
	if access.CodeOf(err) == access.CodeNotFound {
		m.Sent, m.Told, m.RemindAt = m.Want, m.Want, nil
		return nil
	}
	if err != nil {
		return err
	}
	if found, err := r.recover(ctx, m, q); err != nil || found {
		return err
	}
	// Also a message that is there is brought up to date only where no outsider reads it: a
	// channel may have been shared since it was posted.
	if err := r.notShared(ctx, m.Place); err != nil {
		return err
	}
	at := chat.Ref{Place: m.RefPlace, ID: m.Ref}
	now := r.Now().UTC()
	switch {
	case m.Ref == "":
		return r.post(ctx, m, q)
	case m.Sent < m.Want:
		err := r.Bot.Update(ctx, at, r.render(q, m))
		if access.CodeOf(err) == access.CodeNotFound {
			m.Ref, m.RefPlace, m.Sent = "", "", 0 // somebody deleted it; the next call posts it again
			return nil
		}
		if err == nil {
			m.Sent, m.RemindAt = m.Want, nextReminder(*m, q, now)
		}
		return err
	case m.RemindAt != nil && !now.Before(*m.RemindAt):
		return r.remind(ctx, m, q)
	case m.Told < m.Want:
		return r.reply(ctx, m, q, at)
	}
	return nil
}

// notShared refuses a place that people of another workspace read.
func (r *Room) notShared(ctx context.Context, place string) error {
	if !isUser(place) {
		shared, err := r.shared(ctx, place)
		if err != nil {
			return err
		}
		if shared {
			return access.Errorf(access.CodeForbidden, "channel %s is shared with another workspace: nothing about requests is written there", place)
		}
	}
	return nil
}

// post posts a message for the first time.
func (r *Room) post(ctx context.Context, m *ledger.ChatMessage, q access.Request) error {
	if err := r.Ledger.TryChatMessage(ctx, m.ID, 0, r.Now().UTC()); err != nil {
		return err
	}
	at, err := r.Bot.Post(ctx, m.Place, r.render(q, m))
	if err == nil {
		r.posted(m, at, q)
	}
	return err
}

func (r *Room) posted(m *ledger.ChatMessage, at chat.Ref, q access.Request) {
	m.RefPlace, m.Ref, m.Sent, m.RemindAt = at.Place, at.ID, m.Want, nextReminder(*m, q, r.Now().UTC())
	if m.Told == 0 {
		m.Told = m.Want // what happened before it was posted, it says itself
	}
}

// recover looks for what an earlier try may have written without anybody hearing of it,
// and reports whether that was so.
func (r *Room) recover(ctx context.Context, m *ledger.ChatMessage, q access.Request) (bool, error) {
	if m.TriedAt == nil {
		return false, nil
	}
	switch {
	case m.Ref == "":
		at, there, err := r.Bot.Find(ctx, m.Place, chat.Ref{}, m.ID, *m.TriedAt)
		if err != nil || !there {
			return false, err
		}
		want := m.Want
		r.posted(m, at, q)
		m.Sent = min(m.Sent, want-1) // with which state it was posted, nobody knows
		return true, nil
	case m.Tried > m.Told:
		_, there, err := r.Bot.Find(ctx, m.RefPlace, chat.Ref{Place: m.RefPlace, ID: m.Ref}, replyID(m.ID, m.Tried), *m.TriedAt)
		if there {
			m.Told = m.Tried
		}
		return there, err
	case m.RemindAt != nil:
		_, there, err := r.Bot.Find(ctx, m.Place, chat.Ref{}, reminderID(*m), *m.TriedAt)
		if there {
			m.RemindAt = nil
		}
		return there, err
	}
	return false, nil
}

// reply adds to the thread what has happened since it was last told.
func (r *Room) reply(ctx context.Context, m *ledger.ChatMessage, q access.Request, at chat.Ref) error {
	events, _, err := r.Ledger.Timeline(ctx, m.RequestID)
	if err != nil {
		return err
	}
	text := r.timeline(q, events, m.Told, m.Want)
	if text == "" {
		m.Told = m.Want
		return nil
	}
	if err := r.Ledger.TryChatMessage(ctx, m.ID, m.Want, r.Now().UTC()); err != nil {
		return err
	}
	if _, err := r.Bot.Reply(ctx, at, chat.Message{ID: replyID(m.ID, m.Want), Text: text}); err != nil {
		return err
	}
	m.Told = m.Want
	return nil
}

func replyID(message string, seq int64) string { return message + " " + strconv.FormatInt(seq, 10) }

// remind posts that access is about to end, as a message of its own: an update would
// show nobody anything new.
func (r *Room) remind(ctx context.Context, m *ledger.ChatMessage, q access.Request) error {
	if q.Plan.Lasting() || q.State != access.StateActive || q.ExpiresAt == nil || !q.ExpiresAt.After(r.Now()) {
		m.RemindAt = nil
		return nil
	}
	if err := r.Ledger.TryChatMessage(ctx, m.ID, m.Told, r.Now().UTC()); err != nil {
		return err
	}
	reminder := r.reminder(q)
	reminder.ID = reminderID(*m)
	if _, err := r.Bot.Post(ctx, m.Place, reminder); err != nil {
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
func nextReminder(m ledger.ChatMessage, q access.Request, now time.Time) *time.Time {
	if !isUser(m.Place) || q.State != access.StateActive || q.ExpiresAt == nil || q.ActiveAt == nil {
		return nil
	}
	at := q.ExpiresAt.Add(-min(remindBefore, q.ExpiresAt.Sub(*q.ActiveAt)/4))
	if at.After(now) || m.RemindAt != nil && m.RemindAt.Equal(at) {
		return &at
	}
	return nil
}

// isUser reports whether a place is a user's direct messages.
func isUser(place string) bool { return place != "" && (place[0] == 'U' || place[0] == 'W') }

// failed records when a message is tried again.
func (r *Room) failed(ctx context.Context, m ledger.ChatMessage, why error) error {
	now := r.Now().UTC()
	pause := min(2*time.Second<<min(m.Tries-1, 9), retryMost)
	if m.Urgent > m.Sent {
		pause = min(pause, retryUrgent)
		if isRefusal(why) {
			if err := r.alarm(ctx, m, now); err != nil {
				return err
			}
		}
	}
	if access.CodeOf(why) == access.CodeThrottled {
		pause = max(access.RetryAfterOf(why), time.Second)
		if err := r.Ledger.HoldChat(ctx, Service, now.Add(pause)); err != nil {
			return err
		}
	} else {
		r.Log.WithError(why).WithField("request", m.RequestID).WithField("tries", m.Tries).Error("a message in chat could not be brought up to date; it is tried again")
	}
	return r.Ledger.RetryChatMessage(ctx, m.ID, access.Clip(why.Error(), 300), now.Add(pause))
}
