package vaulttoken

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/pacing"
)

// Logins says that people log in to Vault themselves. A grant then gives its policies to the
// person's identity, in the place of a token.
type Logins struct {
	// Accessor is that of the auth method by which they log in, such as auth_oidc_1a2b3c4d.
	// Their names there are Ramp's principals.
	Accessor string `yaml:"accessor"`
}

var accessorShape = regexp.MustCompile(`^auth_[A-Za-z0-9_.-]{1,122}$`)

// validateLogins returns what is wrong with the logins, if there are any.
func (c Config) validateLogins() (issues access.Issues) {
	if c.Logins == nil {
		return nil
	}
	issues.Require(accessorShape.MatchString(c.Logins.Accessor), "accessor_malformed", "logins.accessor", "the accessor of an auth method is needed, such as auth_oidc_1a2b3c4d (vault auth list)")
	issues.Require(len(c.Secrets) == 0, "logins_secrets", "secrets", "with logins there are no secrets; give them by another target")
	return issues
}

// logins is the target where people log in themselves. Each grant is an identity group of its
// own with the person as its only member. Vault adds a group's policies to all of a member's
// tokens at each request, so they come and go at once. Grants of one person share nothing.
type logins struct {
	name   string
	config Config
	vault  *vault
}

var (
	_ integrations.Target       = (*logins)(nil)
	_ integrations.Extender     = (*logins)(nil)
	_ integrations.Pinger       = (*logins)(nil)
	_ integrations.Inventory    = (*logins)(nil)
	_ integrations.RightsReader = (*logins)(nil)
)

// openLogins lets tests put a transport between the target and Vault.
func (c Config) openLogins(name string, between func(http.RoundTripper) http.RoundTripper) (*logins, error) {
	c, client, err := c.connect(name, between)
	if err != nil {
		return nil, err
	}
	return &logins{name: name, config: c, vault: client}, nil
}

// Resolve implements integrations.Target.
func (t *logins) Resolve(_ context.Context, e access.Entitlement) (access.Scope, error) {
	want, err := t.config.wanted(e)
	if err != nil {
		return access.Scope{}, err
	}
	all := strings.Join(want.policies, ", ")
	return t.config.withNamespace(access.Scope{
		Summary: "use " + t.name + " (" + t.config.Address + ") in one's own logins by " + t.config.Logins.Accessor + " with " + policyWord(want.policies) + all,
		Facts:   map[string]string{"address": t.config.Address, "policies": all, "logins": t.config.Logins.Accessor},
		Ends: "Vault ends no membership: it stays until Ramp, or an administrator of Vault, deletes its group; " +
			"then all logins of the person lose the policies at once, and secrets with a lease that were read meanwhile stay until their own end",
	}), nil
}

// Bounds implements integrations.Target. All goes through the active node.
func (t *logins) Bounds() integrations.Bounds {
	return integrations.Bounds{Consistency: 0, Ending: 30 * time.Second, Rate: pacing.Rate{PerSecond: 100, Burst: 100}}
}

// Grant implements integrations.Target. Errors are also of code invalid: Vault knows nobody
// by the person's name, or not one alone; and of code conflict: the grant is open on other
// terms.
func (t *logins) Grant(ctx context.Context, g access.Grant) error {
	want, _, err := t.find(ctx, g)
	if !errors.Is(err, integrations.ErrNotOpen) {
		// The expiry of a group that is there is left alone: this may be a retry that an
		// extension overtook.
		return err
	}
	return t.vault.putGroup(ctx, g.Name, want)
}

// find returns the group that a grant wants and the one that is there. It returns
// integrations.ErrNotOpen, with what it wants, if there is none, and an error of code
// conflict if the group is not as it was granted.
func (t *logins) find(ctx context.Context, g access.Grant) (want, has group, err error) {
	if want, err = t.wanted(ctx, g); err != nil {
		return want, has, err
	}
	has, there, err := t.vault.group(ctx, g.Name)
	if err == nil && !there {
		err = integrations.ErrNotOpen
	}
	if err == nil && !has.gives(want) {
		err = integrations.ErrChanged("its group in Vault")
	}
	return want, has, err
}

// wanted returns the group that a grant wants.
func (t *logins) wanted(ctx context.Context, g access.Grant) (group, error) {
	want, err := t.config.wanted(g.Entitlement)
	if err != nil {
		return group{}, err
	}
	entity, err := t.entity(ctx, g.Principal)
	return group{policies: want.policies, members: []string{entity}, expires: g.ExpiresAt}, err
}

// Inspect implements integrations.Target. A group that gives nothing counts as open too: an
// interrupted extension leaves one behind. Vault does not say who uses what a group gives.
func (t *logins) Inspect(ctx context.Context, g access.Grant) (r access.ReadBack, err error) {
	_, r.Open, err = t.vault.group(ctx, g.Name)
	return r, err
}

// Revoke implements integrations.Target. The next request of each login is refused. Errors
// are of code unavailable while Vault still has the group.
func (t *logins) Revoke(ctx context.Context, g access.Grant) error {
	ctx, cancel := context.WithTimeout(ctx, revokeTimeout)
	defer cancel()
	// A call that grants, and runs beside this one, can write the group again: it goes once more.
	return retryable(integrations.AwaitGone(ctx, "groups of the grant", 50*time.Millisecond, func() (int, error) {
		if err := t.vault.delete(ctx, groupsPath+"/"+g.Name); err != nil {
			return 0, err
		}
		_, there, err := t.vault.group(ctx, g.Name)
		if there {
			return 1, err
		}
		return 0, err
	}))
}

