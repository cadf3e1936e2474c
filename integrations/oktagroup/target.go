package oktagroup

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/counted"
	"ramp.dev/ramp/integrations/jsonhttp"
	"ramp.dev/ramp/integrations/pacing"
)

type target struct {
	counted.Target
	config Config
	okta   *jsonhttp.Client
	// between is what a test has put before the network; nil if nothing.
	between func(http.RoundTripper) http.RoundTripper
}

var (
	_ integrations.Target     = (*target)(nil)
	_ integrations.HolderUser = (*target)(nil)
	_ integrations.Extender   = (*target)(nil)
	_ integrations.Pinger     = (*target)(nil)
	_ integrations.Inventory  = (*target)(nil)
)

// Resolve implements integrations.Target.
func (t *target) Resolve(_ context.Context, e access.Entitlement) (access.Scope, error) {
	ent, err := t.config.entitlement(e)
	if err != nil {
		return access.Scope{}, err
	}
	scope := access.Scope{
		Summary: "member of Okta's group " + ent.Group,
		Facts:   map[string]string{"group": ent.Group, "id": t.config.Groups[ent.Group], "sessions at the end": "go on, in Okta and in the applications"},
		Ends:    "a membership has no end of its own at Okta: it stays until Ramp, or somebody else, removes it",
	}
	if t.config.EndSessions {
		scope.Facts["sessions at the end"] = "all of the person's at Okta end; those in applications go on as long as these let them"
	}
	return scope, nil
}

// Bounds implements integrations.Target.
func (t *target) Bounds() integrations.Bounds {
	// Okta takes some hundred calls a minute of each kind, by the organisation's plan.
	return integrations.Bounds{Consistency: t.config.Consistency.Std(), Ending: 3 * time.Minute, Rate: pacing.Rate{PerSecond: 2, Burst: 6}}
}

// Ping implements integrations.Pinger: the groups are there, under the names of the
// configuration, and of a type whose members Okta lets others change.
func (t *target) Ping(ctx context.Context) error {
	for _, name := range slices.Sorted(maps.Keys(t.config.Groups)) {
		var has struct {
			Type    string `json:"type"`
			Profile struct {
				Name string `json:"name"`
			} `json:"profile"`
		}
		id := t.config.Groups[name]
		found, err := t.okta.Call(ctx, http.MethodGet, "/api/v1/groups/"+id, nil, &has)
		switch {
		case err != nil:
			return err
		case !found || has.Profile.Name != name:
			return access.Errorf(access.CodeConflict, "the group %s is not %s at Okta, but %q", id, name, access.Clip(has.Profile.Name, 100))
		case has.Type != "OKTA_GROUP":
			return access.Errorf(access.CodeConflict, "the group %s is of type %s: an application or Okta itself decides who is in it", name, access.Clip(has.Type, 40))
		}
	}
	return nil
}

// listGroups is the target's list.
const listGroups = "groups"

// Lists returns the names of the lists that a target of this kind has.
func (Config) Lists() []string { return []string{listGroups} }

// Lists implements integrations.Inventory.
func (t *target) Lists() []string { return t.config.Lists() }

// Choices implements integrations.Inventory: the groups of the configuration.
func (t *target) Choices(ctx context.Context, list, after string) ([]access.Choice, string, error) {
	return t.config.Describe.Page(ctx, list, slices.Sorted(maps.Keys(t.config.Groups)), after)
}
