package chatops

import (
	"context"
	"strings"
	"sync"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/chat"
	"ramp.dev/ramp/internal/strictjson"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/server/app"
)

// What buttons and forms mean, as Delivery.Name has it.
const (
	actApprove = "approve"
	actDeny    = "deny"
	actExtend  = "extend"
	actRelease = "release"
	actCancel  = "cancel"
	actRequest = "request"
	actLink    = "link"
	openPage   = "open" // a link
)

const (
	actsAtOnce = 20
	actClaim   = time.Minute
	actLook    = time.Second // for what other servers wrote down and left
	// actMaxAge is how long after somebody did something it may still be done: later
	// nobody expects it any more.
	actMaxAge = 10 * time.Minute
	actKeep   = 24 * time.Hour // so that a delivery that is sent again is known
)

func readAct(text string, into *act) error { return strictjson.UnmarshalOpen([]byte(text), into) }

// doActs does what people did, the oldest first, until ctx ends.
func (r *Room) doActs(ctx context.Context) {
	forgot := time.Time{}
	for ctx.Err() == nil {
		now := r.Now().UTC()
		if now.Sub(forgot) > time.Hour {
			forgot = now
			if err := r.Ledger.ForgetChatActs(ctx, now.Add(-actKeep)); err != nil {
				r.Log.WithError(err).Warn("what people did in chat could not be forgotten; it is tried again")
			}
		}
		list, err := r.Ledger.ClaimChatActs(ctx, Service, now, now.Add(actClaim), actsAtOnce)
		if err != nil && ctx.Err() == nil {
			r.Log.WithError(err).Error("what people did in chat cannot be read; it is tried again")
		}
		var doing sync.WaitGroup
		for _, row := range list {
			doing.Go(func() { r.do(ctx, row) })
		}
		doing.Wait()
		if len(list) < actsAtOnce {
			wait(ctx, r.newActs, actLook)
		}
	}
}

// do does one act, and records in one transaction that it is done and what its user is
// told.
func (r *Room) do(ctx context.Context, row ledger.ChatAct) {
	a, ok, err := r.unseal(ctx, row)
	if err != nil {
		r.again(ctx, row, err)
		return
	}
	u := ledger.ChatUser{Service: Service, Workspace: a.Delivery.Workspace, User: a.Delivery.User}
	now := r.Now().UTC()
	switch age := now.Sub(time.UnixMicro(a.ReceivedAt)); {
	case !ok:
		err = r.App.RefuseChat(ctx, ledger.ChatUser{Service: Service}, "", access.ActChat, access.Refuse(access.CodeForbidden, "chat_unsealed", "a row of acts is not one that a server wrote"))
		r.close(ctx, row, "refused: "+err.Error())
		return
	case age > actMaxAge:
		err = r.App.RefuseChat(ctx, u, "", access.ActChat, access.Refuse(access.CodeTooLate, "chat_too_late", "this could not be done within %s, and is not done now", access.Duration(actMaxAge)))
	}
	var said chat.Message
	if err == nil {
		said, err = r.perform(ctx, a.Delivery, u)
	}
	switch access.CodeOf(err) {
	case access.CodeUnavailable, access.CodeThrottled, access.CodeInternal:
		if err != nil {
			r.again(ctx, row, err)
			return
		}
	}
	outcome := "done"
	if err != nil {
		outcome = "refused"
		said = r.refusal(a.Delivery, err)
	}
	said.ID = row.ID
	reply, err := r.sealReply(ctx, row.ID, u.User, said)
	if err != nil {
		r.again(ctx, row, err)
		return
	}
	r.recorded(r.Ledger.CloseChatActWithReply(context.WithoutCancel(ctx), outcome, r.Now().UTC(), reply))
	wake(r.newReplies)
}

func (r *Room) close(ctx context.Context, row ledger.ChatAct, outcome string) {
	r.recorded(r.Ledger.CloseChatAct(context.WithoutCancel(ctx), row.ID, access.Clip(outcome, 200), r.Now().UTC()))
}