// List implements integrations.Target.
func (t *logins) List(ctx context.Context) (listed []integrations.ListedGrant, err error) {
	names, err := t.vault.list(ctx, groupsPath)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		name = strings.ToLower(name) // in Vault a group has one name in all letters
		if _, ours := access.RequestIDFromGrantName(name); !ours {
			continue
		}
		has, there, err := t.vault.group(ctx, name)
		if err != nil {
			return nil, err
		}
		if there {
			listed = append(listed, integrations.ListedGrant{Name: name, ExpiresAt: has.expires})
		}
	}
	return listed, nil
}

// Extend implements integrations.Extender. It writes the end and nothing else, so that where
// a revoke runs meanwhile, what it writes is a group without members and policies.
func (t *logins) Extend(ctx context.Context, g access.Grant) error {
	want, has, err := t.find(ctx, g)
	if err != nil || has.expires.After(g.ExpiresAt) {
		return err
	}
	if err := t.vault.putGroupEnd(ctx, g.Name, g.ExpiresAt); err != nil {
		return err
	}
	has, there, err := t.vault.group(ctx, g.Name)
	switch {
	case err != nil:
		return err
	case has.gives(want):
		return nil
	case there && len(has.policies)+len(has.members) > 0:
		return integrations.ErrChanged("its group in Vault")
	}
	if err := t.Revoke(ctx, g); err != nil {
		return err
	}
	return integrations.ErrNotOpen
}

// Ping implements integrations.Pinger. Ramp's own token must be valid, not run out of uses,
// and have the rights it needs. Errors are of code forbidden, conflict, unavailable and throttled.
func (t *logins) Ping(ctx context.Context) error {
	err := t.config.findNamespace(ctx, t.vault)
	if err == nil {
		_, err = t.vault.lookupSelf(ctx)
	}
	if err == nil {
		err = t.vault.mayDo(ctx, neededForLogins())
	}
	return err
}

// Rights implements integrations.RightsReader, as target.Rights.
func (t *logins) Rights(ctx context.Context) (integrations.Rights, error) {
	return t.vault.rights(ctx, neededForLogins())
}

// Lists implements integrations.Inventory.
func (t *logins) Lists() []string { return t.config.Lists() }

// Choices implements integrations.Inventory. It reads the configuration, and does not call
// Vault.
func (t *logins) Choices(ctx context.Context, list, after string) ([]access.Choice, string, error) {
	return t.config.choices(ctx, list, after)
}

// neededForLogins returns what Ramp's own token must be able to do, as logins.hcl allows it.
func neededForLogins() map[string][]string {
	return map[string][]string{
		groupsPath: {"list"},
		groupsPath + "/" + integrations.Unnamed(): {"read", "update", "delete"},
		entityPath: {"update"},
	}
}

const entityPath = "identity/lookup/entity"

// entity returns the id of the identity in Vault of the person who logs in by the configured
// method under a name. Errors are of code invalid if there is none that can be told.
func (t *logins) entity(ctx context.Context, principal string) (string, error) {
	accessor, who := t.config.Logins.Accessor, access.Clip(principal, 80)
	var reply struct {
		Data *struct {
			ID       string `json:"id"`
			Disabled bool   `json:"disabled"`
			Aliases  []struct {
				Name     string `json:"name"`
				Accessor string `json:"mount_accessor"`
			} `json:"aliases"`
		} `json:"data"`
	}
	if principal == "" {
		return "", access.InvalidField("principal_missing", "principal", "the grant says nobody's name")
	}
	err := t.vault.write(ctx, entityPath, map[string]any{"alias_name": principal, "alias_mount_accessor": accessor}, &reply)
	switch {
	case err != nil:
		return "", err
	case reply.Data == nil:
		return "", access.InvalidField("principal_unknown", "principal", "Vault knows nobody who logs in as %q by %s: they have to log in once, or an administrator of Vault has to make their identity with that alias", who, accessor)
	case reply.Data.ID == "":
		return "", t.vault.Unexpected(http.MethodPut, entityPath)
	case reply.Data.Disabled:
		return "", access.InvalidField("principal_disabled", "principal", "the identity of %q is disabled in Vault", who)
	}
	var names []string
	for _, alias := range reply.Data.Aliases {
		if alias.Accessor == accessor {
			names = append(names, alias.Name)
		}
	}
	// Vault itself compares names in lower case. An identity of several people would give
	// all of them what one was granted.
	if len(names) != 1 || !strings.EqualFold(names[0], principal) {
		return "", access.InvalidField("principal_ambiguous", "principal", "the identity that Vault has for %q by %s is of %q, and must be of that one alone", who, accessor, names)
	}
	return reply.Data.ID, nil
}

// gives reports whether a group gives the same policies to the same people as another, and
// nothing else.
func (g group) gives(o group) bool {
	return g.foreign == "" && slices.Equal(g.policies, o.policies) && slices.Equal(g.members, o.members)
}
