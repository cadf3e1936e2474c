package gitlab

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
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
	return integrations.Bounds{Consistency: t.service.config.Consistency.Std(), Ending: 3 * time.Minute,
		Rate: pacing.Rate{PerSecond: 2, Burst: 10}}
}

// service is one GitLab.
type service struct {
	config Config
	client *jsonhttp.Client
}

var _ membership.Service = (*service)(nil)

// kind is groups or projects, as GitLab's paths have them.
type kind string

const (
	groups   kind = "groups"
	projects kind = "projects"
)

// member is a membership as GitLab shows it.
type member struct {
	ID      int64  `json:"id"`
	Level   int    `json:"access_level"`
	Expires string `json:"expires_at"`
	State   string `json:"membership_state"`
	Custom  *struct {
		Name string `json:"name"`
	} `json:"member_role"`
}

// End implements membership.Service. GitLab ends a membership at the beginning of a day: the
// first that begins a day or more after the grant's end, so that it is later in every zone
// that GitLab's machine may have.
func (*service) End(at time.Time) time.Time {
	y, m, d := at.UTC().Add(48 * time.Hour).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// Find implements membership.Service.
func (s *service) Find(ctx context.Context, g access.Grant) (m membership.Membership, role string, err error) {
	ent, err := s.config.entitlement(g.Entitlement)
	if err != nil {
		return m, "", err
	}
	id, err := s.place(ctx, ent.kind(), ent.path())
	if err != nil {
		return m, "", err
	}
	user, err := s.person(ctx, g.Principal)
	if err != nil {
		return m, "", err
	}
	m = membership.Membership{Place: string(ent.kind()) + "/" + id, Person: user}
	return m, ent.Role, s.notFromAbove(ctx, m, ent.Role)
}

// notFromAbove returns an error of code conflict if the person has as much there by a group
// above. GitLab's list of that has the place's own members too, so one that another try makes
// between the two calls looks like one from above: it is looked at for as long as GitLab may
// show an old state. Whose an own membership is, is asked next.
func (s *service) notFromAbove(ctx context.Context, m membership.Membership, role string) error {
	until := time.Now().Add(s.config.Consistency.Std())
	for {
		own, err := s.State(ctx, m)
		if err != nil || own.IsThere() {
			return err
		}
		var all member
		found, err := s.client.Call(ctx, http.MethodGet, api+m.Place+"/members/all/"+m.Person, nil, &all)
		if err != nil || !found || all.Level < levelOf(role) {
			return err
		}
		if !time.Now().Before(until) {
			return access.Errorf(access.CodeConflict, "the person is %s there by a group already", roleOf(all.Level))
		}
		select {
		case <-ctx.Done():
			return access.Errorf(access.CodeUnavailable, "GitLab shows the person as a member by a group, or still as one of before: %w", ctx.Err())
		case <-time.After(min(time.Second, s.config.Consistency.Std()/10)):
		}
	}
}

// place returns the number of a group or project. Errors are also of code invalid (there is
// none).
func (s *service) place(ctx context.Context, k kind, path string) (string, error) {
	var out struct {
		ID      int64  `json:"id"`
		Group   string `json:"full_path"`
		Project string `json:"path_with_namespace"`
	}
	at := api + string(k) + "/" + url.PathEscape(path)
	found, err := s.client.Call(ctx, http.MethodGet, at, nil, &out)
	switch {
	case err != nil:
		return "", err
	case !found:
		field := strings.TrimSuffix(string(k), "s")
		return "", access.Invalid(access.Issue{Code: field + "_unknown", Field: field, Message: "GitLab has no " + field + " " + path + " that Ramp can see"})
	case out.ID <= 0 || out.Group+out.Project != path:
		return "", s.client.Unexpected(http.MethodGet, at)
	}
	return strconv.FormatInt(out.ID, 10), nil
}

// person returns the number of the user whom a principal is.
func (s *service) person(ctx context.Context, principal string) (string, error) {
	type user struct {
		ID       int64  `json:"id"`
		Username string `json:"username"`
		State    string `json:"state"`
	}
	var u user
	refused := func(code, message string) error {
		return access.Invalid(access.Issue{Code: code, Field: "principal", Message: message})
	}
	if p, known := s.config.People[principal]; known {
		path := api + "users/" + strconv.FormatInt(p.ID, 10)
		found, err := s.client.Call(ctx, http.MethodGet, path, nil, &u)
		switch {
		case err != nil:
			return "", err
		case !found || !strings.EqualFold(u.Username, p.Username):
			// Approvers and auditors read the configuration's user name.
			return "", refused("username_changed", "GitLab's user of number "+strconv.FormatInt(p.ID, 10)+" is not "+p.Username+" any more; correct people in the target's configuration")
		case u.ID != p.ID:
			return "", s.client.Unexpected(http.MethodGet, path)
		}
	} else {
		if s.config.Provider == "" {
			return "", refused("principal_unknown", "the target's configuration does not say which user of GitLab "+access.Clip(principal, 80)+" is (people)")
		}
		var found []user
		q := url.Values{"extern_uid": {principal}, "provider": {s.config.Provider}}
		if _, err := s.client.Call(ctx, http.MethodGet, api+"users?"+q.Encode(), nil, &found); err != nil {
			return "", err
		}
		// A token that is no administrator's has these two ignored, and gets everybody.
		if len(found) != 1 || found[0].ID <= 0 {
			return "", refused("principal_unknown", "GitLab has no one user whose identity of "+s.config.Provider+" is "+access.Clip(principal, 80)+"; they have to sign in once, and Ramp's token has to be an administrator's")
		}
		u = found[0]
	}
	if u.State != "active" {
		return "", refused("principal_inactive", u.Username+" is "+access.Clip(u.State, 30)+" on GitLab, and not active")
	}
	return strconv.FormatInt(u.ID, 10), nil
}

// State implements membership.Service.
func (s *service) State(ctx context.Context, m membership.Membership) (out membership.State, err error) {
	var is member
	path := api + m.Place + "/members/" + m.Person
	found, err := s.client.Call(ctx, http.MethodGet, path, nil, &is)
	switch {
	case err != nil:
		return out, err
	case !found:
		return out, s.seen(ctx, m.Place)
	case strconv.FormatInt(is.ID, 10) != m.Person || is.Level == 0:
		return out, s.client.Unexpected(http.MethodGet, path)
	}
	out = membership.State{Role: roleOf(is.Level), Pending: is.State == "awaiting"}
	if is.Custom != nil {
		out.Role += " with " + is.Custom.Name
	}
	if is.Expires != "" {
		if out.Ends, err = time.Parse(time.DateOnly, is.Expires); err != nil {
			return out, s.client.Unexpected(http.MethodGet, path)
		}
	}
	return out, nil
}

// seen returns an error if GitLab does not show a group or project: it says 404 of what is
// not there and of what Ramp may not see.
func (s *service) seen(ctx context.Context, place string) error {
	var one struct {
		ID int64 `json:"id"`
	}
	found, err := s.client.Call(ctx, http.MethodGet, api+place, nil, &one)
	if err == nil && !found {
		err = access.Errorf(access.CodeUnavailable, "GitLab does not show Ramp %s any more: it was deleted, or Ramp has lost its rights to see it, and nothing proves that access has ended", place)
	}
	return err
}

// People implements membership.Service.
func (s *service) People(ctx context.Context, place string) (map[string]bool, error) {
	out := map[string]bool{}
	found, err := jsonhttp.List(ctx, s.client, api+place+"/members", nil, func(m member) { out[strconv.FormatInt(m.ID, 10)] = true })
	if err == nil && !found {
		err = s.seen(ctx, place)
	}
	return out, err
}

// Put implements membership.Service.
func (s *service) Put(ctx context.Context, m membership.Membership, want membership.State) error {
	is, err := s.State(ctx, m)
	if err != nil {
		return err
	}
	in := map[string]any{"access_level": levelOf(want.Role), "expires_at": want.Ends.Format(time.DateOnly)}
	method, path := http.MethodPut, api+m.Place+"/members/"+m.Person
	if !is.IsThere() {
		in["user_id"] = m.Person
		method, path = http.MethodPost, api+m.Place+"/members"
	}
	var made member
	found, err := s.client.Call(ctx, method, path, in, &made)
	switch {
	case access.CodeOf(err) == access.CodeConflict && err != nil && method == http.MethodPost:
		return nil // another try made it a moment ago; it is read back
	case err != nil:
		return err
	case !found:
		return access.Errorf(access.CodeUnavailable, "GitLab does not show Ramp the group, project or user any more")
	case made.Level == 0:
		return access.Errorf(access.CodeForbidden, "GitLab keeps the change for an administrator to approve, at a time that nobody chose: refuse it there, and let Ramp's token add members")
	}
	return nil
}

// Remove implements membership.Service. GitLab would also remove the person from all that is
// below a group: that may be another grant's, or somebody else's.
func (s *service) Remove(ctx context.Context, m membership.Membership) error {
	// State, which is asked next, tells whether a 404 is of the membership.
	_, err := s.client.Call(ctx, http.MethodDelete, api+m.Place+"/members/"+m.Person+"?skip_subresources=true", nil, nil)
	return err
}
