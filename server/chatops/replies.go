package chatops

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/chat"
	"ramp.dev/ramp/internal/strictjson"
	"ramp.dev/ramp/ledger"
)

const (
	repliesAtOnce = 20
	replyClaim    = time.Minute // longer than a search and a call take
	replyMaxAge   = 24 * time.Hour
)

// reply is what somebody is told of their act.
type reply struct {
	ID      string       `json:"id"`
	User    string       `json:"user"`
	Message chat.Message `json:"message"`
}

// sealDomain begins the text of a reply that is sealed, so that no seal of an act is one of
// a reply.
const sealDomain = "reply:"

// sealReply makes the row of a reply. Whoever writes to the ledger's database has Ramp
// write nothing to anybody by that: only what a server sealed is sent.
func (w *Workspace) sealReply(ctx context.Context, act, user string, m chat.Message) (ledger.ChatReply, error) {
	b, err := json.Marshal(reply{act, user, m})
	if err != nil {
		return ledger.ChatReply{}, err
	}
	mark, err := w.Service.Seal(ctx, append([]byte(sealDomain), b...))
	return ledger.ChatReply{ID: act, Service: w.Service.Name(), Body: mark + " " + string(b)}, err
}

func (w *Workspace) unsealReply(ctx context.Context, row ledger.ChatReply) (out reply, ok bool, err error) {
	mark, text, _ := strings.Cut(row.Body, " ")
	want, err := w.Service.Seal(ctx, []byte(sealDomain+text))
	if err != nil {
		return out, false, err
	}
	if !chat.SameSeal(mark, want) || strictjson.UnmarshalOpen([]byte(text), &out) != nil {
		return out, false, nil
	}
	return out, out.ID == row.ID, nil
}

// sendReplies sends replies until ctx ends. They are apart from the messages of requests,
// whose pace is a channel's: each goes to somebody's own direct messages.
func (w *Workspace) sendReplies(ctx context.Context) {
	for failing := false; ctx.Err() == nil; {
		n, err := w.SendReplies(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			w.Log.WithError(err).Error("replies to acts in chat cannot be sent at the moment; it is tried again")
		}
		failing = err != nil
		if n < repliesAtOnce {
			wait(ctx, w.newReplies, actLook)
		}
	}
}

// SendReplies tries those replies that are due, and returns how many it was given. Errors
// are the ledger's.
func (w *Workspace) SendReplies(ctx context.Context) (int, error) {
	now := w.Now().UTC()
	list, err := w.Ledger.ClaimChatReplies(ctx, w.Service.Name(), now, now.Add(replyClaim), repliesAtOnce)
	if err != nil {
		return 0, err
	}
	var sending sync.WaitGroup
	var mu sync.Mutex
	for _, row := range list {
		sending.Go(func() {
			// What the service has is written down also when this process is stopping.
			lasting, cancel := context.WithTimeout(context.WithoutCancel(ctx), replyClaim/2)
			defer cancel()
			if one := w.sendReply(lasting, row); one != nil {
				mu.Lock()
				defer mu.Unlock()
				err = one
			}
		})
	}
	sending.Wait()
	return len(list), err
}

// sendReply sends one reply as a direct message. A message that its user alone sees in a
// channel cannot be looked for; a direct message can, so that one whose response was lost
// is not sent twice.
func (w *Workspace) sendReply(ctx context.Context, row ledger.ChatReply) error {
	said, ok, err := w.unsealReply(ctx, row)
	if err != nil {
		return w.retryReply(ctx, row, err)
	}
	if now := w.Now(); !ok || now.Sub(row.CreatedAt) > replyMaxAge {
		w.Log.WithField("tries", row.Tries).Error("a reply to an act in chat is not sent: no server wrote it, or it is a day old")
		return w.Ledger.ForgetChatReply(ctx, row.ID)
	}
	if row.TriedAt != nil {
		if _, there, err := w.Service.Find(ctx, said.User, chat.Ref{}, said.Message.ID, *row.TriedAt); err != nil {
			return w.retryReply(ctx, row, err)
		} else if there {
			return w.Ledger.ForgetChatReply(ctx, row.ID)
		}
	}
	began := w.Now().UTC()
	_, err = w.Service.Post(ctx, said.User, said.Message)
	if err == nil {
		return w.Ledger.ForgetChatReply(ctx, row.ID)
	}
	switch access.CodeOf(err) {
	case access.CodeThrottled: // surely not done
	case access.CodeUnavailable, access.CodeInternal:
		if row.TriedAt == nil {
			row.TriedAt = &began
		}
	default:
		w.Log.WithError(err).Warn("somebody could not be told what became of their act in chat; the request's message says it")
		return w.Ledger.ForgetChatReply(ctx, row.ID)
	}
	return w.retryReply(ctx, row, err)
}

// retryReply leaves a reply to be tried again, by any server.
func (w *Workspace) retryReply(ctx context.Context, row ledger.ChatReply, why error) error {
	pause := max(access.RetryAfterOf(why), min(time.Second<<min(row.Tries-1, 6), time.Minute))
	w.Log.WithError(why).WithField("tries", row.Tries).Warn("somebody could not be told yet what became of their act in chat; it is tried again")
	return w.Ledger.RetryChatReply(ctx, row.ID, access.Clip(why.Error(), 200), w.Now().UTC().Add(pause), row.TriedAt)
}
