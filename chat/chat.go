// Package chat is what Ramp needs of a chat service, in the terms that chat services
// share: a Bot posts a message, updates it in place, replies in its thread, and asks
// one person with a form. A service is a package below that implements Bot and passes
// package chattest.
//
// Nothing that comes from a service is believed for being there: an Interaction says which
// user of the service acted, and not which person that is.
package chat

import (
	"context"
	"time"
)

// Bot acts in one workspace of a chat service, with the service's own limits. It is safe
// for concurrent use, and keeps no state: what must last is in the ledger.
//
// Errors are CodeThrottled with RetryAfter for a call that comes too fast; CodeUnavailable
// where the service or its token does not work now, also if what was asked has been done;
// CodeNotFound for a message or conversation that is not there; CodeForbidden for a conversation where the
// bot may not write; CodeInvalid for what the service will never take.
type Bot interface {
	// Post writes a new message, and returns where it is.
	Post(ctx context.Context, conversation string, m Message) (Ref, error)
	// Find returns a message that Post or Reply wrote with this ID at or after a time:
	// so a post whose response was lost is not made twice. thread is the message that
	// was replied to; the zero Ref for Post.
	Find(ctx context.Context, conversation string, thread Ref, id string, since time.Time) (Ref, bool, error)
	// Update replaces a message in place.
	Update(ctx context.Context, at Ref, m Message) error
	// Reply writes a message into the thread of another.
	Reply(ctx context.Context, to Ref, m Message) (Ref, error)
	// PostEphemeral writes a message that one user alone sees: in a conversation where they are, or, if
	// conversation is empty, as a direct message.
	PostEphemeral(ctx context.Context, conversation, user string, m Message) error
	// OpenForm opens a form for the user who acted, within seconds of their act: trigger is
	// Interaction.Trigger.
	OpenForm(ctx context.Context, trigger string, f Form) error
	// UpdateForm replaces an open form, by Interaction.Form.
	UpdateForm(ctx context.Context, form string, f Form) error
	// Member returns what the service says of a user now.
	Member(ctx context.Context, user string) (Member, error)
	// Outsiders reports whether people of other workspaces read what is written in a conversation.
	Outsiders(ctx context.Context, conversation string) (bool, error)
	// Ping asks whether the bot can work, and writes nothing.
	Ping(ctx context.Context) error
}

// Ref is a message, as the service names it.
type Ref struct{ Conversation, ID string }

// IsZero reports whether it names no message.
func (r Ref) IsZero() bool { return r == Ref{} }

// Message is one message. All text is plain: a Bot sees to it that none of it is
// formatted, mentions somebody, or hides something.
type Message struct {
	ID      string // the same for every try; by it Find knows the message
	Title   string
	Text    Text // a sentence or a few lines
	Rows    []Row
	Small   string // small print
	Buttons []Button
}

// Row is one row of a message: what it is of, and what it says.
type Row struct {
	Name, Text string
	// At is the time that Text says, as UTC writes it, for services that show each reader
	// their own zone; the zero time for any other row.
	At time.Time
}

// Button is a button of a message.
type Button struct {
	Name  string // what pressing it means; Interaction.Name then
	Label string
	Value string // Interaction.Value then
	URL   string // opens a page instead
	Style Style
}

// Style says how a button looks.
type Style string

const (
	Plain Style = ""
	Go    Style = "go"
	Stop  Style = "stop"
)

// Form asks one person for something.
type Form struct {
	Name   string // Interaction.Name when it is sent
	Value  string // Interaction.Value then; the person cannot change it
	Title  string // at most 24 characters
	Send   string // the label of the button that sends it; empty: it cannot be sent yet
	Text   string
	Fields []Field
}

// Field is one field of a form.
type Field struct {
	Name, Label, Hint string
	Text              string   // what is in it at first
	Options           []Option // to choose from; none: text is typed
	Long              bool     // several lines
	Optional          bool
	MaxLength         int
	// Reports says that a choice is delivered at once, as an Interaction of kind
	// KindChoice with the field's name.
	Reports bool
}

// Option is one choice.
type Option struct{ Value, Label string }

// Member is a user of a chat service.
type Member struct {
	User, Workspace string
	Name            string
	Deactivated     bool
	Guest           bool // of the workspace, with some of its channels
	Program         bool
}

// Kind is what a user did.
type Kind string

const (
	KindCommand Kind = "command" // typed a command; Value is what follows it
	KindButton  Kind = "button"
	KindChoice  Kind = "choice" // chose in a form that is still open; Fields has the choice
	KindForm    Kind = "form"   // sent a form
	KindOther   Kind = "other"  // nothing that Ramp acts on
)

// Interaction is one act of a user, as the service delivered and signed it.
type Interaction struct {
	// ID is of the delivery as it was signed: the same one sent again has the same.
	ID              string
	App             string
	Workspace, User string
	UserName        string // as shown; it proves nothing
	HomeWorkspace   string // of the user, where it is named; else empty
	Kind            Kind
	Name, Value     string
	Fields          map[string]string
	At              Ref    // the message with the button
	Trigger         string // for OpenForm; good for seconds
	Form            string // for UpdateForm
	Challenge       string // what the service wants back to see that the address is Ramp's
}
