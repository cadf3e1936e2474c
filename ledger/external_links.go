package ledger

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"

	"ramp.dev/ramp/access"
)

// ExternalUser is a user of another program, as the program names them.
type ExternalUser struct {
	Service   string `json:"service"`
	Workspace string `json:"workspace"`
	User      string `json:"user"`
}

// key is of this user and no other: the parts are escaped, since a program's name and its
// ids may hold spaces. The user 5 of "Acme Desk" is not the user "Desk 5" of "Acme".
func (u ExternalUser) key() string {
	return u.Service + " " + url.QueryEscape(u.Workspace) + " " + url.QueryEscape(u.User)
}

// ActorID is the id under which events have what the user did before it was known who that
// is; of a name that is too long, its beginning.
func (u ExternalUser) ActorID() string {
	return access.Clip(u.Service+":"+u.Workspace+":"+u.User, 100)
}

// ExternalLink says which person a user of another program is.
type ExternalLink struct {
	ExternalUser
	Name     string        `json:"name"`   // as the service shows the user
	Person   access.Person `json:"person"` // as they were signed in when they linked
	LinkedAt time.Time     `json:"linkedAt"`
}

// externalLinkRecord is what a server signs of a user.
type externalLinkRecord struct {
	ExternalLink
	Version int64 `json:"version"`
	Linked  bool  `json:"linked"` // false once it was taken back
}

// LinkCode is by what a person links a user of a service, once and until it expires.
type LinkCode struct {
	Digest    string        `json:"digest"` // of the code, which is kept nowhere
	Service   string        `json:"service"`
	User      string        `json:"user"` // the one user whom it links, by a name that is theirs alone; "": whoever has it
	Person    access.Person `json:"person"`
	ExpiresAt time.Time     `json:"expiresAt"`
}

// externalLinkKey is of a user, by ExternalUser.key.
func externalLinkKey(user string, version int64) string {
	return eventKey(fmt.Sprintf("chat link %d %s", version, user))
}

// linkCodeKey is of a code that was used, by its digest.
func linkCodeKey(digest string) string { return eventKey("chat code " + digest) }

type externalLinkRow struct {
	id      string
	version int64
	signed  string
}

func scanExternalLink(row scanner) (x externalLinkRow, err error) {
	err = row.Scan(&x.id, &x.version, &x.signed)
	return x, err
}

// externalLinks returns what a server signed last of each row that the condition finds; what
// is not believed is left out: it is nobody's link. Whoever puts back a link that was
// taken back must cut the log too (see newer).
func (q querier) externalLinks(ctx context.Context, where string, args ...any) (out []externalLinkRecord, err error) {
	all, err := q.lastExternalLinks(ctx, where, args...)
	for _, r := range all {
		if r.Linked {
			out = append(out, r)
		}
	}
	return out, err
}

// lastExternalLinks is externalLinks with what was taken back.
func (q querier) lastExternalLinks(ctx context.Context, where string, args ...any) (out []externalLinkRecord, err error) {
	rows, err := collect(ctx, q, scanExternalLink, `SELECT id, version, record FROM external_links WHERE `+where+` ORDER BY id`, args...)
	if err != nil {
		return nil, err
	}
	for _, x := range rows {
		r, ok := readRecord[externalLinkRecord](q.notary, access.RecordExternalLink, x.signed)
		if !ok || r.key() != x.id || r.Version != x.version {
			continue
		}
		later, err := q.hasEvent(ctx, externalLinkKey(x.id, x.version+1))
		if err != nil {
			return nil, err
		}
		if !later {
			out = append(out, r)
		}
	}
	return out, nil
}

// ExternalLink returns which person a user is. Errors are CodeNotFound for one who has not
// linked, or whose link is not as a server signed it last.
func (l *Ledger) ExternalLink(ctx context.Context, u ExternalUser) (ExternalLink, error) {
	return one(l.reader().externalLinks(ctx, `id = ?`, u.key()))
}

// LastExternalLink is ExternalLink, also of a link that was taken back; linked says whether
// it counts. It has the person of the link that was last.
func (l *Ledger) LastExternalLink(ctx context.Context, u ExternalUser) (link ExternalLink, linked bool, err error) {
	list, err := l.reader().lastExternalLinks(ctx, `id = ?`, u.key())
	link, err = one(list, err)
	return link, err == nil && list[0].Linked, err
}

// ExternalLinkOf returns the user of a service whom a person has linked; CodeNotFound for
// none.
func (l *Ledger) ExternalLinkOf(ctx context.Context, service, person string) (ExternalLink, error) {
	list, err := l.reader().externalLinks(ctx, `service = ? AND person_key = ?`, service, access.FoldID(person))
	var theirs []externalLinkRecord
	for _, r := range list {
		if r.Service == service && access.FoldID(r.Person.ID) == access.FoldID(person) {
			theirs = append(theirs, r)
		}
	}
	return one(theirs, err)
}

// EverLinked returns the users of other programs whose last link was to one of some people,
// also of those links that were taken back since.
func (l *Ledger) EverLinked(ctx context.Context, people ...string) (out []ExternalUser, err error) {
	for _, id := range people {
		list, err := l.reader().lastExternalLinks(ctx, `person_key = ?`, access.FoldID(id))
		if err != nil {
			return nil, wrapError(err)
		}
		for _, r := range list {
			if access.FoldID(r.Person.ID) == access.FoldID(id) {
				out = append(out, r.ExternalUser)
			}
		}
	}
	return out, nil
}

