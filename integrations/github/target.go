package github

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/jsonhttp"
	"ramp.dev/ramp/integrations/membership"
	"ramp.dev/ramp/integrations/pacing"
)

type target struct {
	*membership.Target
	service *service
}

var (
	_ integrations.Target        = (*target)(nil)
	_ integrations.HolderUser    = (*target)(nil)
	_ integrations.Extender      = (*target)(nil)
	_ integrations.DriftDetector = (*target)(nil)
	_ integrations.Pinger        = (*target)(nil)
	_ integrations.Inventory     = (*target)(nil)
)

// Bounds implements integrations.Target.
func (t *target) Bounds() integrations.Bounds {
	// GitHub takes 5,000 calls an hour of an installation or a user, and an operation makes
	// some ten.
	return integrations.Bounds{Consistency: t.service.config.Consistency.Std(), Ending: 3 * time.Minute,
		Rate: pacing.Rate{PerSecond: 1, Burst: 10}}
}

// service is one organisation.
type service struct {
	config Config
	client *jsonhttp.Client
	app    *jsonhttp.Client // as the App itself; nil with a token
	names  sync.Map         // of repositories by their numbers, as GitHub had them last
}

var _ membership.Service = (*service)(nil)

// End implements membership.Service: GitHub has none.
func (*service) End(time.Time) time.Time { return time.Time{} }

// Find implements membership.Service.
func (s *service) Find(ctx context.Context, g access.Grant) (m membership.Membership, role string, err error) {
	ent, err := s.config.entitlement(g.Entitlement)
	if err != nil {
		return m, "", err
	}
	place, role := "", ent.Role
	if ent.Team != "" {
		place, err = s.findTeam(ctx, ent.Team)
	} else {
		place, err = s.findRepository(ctx, ent.Repository)
		role = ent.RepositoryRole
	}
	if err != nil {
		return m, "", err
	}
	u, err := s.person(ctx, g.Principal)
	return membership.Membership{Place: place, Person: number(u.ID)}, role, err
}

// State implements membership.Service.
func (s *service) State(ctx context.Context, m membership.Membership) (membership.State, error) {
	t, r, err := parsePlace(m.Place)
	if err != nil {
		return membership.State{}, err
	}
	if t != nil {
		return s.stateInTeam(ctx, t, m.Person)
	}
	return s.stateInRepository(ctx, r, m.Person)
}

// People implements membership.Service.
func (s *service) People(ctx context.Context, place string) (map[string]bool, error) {
	t, r, err := parsePlace(place)
	if err != nil {
		return nil, err
	}
	if t != nil {
		return s.peopleInTeam(ctx, t)
	}
	return s.peopleInRepository(ctx, r)
}

// Put implements membership.Service.
func (s *service) Put(ctx context.Context, m membership.Membership, want membership.State) error {
	t, r, err := parsePlace(m.Place)
	if err != nil {
		return err
	}
	login, err := s.login(ctx, m.Person)
	if err != nil {
		return err
	}
	if login == "" {
		return access.Errorf(access.CodeUnavailable, "GitHub does not show the user of number %s any more", m.Person)
	}
	path, in := "", map[string]string{}
	if t != nil {
		path, in["role"] = t.path()+"/memberships/"+login, want.Role
	} else {
		name, err := s.nameOf(ctx, r)
		if err != nil {
			return err
		}
		path, in["permission"] = s.repositoryPath(name)+"/collaborators/"+login, permission(want.Role)
	}
	found, err := s.client.Call(ctx, http.MethodPut, path, in, nil)
	if err == nil && !found {
		err = access.Errorf(access.CodeUnavailable, "GitHub does not show Ramp the team or repository, or the user %s, any more", login)
	}
	return err
}

// Remove implements membership.Service.
func (s *service) Remove(ctx context.Context, m membership.Membership) error {
	t, r, err := parsePlace(m.Place)
	if err != nil {
		return err
	}
	if r > 0 {
		return s.removeFromRepository(ctx, r, m.Person)
	}
	login, err := s.loginIn(ctx, t.path()+"/members", nil, m.Person)
	if err != nil || login == "" {
		return err
	}
	// 404 also stands for a team that Ramp may not see: State, which is asked next, tells.
	_, err = s.client.Call(ctx, http.MethodDelete, t.path()+"/memberships/"+login, nil, nil)
	return err
}

const (
	inTeam       = "team/"
	inRepository = "repository/"
)

// parsePlace returns the team of a membership's place, or the number of its repository.
func parsePlace(place string) (*team, int64, error) {
	if rest, ok := strings.CutPrefix(place, inRepository); ok {
		id, err := idOf(rest)
		return nil, id, err
	}
	rest, ok := strings.CutPrefix(place, inTeam)
	org, id, both := strings.Cut(rest, "/")
	if !ok || !both {
		return nil, 0, access.Errorf(access.CodeInternal, "the ledger has %q as a place of GitHub's", access.Clip(place, 80))
	}
	of, err := idOf(org)
	if err != nil {
		return nil, 0, err
	}
	n, err := idOf(id)
	return &team{org: of, id: n}, 0, err
}