func (r *Room) recorded(err error) {
	if err != nil {
		r.Log.WithError(err).Error("that an act in chat is done could not be recorded; it is done again, which changes nothing")
	}
}

// again leaves an act to be tried again soon, by any server.
func (r *Room) again(ctx context.Context, row ledger.ChatAct, err error) {
	pause := max(access.RetryAfterOf(err), min(time.Second<<min(row.Tries-1, 5), 30*time.Second))
	r.Log.WithError(err).WithField("tries", row.Tries).Warn("an act in chat could not be done yet; it is tried again")
	if err := r.Ledger.RetryChatAct(context.WithoutCancel(ctx), row.ID, access.Clip(err.Error(), 200), r.Now().UTC().Add(pause)); err != nil {
		r.Log.WithError(err).Error("when an act in chat is tried again could not be recorded; it is within a minute")
	}
}

// perform has the use case of an act do it, for the person whom the user has linked,
// and returns what they are told.
func (r *Room) perform(ctx context.Context, d kept, u ledger.ChatUser) (chat.Message, error) {
	if d.Kind == chat.KindCommand {
		return r.link(ctx, d, u)
	}
	request, subject, _ := strings.Cut(d.Value, " ")
	by, err := r.actor(ctx, u, d.Place)
	if err != nil {
		return chat.Message{}, r.App.RefuseChat(ctx, u, request, acts[d.Name], err)
	}
	text := ""
	switch d.Name {
	case actApprove:
		if err := r.mayApprove(ctx, request); err != nil {
			return chat.Message{}, r.App.RefuseChat(ctx, u, request, access.ActDecide, err)
		}
		_, err = r.App.Decide(ctx, by, request, app.DecisionInput{Verdict: access.Approve, PlanDigest: subject})
		text = "Your approval is recorded."
	case actDeny:
		_, err = r.App.Decide(ctx, by, request, app.DecisionInput{Verdict: access.Deny, PlanDigest: subject, Comment: d.Fields["comment"]})
		text = "Your denial is recorded."
	case actExtend:
		var from time.Time
		if from, err = time.Parse(time.RFC3339Nano, subject); err == nil {
			_, err = r.App.Extend(ctx, by, request, d.Fields["for"], d.Fields["reason"], &from)
		} else {
			err = access.Errorf(access.CodeInvalid, "this button is not of this version of Ramp")
		}
		text = "Your extension is ordered."
	case actRelease:
		_, err = r.App.Release(ctx, by, request, "")
		text = "You hand it back. It is over once the target says that it is gone."
	case actCancel:
		_, err = r.App.Cancel(ctx, by, request, "")
		text = "It is cancelled."
	case actRequest:
		return r.submit(ctx, d, by)
	default:
		err = access.Errorf(access.CodeInvalid, "this button is not of this version of Ramp")
	}
	return chat.Message{Text: text, Buttons: r.pageButton(request)}, err
}

// mayApprove refuses an approval of what the message could not show, though its button is
// of an earlier message or of somebody's own making.
func (r *Room) mayApprove(ctx context.Context, request string) error {
	q, err := r.Requests(ctx, request)
	if err == nil && !r.whole(q) {
		err = access.Refuse(access.CodeForbidden, "chat_not_shown", "a message does not show all that is decided; approve on the page")
	}
	return err
}

// acts are the acts of buttons and forms, as refusals are recorded.
var acts = map[string]access.Act{actApprove: access.ActDecide, actDeny: access.ActDecide, actExtend: access.ActExtend, actRelease: access.ActRelease,
	actCancel: access.ActCancel, actRequest: access.ActRequest, actLink: access.ActLinkChat, "": access.ActChat}

// actor returns who a user is: somebody of the workspace, as the service says now, who
// has linked. place is where they acted, which nobody of another workspace may read.
func (r *Room) actor(ctx context.Context, u ledger.ChatUser, place string) (access.Actor, error) {
	if err := r.member(ctx, u, place); err != nil {
		return access.Actor{}, err
	}
	return r.App.ChatActor(ctx, u)
}

