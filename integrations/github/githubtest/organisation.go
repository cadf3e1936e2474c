// Package githubtest is a stand-in for GitHub's REST API, written from its published
// reference (version 2022-11-28): of one organisation, what the target github asks. It is
// not GitHub.
package githubtest

import (
	"maps"
	"slices"
	"strings"
	"sync"
)

// User is a user of GitHub.
type User struct {
	ID      int64
	Login   string
	Flagged bool // GitHub shows the user by neither number nor login; lists have them
}

// Group is a team, or a repository with its collaborators.
type Group struct {
	ID          int64
	Name        string           // the slug of a team
	Members     map[int64]string // the role of each user
	Invitations map[int64]string // the role of each user who has not accepted
	Hidden      bool             // not shown to Ramp: GitHub then returns 404
}

// Organisation is one organisation. Its fields may be read and changed within Do alone.
type Organisation struct {
	mu           sync.Mutex
	ID           int64
	Login        string
	Users        map[int64]*User
	Members      map[int64]string // member, admin; of those who accepted
	Invited      map[int64]bool
	Teams        map[int64]*Group
	Repositories map[int64]*Group
	// NoMembersYet makes a repository invite members of the organisation, as it does those
	// who left a moment ago.
	NoMembersYet bool
	TokensMade   int // of the App's installation
	// Installations are the App's, by their numbers.
	Installations map[int64]*Installation
	Owner         TokenUser // whose personal access token Token is
	last          int64
}

// Installation is one of the App's.
type Installation struct {
	Account     string
	Permissions map[string]string
	Selected    []string // names of repositories; nil for all
	IsSuspended bool
}

// TokenUser is whose token the stand-in takes.
type TokenUser struct {
	Role    string   // in the organisation; none if empty
	Scopes  []string // of a classic token; nil for a fine-grained one
	Others  []string // other organisations that they are in
	Refused bool     // GitHub does not say their membership to this token
}

// New returns an empty organisation.
func New(login string) *Organisation {
	return &Organisation{ID: 4000, Login: login, Users: map[int64]*User{}, Members: map[int64]string{}, Invited: map[int64]bool{},
		Teams: map[int64]*Group{}, Repositories: map[int64]*Group{}, last: 5000,
		Installations: map[int64]*Installation{}, Owner: TokenUser{Role: "admin"}}
}

// Do runs f while nobody else reads or changes the organisation.
func (o *Organisation) Do(f func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f()
}

func (o *Organisation) next() int64 { o.last++; return o.last }

// AddUser makes a user; role is that in the organisation, none if it is empty.
func (o *Organisation) AddUser(login, role string) (id int64) {
	o.Do(func() {
		id = o.next()
		o.Users[id] = &User{ID: id, Login: login}
		if role != "" {
			o.Members[id] = role
		}
	})
	return id
}

// AddTeam makes a team.
func (o *Organisation) AddTeam(slug string) *Group { return o.add(o.Teams, slug) }

// AddRepository makes a repository.
func (o *Organisation) AddRepository(name string) *Group { return o.add(o.Repositories, name) }

func (o *Organisation) add(to map[int64]*Group, name string) (g *Group) {
	o.Do(func() {
		g = &Group{ID: o.next(), Name: name, Members: map[int64]string{}, Invitations: map[int64]string{}}
		to[g.ID] = g
	})
	return g
}

// RoleIn returns the role that a user has in a group; empty if none.
func (o *Organisation) RoleIn(g *Group, user int64) (role string) {
	o.Do(func() { role = g.Members[user] })
	return role
}

// SetRole gives a user a role in a group, as an administrator does; none if it is empty.
func (o *Organisation) SetRole(g *Group, user int64, role string) {
	o.Do(func() {
		delete(g.Members, user)
		if role != "" {
			g.Members[user] = role
		}
	})
}

func (o *Organisation) byLogin(login string) *User {
	for _, u := range o.Users {
		if strings.EqualFold(u.Login, login) {
			return u
		}
	}
	return nil
}

// named returns the group of a name that Ramp is shown.
func named(in map[int64]*Group, name string) *Group {
	for _, g := range in {
		if strings.EqualFold(g.Name, name) && !g.Hidden {
			return g
		}
	}
	return nil
}

// shown returns the groups that Ramp is shown, in the order of their numbers.
func shown(in map[int64]*Group) (out []*Group) {
	for _, id := range slices.Sorted(maps.Keys(in)) {
		if !in[id].Hidden {
			out = append(out, in[id])
		}
	}
	return out
}
