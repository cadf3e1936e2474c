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

// What buttons and forms mean, as Interaction.Name has it.
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
func (w *Workspace) doActs(ctx context.Context) {
	forgot := time.Time{}
	for ctx.Err() == nil {
		now := w.Now().UTC()
		if now.Sub(forgot) > time.Hour {
			forgot = now
			if err := w.Ledger.ForgetExternalActs(ctx, w.Service.Name(), now.Add(-actKeep)); err != nil {
				w.Log.WithError(err).Warn("what people did in chat could not be forgotten; it is tried again")
			}
		}
		list, err := w.Ledger.ClaimExternalActs(ctx, w.Service.Name(), now, now.Add(actClaim), actsAtOnce)
		if err != nil && ctx.Err() == nil {
			w.Log.WithError(err).Error("what people did in chat cannot be read; it is tried again")
		}
		var doing sync.WaitGroup
		for _, row := range list {
			doing.Go(func() { w.do(ctx, row) })
		}
		doing.Wait()
		if len(list) < actsAtOnce {
			wait(ctx, w.newActs, actLook)
		}
	}
}

// do does one act, and records in one transaction that it is done and what its user is
// told.
func (w *Workspace) do(ctx context.Context, row ledger.ExternalAct) {
	a, ok, err := w.unseal(ctx, row)
	if err != nil {
		w.again(ctx, row, err)
		return
	}
	u := ledger.ExternalUser{Service: w.Service.Name(), Workspace: a.Interaction.Workspace, User: a.Interaction.User}
	now := w.Now().UTC()
	switch age := now.Sub(time.UnixMicro(a.ReceivedAt)); {
	case !ok:
		err = w.App.RefuseExternal(ctx, ledger.ExternalUser{Service: w.Service.Name()}, "", access.ActExternal, access.Refuse(access.CodeForbidden, "chat_unsealed", "a row of acts is not one that a server wrote"))
		w.close(ctx, row, "refused: "+err.Error())
		return
	case age > actMaxAge:
		err = w.App.RefuseExternal(ctx, u, "", access.ActExternal, access.Refuse(access.CodeTooLate, "chat_too_late", "this could not be done within %s, and is not done now", access.Duration(actMaxAge)))
	}
	var said chat.Message
	if err == nil {
		said, err = w.perform(ctx, a.Interaction, u)
	}
	if app.MayRepeat(err) {
		w.again(ctx, row, err)
		return
	}
	outcome := "done"
	if err != nil {
		outcome = "refused"
		said = w.refusal(a.Interaction, err)
	}
	said.ID = row.ID
	reply, err := w.sealReply(ctx, row.ID, u.User, said)
	if err != nil {
		w.again(ctx, row, err)
		return
	}
	w.recorded(w.Ledger.CloseExternalActWithReply(context.WithoutCancel(ctx), outcome, w.Now().UTC(), reply))
	wake(w.newReplies)
}

func (w *Workspace) close(ctx context.Context, row ledger.ExternalAct, outcome string) {
	w.recorded(w.Ledger.CloseExternalAct(context.WithoutCancel(ctx), row.ID, access.Clip(outcome, 200), w.Now().UTC()))
}

func (w *Workspace) recorded(err error) {
	if err != nil {
		w.Log.WithError(err).Error("that an act in chat is done could not be recorded; it is done again, which changes nothing")
	}
}

// again leaves an act to be tried again soon, by any server.
func (w *Workspace) again(ctx context.Context, row ledger.ExternalAct, err error) {
	pause := max(access.RetryAfterOf(err), min(time.Second<<min(row.Tries-1, 5), 30*time.Second))
	w.Log.WithError(err).WithField("tries", row.Tries).Warn("an act in chat could not be done yet; it is tried again")
	if err := w.Ledger.RetryExternalAct(context.WithoutCancel(ctx), row.ID, access.Clip(err.Error(), 200), w.Now().UTC().Add(pause)); err != nil {
		w.Log.WithError(err).Error("when an act in chat is tried again could not be recorded; it is within a minute")
	}
}

// perform has the use case of an act do it, for the person whom the user has linked,
// and returns what they are told.
func (w *Workspace) perform(ctx context.Context, d kept, u ledger.ExternalUser) (chat.Message, error) {
	if d.Kind == chat.KindCommand {
		return w.link(ctx, d, u)
	}
	request, subject, _ := strings.Cut(d.Value, " ")
	by, err := w.actor(ctx, u, d.Conversation)
	if err != nil {
		return chat.Message{}, w.App.RefuseExternal(ctx, u, request, acts[d.Name], err)
	}
	text := ""
	switch d.Name {
	case actApprove:
		if err := w.mayApprove(ctx, request); err != nil {
			return chat.Message{}, w.App.RefuseExternal(ctx, u, request, access.ActDecide, err)
		}
		_, err = w.App.Decide(ctx, by, request, app.DecisionInput{Verdict: access.Approve, PlanDigest: subject})
		text = "Your approval is recorded."
	case actDeny:
		_, err = w.App.Decide(ctx, by, request, app.DecisionInput{Verdict: access.Deny, PlanDigest: subject, Comment: d.Fields["comment"]})
		text = "Your denial is recorded."
	case actExtend:
		var from time.Time
		if from, err = time.Parse(time.RFC3339Nano, subject); err == nil {
			_, err = w.App.Extend(ctx, by, request, d.Fields["for"], d.Fields["reason"], &from)
		} else {
			err = access.Errorf(access.CodeInvalid, "this button is not of this version of Ramp")
		}
		text = "Your extension is ordered."
	case actRelease:
		_, err = w.App.Release(ctx, by, request, "")
		text = "You released it. It is over once the target says that it is gone."
	case actCancel:
		_, err = w.App.Cancel(ctx, by, request, "")
		text = "It is cancelled."
	case actRequest:
		return w.submit(ctx, d, by)
	default:
		err = access.Errorf(access.CodeInvalid, "this button is not of this version of Ramp")
	}
	return chat.Message{Text: chat.Say(text), Buttons: w.pageButton(request)}, err
}

