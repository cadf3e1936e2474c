package chatops

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/chat"
	"ramp.dev/ramp/ledger"
)

func text(v any) string { return fmt.Sprint(v) }

// render says what is so of a request now: in the approvers' channel with what is to be
// decided, and to its requester with how to use it. No message carries a credential.
func (w *Workspace) render(q access.Request, m *ledger.ChatMessage) chat.Message {
	out := chat.Message{ID: m.ID, Title: headline(q), Text: status(q)}
	if q.Plan.Digest == "" {
		out.Title, out.Text = "A request that no server signed", chat.Say("Its plan is not one that a server signed: nothing of it is shown here. Look at it on the page.")
		out.Buttons = w.pageButton(q.ID)
		return out
	}
	mine := w.Service.IsUser(m.Conversation)
	out.Rows = w.rows(q)
	out.Small = "Plan " + q.Plan.Digest
	if mine {
		out.Text = out.Text.And(w.howToUse(q))
		out.Buttons = ownButtons(q, w.Now())
	} else {
		out.Buttons = deciderButtons(q, w.Now())
		if !w.whole(q) {
			out.Text = out.Text.And("\nThis message does not show all that is decided: approve on the page.")
			out.Buttons = slices.DeleteFunc(out.Buttons, func(b chat.Button) bool { return b.Name == actApprove })
		}
	}
	if len(q.Altered) > 0 {
		out.Text = append(chat.Say("WARNING: the ledger does not say what was signed: "+strings.Join(q.Altered, "; ")+"\n"), out.Text...)
	}
	out.Buttons = append(out.Buttons, w.pageButton(q.ID)...)
	return out
}

func headline(q access.Request) string {
	who, what := q.Requester.Label(), q.Contract
	switch {
	case q.Plan.BreakGlass != nil && q.Review == nil:
		return "BREAK GLASS: " + who + " opened " + what
	case q.Overdue:
		return "OVERDUE: " + what + " of " + who
	}
	return what + " for " + who + ": " + string(q.State)
}

// status is one sentence about where a request stands.
func status(q access.Request) chat.Text {
	switch {
	case q.Overdue:
		return chat.Say("Access should be gone by now, and the target has not confirmed it. Ramp keeps trying.")
	case q.State == access.StatePending:
		return chat.Say("Waits for " + waiting(q.Stages) + ", until ").Time(q.Plan.PendingUntil).And(".")
	case q.State == access.StateApproved || q.State == access.StateGranting:
		return chat.Say("Approved. Access is being opened.")
	case q.State == access.StateScheduled && q.Plan.StartAt != nil:
		return chat.Say("Approved. Access starts ").Time(*q.Plan.StartAt).And(".")
	case q.Plan.Lasting() && q.ActiveAt != nil:
		return chat.Say("Taken into force ").Time(*q.ActiveAt).And("; in force until another request replaces it.")
	case q.State == access.StateActive && q.ExpiresAt != nil && waitsForExtension(q):
		return chat.Say("Active until ").Time(*q.ExpiresAt).And(". " + q.Requester.Label() + " asks for " + q.Asked.Order.Adds.String() + " more, which waits for " + waiting(q.Asked.Stages) + ".")
	case q.State == access.StateActive && q.ExpiresAt != nil:
		return chat.Say("Active until ").Time(*q.ExpiresAt).And(".")
	case q.State == access.StateEnding:
		return chat.Say("Access is being revoked; it is over once the target says that it is gone.")
	case q.State == access.StateEnded && q.EndedAt != nil:
		return chat.Say("Over: " + q.Outcome.Phrase() + ". The target confirmed that it is gone: ").Time(*q.EndedAt).And(".")
	case q.State == access.StateDenied:
		return chat.Say("Denied.")
	case q.State == access.StateLapsed:
		return chat.Say("Nobody decided in time.")
	case q.State == access.StateCancelled:
		return chat.Say("Cancelled.")
	case q.State == access.StateFailed:
		return chat.Say("It could not be opened.")
	}
	return chat.Say(string(q.State))
}

func waiting(stages []access.StageStatus) string {
	var out []string
	for _, s := range stages {
		if !s.Met && !s.Waits {
			out = append(out, s.Name+" ("+s.Progress()+")")
		}
	}
	if len(out) == 0 {
		return "a decision"
	}
	return strings.Join(out, ", ")
}

// rows are what the plan says, and who decided what.
func (w *Workspace) rows(q access.Request) (out []chat.Row) {
	add := func(name, text string) {
		if text != "" {
			out = append(out, chat.Row{Name: name, Text: text})
		}
	}
	add("Requester", q.Requester.Label()+" ("+q.Requester.ID+")")
	add("Contract", q.Contract)
	for _, g := range q.Plan.Grants {
		add("Access", g.Scope.Summary+" on "+g.Target)
		for _, name := range slices.Sorted(maps.Keys(g.Scope.Facts)) {
			add(name, g.Scope.Facts[name])
		}
	}
	for _, c := range q.Plan.Choices {
		add("Chosen "+c.Param, strings.TrimSpace(c.Value+" "+c.Label))
	}
	add("Duration", q.Narrowed().Duration.String())
	if limits := q.Narrowed().Extend; limits != nil {
		add("Extensions", fmt.Sprintf("%d, to %s in all", limits.Times, limits.UpTo))
	}
	for _, c := range q.Plan.EndWhen {
		add("Ends early", "as soon as "+c.Because+": "+c.If)
	}
	at := func(name string, t *time.Time) {
		if t != nil {
			out = append(out, chat.Row{Name: name, Text: chat.UTC(*t), At: *t})
		}
	}
	at("Starts", q.Plan.StartAt)
	switch q.State {
	case access.StatePending:
		at("Decide by", &q.Plan.PendingUntil)
	case access.StateActive:
		at("Ends", q.ExpiresAt)
	}
	add("Ticket", q.Plan.Ticket)
	if w.Reasons {
		add("Reason", q.Plan.Reason)
	}
	decisions := q.Decisions
	if q.Asked != nil {
		decisions = append(decisions[:len(decisions):len(decisions)], q.Asked.Decisions...)
	}
	for _, d := range decisions {
		name := "Approved by"
		if d.Verdict == access.Deny {
			name = "Denied by"
		}
		said := d.Approver.Label() + " (" + d.Approver.ID + ")"
		if w.Reasons && d.Comment != "" {
			said += ": " + d.Comment
		}
		add(name, said)
	}
	return out
}