func one(list []externalLinkRecord, err error) (ExternalLink, error) {
	if err != nil {
		return ExternalLink{}, wrapError(err)
	}
	if len(list) == 0 {
		return ExternalLink{}, access.Errorf(access.CodeNotFound, "there is no such link")
	}
	return list[0].ExternalLink, nil
}

// AddLinkCode keeps a code. A server signs it: somebody who writes a row of their own makes
// nobody somebody else.
func (l *Ledger) AddLinkCode(ctx context.Context, c LinkCode) error {
	c.ExpiresAt = c.ExpiresAt.UTC()
	signed, err := signRecord(l.notary, access.RecordLinkCode, c)
	if err != nil {
		return err
	}
	return l.tx(ctx, func(q querier) error {
		_, err := q.exec(ctx, `INSERT INTO link_codes (digest, record, expires_at) VALUES (?, ?, ?)`, c.Digest, signed, micros(c.ExpiresAt))
		return err
	})
}

// links reports whether a code is one for a user of a service. Of a code that is for one
// user the name counts and not the id too: somebody could have the id of another as their
// name. Names differ in more than the case of their letters, of those of ASCII: other
// foldings make two users' names one, such as the long s and s.
func (c LinkCode) links(u ExternalUser, name string) bool {
	return c.Service == u.Service && (c.User == "" || isASCII(name) && strings.EqualFold(c.User, name))
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}

// LinkExternalUser makes a user the person who got a code, which then is used up, and returns
// the link. event makes the event that says so. Errors are CodeForbidden for a code that
// is none, or over (chat_code), and CodeConflict (chat_linked) where the user or the
// person is linked already.
func (l *Ledger) LinkExternalUser(ctx context.Context, digest string, u ExternalUser, name string, now time.Time, event func(access.Person) access.Event) (link ExternalLink, err error) {
	err = l.tx(ctx, func(q querier) error {
		if err := q.lock(ctx, lockAccounts, "chat"); err != nil {
			return err
		}
		rows, err := collect(ctx, q, scanText, `SELECT record FROM link_codes WHERE digest = ?`+q.dialect.forUpdate(), digest)
		if err != nil {
			return err
		}
		var code LinkCode
		ok := len(rows) == 1
		if ok {
			code, ok = readRecord[LinkCode](q.notary, access.RecordLinkCode, rows[0])
		}
		// Whoever owns the database can put a row back, and not the log.
		used, err := q.hasEvent(ctx, linkCodeKey(digest))
		if err != nil {
			return err
		}
		if !ok || used || code.Digest != digest || !code.links(u, name) || !now.Before(code.ExpiresAt) {
			return access.Refuse(access.CodeForbidden, "chat_code", "there is no such code, or it is over: a code is good once, for ten minutes")
		}
		others, err := q.externalLinks(ctx, `id = ? OR service = ? AND person_key = ?`, u.key(), u.Service, access.FoldID(code.Person.ID))
		if err != nil {
			return err
		}
		for _, o := range others {
			if o.ExternalUser != u || access.FoldID(o.Person.ID) != access.FoldID(code.Person.ID) {
				return access.Refuse(access.CodeConflict, "chat_linked", "this user, or this person, is linked already; take that back first, on the page about you")
			}
		}
		if _, err := q.exec(ctx, `DELETE FROM link_codes WHERE digest = ? OR expires_at < ?`, digest, micros(now)); err != nil {
			return err
		}
		link = ExternalLink{ExternalUser: u, Name: name, Person: code.Person, LinkedAt: now.UTC()}
		spent := event(code.Person)
		spent.Kind, spent.Key = access.EventLinkCodeUsed, linkCodeKey(digest)
		if err := q.append(ctx, spent); err != nil {
			return err
		}
		return q.writeExternalLink(ctx, link, true, event(code.Person))
	})
	return link, err
}

// UnlinkExternalUser takes a person's link back. Errors are CodeNotFound where there is none.
func (l *Ledger) UnlinkExternalUser(ctx context.Context, service, person string, e access.Event) error {
	return l.tx(ctx, func(q querier) error {
		if err := q.lock(ctx, lockAccounts, "chat"); err != nil {
			return err
		}
		list, err := q.externalLinks(ctx, `service = ? AND person_key = ?`, service, access.FoldID(person))
		if err != nil {
			return err
		}
		found := false
		for _, r := range list {
			if access.FoldID(r.Person.ID) == access.FoldID(person) {
				found = true
				if err := q.writeExternalLink(ctx, r.ExternalLink, false, e); err != nil {
					return err
				}
			}
		}
		if !found {
			return access.Errorf(access.CodeNotFound, "nobody of %s is linked to you", service)
		}
		return nil
	})
}

func (q querier) writeExternalLink(ctx context.Context, link ExternalLink, linked bool, e access.Event) error {
	id := link.key()
	version, err := q.nextVersion(ctx, 0, func(v int64) string { return externalLinkKey(id, v) })
	if err != nil {
		return err
	}
	signed, err := signRecord(q.notary, access.RecordExternalLink, externalLinkRecord{link, version, linked})
	if err != nil {
		return err
	}
	if _, err := q.exec(ctx, `DELETE FROM external_links WHERE id = ?`, id); err != nil {
		return err
	}
	if _, err := q.exec(ctx, `INSERT INTO external_links (id, service, person_key, version, record) VALUES (?, ?, ?, ?, ?)`,
		id, link.Service, access.FoldID(link.Person.ID), version, signed); err != nil {
		return err
	}
	e.Key = externalLinkKey(id, version)
	return q.append(ctx, e)
}
