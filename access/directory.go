package access

import (
	"context"
	"slices"
)

// Directory says what is known of people now: who has left, and who is in which
// group. Where there is a directory and it does not respond, nothing is decided
// or opened: its errors are CodeUnavailable, and are never taken for "nothing is
// known".
type Directory interface {
	// DirectorySnapshot returns what the directory knows of the people with these
	// ids; see Person.Identities.
	DirectorySnapshot(ctx context.Context, ids ...string) (DirectorySnapshot, error)
}

// Member is what a directory knows of one person now.
type Member struct {
	ID     string // the person's id
	Name   string
	Email  string
	Active bool
	Groups []string
}

// DirectorySnapshot is what a directory knows of some people at one moment. The
// zero snapshot is that of no directory, and changes nothing.
type DirectorySnapshot struct {
	KnowsGroups bool              // groups are the directory's; false keeps those of tokens
	Required    bool              // a human whom the directory does not know is refused
	Members     map[string]Member // by id
}

// Identities returns the ids under which a directory may know a person, or the
// human behind them.
func (p Person) Identities() []string {
	ids := []string{p.ID}
	for _, id := range []string{p.OnBehalfOf, p.LinkedHumanID} {
		if id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// Current returns the person as the directory knows them now: its groups, name
// and address replace those of a token. Errors are CodeForbidden: somebody who
// has left is refused, and so are their agents and other accounts.
func (s DirectorySnapshot) Current(p Person) (Person, error) {
	if err := s.checkActive(p); err != nil {
		return Person{}, err
	}
	m, known := s.Members[p.ID]
	if !known {
		return p, nil
	}
	if m.Name != "" {
		p.Name = m.Name
	}
	if m.Email != "" {
		p.Email = m.Email
	}
	if s.KnowsGroups {
		p.Groups = slices.Clone(m.Groups)
	}
	return p, nil
}

// Restrict returns the person of a signed statement without the groups that they
// have lost since. It adds none: what was signed is never widened. Errors are
// CodeForbidden for somebody who has left, as those of Current are.
func (s DirectorySnapshot) Restrict(p Person) (Person, error) {
	if err := s.checkActive(p); err != nil {
		return Person{}, err
	}
	if m, known := s.Members[p.ID]; known && s.KnowsGroups {
		p.Groups = slices.DeleteFunc(slices.Clone(p.Groups), func(g string) bool { return !slices.Contains(m.Groups, g) })
	}
	return p, nil
}

// checkActive refuses somebody who has left under any of their identities.
func (s DirectorySnapshot) checkActive(p Person) error {
	for _, id := range p.Identities() {
		if m, known := s.Members[id]; known && !m.Active {
			return Refuse(CodeForbidden, "person_inactive", "%s has left, says the directory", id)
		}
	}
	if _, known := s.Members[p.HumanID()]; !known && s.Required && p.Kind != KindService {
		return Refuse(CodeForbidden, "person_unknown", "the directory does not know %s", p.HumanID())
	}
	return nil
}

// FilterDecisions returns the decisions as they count now (docs/threats.md, case 6):
// an approval by somebody who has left is dropped, and one by somebody who has
// lost a group counts without it. A denial stays: leaving takes back a yes, never
// a no.
func (s DirectorySnapshot) FilterDecisions(decisions []Decision) []Decision {
	out := make([]Decision, 0, len(decisions))
	for _, d := range decisions {
		if d.Verdict == Approve {
			approver, err := s.Restrict(d.Approver)
			if err != nil {
				continue
			}
			d.Approver = approver
		}
		out = append(out, d)
	}
	return out
}
