package app

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// chatLedger keeps which user of a chat service is which person.
type chatLedger interface {
	AddChatCode(ctx context.Context, digest string, p access.Person, expires time.Time) error
	LinkChat(ctx context.Context, digest string, u ledger.ChatUser, name string, now time.Time, event func(access.Person) access.Event) (ledger.ChatLink, error)
	UnlinkChat(ctx context.Context, service, person string, e access.Event) error
	ChatLink(ctx context.Context, u ledger.ChatUser) (ledger.ChatLink, error)
	ChatLinkOf(ctx context.Context, service, person string) (ledger.ChatLink, error)
}

// ChatConfig is what the use cases need for people who act in a chat service.
type ChatConfig struct {
	Service string // its name, such as slack; empty: there is none
	Name    string // of a service that is not Slack, for people
	// Refresh returns a person as links and the directory know them now.
	Refresh func(context.Context, access.Person) (access.Person, error)
	// LoginMax is how long a login counts where the directory does not know who is in
	// which group; 12 hours if 0.
	LoginMax time.Duration
}

// chatUsers let people act in a chat service. That somebody there has the name or the
// address of a person proves nothing: a person links their user once, by a code that
// they are shown where they are signed in (docs/threats.md, case 7).
type chatUsers struct {
	config    ChatConfig
	ledger    chatLedger
	directory access.Directory // nil: none
	refused   refusals
	now       clock
}

const (
	chatCodeLength = 12 // of 32 letters and digits each: nobody guesses one of 2^60 in ten minutes
	chatCodeTime   = 10 * time.Minute
	chatLoginMax   = 12 * time.Hour
)

// ChatService returns the name of the chat service, empty where there is none.
func (c *chatUsers) ChatService() string { return c.config.Service }

// ChatName returns what people call the service.
func (c *chatUsers) ChatName() string { return cmp.Or(c.config.Name, "Slack") }

// ChatLinkOf returns the user whom a person has linked; nil for none.
func (c *chatUsers) ChatLinkOf(ctx context.Context, p access.Person) (*ledger.ChatLink, error) {
	if c.config.Service == "" {
		return nil, nil
	}
	link, err := c.ledger.ChatLinkOf(ctx, c.config.Service, p.ID)
	if access.CodeOf(err) == access.CodeNotFound {
		return nil, nil
	}
	return &link, err
}

// NewChatCode returns a code by which its person links a user, once and within ten
// minutes. Only people get one, and only where they are signed in.
func (c *chatUsers) NewChatCode(ctx context.Context, by access.Actor) (string, error) {
	if c.config.Service == "" {
		return "", access.Errorf(access.CodeNotFound, "no chat service is set up here")
	}
	if by.Person.Kind != access.KindHuman {
		return "", c.refused.record(ctx, by, "", access.ActLinkChat, access.Refuse(access.CodeForbidden, "not_human", "only people link a chat user"))
	}
	code := rand.Text()[:chatCodeLength]
	if err := c.ledger.AddChatCode(ctx, ChatCodeDigest(code), by.Person, c.now().Add(chatCodeTime)); err != nil {
		return "", err
	}
	return code[:4] + "-" + code[4:8] + "-" + code[8:], nil
}

// ChatCodeDigest returns what is kept of a code, however it was typed: whoever reads the
// ledger's database must not be able to type it first.
func ChatCodeDigest(typed string) string {
	sum := sha256.Sum256([]byte("chat code " + strings.ToUpper(strings.ReplaceAll(strings.TrimSpace(typed), "-", ""))))
	return hex.EncodeToString(sum[:])
}

// LinkChat makes a user of the chat service the person who got the code of a digest, as
// ChatCodeDigest makes it. Errors are CodeForbidden and CodeConflict, and recorded.
func (c *chatUsers) LinkChat(ctx context.Context, u ledger.ChatUser, name, digest string) (ledger.ChatLink, error) {
	link, err := c.ledger.LinkChat(ctx, digest, u, access.Clip(name, 100), c.now(), func(p access.Person) access.Event {
		e := access.Actor{Person: p, Via: access.Via(u.Service)}.Event(access.EventChatLinked, c.now())
		e.Detail["service"], e.Detail["workspace"], e.Detail["user"] = u.Service, u.Workspace, u.User
		return e
	})
	return link, c.RefuseChat(ctx, u, "", access.ActLinkChat, err)
}

// UnlinkChat takes a person's own link back.
func (c *chatUsers) UnlinkChat(ctx context.Context, by access.Actor) error {
	e := by.Event(access.EventChatUnlinked, c.now())
	e.Detail["service"] = c.config.Service
	return c.ledger.UnlinkChat(ctx, c.config.Service, by.Person.ID, e)
}

// ChatActor returns who a user of the chat service is now: with the groups that the
// directory says, or, where it knows none, those of a login that is recent. It is never
// a recent login itself: what needs one is done on the page. Errors are CodeForbidden,
// and CodeUnavailable.
func (c *chatUsers) ChatActor(ctx context.Context, u ledger.ChatUser) (access.Actor, error) {
	link, err := c.ledger.ChatLink(ctx, u)
	if access.CodeOf(err) == access.CodeNotFound {
		return access.Actor{}, access.Refuse(access.CodeForbidden, "chat_not_linked", "Ramp does not know yet who you are")
	}
	if err != nil {
		return access.Actor{}, err
	}
	p, err := c.config.Refresh(ctx, link.Person)
	if err != nil {
		return access.Actor{}, err
	}
	known, err := c.groupsKnown(ctx, p)
	if err != nil {
		return access.Actor{}, err
	}
	since, most := link.LinkedAt, c.config.LoginMax
	if !link.Person.LoggedInAt.IsZero() {
		since = link.Person.LoggedInAt
	}
	if most == 0 {
		most = chatLoginMax
	}
	if !known && c.now().Sub(since) > most {
		return access.Actor{}, access.Refuse(access.CodeForbidden, "chat_login_old", "you linked with a login that is older than %s, and nothing else says which groups you are in now; take the link back and link again", access.Duration(most))
	}
	p.LoggedInAt = time.Time{}
	return access.Actor{Person: p, Via: access.Via(u.Service)}, nil
}

// groupsKnown reports whether the directory says in which groups somebody is now.
func (c *chatUsers) groupsKnown(ctx context.Context, p access.Person) (bool, error) {
	if c.directory == nil {
		return false, nil
	}
	s, err := c.directory.DirectorySnapshot(ctx, p.ID)
	if err != nil {
		return false, access.Errorf(access.CodeUnavailable, "the directory cannot be read: %w", err)
	}
	_, known := s.Members[access.FoldID(p.ID)]
	return known && s.KnowsGroups, nil
}

// RefuseChat records that an act of a user of the chat service was refused before it was
// known who that is, and returns why.
func (c *chatUsers) RefuseChat(ctx context.Context, u ledger.ChatUser, request string, act access.Act, err error) error {
	by := access.Actor{Person: access.Person{ID: access.Clip(u.Service+":"+u.Workspace+":"+u.User, 100)}, Via: access.Via(u.Service)}
	if !access.IsRefusal(err) {
		return err
	}
	e := c.refused.event(by, act, err)
	e.Kind = access.EventActRefused
	if access.IsRequestID(request) {
		e.Detail["request"] = request // strangers write in no request's timeline
	}
	c.refused.count(ctx, e)
	return err
}
