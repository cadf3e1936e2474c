package github

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"ramp.dev/ramp/access"
)

// person returns the user whom a principal is, who is a member of the organisation. Errors
// are also of code invalid (there is none) and conflict (an owner has everything already).
func (s *service) person(ctx context.Context, principal string) (user, error) {
	u, err := s.userOf(ctx, principal)
	if err != nil {
		return u, err
	}
	var in struct {
		State string `json:"state"`
		Role  string `json:"role"`
		User  user   `json:"user"`
	}
	path := "/orgs/" + s.config.Organisation + "/memberships/" + url.PathEscape(u.Login)
	found, err := s.client.Call(ctx, http.MethodGet, path, nil, &in)
	switch {
	case err != nil:
		return u, err
	case !found:
		// GitHub would invite them, and they would have access from whenever they accept.
		return u, refused("principal_no_member", "%s is no member of organisation %s: they have to be invited, and accept, first", u.Login, s.config.Organisation)
	case in.State != "active":
		return u, refused("invitation_pending", "%s was invited to organisation %s and has not accepted yet (state: %s); ask again when they have", u.Login, s.config.Organisation, access.Clip(in.State, 20))
	case in.User.ID != u.ID:
		return u, s.client.Unexpected(http.MethodGet, path)
	case in.Role == "admin":
		return u, access.Errorf(access.CodeConflict, "%s owns organisation %s and has everything there already", u.Login, s.config.Organisation)
	}
	return u, nil
}

// userOf returns the user whom a principal is.
func (s *service) userOf(ctx context.Context, principal string) (u user, err error) {
	if p, known := s.config.People[principal]; known {
		login, err := s.login(ctx, number(p.ID))
		if err == nil && !strings.EqualFold(login, p.Login) {
			// Approvers and auditors read the configuration's login.
			err = refused("login_changed", "GitHub's user of number %d is not %s any more; correct people in the target's configuration", p.ID, p.Login)
		}
		return user{ID: p.ID, Login: login}, err
	}
	if s.config.Managed.Suffix == "" {
		return u, refused("principal_unknown", "the target's configuration does not say which user of GitHub %s is (people)", access.Clip(principal, 80))
	}
	login, ok := s.config.Managed.login(principal)
	if !ok {
		return u, refused("principal_unknown", "GitHub has no managed user for %s", access.Clip(principal, 80))
	}
	found, err := s.client.Call(ctx, http.MethodGet, "/users/"+url.PathEscape(login), nil, &u)
	switch {
	case err != nil:
		return u, err
	case !found:
		return u, refused("principal_unknown", "GitHub has no user %s: the identity provider has to provision them first", login)
	case !strings.EqualFold(u.Login, login) || u.ID <= 0:
		return u, s.client.Unexpected(http.MethodGet, "/users/"+login)
	}
	return u, nil
}

// login returns the login that GitHub makes of an identity provider's user name: the part
// before the @, with a dash for what is neither letter nor digit, and the enterprise's short
// code. Of another domain's people it returns false: two of one name would be one user.
// https://docs.github.com/enterprise-cloud@latest/admin/managing-iam/iam-configuration-reference/username-considerations-for-external-authentication
func (c ManagedConfig) login(principal string) (string, bool) {
	name, domain, _ := strings.Cut(principal, "@")
	login := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, name) + c.Suffix
	// GitHub refuses such names, so nobody has a login of them.
	bad := strings.HasPrefix(login, "-") || strings.Contains(login, "--") || strings.Contains(login, "-_") || len(login) > 39
	return login, !bad && strings.EqualFold(domain, c.Domain) && loginShape.MatchString(login)
}

func refused(code, format string, args ...any) error {
	return access.Invalid(access.Issue{Code: code, Field: "principal", Message: fmt.Sprintf(format, args...)})
}

// idOf reads a number out of the ledger's name of a place.
func idOf(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id <= 0 {
		return 0, access.Errorf(access.CodeInternal, "the ledger has %q as a number of GitHub's", access.Clip(text, 40))
	}
	return id, nil
}
