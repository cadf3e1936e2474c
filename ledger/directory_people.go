package ledger

import (
	"context"
	"slices"

	"ramp.dev/ramp/access"
)

// PeopleIn returns who is in each of the named groups, with their ids and addresses, as the
// directory in force says: nobody who has left, and nobody whose record is not believed.
// known is false where no directory says who is in which group.
func (l *Ledger) PeopleIn(ctx context.Context, names []string) (people map[string][]access.Person, known bool, err error) {
	m, err := l.Directory(ctx)
	if err != nil || !m.Enabled || !m.Groups {
		return nil, false, err
	}
	people = map[string][]access.Person{}
	for _, name := range names {
		groups, _, err := l.Groups(ctx, GroupFilter{Name: name, Limit: 10})
		if err != nil {
			return nil, false, err
		}
		for _, g := range groups {
			if g.Name != name || g.Unproven {
				continue
			}
			in, err := l.activePeople(ctx, g.Members)
			if err != nil {
				return nil, false, err
			}
			people[name] = append(people[name], in...)
		}
	}
	return people, true, nil
}

// activePeople returns those of some users who have not left.
func (l *Ledger) activePeople(ctx context.Context, ids []string) (out []access.Person, err error) {
	q := l.reader()
	for some := range slices.Chunk(ids, maxNames) {
		marks, args := inList(some)
		users, err := collect(ctx, q, q.scanUser, `SELECT `+userSelect+` FROM directory_users WHERE deleted_at IS NULL AND id IN `+marks+` ORDER BY id`, args...)
		if err != nil {
			return nil, wrapError(err)
		}
		for _, u := range users {
			if u.Active && !u.Unproven {
				out = append(out, access.Person{ID: u.PersonID, Name: u.Name, Email: u.Email, Kind: access.KindHuman})
			}
		}
	}
	return out, nil
}
