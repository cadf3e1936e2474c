package vaulttoken

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// role is one of Ramp's token roles: a grant's, or a token's.
type role struct {
	name     string
	policies []string      // in order
	expires  time.Time     // whole seconds; zero if unknown
	accessor string        // of the token made through it; none on a grant's role
	max      time.Duration // whole seconds; no token lives longer, counted from its issue
	foreign  string        // what is in it that Ramp never writes
}

// suffix returns what Ramp keeps in the role's path suffix, the only free text that
// a role has: the expiry, and for a token's role the accessor. Vault uses it for
// the paths of leases of tokens that are made later; when Ramp writes it to a
// token's role, the role's one token is already made.
func (r role) suffix() string {
	if r.expires.IsZero() {
		return ""
	}
	at := strconv.FormatInt(r.expires.Unix(), 10)
	if r.accessor == "" {
		return at
	}
	return at + "." + r.accessor
}

func (r *role) readSuffix(s string) {
	at, accessor, _ := strings.Cut(s, ".")
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil || seconds <= 0 {
		return
	}
	r.expires, r.accessor = time.Unix(seconds, 0).UTC(), accessor
}

// isToken reports whether it is the role of one token.
func (r role) isToken() bool { _, grants := access.RequestIDFromGrantName(r.name); return !grants }

// putRole writes all fields of r each time, because Vault keeps those that a write
// leaves out. The policies are one text, because a policy in Vault can then
// restrict Ramp to a list of them; see policy.hcl. Less than a second is an error
// of code invalid: Vault takes a limit of zero for none.
func (t *target) putRole(ctx context.Context, r role) error {
	if r.max < time.Second {
		return integrations.ErrExpired
	}
	_, err := t.vault.write(ctx, rolesPath+"/"+r.name, map[string]any{
		"allowed_policies":        strings.Join(r.policies, ","),
		"orphan":                  true, // so that tokens outlive Ramp's own, which rotates
		"renewable":               r.isToken(),
		"token_type":              "service",
		"token_no_default_policy": true,
		"token_explicit_max_ttl":  int64(r.max / time.Second),
		"path_suffix":             r.suffix(),
	})
	if access.CodeOf(err) == access.CodeForbidden && len(r.policies) > 1 {
		// Some servers compare a list that is written as one text with each allowed
		// text as a whole (OpenBao 2.6, Vault before 1.21), so they must be told of
		// each combination.
		return access.Errorf(access.CodeForbidden, "OpenBao, and Vault before 1.21, need %q among allowed_policies in the policy of Ramp's own token: %w",
			strings.Join(r.policies, ","), err)
	}
	return err
}

// getRole reads a role. It returns false if there is none.
func (t *target) getRole(ctx context.Context, name string) (role, bool, error) {
	r := role{name: name}
	data, err := t.vault.read(ctx, rolesPath+"/"+name)
	if err != nil || data == nil {
		return r, false, err
	}
	policies, ok := texts(data["allowed_policies"])
	suffix, ok2 := data["path_suffix"].(string)
	life, err := seconds(data["token_explicit_max_ttl"])
	if !ok || !ok2 || err != nil {
		return r, false, access.Errorf(access.CodeUnavailable, "Vault describes role %s in a way Ramp does not know", name)
	}
	r.policies, r.max = slices.Sorted(slices.Values(policies)), life
	r.readSuffix(suffix)
	for _, key := range []string{"allowed_policies_glob", "disallowed_policies", "disallowed_policies_glob", "allowed_entity_aliases"} {
		if list, ok := texts(data[key]); ok && len(list) > 0 {
			r.foreign = key
		}
	}
	for _, key := range []string{"token_period", "token_num_uses"} {
		if n, err := seconds(data[key]); err == nil && n != 0 {
			r.foreign = key
		}
	}
	if none, known := data["token_no_default_policy"].(bool); known && !none {
		r.foreign = "token_no_default_policy"
	}
	return r, true, nil
}

// sameAs returns an error of code conflict if a grant's role does not give just
// these policies.
func (r role) sameAs(policies []string) error {
	if r.foreign != "" || !slices.Equal(r.policies, policies) {
		return integrations.ErrChanged("its role in Vault")
	}
	return nil
}

func seconds(value any) (time.Duration, error) {
	if value == nil {
		return 0, nil
	}
	n, ok := value.(json.Number)
	if !ok {
		return 0, access.Errorf(access.CodeUnavailable, "not a number")
	}
	s, err := n.Int64()
	return time.Duration(s) * time.Second, err
}

func (t *target) dropRole(ctx context.Context, name string) error {
	return t.vault.delete(ctx, rolesPath+"/"+name)
}
