package oktagroup

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/counted"
	"ramp.dev/ramp/integrations/jsonhttp"
)

var _ counted.Service = (*target)(nil)

// membership is one person's in one group: what grants hold, alone or together. Both are ids.
type membership struct{ group, user string }

// member begins the names of memberships among what grants hold.
const member = "membership "

// object returns the membership's name in the ledger. It says all that is needed to remove
// it, because a grant is ended by its name alone.
func (m membership) object() string { return member + m.group + " " + m.user }

// parse returns the membership of a name that object made.
func parse(object string) (membership, error) {
	rest, ok := strings.CutPrefix(object, member)
	group, user, both := strings.Cut(rest, " ")
	if !ok || !both || !groupShape.MatchString(group) || !userShape.MatchString(user) {
		return membership{}, access.Errorf(access.CodeInternal, "the ledger has %q among the memberships of Okta", access.Clip(object, 120))
	}
	return membership{group, user}, nil
}

func (m membership) path() string { return "/api/v1/groups/" + m.group + "/users/" + m.user }

// Shows implements counted.Objects.
func (t *target) Shows(ctx context.Context, object string) (string, error) {
	m, err := parse(object)
	if err != nil {
		return "", err
	}
	there, err := t.exists(ctx, m)
	if err != nil || !there {
		return "", err
	}
	return "this membership", nil
}

// exists reads a membership back by the groups of the person. Those of the group would be
// thousands of people.
func (t *target) exists(ctx context.Context, m membership) (bool, error) {
	path := "/api/v1/users/" + m.user + "/groups"
	for pages := 0; ; pages++ {
		var groups []struct {
			ID string `json:"id"`
		}
		found, next, err := t.okta.Page(ctx, path, &groups)
		if err != nil {
			return false, err
		}
		if !found { // the user was deleted, or Ramp may not see them
			return t.inGroup(ctx, m)
		}
		for _, one := range groups {
			if one.ID == "" {
				return false, t.okta.Unexpected(http.MethodGet, path)
			}
			if one.ID == m.group {
				return true, nil
			}
		}
		if next == "" {
			return false, nil
		}
		if pages == maxPages {
			return false, access.Errorf(access.CodeUnavailable, "the groups of %s do not end after %d pages", m.user, pages)
		}
		path = next
	}
}

// inGroup reads a membership back by the members of the group, where Okta says of the person,
// or of the membership, that there is none: it says so too of what Ramp may not see. Errors are
// also of code unavailable: Okta does not show the group.
func (t *target) inGroup(ctx context.Context, m membership) (bool, error) {
	path := "/api/v1/groups/" + m.group + "/users?limit=200"
	for pages := 0; ; pages++ {
		var users []struct {
			ID string `json:"id"`
		}
		found, next, err := t.okta.Page(ctx, path, &users)
		switch {
		case err != nil:
			return false, err
		case !found:
			return false, access.Errorf(access.CodeUnavailable, "Okta does not show Ramp the group %s: it was deleted, or Ramp has lost its rights to see it, and nothing proves that access has ended", m.group)
		}
		for _, one := range users {
			if one.ID == m.user {
				return true, nil
			}
		}
		if next == "" {
			return false, nil
		}
		if pages == maxPages {
			return false, access.Errorf(access.CodeUnavailable, "the members of %s do not end after %d pages", m.group, pages)
		}
		path = next
	}
}

// maxPages bounds how many pages of one list are read.
const maxPages = 100

// Put implements counted.Service.
func (t *target) Put(ctx context.Context, object string) error {
	m, err := parse(object)
	if err != nil {
		return err
	}
	found, err := t.okta.Call(ctx, http.MethodPut, m.path(), nil, nil)
	if err == nil && !found {
		err = access.InvalidField("group_unknown", "group", "Okta has no group %s, or the person not any more", m.group)
	}
	return err
}

// Remove implements counted.Objects. Who is in a group by a rule of Okta's stays in it: Okta
// refuses, or puts them back, and so the membership is read back. Sessions end also where
// there was no membership any more: an earlier try may have failed between the two.
func (t *target) Remove(ctx context.Context, object, _ string) error {
	m, err := parse(object)
	if err != nil {
		return err
	}
	found, err := t.okta.Call(ctx, http.MethodDelete, m.path(), nil, nil)
	if refused := jsonhttp.RefusalOf(err); refused != nil && (refused.Status == http.StatusBadRequest || refused.Status == http.StatusForbidden) {
		return access.Errorf(access.CodeConflict, "Okta does not remove the membership; is there a group rule that gives it, or does Ramp's own role not have this group: %w", err)
	}
	if err != nil {
		return err
	}
	there, err := t.exists(ctx, m)
	if err == nil && !there && !found {
		there, err = t.inGroup(ctx, m)
	}
	if err == nil && there {
		err = access.Errorf(access.CodeUnavailable, "Okta says that it removed the membership, and shows it still; is there a group rule that gives it?")
	}
	if err != nil || !t.config.EndSessions {
		return err
	}
	_, err = t.okta.Call(ctx, http.MethodDelete, "/api/v1/users/"+m.user+"/sessions?oauthTokens=true", nil, nil)
	return err
}

// userID returns the id of the person whom a principal is. Errors are also of code invalid.
func (t *target) userID(ctx context.Context, principal string) (string, error) {
	if !loginShape.MatchString(principal) {
		return "", access.InvalidField("principal_malformed", "principal", "%q is neither a login nor an id at Okta", access.Clip(principal, 80))
	}
	var user struct {
		ID string `json:"id"`
	}
	path := "/api/v1/users/" + url.PathEscape(principal)
	found, err := t.okta.Call(ctx, http.MethodGet, path, nil, &user)
	switch {
	case err != nil:
		return "", err
	case !found:
		return "", access.InvalidField("principal_unknown", "principal", "Okta has no user %s", access.Clip(principal, 80))
	case !userShape.MatchString(user.ID):
		return "", t.okta.Unexpected(http.MethodGet, path)
	}
	return user.ID, nil
}

// entitlement is one group.
type entitlement struct {
	Group string `entitlement:"group,required"`
}

// entitlement reads and checks e. Errors are of code invalid, with every issue.
func (c Config) entitlement(e access.Entitlement) (entitlement, error) {
	var out entitlement
	issues := integrations.DecodeEntitlement(e, &out)
	if len(issues) == 0 {
		issues.Require(c.Groups[out.Group] != "", "group_unknown", "group", "this target has no group %q", access.Clip(out.Group, 60))
	}
	return out, issues.Err()
}

// Object implements counted.Service.
func (t *target) Object(ctx context.Context, g access.Grant) (string, error) {
	ent, err := t.config.entitlement(g.Entitlement)
	if err != nil {
		return "", err
	}
	user, err := t.userID(ctx, g.Principal)
	return membership{t.config.Groups[ent.Group], user}.object(), err
}