func (r *Room) member(ctx context.Context, u ledger.ChatUser, place string) error {
	m, err := r.Bot.Member(ctx, u.User)
	if access.CodeOf(err) == access.CodeNotFound {
		return access.Refuse(access.CodeForbidden, "chat_user", "the service does not know this user")
	}
	switch {
	case err != nil:
		return err
	case m.Deactivated:
		return access.Refuse(access.CodeForbidden, "chat_deactivated", "this user was deactivated")
	case m.Workspace != u.Workspace:
		return access.Refuse(access.CodeForbidden, "chat_workspace", "only users of the workspace that is configured act here")
	case m.Guest || m.Program:
		return access.Refuse(access.CodeForbidden, "chat_guest", "guests and programs do not act here")
	}
	if place == "" || strings.HasPrefix(place, "D") {
		return nil
	}
	shared, err := r.shared(ctx, place)
	if err == nil && shared {
		err = access.Refuse(access.CodeForbidden, "chat_shared", "this channel is shared with another workspace; act on the page")
	}
	return err
}

// sharedFor is how long it is believed that a channel is not shared.
const sharedFor = time.Minute

func (r *Room) shared(ctx context.Context, place string) (bool, error) {
	return r.outsiders.get(place, r.Now(), sharedFor, func() (bool, error) { return r.Bot.Outsiders(ctx, place) })
}

// link links the user by the code that they typed, of which its digest was kept.
func (r *Room) link(ctx context.Context, d kept, u ledger.ChatUser) (chat.Message, error) {
	if err := r.member(ctx, u, ""); err != nil {
		return chat.Message{}, r.App.RefuseChat(ctx, u, "", access.ActLinkChat, err)
	}
	digest, _ := strings.CutPrefix(d.Value, actLink+" ")
	link, err := r.App.LinkChat(ctx, u, d.UserName, digest)
	if err != nil {
		return chat.Message{}, err
	}
	return chat.Message{Text: "You are " + link.Person.Label() + " (" + link.Person.ID + ") here from now on. You can take that back on the page about you.",
		Buttons: []chat.Button{{Name: openPage, Label: "Open Ramp", URL: r.Pages + "/you"}}}, nil
}

// submit asks for access with what somebody typed into the form.
func (r *Room) submit(ctx context.Context, d kept, by access.Actor) (chat.Message, error) {
	in := access.RequestInput{Contract: d.Fields[fieldContract], Duration: strings.Join(strings.Fields(d.Fields[fieldDuration]), ""), Reason: d.Fields[fieldReason],
		Ticket: strings.TrimSpace(d.Fields[fieldTicket]), Params: map[string]any{}}
	for name, text := range d.Fields {
		if param, ok := strings.CutPrefix(name, fieldParam); ok && text != "" {
			in.Params[param] = text
		}
	}
	// The same delivery makes one request, however often it is tried.
	made, _, err := r.App.Submit(ctx, by, in, Service+" "+d.ID)
	if err != nil {
		return chat.Message{}, err
	}
	return chat.Message{Text: "You asked for " + made.Contract + ".", Buttons: r.pageButton(made.ID)}, nil
}

// refusal says why something was not done, and where it can be.
func (r *Room) refusal(d kept, err error) chat.Message {
	m := chat.Message{Text: "Not done: " + err.Error() + "."}
	request, _, _ := strings.Cut(d.Value, " ")
	switch issues := access.IssuesOf(err); {
	case len(issues) > 0 && (issues[0].Code == "chat_not_linked" || issues[0].Code == "chat_login_old"):
		m.Text += " Sign in on the page about you, get a code there, and type /ramp link and the code here."
		m.Buttons = []chat.Button{{Name: openPage, Label: "Sign in", URL: r.Pages + "/you"}}
	default:
		m.Buttons = r.pageButton(request)
	}
	return m
}

// pageButton leads to a request's page.
func (r *Room) pageButton(request string) []chat.Button {
	if !access.IsRequestID(request) {
		return []chat.Button{{Name: openPage, Label: "Open Ramp", URL: r.Pages + "/"}}
	}
	return []chat.Button{{Name: openPage, Label: "Open the page", URL: r.Pages + "/requests/" + request}}
}
