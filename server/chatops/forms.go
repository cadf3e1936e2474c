package chatops

import (
	"context"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/chat"
	"ramp.dev/ramp/contracts"
)

// The fields of the form that asks for access.
const (
	fieldContract = "contract"
	fieldDuration = "duration"
	fieldReason   = "reason"
	fieldTicket   = "ticket"
	fieldWindow   = "window"
	fieldParam    = "param."
)

// The choices of fieldWindow.
const (
	windowNow  = "now"
	windowNext = "next"
)

// asksForForm reports whether a delivery opens or changes a form: nothing that must
// outlast this process, since its user sees whether it opened.
func asksForForm(d chat.Interaction) bool {
	switch d.Kind {
	case chat.KindCommand:
		return !strings.HasPrefix(d.Value, actLink+" ")
	case chat.KindChoice:
		return true
	case chat.KindButton:
		return d.Name == actDeny || d.Name == actExtend || d.Name == openPage
	}
	return false
}

// open opens a form after the delivery was acknowledged. Where too many are being opened,
// or it does not work, its user is told to use the page.
func (w *Workspace) open(ctx context.Context, d chat.Interaction) {
	if d.Name == openPage && d.Kind == chat.KindButton {
		return // a link; the service reports that it was followed
	}
	select {
	case w.forms <- struct{}{}:
	default:
		w.Log.Warn("a form was not opened: too many are being opened")
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), formWithin)
	go func() { // not waited for: a form that this process does not open any more is asked for again
		defer cancel()
		defer func() { <-w.forms }()
		err := w.openForm(ctx, d)
		if err == nil {
			return
		}
		w.Log.WithError(err).Warn("a form could not be opened")
		conversation := d.At.Conversation
		if w.Service.IsDirect(conversation) {
			conversation = ""
		}
		m := w.refusal(kept{Value: d.Value}, err)
		m.ID = d.ID
		_ = w.Service.PostEphemeral(ctx, conversation, d.User, m)
	}()
}

func (w *Workspace) openForm(ctx context.Context, d chat.Interaction) error {
	request, _, _ := strings.Cut(d.Value, " ")
	if d.Kind == chat.KindButton {
		if err := w.member(ctx, w.user(d), d.At.Conversation); err != nil {
			return w.App.RefuseExternal(ctx, w.user(d), request, acts[d.Name], err)
		}
		f := denyForm(d.Value)
		if d.Name == actExtend {
			f = extendForm(d.Value)
		}
		return w.Service.OpenForm(ctx, d.Trigger, f)
	}
	by, err := w.actor(ctx, w.user(d), d.At.Conversation)
	if err != nil {
		return w.App.RefuseExternal(ctx, w.user(d), request, access.ActRequest, err)
	}
	if d.Kind == chat.KindCommand {
		offers := w.App.Catalog(ctx, by.Person, d.Value)
		if len(offers) == 0 {
			return access.Errorf(access.CodeNotFound, "there is nothing that you may ask for%s", about(d.Value))
		}
		return w.Service.OpenForm(ctx, d.Trigger, catalogForm(offers))
	}
	if d.Name != actRequest {
		return nil
	}
	o, err := w.App.Offer(ctx, by.Person, d.Fields[fieldContract])
	if err != nil {
		return err
	}
	return w.Service.UpdateForm(ctx, d.Form, requestForm(w.App.Catalog(ctx, by.Person, ""), o))
}

func about(query string) string {
	if query == "" {
		return ""
	}
	return " about " + chat.OneLine(query, 60)
}

const (
	maxComment = 1000
	maxParam   = 3000
)

func denyForm(value string) chat.Form {
	return chat.Form{Name: actDeny, Value: value, Title: "Deny", Send: "Deny", Fields: []chat.Field{
		{Name: "comment", Label: "Comment", Hint: "It is recorded with your name, and the requester reads it.", Long: true, Optional: true, MaxLength: maxComment}}}
}

func extendForm(value string) chat.Form {
	return chat.Form{Name: actExtend, Value: value, Title: "Extend", Send: "Extend", Fields: []chat.Field{
		{Name: "for", Label: "How much longer", Hint: "Such as 15m or 1h.", Text: "15m", MaxLength: 20},
		{Name: "reason", Label: "Reason", Optional: true, Long: true, MaxLength: maxComment}}}
}

// maxOffers is how many a form lists; more are narrowed by words after the command.
const maxOffers = 100

func catalogField(offers []contracts.Offer, chosen string) chat.Field {
	f := chat.Field{Name: fieldContract, Label: "What you need", Text: chosen, Reports: true}
	for _, o := range offers[:min(len(offers), maxOffers)] {
		f.Options = append(f.Options, chat.Option{Value: o.Contract, Label: chat.OneLine(o.Contract+": "+o.Description, 70)})
	}
	if len(offers) > maxOffers {
		f.Hint = "There are more: type /ramp and words to narrow the list."
	}
	return f
}

// catalogForm is the first of two steps: what can be asked decides what must be typed.
func catalogForm(offers []contracts.Offer) chat.Form {
	return chat.Form{Name: actRequest, Title: "Ask for access", Fields: []chat.Field{catalogField(offers, "")}}
}

// requestForm is the second step, for one contract.
func requestForm(offers []contracts.Offer, o contracts.Offer) chat.Form {
	if len(offers) > maxOffers {
		offers = []contracts.Offer{o}
	}
	f := chat.Form{Name: actRequest, Title: "Ask for access", Send: "Ask", Fields: []chat.Field{catalogField(offers, o.Contract)}}
	for _, p := range o.Params {
		f.Fields = append(f.Fields, paramField(p))
	}
	f.Fields = append(f.Fields, chat.Field{Name: fieldDuration, Label: "For how long", Hint: "At most " + o.Duration.Max.String() + ".", Text: o.Duration.Default.String(), MaxLength: 20},
		chat.Field{Name: fieldReason, Label: "Reason", Long: true, Optional: o.Reason.Optional, MaxLength: o.Reason.MaxLength, Hint: "Those who decide read it, and it is recorded."})
	if o.During != "" {
		f.Fields = append(f.Fields, chat.Field{Name: fieldWindow, Label: "When", Hint: "It may be open " + o.During + ".", Text: windowNow,
			Options: []chat.Option{{Value: windowNow, Label: "At once"}, {Value: windowNext, Label: "In the next window that is long enough"}}})
	}
	if o.Ticket != "never" {
		f.Fields = append(f.Fields, chat.Field{Name: fieldTicket, Label: "Ticket", Optional: o.Ticket != "always", MaxLength: 100})
	}
	return f
}

func paramField(p contracts.OfferParam) chat.Field {
	f := chat.Field{Name: fieldParam + p.Name, Label: p.Name, Hint: p.Description, Optional: !p.Required, MaxLength: maxParam}
	if p.Default != nil {
		f.Text = text(p.Default)
	}
	options := p.Enum
	if p.Type == "bool" {
		options = []string{"false", "true"}
		if f.Text == "" {
			f.Text = "false"
		}
	}
	for _, v := range options {
		f.Options = append(f.Options, chat.Option{Value: v, Label: v})
	}
	return f
}
