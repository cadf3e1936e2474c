package notices

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/plaintext"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/notices/channel"
)

// headline says in a few words what a notice is about. The name of a contract is written
// as it is, also where a sentence begins with it.
func headline(n ledger.Notice, r access.Request) string {
	who, what := r.Requester.Label(), r.Contract
	switch n.Why {
	case whyEnds, whyAgentEnds:
		return what + " ends soon"
	case whyHandled:
		return fmt.Sprintf("%s no longer waits for you: %s", what, handledBecause(n.Kind, r))
	}
	if r.Plan.Lasting() {
		switch n.Kind {
		case access.EventAccessActive:
			return fmt.Sprintf("What %s proposed under %s is in force", who, what)
		case access.EventAccessEnded:
			return fmt.Sprintf("%s of %s is over; what it took into force stays", what, who)
		}
	}
	switch n.Kind {
	case access.EventRequestCreated:
		return fmt.Sprintf("%s asks for %s", who, what)
	case access.EventExtensionAsked:
		if r.Asked != nil {
			return fmt.Sprintf("%s asks for %s more of %s", who, r.Asked.Order.Adds, what)
		}
	case access.EventRequestScheduled:
		return fmt.Sprintf("%s is approved, and opens later", what)
	case access.EventAccessActive:
		return fmt.Sprintf("%s is open", what)
	case access.EventRequestDenied:
		return fmt.Sprintf("%s was denied", what)
	case access.EventRequestLapsed:
		return fmt.Sprintf("%s: nobody decided in time", what)
	case access.EventRequestFailed:
		return fmt.Sprintf("%s could not be opened", what)
	case access.EventAccessEnded:
		if r.Outcome == access.OutcomeFailed {
			return fmt.Sprintf("%s could not be opened; nothing of it is left, proven", what)
		}
		if r.Outcome == access.OutcomeRevoked {
			return fmt.Sprintf("%s was revoked, and is over, proven gone", what)
		}
		return fmt.Sprintf("%s is over, proven gone", what)
	case access.EventGlassReviewed:
		if r.Review == nil {
			return fmt.Sprintf("The use of break glass under %s was reviewed", what)
		}
		return fmt.Sprintf("The use of break glass under %s was found %s", what, verdictOf(*r.Review))
	case access.EventGlassBroken:
		return fmt.Sprintf("BREAK GLASS: %s opened %s, and nobody approved it", who, what)
	case access.EventAccessOverdue:
		return fmt.Sprintf("OVERDUE: %s of %s is not closed yet", what, who)
	}
	return fmt.Sprintf("%s of %s: %s", what, who, n.Kind.Spec().Phrase)
}

// handledBecause says why nothing is left for somebody to decide.
func handledBecause(k access.EventKind, r access.Request) string {
	who := r.Requester.Label()
	switch k {
	case access.EventDecisionRecorded:
		return "others decided your part of the request of " + who
	case access.EventAccessEnding:
		return "access of " + who + " ends before an extension was decided"
	case access.EventExtensionDecided:
		switch {
		case r.Asked == nil:
			return "the extension for " + who + " is decided"
		case r.Asked.Tally == access.TallyUndecided:
			return "others decided your part of the extension for " + who
		case r.Asked.Tally == access.TallyDenied:
			return "the extension for " + who + " was denied"
		}
		return "the extension for " + who + " was approved"
	}
	return "the request of " + who + " was " + k.Spec().Phrase
}

// letter is a notice before it is written as text or as a page.
type letter struct {
	Head    string
	Rows    []row
	Note    string
	Link    string
	Because string
	Urgent  bool
	Tables  []table
}

type row struct {
	Name, Text string
	Warns      bool
}

const (
	maxHead    = 120
	maxChanges = 20 // lines of what a proposal changes; the page has them all
)

// inDetail says where the rest is read of what a plan's summaries leave out, and how much
// that is; nothing of a plan whose summaries say all.
func inDetail(p access.Plan) string {
	n := 0
	for _, g := range p.Grants {
		n += len(g.Scope.Facts)
	}
	switch n {
	case 0:
		return ""
	case 1:
		return "1 fact of the plan, on the page"
	}
	return fmt.Sprintf("%d facts of the plan, on the page", n)
}

