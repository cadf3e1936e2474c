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

// linkLedger keeps which user of a chat service is which person.
type linkLedger interface {
	AddLinkCode(ctx context.Context, digest string, p access.Person, expires time.Time) error
	LinkExternalUser(ctx context.Context, digest string, u ledger.ExternalUser, name string, now time.Time, event func(access.Person) access.Event) (ledger.ExternalLink, error)
	UnlinkExternalUser(ctx context.Context, service, person string, e access.Event) error
	ExternalLink(ctx context.Context, u ledger.ExternalUser) (ledger.ExternalLink, error)
	ExternalLinkOf(ctx context.Context, service, person string) (ledger.ExternalLink, error)
}

// ExternalConfig is what the use cases need for people who act in a chat service.
type ExternalConfig struct {
	Service string // its name, such as slack; empty: there is none
	Name    string // of a service that is not Slack, for people
	// Refresh returns a person as links and the directory know them now.
	Refresh func(context.Context, access.Person) (access.Person, error)
	// LoginMax is how long a login counts where the directory does not know who is in
	// which group; 12 hours if 0.
	LoginMax time.Duration
}

// externalUsers let people act in a chat service. That somebody there has the name or the
// address of a person proves nothing: a person links their user once, by a code that
// they are shown where they are signed in (docs/threats.md, case 7).
type externalUsers struct {
	config    ExternalConfig
	ledger    linkLedger
	directory access.Directory // nil: none
	refused   refusals
	now       clock
}

const (
	linkCodeLength   = 12 // of 32 letters and digits each: nobody guesses one of 2^60 in ten minutes
	linkCodeTime     = 10 * time.Minute
	externalLoginMax = 12 * time.Hour
)

// ChatService returns the name of the chat service, empty where there is none.
func (c *externalUsers) ChatService() string { return c.config.Service }

// ChatName returns what people call the service.
func (c *externalUsers) ChatName() string { return cmp.Or(c.config.Name, "Slack") }

// ExternalLinkOf returns the user whom a person has linked; nil for none.
func (c *externalUsers) ExternalLinkOf(ctx context.Context, p access.Person) (*ledger.ExternalLink, error) {
	if c.config.Service == "" {
		return nil, nil
	}
	link, err := c.ledger.ExternalLinkOf(ctx, c.config.Service, p.ID)
	if access.CodeOf(err) == access.CodeNotFound {
		return nil, nil
	}
	return &link, err
}

// LinkLogin is the oldest login with which somebody gets a code to link: whoever has
// somebody's session or token for an hour must not act as them for as long as a link lasts
// (docs/threats.md, case 108).
const LinkLogin = access.Duration(15 * time.Minute)

// NewLinkCode returns a code by which its person links a user, once and within ten
// minutes. Only people get one, and only where they are signed in. Errors are also
// CodeUnauthenticated for a login that is older than LinkLogin.
func (c *externalUsers) NewLinkCode(ctx context.Context, by access.Actor) (string, error) {
	if c.config.Service == "" {
		return "", access.Errorf(access.CodeNotFound, "no chat service is set up here")
	}
	if by.Person.Kind != access.KindHuman {
		return "", c.refused.record(ctx, by, "", access.ActLinkExternal, access.Refuse(access.CodeForbidden, "not_human", "only people link a chat user"))
	}
	if err := by.Person.RequireRecentLogin(LinkLogin, c.now()); err != nil {
		return "", c.refused.record(ctx, by, "", access.ActLinkExternal, err)
	}
	code := rand.Text()[:linkCodeLength]
	if err := c.ledger.AddLinkCode(ctx, LinkCodeDigest(code), by.Person, c.now().Add(linkCodeTime)); err != nil {
		return "", err
	}
	return code[:4] + "-" + code[4:8] + "-" + code[8:], nil
}

// LinkCodeDigest returns what is kept of a code, however it was typed: whoever reads the
// ledger's database must not be able to type it first.
func LinkCodeDigest(typed string) string {
	sum := sha256.Sum256([]byte("chat code " + strings.ToUpper(strings.ReplaceAll(strings.TrimSpace(typed), "-", ""))))
	return hex.EncodeToString(sum[:])
}

// LinkExternalUser makes a user of the chat service the person who got the code of a digest, as
// LinkCodeDigest makes it. Errors are CodeForbidden and CodeConflict, and recorded.
func (c *externalUsers) LinkExternalUser(ctx context.Context, u ledger.ExternalUser, name, digest string) (ledger.ExternalLink, error) {
	link, err := c.ledger.LinkExternalUser(ctx, digest, u, access.Clip(name, 100), c.now(), func(p access.Person) access.Event {
		e := access.Actor{Person: p, Via: access.Via(u.Service)}.Event(access.EventExternalLinked, c.now())
		e.Detail["service"], e.Detail["workspace"], e.Detail["user"] = u.Service, u.Workspace, u.User
		return e
	})
	return link, c.RefuseExternal(ctx, u, "", access.ActLinkExternal, err)
}

// UnlinkExternalUser takes a person's own link back.
func (c *externalUsers) UnlinkExternalUser(ctx context.Context, by access.Actor) error {
	e := by.Event(access.EventExternalUnlinked, c.now())
	e.Detail["service"] = c.config.Service
	return c.ledger.UnlinkExternalUser(ctx, c.config.Service, by.Person.ID, e)
}

// ExternalActor returns who a user of the chat service is now: with the groups that the
// directory says, or, where it knows none, those of a login that is recent. It is never
// a recent login itself: what needs one is done on the page. Errors are CodeForbidden,
// and CodeUnavailable.
func (c *externalUsers) ExternalActor(ctx context.Context, u ledger.ExternalUser) (access.Actor, error) {
	link, err := c.ledger.ExternalLink(ctx, u)
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
		most = externalLoginMax
	}
	if !known && c.now().Sub(since) > most {
		return access.Actor{}, access.Refuse(access.CodeForbidden, "chat_login_old", "you linked with a login that is older than %s, and nothing else says which groups you are in now; take the link back and link again", access.Duration(most))
	}
	p.LoggedInAt = time.Time{}
	return access.Actor{Person: p, Via: access.Via(u.Service)}, nil
}

// groupsKnown reports whether the directory says in which groups somebody is now.
func (c *externalUsers) groupsKnown(ctx context.Context, p access.Person) (bool, error) {
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

// RefuseExternal records that an act of a user of the chat service was refused before it was
// known who that is, and returns why.
func (c *externalUsers) RefuseExternal(ctx context.Context, u ledger.ExternalUser, request string, act access.Act, err error) error {
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

// MayRepeat reports whether what failed with an error can succeed later.
func MayRepeat(err error) bool {
	switch access.CodeOf(err) {
	case access.CodeUnavailable, access.CodeInternal, access.CodeThrottled:
		return err != nil
	}
	return false
}
