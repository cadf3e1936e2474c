package oktagroup

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/oauth2"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/jsonhttp"
)

var _ integrations.RightsReader = (*target)(nil)

// rolesScope lets a service application read administrators' roles. Ramp needs it for Rights
// alone.
const rolesScope = "okta.roles.read"

// Rights implements integrations.RightsReader: the scopes for which Okta gives the service
// application tokens, and the administrator's roles that it, or who made the API token, has.
// Errors are those of Okta.
func (t *target) Rights(ctx context.Context) (integrations.Rights, error) {
	if t.config.Key.IsZero() {
		var me struct {
			ID string `json:"id"`
		}
		const path = "/api/v1/users/me"
		found, err := t.okta.Call(ctx, http.MethodGet, path, nil, &me)
		if err == nil && (!found || !userShape.MatchString(me.ID)) {
			err = t.okta.Unexpected(http.MethodGet, path)
		}
		if err != nil {
			return integrations.Rights{}, err
		}
		return t.rolesAt(ctx, t.okta, "/api/v1/users/"+me.ID+"/roles")
	}
	out, err := t.scopesOf(ctx)
	if err != nil {
		return out, err
	}
	client, err := t.config.client(t.between, t.config.askGranted(rolesScope))
	if err != nil {
		return out, err
	}
	r, err := t.rolesAt(ctx, client, "/oauth2/v1/clients/"+t.config.Client+"/roles")
	out.Add(r)
	return out, err
}

// errNotGranted says that Okta does not give the service application a scope.
var errNotGranted = access.Errorf(access.CodeForbidden, "Okta does not give Ramp's own application the scope")

// tooMuchScopes are scopes with which whoever has Ramp's own key could change more than who is
// in a group, if a role lets the application.
func (c Config) tooMuchScopes() []string {
	return slices.DeleteFunc([]string{"okta.apiTokens.manage", "okta.appGrants.manage", "okta.apps.manage", "okta.authenticators.manage", "okta.authorizationServers.manage",
		"okta.idps.manage", "okta.inlineHooks.manage", "okta.orgs.manage", "okta.policies.manage", "okta.roles.manage", "okta.users.manage"},
		func(scope string) bool { return slices.Contains(c.scopes(), scope) })
}

// scopesOf compares the scopes for which Okta gives tokens: one is asked for each, and dropped.
func (t *target) scopesOf(ctx context.Context) (integrations.Rights, error) {
	has := map[string]bool{}
	for _, scope := range append(t.config.scopes(), t.config.tooMuchScopes()...) {
		tokens, err := t.config.tokens(t.between, t.config.askGranted(scope))
		if err != nil {
			return integrations.Rights{}, err
		}
		if _, err = tokens.Read(ctx); err != nil && !errors.Is(err, errNotGranted) {
			return integrations.Rights{}, err
		}
		has[scope] = err == nil
	}
	return integrations.Compared("the application", t.config.scopes(), t.config.tooMuchScopes(), func(scope string) bool { return has[scope] }), nil
}

// askGranted asks for a token with one scope. Okta gives one without the scopes that the
// application was not granted, or none: both are errNotGranted.
func (c Config) askGranted(scope string) jsonhttp.AskToken {
	return func(ctx context.Context, key string) (*oauth2.Token, error) {
		token, err := c.askToken(scope)(ctx, key)
		var refused *oauth2.RetrieveError
		if errors.As(err, &refused) && slices.Contains([]string{"invalid_scope", "access_denied", "consent_required"}, refused.ErrorCode) {
			return nil, errNotGranted
		}
		if err != nil {
			return nil, err
		}
		if said, _ := token.Extra("scope").(string); said != "" && !slices.Contains(strings.Fields(said), scope) {
			return nil, errNotGranted
		}
		return token, nil
	}
}

// errUnsaid says that Okta does not show what it was asked for.
var errUnsaid = access.Errorf(access.CodeForbidden, "Okta does not say")

// role is an administrator's role that somebody has.
type role struct {
	ID          string `json:"id"`
	Label       string `json:"label"`
	Type        string `json:"type"`
	Status      string `json:"status"`
	Role        string `json:"role"`         // of a custom one
	ResourceSet string `json:"resource-set"` // of a custom one
}

// reach is on which groups' members roles have a say.
type reach struct {
	all    bool
	groups map[string]bool // ids
	unsaid bool            // not all of it is known
}