// letterOf returns what a notice says now. What people wrote is in it only if reasons says
// so.
func (c Config) letterOf(n ledger.Notice, r access.Request, zone *time.Location, reasons bool) letter {
	l := letter{Head: plaintext.Line(headline(n, r), maxHead), Link: c.link(n.RequestID), Urgent: n.Urgent}
	add := func(name, text string) {
		if text != "" {
			l.Rows = append(l.Rows, row{Name: name, Text: plaintext.Line(text, 500)})
		}
	}
	at := func(name string, t time.Time) { add(name, readable(t, zone)) }
	add("Requester", r.Requester.Label()+" ("+r.Requester.ID+")")
	add("Contract", r.Contract)
	if change := r.Plan.Change; change != nil {
		for i, says := range change.Differences {
			if i == maxChanges {
				add("And", fmt.Sprintf("%d changes more", len(change.Differences)-maxChanges))
				break
			}
			add("Changes", says)
		}
	} else {
		for _, g := range r.Plan.Grants {
			add("Access", g.Scope.Summary+" on "+g.Target)
		}
		if n.Kind == access.EventRequestCreated {
			add("In detail", inDetail(r.Plan))
		}
	}
	if !r.Plan.Lasting() {
		add("Duration", r.Plan.Duration.String())
		if r.Extensions > 0 {
			add("Extended", extendedInWords(r))
		}
	}
	for _, f := range r.Plan.Facts { // a text that no system knew as a ticket is what somebody wrote
		if f.Kind == access.FactTicket && f.State == access.FactKnown && f.Key == r.Plan.Ticket {
			add("Ticket", f.Key)
		}
	}
	if reasons {
		add("Reason", r.Plan.Reason)
	}
	switch {
	case n.Why == whyHandled:
	case n.Kind == access.EventRequestCreated:
		at("Decide until", r.Plan.PendingUntil)
	case n.Kind == access.EventExtensionAsked && asks(r):
		if reasons {
			add("To extend", r.Asked.Order.Reason)
		}
		at("Ends", r.Asked.Order.From)
		at("It would end", r.Asked.Until)
		at("Decide until", r.Asked.Order.From)
	case n.Kind == access.EventGlassBroken && r.Plan.BreakGlass != nil:
		at("Review until", r.Plan.BreakGlass.ReviewBy)
	case n.Kind == access.EventRequestScheduled && r.Plan.StartAt != nil:
		at("Starts", *r.Plan.StartAt)
	case r.Plan.Lasting() && r.ActiveAt != nil:
		add("In force", "since "+readable(*r.ActiveAt, zone)+", until another request replaces it")
	case n.Kind == access.EventGlassReviewed && r.Review != nil:
		add("Review", verdictOf(*r.Review))
		add("Reviewed by", r.Review.By.Label()+" ("+r.Review.By.ID+")")
		if reasons {
			add("Comment", r.Review.Comment)
		}
	case r.EndedAt != nil:
		at("Ended", *r.EndedAt)
		if r.Outcome == access.OutcomeCondition {
			add("Because", endsBecause(r.Plan))
		}
		if o := r.EndedBy(); o != nil && o.Kind == access.EndRevoke {
			add("Revoked by", o.By)
			if reasons {
				add("Because", o.Reason)
			}
		}
	case r.ExpiresAt != nil:
		at("Ends", *r.ExpiresAt)
	}
	for _, what := range r.Altered {
		l.Rows = append(l.Rows, row{"WARNING", plaintext.Line("the ledger does not say what was signed: "+what, 500), true})
	}
	l.Note, l.Because = noteOf(n, r), n.Why
	return l
}

// verdictOf says what a post-access review came to.
func verdictOf(r access.Review) string {
	if r.Justified {
		return "justified"
	}
	return "not justified"
}

// extendedInWords says how often access was extended, and to how long in all.
func extendedInWords(r access.Request) string {
	times := "once"
	if r.Extensions > 1 {
		times = fmt.Sprintf("%d times", r.Extensions)
	}
	if r.ActiveAt == nil || r.ExpiresAt == nil {
		return times
	}
	return fmt.Sprintf("%s, to %s in all", times, access.Duration(r.ExpiresAt.Sub(*r.ActiveAt).Round(time.Second)))
}

// noteOf returns what the reader may do now, if anything.
func noteOf(n ledger.Notice, r access.Request) string {
	switch {
	case n.Why == whyEnds && r.Plan.Extend != nil:
		return "Save your work, extend it, or release it."
	case n.Why == whyEnds:
		return "Save your work, or release it. This access cannot be extended."
	case n.Why == whyAgentEnds:
		return "Your agent has it. You see and end it on the page, logged in."
	case n.Why == whyHandled:
		return "Nothing is left for you to do."
	case n.Why == whyApprover, n.Why == whyEscalated, n.Why == whyOnCall:
		return "Decide on the page, logged in."
	case n.Why == whyAgent && n.Kind == access.EventRequestCreated:
		return "Others decide it. You see and end it on the page, logged in."
	case n.Why == whyAgent && n.Kind == access.EventAccessActive:
		return "Your agent has it. You see and end it on the page, logged in."
	case n.Why == whyReviewer:
		return "Review it on the page, logged in."
	case n.Why == whyRequester && n.Kind == access.EventAccessActive && !r.Plan.Lasting():
		return "The page says how to connect. Release access there once you are done."
	}
	return ""
}

