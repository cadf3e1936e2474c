package ledger

import (
	"context"
	"slices"
)

// EmptyGroups returns those of the named groups in which nobody is, as the directory in
// force says. known is false where no directory says who is in which group.
func (l *Ledger) EmptyGroups(ctx context.Context, names []string) (empty []string, known bool, err error) {
	m, err := l.Directory(ctx)
	if err != nil || !m.Enabled || !m.Groups {
		return nil, false, err
	}
	for _, name := range names {
		groups, _, err := l.Groups(ctx, GroupFilter{Name: name, Limit: 10})
		if err != nil {
			return nil, false, err
		}
		if !slices.ContainsFunc(groups, func(g Group) bool { return g.Name == name && !g.Unproven && len(g.Members) > 0 }) {
			empty = append(empty, name)
		}
	}
	return empty, true, nil
}
