package notices

import (
	"context"
	"slices"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// Directory says who is in a group, what is known of people, and what they chose to hear.
type Directory interface {
	access.Directory
	// PeopleOf returns ids of those who may be in a group; DirectorySnapshot says of
	// each whether they are.
	PeopleOf(ctx context.Context, group string) ([]string, error)
	// NoticeChoices returns what people chose, by access.FoldID of each id and address that
	// is asked about, of those who chose anything.
	NoticeChoices(ctx context.Context, idsAndAddresses ...string) (map[string]access.NoticeChoice, error)
}

// addressed is a hearer's address in a channel.
type addressed struct {
	channel, address, why string
	of                    access.EventKind
	person                string // whose address it is; empty for a list, and for a service's channel
	muted                 bool   // the person chose not to hear of it
	zone                  string // whose clock times are given by; empty: not chosen
}

func (a addressed) key() string { return a.channel + "\n" + strings.ToLower(a.address) }

// resolver finds the addresses of hearers.
type resolver struct {
	Config
	directory Directory
	rota      Rota // nil: nobody knows who is on call
	now       func() time.Time
}

// resolve returns the addresses of hearers, each once, with the first reason for which
// they hear. The requester is asked to decide nothing of their own. Somebody without an
// address hears nothing. Who is on call has a row of the outbox for their schedule, since
// the rota is asked when it is sent: one that is down must hold up no other notice.
func (c resolver) resolve(ctx context.Context, hearers []hearer, requester access.Person) ([]addressed, error) {
	var all []addressed
	for _, h := range hearers {
		found, err := c.addressesOf(ctx, h, requester)
		if err != nil {
			return nil, err
		}
		for _, a := range found {
			a.why, a.of = h.Why, h.Of
			all = append(all, a)
		}
	}
	if err := c.choices(ctx, all); err != nil {
		return nil, err
	}
	var out []addressed
	for _, a := range all {
		i := slices.IndexFunc(out, func(b addressed) bool { return a.key() == b.key() })
		switch {
		case i < 0:
			out = append(out, a)
		case out[i].muted && !a.muted: // a reason that nobody can switch off
			out[i] = a
		}
	}
	return out, nil
}

// addressesOf returns the addresses of one hearer.
func (c resolver) addressesOf(ctx context.Context, h hearer, requester access.Person) (out []addressed, err error) {
	configured := func(list []string) {
		for _, a := range list {
			if _, is := c.Channels[a]; is {
				out = append(out, addressed{channel: serviceChannel, address: a})
			} else if access.IsAddress(a) {
				out = append(out, addressed{channel: mailChannel, address: a})
			}
		}
	}
	switch {
	case h.Address != "":
		configured([]string{h.Address})
	case h.Channel != "":
		if _, is := c.Channels[h.Channel]; is {
			out = append(out, addressed{channel: serviceChannel, address: h.Channel})
		}
	case h.OnCall != "":
		if c.rota != nil {
			out = append(out, addressed{channel: onCallChannel, address: h.OnCall})
		}
	case h.Group != "" && len(c.Groups[h.Group]) > 0:
		configured(c.Groups[h.Group])
		if topicOf(h.Why) == access.TopicDecisions || h.Why == whyReviewer {
			// The requester cannot decide it. By an address that they only say is theirs they would
			// keep somebody else from hearing.
			out = slices.DeleteFunc(out, func(a addressed) bool {
				return a.channel == mailChannel && requester.EmailVerified && strings.EqualFold(a.address, requester.Email)
			})
		}
	case h.Group != "":
		return c.members(ctx, h.Group, requester)
	default:
		one, err := c.person(ctx, h, requester)
		if err != nil || !access.IsAddress(one.address) {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

// choices fills in what the people of addresses chose. Lists and channels chose nothing.
func (c resolver) choices(ctx context.Context, all []addressed) error {
	var ask []string
	for _, a := range all {
		if a.person != "" {
			ask = append(ask, a.person)
		}
	}
	if len(ask) == 0 {
		return nil
	}
	chosen, err := c.directory.NoticeChoices(ctx, ask...)
	if err != nil {
		return err
	}
	for i, a := range all {
		if a.person == "" {
			continue
		}
		choice := chosen[access.FoldID(a.person)]
		topic := topicOf(a.why)
		all[i].zone, all[i].muted = choice.Zone, topic != "" && !choice.Hears(mailChannel, topic)
	}
	return nil
}

// topicOf returns the topic by which a person may switch off what they hear for a reason;
// "" for what nobody can: break glass, alarms, and what a contract wants.
func topicOf(why string) access.NoticeTopic {
	switch why {
	case whyApprover, whyEscalated, whyOnCall:
		return access.TopicDecisions
	case whyHandled:
		return access.TopicHandled
	case whyRequester, whyAgent:
		return access.TopicRequests
	case whyEnds, whyAgentEnds:
		return access.TopicReminders
	}
	return ""
}

// members returns the addresses of a group's people, as the directory's signed records
// say, without the requester's.
func (c resolver) members(ctx context.Context, group string, requester access.Person) (out []addressed, err error) {
	ids, err := c.directory.PeopleOf(ctx, group)
	if err != nil {
		return nil, err
	}
	s, err := c.directory.DirectorySnapshot(ctx, ids...)
	if err != nil || !s.KnowsGroups {
		return nil, err
	}
	for _, id := range ids {
		m, known := s.Members[access.FoldID(id)]
		if !known || !m.Active || !slices.Contains(m.Groups, group) || s.Unproven[access.FoldID(id)] != "" {
			continue
		}
		if !requester.SameHuman(access.Person{ID: m.ID, Email: m.Email}) && access.IsAddress(m.Email) {
			out = append(out, addressed{channel: mailChannel, address: m.Email, person: m.ID})
		}
	}
	return out, nil
}

// person returns the address of one person: the directory's, or what the requester's
// own login said. One who has left has none. An agent's human hears in its place.
func (c resolver) person(ctx context.Context, h hearer, requester access.Person) (out addressed, err error) {
	p := h.Person
	if h.ID != "" {
		p = access.Person{ID: h.ID}
		if requester.SameHuman(p) {
			return out, nil
		}
	}
	s, err := c.directory.DirectorySnapshot(ctx, p.Identities()...)
	if err != nil {
		return out, err
	}
	now, err := s.Current(p)
	if err != nil {
		return out, nil // they have left
	}
	out = addressed{channel: mailChannel, address: now.Email, person: p.ID}
	if human := p.HumanID(); human != p.ID {
		if m, known := s.Members[access.FoldID(human)]; known && m.Active && m.Email != "" {
			out.address, out.person = m.Email, human
		}
	}
	return out, nil
}

// hears returns the address of a notice as it is now; ok is false where nobody who may
// hear of it has that address, by the signed plan, the directory's signed records, the
// configuration and the rota.
func (c resolver) hears(ctx context.Context, n ledger.Notice, r access.Request) (to addressed, ok bool, err error) {
	list := mayHear(n.Kind, n.Why, r, c.Alarms)
	found, err := c.resolve(ctx, list, r.Requester)
	if err != nil {
		return to, false, err
	}
	is := func(a addressed) bool { return a.channel == n.Channel && strings.EqualFold(a.address, n.Address) }
	if i := slices.IndexFunc(found, is); i >= 0 {
		return found[i], true, nil
	}
	// Only then is the rota asked: a group hears also while it is down.
	if n.Channel != mailChannel || c.rota == nil {
		return to, false, nil
	}
	for _, h := range list {
		if h.OnCall == "" {
			continue
		}
		on, err := c.onCall(ctx, h, r.Requester)
		if err != nil {
			return to, false, err
		}
		if i := slices.IndexFunc(on, is); i >= 0 {
			return on[i], true, nil
		}
	}
	return to, false, nil
}