// Text returns the letter as plain text.
func (l letter) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s.\n\n", l.Head)
	for _, r := range l.Rows {
		fmt.Fprintf(&b, "%-13s %s\n", r.Name+":", r.Text)
	}
	if l.Note != "" {
		fmt.Fprintf(&b, "\n%s\n", l.Note)
	}
	fmt.Fprintf(&b, "\n%s\n", l.Link)
	for _, t := range l.Tables {
		t.text(&b)
	}
	fmt.Fprintf(&b, "\nYou hear of this because %s. %s\n", l.Because, noCredential)
	return b.String()
}

const noCredential = "A notice carries no credential, and Ramp asks for none by mail."

// compose writes a notice as mail, as it is now, with times by the reader's clock.
func (c Config) compose(n ledger.Notice, r access.Request, zone *time.Location) channel.Message {
	return c.letterOf(n, r, zone, c.Reasons).mail(n)
}

// mail is a letter as mail.
func (l letter) mail(n ledger.Notice) channel.Message {
	return channel.Message{ID: n.ID, Thread: thread(n), Subject: "[Ramp] " + l.Head, Text: l.Text(), HTML: l.HTML(), Urgent: n.Urgent}
}

// thread names what mailboxes show as one conversation: all that is about one request.
func thread(n ledger.Notice) string {
	if n.RequestID == "" {
		return ""
	}
	return "request." + n.RequestID
}

// What a service's message may have: Discord takes 2,000 characters
// (https://discord.com/developers/docs/resources/webhook#execute-webhook), and ntfy 4,096
// bytes, beyond which it makes a file of a message, or refuses it
// (https://docs.ntfy.sh/publish/#limitations).
const (
	maxShared      = 1900
	maxSharedBytes = 3900
)

// composeShared writes a notice for a channel of a service. More people read it than those
// whom the request concerns: it never has the reason. What people chose for names mentions
// nobody there, and is no link with another text.
func (c Config) composeShared(n ledger.Notice, r access.Request) channel.Message {
	return c.letterOf(n, r, c.zone(""), false).shared(n)
}

// shared is a letter for a channel of a service, whose markup mentions nobody and hides no
// address.
func (l letter) shared(n ledger.Notice) channel.Message {
	var b strings.Builder
	b.WriteString(unmarked.Replace(l.Head) + ".\n")
	for _, r := range l.Rows {
		fmt.Fprintf(&b, "%s: %s\n", r.Name, unmarked.Replace(r.Text))
	}
	text := clipBytes(access.Clip(b.String(), maxShared-len(l.Link)), maxSharedBytes-len(l.Link))
	return channel.Message{ID: n.ID, Thread: thread(n), Subject: l.Head, Text: text + "\n" + l.Link, Urgent: n.Urgent}
}

// clipBytes shortens text to at most n bytes, with an ellipsis, and cuts no character in two.
func clipBytes(text string, n int) string {
	const ellipsis = "…"
	if len(text) <= n {
		return text
	}
	cut := 0
	for i, r := range text {
		if i+utf8.RuneLen(r)+len(ellipsis) > n {
			break
		}
		cut = i + utf8.RuneLen(r)
	}
	return text[:cut] + ellipsis
}

// unmarked takes what would mention people, or hide an address behind a text, in the markup
// of chat services.
var unmarked = strings.NewReplacer("@", "@\u200b", "[", "(", "]", ")", "<", "(", ">", ")", "`", "'")

// readable returns a time by a clock, and in UTC where that is another.
func readable(t time.Time, zone *time.Location) string {
	utc := t.UTC()
	if here := t.In(zone); here.Format("-0700") != "+0000" {
		return here.Format("Mon 2 Jan 2006, 15:04 MST") + utc.Format(" (15:04 UTC)")
	}
	return utc.Format("Mon 2 Jan 2006, 15:04 UTC")
}

// zone returns the clock of a reader who chose one; else that of the quiet hours, or UTC.
func (c Config) zone(chosen string) *time.Location {
	for _, name := range []string{chosen, c.Quiet.Zone} {
		if zone, err := time.LoadLocation(name); name != "" && err == nil {
			return zone
		}
	}
	return time.UTC
}

// endsBecause returns why the conditions of a plan end access: of several, one of them did.
func endsBecause(p access.Plan) string {
	var reasons []string
	for _, c := range p.EndWhen {
		reasons = append(reasons, c.Because)
	}
	return strings.Join(reasons, ", or ")
}
