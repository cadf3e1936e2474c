package access

import (
	"context"
	"maps"
	"slices"
)

// Directory says what is known of people now: who has left, who is in which group,
// and which accounts are one human's. Where there is a directory and it does not respond, nothing is decided
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
	// Manager is the id of their manager, empty where the directory names one who is
	// nobody by now; nil: it names none.
	Manager *string
}

// AttributeManager is the attribute of a person that names their manager, by the id under
// which Ramp knows people. It is a claim, or the directory's word, which stands before it.
const AttributeManager = "manager"

// DirectorySnapshot is what a directory knows of some people at one moment. The
// zero snapshot is that of no directory, and changes nothing. Its maps are by FoldID
// of an id.
type DirectorySnapshot struct {
	KnowsGroups bool              // groups are the directory's; false keeps those of tokens
	Required    bool              // a human whom the directory does not know is refused
	Members     map[string]Member // under every id that somebody has or had
	// Accounts are further ids of the same human: the human to whom an account is
	// linked, and every id that the directory ever knew them by.
	Accounts map[string][]string
	// Unproven are ids of which something is recorded that no server signed, or that
	// is older than what was recorded last, and why it is not believed. Nobody is let
	// in by such an id.
	Unproven map[string]string
}

// Identities returns the ids under which a directory may know a person, or the
// human behind them, as they were written; their own id first.
func (p Person) Identities() []string {
	ids := []string{p.ID}
	for _, id := range append([]string{p.OnBehalfOf, p.LinkedHumanID}, p.Accounts...) {
		if id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// WithAccounts returns the person with all further ids that the snapshot knows of them. It
// takes none away: a link that was signed stays.
func (s DirectorySnapshot) WithAccounts(p Person) Person {
	ids := p.Identities()
	seen := map[string]bool{}
	for _, id := range ids {
		seen[FoldID(id)] = true
	}
	first := len(ids)
	for i := 0; i < len(ids); i++ {
		for _, id := range s.Accounts[FoldID(ids[i])] {
			if key := FoldID(id); !seen[key] {
				seen[key] = true
				ids = append(ids, id)
			}
		}
	}
	if more := ids[first:]; len(more) > 0 {
		p.Accounts = append(slices.Clone(p.Accounts), more...)
		slices.Sort(p.Accounts)
	}
	return p
}

// Current returns the person as the directory knows them now: its groups, name,
// address and manager replace those of a token. Errors are CodeForbidden: somebody who
// has left is refused, and so are their agents and other accounts.
func (s DirectorySnapshot) Current(p Person) (Person, error) {
	p = s.WithAccounts(p)
	if err := s.checkActive(p); err != nil {
		return Person{}, err
	}
	m, known := s.Members[FoldID(p.ID)]
	if !known {
		return p, nil
	}
	if m.Name != "" {
		p.Name = m.Name
	}
	if m.Email != "" {
		p.Email, p.EmailVerified = m.Email, true
	}
	if s.KnowsGroups {
		p.Groups = slices.Clone(m.Groups)
	}
	if m.Manager != nil {
		p.Attributes = maps.Clone(p.Attributes)
		delete(p.Attributes, AttributeManager)
		if *m.Manager != "" {
			if p.Attributes == nil {
				p.Attributes = map[string]string{}
			}
			p.Attributes[AttributeManager] = *m.Manager
		}
	}
	return p, nil
}

// Restrict returns the person of a signed statement without the groups that they
// have lost since, and with every account that is known to be theirs now. It adds no
// group: what was signed is never widened. Errors are CodeForbidden for somebody who
// has left, as those of Current are.
func (s DirectorySnapshot) Restrict(p Person) (Person, error) {
	p = s.WithAccounts(p)
	if err := s.checkActive(p); err != nil {
		return Person{}, err
	}
	if m, known := s.Members[FoldID(p.ID)]; known && s.KnowsGroups {
		gone := func(g string) bool { return !slices.Contains(m.Groups, g) }
		p.unsure = slices.DeleteFunc(slices.Clone(m.Groups), func(g string) bool { return slices.Contains(p.Groups, g) })
		p.unsure = append(p.unsure, slices.DeleteFunc(slices.Clone(p.Groups), func(g string) bool { return !gone(g) })...)
		p.Groups = slices.DeleteFunc(slices.Clone(p.Groups), gone)
	}
	return p, nil
}

// checkActive refuses somebody who has left under any of their identities.
func (s DirectorySnapshot) checkActive(p Person) error {
	for _, id := range p.Identities() {
		if why := s.Unproven[FoldID(id)]; why != "" {
			return Refuse(CodeForbidden, IssuePersonUnproven, "%s counts as nobody here: %s", Clip(id, 100), why)
		}
		if m, known := s.Members[FoldID(id)]; known && !m.Active {
			return Refuse(CodeForbidden, IssuePersonInactive, "%s has left, says the directory", id)
		}
	}
	if _, known := s.Members[FoldID(p.HumanID())]; !known && s.Required && p.Kind != KindService {
		return Refuse(CodeForbidden, "person_unknown", "the directory does not know %s", p.HumanID())
	}
	return nil
}

// Issues of people whom the directory lets in nowhere.
const (
	IssuePersonInactive = "person_inactive" // they have left
	IssuePersonUnproven = "person_unproven" // what is recorded of them is not believed
)

// FilterDecisions returns the decisions on a plan as they count now
// (docs/threats.md, cases 6 and 62): an approval by somebody who has left, or who is
// the requester under an account that was linked since, is dropped, and one by
// somebody who has lost a group counts without it. With an approval go those of
// everybody who is the same human as its approver: the dropped one may be all that says
// so. A denial stays as it is: leaving, or a link, takes back a yes, never a no.
func (s DirectorySnapshot) FilterDecisions(plan Plan, decisions []Decision) []Decision {
	requester := s.WithAccounts(plan.Requester)
	var dropped []Person
	out := make([]Decision, 0, len(decisions))
	for _, d := range decisions {
		if d.Verdict == Approve {
			approver, err := s.Restrict(d.Approver)
			if err != nil || approver.SameHuman(requester) && !plan.Rule.SelfApproval {
				dropped = append(dropped, s.WithAccounts(d.Approver))
				continue
			}
			d.Approver = approver
		}
		out = append(out, d)
	}
	for i := 0; i < len(dropped); i++ { // it grows: those of one human may be so only one by another
		out = slices.DeleteFunc(out, func(d Decision) bool {
			same := d.Verdict == Approve && d.Approver.SameHuman(dropped[i])
			if same {
				dropped = append(dropped, d.Approver)
			}
			return same
		})
	}
	return out
}
