package notices

import (
	"context"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// Directory says who is in a group, and what is known of people.
type Directory interface {
	access.Directory
	// PeopleOf returns ids of those who may be in a group; DirectorySnapshot says of
	// each whether they are.
	PeopleOf(ctx context.Context, group string) ([]string, error)
}

// addressed is a hearer's address.
type addressed struct {
	address, why string
	of           access.EventKind
}

// resolve returns the addresses of hearers, each once, with the first reason. The
// requester is asked to decide nothing of their own. Somebody without an address
// hears nothing.
func (c Config) resolve(ctx context.Context, d Directory, hearers []hearer, requester access.Person) (out []addressed, err error) {
	add := func(address string, h hearer) {
		same := func(a addressed) bool { return strings.EqualFold(a.address, address) }
		if access.IsAddress(address) && !slices.ContainsFunc(out, same) {
			out = append(out, addressed{address, h.Why, h.Of})
		}
	}
	for _, h := range hearers {
		switch {
		case h.Address != "":
			add(h.Address, h)
		case h.Group != "":
			list := c.groupAddresses(h.Group)
			if len(list) == 0 {
				if list, err = members(ctx, d, h.Group, requester); err != nil {
					return nil, err
				}
			}
			for _, a := range list {
				add(a, h)
			}
		default:
			address, err := person(ctx, d, h, requester)
			if err != nil {
				return nil, err
			}
			add(address, h)
		}
	}
	return out, nil
}

// members returns the addresses of a group's people, as the directory's signed records
// say, without the requester's.
func members(ctx context.Context, d Directory, group string, requester access.Person) (out []string, err error) {
	ids, err := d.PeopleOf(ctx, group)
	if err != nil {
		return nil, err
	}
	s, err := d.DirectorySnapshot(ctx, ids...)
	if err != nil || !s.KnowsGroups {
		return nil, err
	}
	for _, id := range ids {
		m, known := s.Members[access.FoldID(id)]
		if !known || !m.Active || !slices.Contains(m.Groups, group) || s.Unproven[access.FoldID(id)] != "" {
			continue
		}
		if !requester.SameHuman(access.Person{ID: m.ID, Email: m.Email}) {
			out = append(out, m.Email)
		}
	}
	return out, nil
}

// person returns the address of one person: the directory's, or what the requester's
// own login said. One who has left has none. An agent's human hears in its place.
func person(ctx context.Context, d Directory, h hearer, requester access.Person) (string, error) {
	p := h.Person
	if h.ID != "" {
		p = access.Person{ID: h.ID}
		if requester.SameHuman(p) {
			return "", nil
		}
	}
	s, err := d.DirectorySnapshot(ctx, p.Identities()...)
	if err != nil {
		return "", err
	}
	now, err := s.Current(p)
	if err != nil {
		return "", nil // they have left
	}
	if human := p.HumanID(); human != p.ID {
		if m, known := s.Members[access.FoldID(human)]; known && m.Active && m.Email != "" {
			return m.Email, nil
		}
	}
	return now.Email, nil
}

// hears reports whether the address of a notice is one that may hear of it, by the signed
// plan, the directory's signed records and the configuration as they are now.
func (c Config) hears(ctx context.Context, d Directory, n ledger.Notice, r access.Request) (bool, error) {
	list, err := c.resolve(ctx, d, mayHear(n.Kind, n.Why, r, c.Alarms), r.Requester)
	return slices.ContainsFunc(list, func(a addressed) bool { return strings.EqualFold(a.address, n.Address) }), err
}
