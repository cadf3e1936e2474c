package access

import (
	"slices"
	"strings"
)

// Member is what a directory knows of one person now.
type Member struct {
	ID     string // the person's
	Name   string
	Email  string
	Active bool
	Groups []string
}

// DirectorySnapshot is what a directory answers about some people. The zero Roll is that of
// no directory, and changes nothing.
type DirectorySnapshot struct {
	KnowsGroups bool // the directory knows who is in which group; else tokens say
	Required    bool // a human whom it does not know is nobody
	Members     map[string]Member
}

// Identities are the ids under which a directory may know a person, and the
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

// Current is the person as the directory knows them now: its groups, name and
// address go before those of a token. Errors are CodeForbidden: whoever has
// left is nobody here, and so are their agents and other accounts.
func (r DirectorySnapshot) Current(p Person) (Person, error) {
	if err := r.checkActive(p); err != nil {
		return Person{}, err
	}
	m, known := r.Members[p.ID]
	if !known {
		return p, nil
	}
	if m.Name != "" {
		p.Name = m.Name
	}
	if m.Email != "" {
		p.Email = m.Email
	}
	if r.KnowsGroups {
		p.Groups = slices.Clone(m.Groups)
	}
	return p, nil
}

// Restrict is the person of a signed statement, less the groups that they have
// lost since. Errors as of Now.
func (r DirectorySnapshot) Restrict(p Person) (Person, error) {
	if err := r.checkActive(p); err != nil {
		return Person{}, err
	}
	if m, known := r.Members[p.ID]; known && r.KnowsGroups {
		p.Groups = slices.DeleteFunc(slices.Clone(p.Groups), func(g string) bool { return !slices.Contains(m.Groups, g) })
	}
	return p, nil
}

func (r DirectorySnapshot) checkActive(p Person) error {
	refuse := func(code, message string) error {
		return &Error{Code: CodeForbidden, Issues: []Issue{{Code: code, Message: message}}}
	}
	for _, id := range p.Identities() {
		if m, known := r.Members[id]; known && !m.Active {
			return refuse("person_inactive", id+" has left, says the directory")
		}
	}
	if _, known := r.Members[p.HumanID()]; !known && r.Required && p.Kind != KindService {
		return refuse("person_unknown", "the directory does not know "+p.HumanID())
	}
	return nil
}

// FilterDecisions are the decisions as they count now (CASES 6): an approval by somebody
// who has left is dropped, and one by somebody who has lost a group counts
// without it. A denial stays: leaving takes back a yes, never a no.
func (r DirectorySnapshot) FilterDecisions(decisions []Decision) []Decision {
	out := make([]Decision, 0, len(decisions))
	for _, d := range decisions {
		if d.Verdict == Approve {
			still, err := r.Restrict(d.Approver)
			if err != nil {
				continue
			}
			d.Approver = still
		}
		out = append(out, d)
	}
	return out
}

// sameAddress reports whether two e-mail addresses are one person's.
func sameAddress(a, b string) bool { return a != "" && strings.EqualFold(a, b) }
