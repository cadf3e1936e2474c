package vaulttoken

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"ramp.dev/ramp/access"
)

// groupsPath has Vault's identity groups, by name. A grant's group has the grant's name.
const groupsPath = "identity/group/name"

// endKey is what a group's metadata calls the end of access, in Unix seconds. Vault does
// nothing at it.
const endKey = "ramp_expires"

// group is a grant's identity group.
type group struct {
	policies []string  // in order
	members  []string  // ids of identities (entities), in order
	expires  time.Time // whole seconds; zero if unknown
	foreign  string    // what is in it that Ramp never writes
}

// putGroup writes a group whole, but for what Ramp never writes. The policies are one text,
// because a policy in Vault can then restrict Ramp to a list of them; see logins.hcl.
func (v *vault) putGroup(ctx context.Context, name string, g group) error {
	return combination(v.write(ctx, groupsPath+"/"+name, map[string]any{
		"policies":          strings.Join(g.policies, ","),
		"member_entity_ids": g.members,
		"metadata":          endOf(g.expires),
	}, nil), "policies", g.policies)
}

// putGroupEnd writes the end of access to a group. Vault keeps the rest of it, and makes a
// group without members and policies if there is none.
func (v *vault) putGroupEnd(ctx context.Context, name string, at time.Time) error {
	return v.write(ctx, groupsPath+"/"+name, map[string]any{"metadata": endOf(at)}, nil)
}

func endOf(at time.Time) map[string]string {
	return map[string]string{endKey: strconv.FormatInt(at.Unix(), 10)}
}

// groupData is a group as Vault describes it.
type groupData struct {
	Name     string            `json:"name"`
	Type     string            `json:"type"`
	Policies []string          `json:"policies"`
	Members  []string          `json:"member_entity_ids"`
	Groups   []string          `json:"member_group_ids"` // whose members are members too
	Parents  []string          `json:"parent_group_ids"` // whose policies the members have too
	Alias    map[string]any    `json:"alias"`
	Metadata map[string]string `json:"metadata"`
}

// foreign returns what is in the group that Ramp never writes; empty if nothing is.
func (d groupData) foreign() string {
	switch {
	case d.Type != "internal":
		return "type " + access.Clip(d.Type, 40)
	case len(d.Groups) > 0:
		return "groups as members"
	case len(d.Parents) > 0:
		return "groups that it is a member of"
	case len(d.Alias) > 0:
		return "an alias"
	}
	return ""
}

// group reads a grant's group. It returns false if there is none.
func (v *vault) group(ctx context.Context, name string) (group, bool, error) {
	d, err := get[groupData](ctx, v, groupsPath+"/"+name)
	if err != nil || d == nil {
		return group{}, false, err
	}
	if d.Type == "" || !strings.EqualFold(d.Name, name) {
		return group{}, false, access.Errorf(access.CodeUnavailable, "Vault describes group %s in a way Ramp does not know", name)
	}
	g := group{policies: slices.Sorted(slices.Values(d.Policies)), members: slices.Sorted(slices.Values(d.Members)), foreign: d.foreign()}
	if seconds, err := strconv.ParseInt(d.Metadata[endKey], 10, 64); err == nil && seconds > 0 {
		g.expires = time.Unix(seconds, 0).UTC()
	}
	return g, true, nil
}
