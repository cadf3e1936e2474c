package app

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// linkLedger keeps which users of other programs are which people.
type linkLedger interface {
	AddLinkCode(ctx context.Context, c ledger.LinkCode) error
	LinkExternalUser(ctx context.Context, digest string, u ledger.ExternalUser, name string, now time.Time, event func(access.Person) access.Event) (ledger.ExternalLink, error)
	UnlinkExternalUser(ctx context.Context, service, person string, e access.Event) error
	ExternalLink(ctx context.Context, u ledger.ExternalUser) (ledger.ExternalLink, error)
	ExternalLinkOf(ctx context.Context, service, person string) (ledger.ExternalLink, error)
}

// ExternalConfig is what the use cases need for people who act in other programs.
type ExternalConfig struct {
	Services []ExternalService // of which each has another name
	// Refresh returns a person as links and the directory know them now.
	Refresh func(context.Context, access.Person) (access.Person, error)
}

// ExternalService is another program in which people may act.
type ExternalService struct {
	Service string // its name in links, events and rows, such as slack
	Name    string // for people, such as Slack
	// Command is what is typed there before a code; "" where the program asks for it.
	Command string
	Asks    bool // people ask for access there too, and do not only decide
	// ByUser is for a service where others read the code that somebody types: it links the
	// one user whom its person named before.
	ByUser bool
	// LoginMax is how long a login counts where the directory does not know who is in
	// which group; 12 hours if 0.
	LoginMax time.Duration
}

// ExternalAccount is a service, and the user there whom a person has linked.
type ExternalAccount struct {
	ExternalService
	Link *ledger.ExternalLink // nil: none
}

// externalUsers let people act in other programs. That somebody there has the name or the
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

// service returns a service that is configured. Errors are CodeNotFound.
func (c *externalUsers) service(name string) (ExternalService, error) {
	for _, s := range c.config.Services {
		if s.Service == name {
			return s, nil
		}
	}
	return ExternalService{}, access.Errorf(access.CodeNotFound, "no service %q is set up here in which people act", access.Clip(name, 40))
}

// ExternalAccounts returns each service with the user whom a person has linked there.
func (c *externalUsers) ExternalAccounts(ctx context.Context, p access.Person) (out []ExternalAccount, err error) {
	for _, s := range c.config.Services {
		account := ExternalAccount{ExternalService: s}
		link, err := c.ledger.ExternalLinkOf(ctx, s.Service, p.ID)
		switch {
		case err == nil:
			account.Link = &link
		case access.CodeOf(err) != access.CodeNotFound:
			return nil, err
		}
		out = append(out, account)
	}
	return out, nil
}

const maxExternalUser = 100

// LinkLogin is the oldest login with which somebody gets a code to link: whoever has
// somebody's session or token for an hour must not act as them for as long as a link lasts
// (docs/threats.md, case 108).
const LinkLogin = access.Duration(15 * time.Minute)

// NewLinkCode returns a code by which its person links a user of a service, once and
// within ten minutes. user is the service's own name of that user, which nobody else there
// has; it is needed, and counts, where the service is ByUser. Only people get a code, and
// only where they are signed in. Errors are also CodeUnauthenticated for a login that is
// older than LinkLogin.
func (c *externalUsers) NewLinkCode(ctx context.Context, by access.Actor, service, user string) (string, error) {
	s, err := c.service(service)
	if err != nil {
		return "", err
	}
	if by.Person.Kind != access.KindHuman {
		return "", c.refused.record(ctx, by, "", access.ActLinkExternal, access.Refuse(access.CodeForbidden, "not_human", "only people link a user of another program"))
	}
	if user = strings.TrimSpace(user); !s.ByUser {
		user = ""
	} else if user == "" || len(user) > maxExternalUser || strings.ContainsFunc(user, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", access.InvalidField("external_user", "user", "name your user of %s, as %s names it", s.Name, s.Name)
	}
	if err := by.Person.RequireRecentLogin(LinkLogin, c.now()); err != nil {
		return "", c.refused.record(ctx, by, "", access.ActLinkExternal, err)
	}
	code := rand.Text()[:linkCodeLength]
	if err := c.ledger.AddLinkCode(ctx, ledger.LinkCode{Digest: LinkCodeDigest(code), Service: service, User: user, Person: by.Person, ExpiresAt: c.now().Add(linkCodeTime)}); err != nil {
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

// LinkExternalUser makes a user of a service the person who got the code of a digest, as
// LinkCodeDigest makes it. name is for people; where the service is ByUser, it is the name
// that no other user there has and by which people name themselves, such as a login.
// Errors are CodeForbidden and CodeConflict, and recorded.
func (c *externalUsers) LinkExternalUser(ctx context.Context, u ledger.ExternalUser, name, digest string) (ledger.ExternalLink, error) {
	link, err := c.ledger.LinkExternalUser(ctx, digest, u, access.Clip(name, 100), c.now(), func(p access.Person) access.Event {
		e := access.Actor{Person: p, Via: access.Via(u.Service)}.Event(access.EventExternalLinked, c.now())
		e.Detail["service"], e.Detail["workspace"], e.Detail["user"] = u.Service, u.Workspace, u.User
		return e
	})
	return link, c.RefuseExternal(ctx, u, "", access.ActLinkExternal, err)
}

// UnlinkExternalUser takes a person's own link to a user of a service back.
func (c *externalUsers) UnlinkExternalUser(ctx context.Context, by access.Actor, service string) error {
	if _, err := c.service(service); err != nil {
		return err
	}
	e := by.Event(access.EventExternalUnlinked, c.now())
	e.Detail["service"] = service
	return c.ledger.UnlinkExternalUser(ctx, service, by.Person.ID, e)
}

// ExternalActor returns who a user of a service is now: with the groups that the
// directory says, or, where it knows none, those of a login that is recent. It is never
// a recent login itself: what needs one is done on the page. Errors are CodeForbidden,
// and CodeUnavailable.
func (c *externalUsers) ExternalActor(ctx context.Context, u ledger.ExternalUser) (access.Actor, error) {
	service, err := c.service(u.Service)
	if err != nil {
		return access.Actor{}, err
	}
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
	since, most := link.LinkedAt, service.LoginMax
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

// RefuseExternal records that an act of a user of another program was refused before it was
// known who that is, and returns why.
func (c *externalUsers) RefuseExternal(ctx context.Context, u ledger.ExternalUser, request string, act access.Act, err error) error {
	by := access.Actor{Person: access.Person{ID: u.ActorID()}, Via: access.Via(u.Service)}
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