// mayApprove refuses an approval of what the message could not show, though its button is
// of an earlier message or of somebody's own making.
func (w *Workspace) mayApprove(ctx context.Context, request string) error {
	q, err := w.Requests(ctx, request)
	if err == nil && !w.whole(q) {
		err = access.Refuse(access.CodeForbidden, "chat_not_shown", "a message does not show all that is decided; approve on the page")
	}
	return err
}

// acts are the acts of buttons and forms, as refusals are recorded.
var acts = map[string]access.Act{actApprove: access.ActDecide, actDeny: access.ActDecide, actExtend: access.ActExtend, actRelease: access.ActRelease,
	actCancel: access.ActCancel, actRequest: access.ActRequest, actLink: access.ActLinkExternal, "": access.ActExternal}

// actor returns who a user is: somebody of the workspace, as the service says now, who
// has linked. conversation is where they acted, which nobody of another workspace may read.
func (w *Workspace) actor(ctx context.Context, u ledger.ExternalUser, conversation string) (access.Actor, error) {
	if err := w.member(ctx, u, conversation); err != nil {
		return access.Actor{}, err
	}
	return w.App.ExternalActor(ctx, u)
}

func (w *Workspace) member(ctx context.Context, u ledger.ExternalUser, conversation string) error {
	m, err := w.Service.Member(ctx, u.User)
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
	if conversation == "" || w.Service.IsDirect(conversation) {
		return nil
	}
	shared, err := w.shared(ctx, conversation)
	if err == nil && shared {
		err = access.Refuse(access.CodeForbidden, "chat_shared", "this channel is shared with another workspace; act on the page")
	}
	return err
}

// sharedFor is how long it is believed that a channel is not shared.
const sharedFor = time.Minute

func (w *Workspace) shared(ctx context.Context, conversation string) (bool, error) {
	return w.outsiders.in(conversation, w.Now(), func() (bool, error) { return w.Service.Outsiders(ctx, conversation) })
}

// link links the user by the code that they typed, of which its digest was kept.
func (w *Workspace) link(ctx context.Context, d kept, u ledger.ExternalUser) (chat.Message, error) {
	if err := w.member(ctx, u, ""); err != nil {
		return chat.Message{}, w.App.RefuseExternal(ctx, u, "", access.ActLinkExternal, err)
	}
	digest, _ := strings.CutPrefix(d.Value, actLink+" ")
	link, err := w.App.LinkExternalUser(ctx, u, d.UserName, digest)
	if err != nil {
		return chat.Message{}, err
	}
	return chat.Message{Text: chat.Say("You are " + link.Person.Label() + " (" + link.Person.ID + ") here from now on. You can take that back on the page about you."),
		Buttons: []chat.Button{{Name: openPage, Label: "Open Ramp", URL: w.Pages + "/you"}}}, nil
}

// submit asks for access with what somebody typed into the form.
func (w *Workspace) submit(ctx context.Context, d kept, by access.Actor) (chat.Message, error) {
	in := access.RequestInput{Contract: d.Fields[fieldContract], Duration: strings.Join(strings.Fields(d.Fields[fieldDuration]), ""), Reason: d.Fields[fieldReason],
		Ticket: strings.TrimSpace(d.Fields[fieldTicket]), InNextWindow: d.Fields[fieldWindow] == windowNext, Params: map[string]any{}}
	for name, text := range d.Fields {
		if param, ok := strings.CutPrefix(name, fieldParam); ok && text != "" {
			in.Params[param] = text
		}
	}
	// The same delivery makes one request, however often it is tried.
	made, _, err := w.App.Submit(ctx, by, in, w.Service.Name()+" "+d.ID)
	if err != nil {
		return chat.Message{}, err
	}
	return chat.Message{Text: chat.Say("You asked for " + made.Contract + "."), Buttons: w.pageButton(made.ID)}, nil
}

// refusal says why something was not done, and where it can be.
func (w *Workspace) refusal(d kept, err error) chat.Message {
	m := chat.Message{Text: chat.Say("Not done: " + err.Error() + ".")}
	request, _, _ := strings.Cut(d.Value, " ")
	switch issues := access.IssuesOf(err); {
	case len(issues) > 0 && (issues[0].Code == "chat_not_linked" || issues[0].Code == "chat_login_old"):
		m.Text = m.Text.And(" Sign in on the page about you, get a code there, and type /ramp link and the code here.")
		m.Buttons = []chat.Button{{Name: openPage, Label: "Sign in", URL: w.Pages + "/you"}}
	default:
		m.Buttons = w.pageButton(request)
	}
	return m
}

// pageButton leads to a request's page.
func (w *Workspace) pageButton(request string) []chat.Button {
	if !access.IsRequestID(request) {
		return []chat.Button{{Name: openPage, Label: "Open Ramp", URL: w.Pages + "/"}}
	}
	return []chat.Button{{Name: openPage, Label: "Open the page", URL: w.Pages + "/requests/" + request}}
}