// rolesAt compares the roles that Okta lists at a path.
func (t *target) rolesAt(ctx context.Context, client *jsonhttp.Client, path string) (r integrations.Rights, err error) {
	var roles []role
	found, err := client.Call(ctx, http.MethodGet, path, nil, &roles)
	switch {
	case err != nil && access.CodeOf(err) == access.CodeForbidden:
		r.Unknown = append(r.Unknown, "which administrator's roles it has: Okta does not let it ask; that takes "+rolesScope+" and a role that may view roles")
		return r, nil
	case err != nil:
		return r, err
	case !found || roles == nil:
		return r, client.Unexpected(http.MethodGet, path)
	}
	over := reach{groups: map[string]bool{}}
	for _, one := range roles {
		if one.Status != "" && one.Status != "ACTIVE" {
			continue
		}
		more, err := t.compareRole(ctx, client, path, one, &over)
		switch {
		case err != nil && access.CodeOf(err) == access.CodeForbidden:
			over.unsaid = true
			r.Unknown = append(r.Unknown, "what the role "+access.Clip(one.Label, 60)+" reaches: Okta does not say")
		case err != nil:
			return r, err
		}
		r.Add(more)
	}
	for _, name := range slices.Sorted(maps.Keys(t.config.Groups)) {
		if id := t.config.Groups[name]; !over.all && !over.groups[id] && !over.unsaid {
			r.Lacks = append(r.Lacks, "a role over the members of the group "+name)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(over.groups)) {
		if !t.config.has(id) {
			r.TooMuch = append(r.TooMuch, "changing the members of the group "+access.Clip(id, 40)+", which groups does not list")
		}
	}
	if over.all {
		r.TooMuch = append(r.TooMuch, "changing the members of all groups")
	}
	return r, nil
}

func (c Config) has(id string) bool {
	return slices.Contains(slices.Collect(maps.Values(c.Groups)), id)
}

// compareRole compares one role, and adds which groups' members it reaches.
func (t *target) compareRole(ctx context.Context, client *jsonhttp.Client, path string, one role, over *reach) (r integrations.Rights, err error) {
	const membersOnly = "GROUP_MEMBERSHIP_ADMIN"
	switch one.Type {
	case "CUSTOM":
		return t.compareCustom(ctx, client, one, over)
	case membersOnly, "USER_ADMIN":
		if one.Type != membersOnly {
			r.TooMuch = append(r.TooMuch, "the role "+one.Type)
		}
		groups, err := t.targetsOf(ctx, client, path+"/"+one.ID+"/targets/groups")
		if err != nil {
			return r, err
		}
		over.all = over.all || len(groups) == 0 // so Okta says that the role is over all groups
		for _, id := range groups {
			over.groups[id] = true
		}
	case "SUPER_ADMIN", "ORG_ADMIN":
		over.all = true
		r.TooMuch = append(r.TooMuch, "the role "+one.Type)
	default:
		r.TooMuch = append(r.TooMuch, "the role "+access.Clip(one.Type, 60))
	}
	return r, nil
}

// targetsOf returns the groups that a standard role is over; none if it is over all.
func (t *target) targetsOf(ctx context.Context, client *jsonhttp.Client, path string) (ids []string, err error) {
	for range maxPages {
		var groups []struct {
			ID string `json:"id"`
		}
		found, next, err := client.Page(ctx, path, &groups)
		if err != nil {
			return nil, err
		}
		switch {
		case !found:
			return nil, errUnsaid
		case groups == nil: // null is not Okta's word that the role is over all groups
			return nil, client.Unexpected(http.MethodGet, path)
		}
		for _, one := range groups {
			ids = append(ids, one.ID)
		}
		if next == "" {
			return ids, nil
		}
		path = next
	}
	return nil, client.Unexpected(http.MethodGet, path)
}

// neededPermissions are those of a custom role. Some of them Okta needs for others of them.
func (c Config) neededPermissions() []string {
	all := []string{"okta.groups.members.manage", "okta.groups.read", "okta.users.groupMembership.manage", "okta.users.read"}
	if c.EndSessions {
		all = append(all, "okta.users.lifecycle.clearSessions")
	}
	return all
}

// compareCustom compares a custom role's permissions, and adds which groups it reaches.
func (t *target) compareCustom(ctx context.Context, client *jsonhttp.Client, one role, over *reach) (r integrations.Rights, err error) {
	var has struct {
		Permissions []struct {
			Label string `json:"label"`
		} `json:"permissions"`
	}
	path := "/api/v1/iam/roles/" + one.Role + "/permissions"
	found, err := client.Call(ctx, http.MethodGet, path, nil, &has)
	switch {
	case err != nil:
		return r, err
	case !found:
		return r, errUnsaid
	case has.Permissions == nil:
		return r, client.Unexpected(http.MethodGet, path)
	}
	members := false
	for _, p := range has.Permissions {
		members = members || p.Label == "okta.groups.members.manage" || p.Label == "okta.groups.manage"
		// To view roles is what this look itself takes.
		if !slices.Contains(t.config.neededPermissions(), p.Label) && p.Label != "okta.iam.read" {
			r.TooMuch = append(r.TooMuch, access.Clip(p.Label, 80)+" by the role "+access.Clip(one.Label, 60))
		}
	}
	if !members {
		return r, nil
	}
	resources, err := t.resourcesOf(ctx, client, "/api/v1/iam/resource-sets/"+one.ResourceSet+"/resources")
	for _, resource := range resources {
		_, of, _ := strings.Cut(resource, ":directory:")
		_, what, _ := strings.Cut(of, ":") // after the organisation's id
		if id, ok := strings.CutPrefix(what, "groups:"); ok && groupShape.MatchString(id) {
			over.groups[id] = true
		}
		over.all = over.all || what == "groups"
	}
	return r, err
}

// resourcesOf returns the names (ORN) of the resources of a set.
func (t *target) resourcesOf(ctx context.Context, client *jsonhttp.Client, path string) (names []string, err error) {
	for range maxPages {
		var page struct {
			Resources []struct {
				ORN string `json:"orn"`
			} `json:"resources"`
			Links struct {
				Next struct {
					Href string `json:"href"`
				} `json:"next"`
			} `json:"_links"`
		}
		found, err := client.Call(ctx, http.MethodGet, path, nil, &page)
		switch {
		case err != nil:
			return names, err
		case !found:
			return names, errUnsaid
		case page.Resources == nil:
			return names, client.Unexpected(http.MethodGet, path)
		}
		for _, one := range page.Resources {
			names = append(names, one.ORN)
		}
		if page.Links.Next.Href == "" {
			return names, nil
		}
		// Ramp's own token goes to the configured address only.
		rest, ours := strings.CutPrefix(page.Links.Next.Href, strings.TrimSuffix(t.config.Address, "/"))
		if !ours || !strings.HasPrefix(rest, "/") {
			return names, client.Unexpected(http.MethodGet, path)
		}
		path = rest
	}
	return names, client.Unexpected(http.MethodGet, path)
}