// What is shown of one fact, and how many there may be, with room to spare below what
// services take.
const (
	maxShownText = 1900
	maxShownRows = 100
)

// whole reports whether a message shows what is decided, letter by letter. A change of
// contracts it never does: what becomes possible is on the page.
func (w *Workspace) whole(q access.Request) bool {
	rows := w.rows(q)
	return q.Plan.Change == nil && len(rows) <= maxShownRows && !slices.ContainsFunc(rows, func(f chat.Row) bool {
		return chat.OneLine(f.Text, maxShownText) != strings.TrimSpace(f.Text)
	})
}

// waitsForExtension reports whether an extension that was asked for is undecided, be its
// time over or not.
func waitsForExtension(q access.Request) bool {
	return q.State == access.StateActive && q.Asked != nil && q.Asked.Tally == access.TallyUndecided
}

// asked reports whether an extension can still be decided at a time.
func asked(q access.Request, now time.Time) bool { return waitsForExtension(q) && q.Asked.Open(now) }

// deciderButtons are what approvers may do about a request. Each carries the digest of
// what was shown, which is what a decision is about.
func deciderButtons(q access.Request, now time.Time) []chat.Button {
	switch {
	case q.State == access.StatePending && now.Before(q.Plan.PendingUntil) && !q.Plan.Rule.Auto:
		return decisionButtons(q.Plan.Rule, q.ID, q.Plan.Digest)
	case asked(q, now) && q.Plan.Extend != nil && q.Plan.Extend.Rule != nil:
		return decisionButtons(*q.Plan.Extend.Rule, q.ID, q.Asked.Order.Digest)
	}
	return nil
}

// decisionButtons leaves Approve to the page where an approval needs more than a click:
// a passkey, a recent login, a comment, statements to confirm.
func decisionButtons(rule access.Rule, id, digest string) []chat.Button {
	value := id + " " + digest
	deny := chat.Button{Name: actDeny, Label: "Deny", Value: value, Style: chat.Stop}
	if rule.Passkey || rule.StepUp > 0 || rule.Comment > 0 || len(rule.Confirm) > 0 {
		return []chat.Button{deny}
	}
	return []chat.Button{{Name: actApprove, Label: "Approve", Value: value, Style: chat.Go}, deny}
}

// ownButtons are what a requester may do about their request.
func ownButtons(q access.Request, now time.Time) (out []chat.Button) {
	switch q.State {
	case access.StatePending, access.StateScheduled:
		return []chat.Button{{Name: actCancel, Label: "Cancel", Value: q.ID, Style: chat.Stop}}
	case access.StateActive:
		if limits := q.Narrowed().Extend; limits != nil && q.Extensions < limits.Times && q.ExpiresAt != nil && !asked(q, now) {
			out = append(out, chat.Button{Name: actExtend, Label: "Extend", Value: q.ID + " " + q.ExpiresAt.UTC().Format(time.RFC3339Nano)})
		}
		return append(out, chat.Button{Name: actRelease, Label: "Release", Value: q.ID, Style: chat.Stop})
	}
	return nil
}

// howToUse says how the requester gets their credential: on the page or by the command
// line, never here.
func (w *Workspace) howToUse(q access.Request) string {
	if q.State != access.StateActive || q.Plan.Lasting() { // nothing is used of what stays
		return ""
	}
	which := ""
	if len(q.Plan.Grants) > 1 {
		which = " --grant TARGET"
	}
	return "\nUse it from the page, or with: ramp exec " + q.ID + which + " -- COMMAND"
}

func (w *Workspace) reminder(q access.Request) chat.Message {
	advice := "Save your work, extend it, or release it."
	if q.Requester.Kind == access.KindAgent {
		advice = "Your agent has it."
	}
	return chat.Message{Title: q.Contract + " ends soon", Text: chat.Say("It ends ").Time(*q.ExpiresAt).And(". " + advice),
		Buttons: append(ownButtons(q, w.Now()), w.pageButton(q.ID)...)}
}

const maxTimeline = 30 // lines of one reply

// timeline are the events after one and up to another, a line each, without what people
// wrote unless the configuration has it in.
func (w *Workspace) timeline(q access.Request, events []access.Event, after, to int64) (out chat.Text) {
	var told []access.Event
	for _, e := range events {
		if e.Seq <= after || e.Seq > to || e.Kind.Refusal() || e.Kind.Spec().Audience != access.AudienceRequest {
			continue
		}
		if !w.Reasons {
			e = e.Redacted()
		}
		told = append(told, e)
	}
	if n := len(told) - maxTimeline; n > 0 {
		out, told = chat.Say(fmt.Sprintf("%d earlier events are on the page.\n", n)), told[n:]
	}
	for i, e := range told {
		line := " · " + chat.OneLine(e.Actor+" · "+q.Phrase(e), 180)
		if i < len(told)-1 {
			line += "\n"
		}
		out = out.Time(e.At).And(line)
	}
	return out
}
