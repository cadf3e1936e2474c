package access

import (
	"slices"
	"time"
)

// PersonKind says what stands behind an identity.
type PersonKind string

const (
	KindHuman   PersonKind = "human"
	KindService PersonKind = "service"
	KindAgent   PersonKind = "agent" // a program that acts on behalf of a human; never approves
)

// Person is one verified account, of a human, a service or an agent, as the
// identity provider described it at the time of the act that names it. One human
// may have several; see HumanID.
type Person struct {
	ID            string            `json:"id"` // stable; the provider's subject or a mapped claim
	Name          string            `json:"name,omitempty"`
	Email         string            `json:"email,omitempty"`
	EmailVerified bool              `json:"emailVerified,omitempty"` // the provider or the directory says that the address is theirs; else it only takes rights away
	Kind          PersonKind        `json:"kind"`
	Groups        []string          `json:"groups,omitempty"`
	OnBehalfOf    string            `json:"onBehalfOf,omitempty"` // the human an agent acts for
	LinkedHumanID string            `json:"humanId,omitempty"`    // the human whose account this is, when configuration links it to another
	Accounts      []string          `json:"accounts,omitempty"`   // further ids under which this human is known: linked accounts, earlier names
	Attributes    map[string]string `json:"attributes,omitempty"` // further claims that contracts may read
	// unsure are groups of which a signed statement and the directory now say different
	// things: of them it cannot be said that the person is in them, nor that they are not.
	unsure []string
	// onCall are the schedules for which facts say that the person is on call; see OnCallBy.
	onCall []string

	LoggedInAt time.Time `json:"loggedInAt,omitzero"` // UTC, when they logged in at the provider; zero if it does not say
}

// HumanID returns the id under which this identity counts in a request: an agent
// counts as the human for whom it acts, and a linked account as the human to whom
// it is linked, so that one human never counts twice.
func (p Person) HumanID() string {
	if p.LinkedHumanID != "" {
		return p.LinkedHumanID
	}
	if p.OnBehalfOf != "" {
		return p.OnBehalfOf
	}
	return p.ID
}

// SameHuman reports whether two identities are one human: they share an id of any
// kind, or an e-mail address, compared by FoldID. Either is enough, since to take two
// people for one costs an approval, and to take one for two gives one away
// (docs/threats.md, cases 2, 4 and 62).
func (p Person) SameHuman(other Person) bool {
	theirs := other.Identities()
	return slices.ContainsFunc(p.Identities(), func(mine string) bool {
		return slices.ContainsFunc(theirs, func(id string) bool { return FoldID(id) == FoldID(mine) })
	}) || sameAddress(p.Email, other.Email)
}

// HumanOf reports whether the person is the human for whom an agent acts. That the two
// share an address is not enough: it lets somebody see, and end, what an agent asked for.
func (p Person) HumanOf(agent Person) bool {
	return p.Kind == KindHuman && agent.Kind == KindAgent && agent.OnBehalfOf != "" &&
		slices.ContainsFunc(p.Identities(), func(id string) bool { return FoldID(id) == FoldID(agent.OnBehalfOf) })
}

// InAnyGroup reports whether the person is in at least one of the groups.
func (p Person) InAnyGroup(groups ...string) bool {
	return slices.ContainsFunc(p.Groups, func(g string) bool { return slices.Contains(groups, g) })
}

// Label returns the name under which the person is shown to others.
func (p Person) Label() string {
	if p.Name != "" {
		return p.Name
	}
	return p.ID
}

// sameAddress reports whether two e-mail addresses are one person's.
func sameAddress(a, b string) bool { return a != "" && FoldID(a) == FoldID(b) }
