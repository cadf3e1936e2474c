package vaulttoken

import (
	"context"
	"encoding/base32"
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
	lease    string        // the id of the lease of the secret that this token read; "" if none
	max      time.Duration // whole seconds; no token lives longer, counted from its issue
	foreign  string        // what is in it that Ramp never writes
}

// suffix returns what Ramp keeps in the role's path suffix, the only free text that
// a role has: the expiry, and for a token's role the accessor and the
// lease of the secret that people got in the token's place. Vault uses it for
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
	if r.lease == "" {
		return at + "." + r.accessor
	}
	return at + "." + r.accessor + leaseMark + leaseText.EncodeToString([]byte(r.lease))
}

// leaseMark is between accessor and lease. In a namespace an accessor has a dot of its own.
const leaseMark = ".lease-"

// leaseText is how a lease's id is written: a path suffix has no slashes, and ends with a
// letter or digit.
var leaseText = base32.StdEncoding.WithPadding(base32.NoPadding)

func (r *role) readSuffix(s string) {
	at, accessor, _ := strings.Cut(s, ".")
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil || seconds <= 0 {
		return
	}
	accessor, text, _ := strings.Cut(accessor, leaseMark)
	lease, err := leaseText.DecodeString(text)
	if err != nil || len(lease) > 0 && !leaseShape.Match(lease) {
		return // not written by Ramp
	}
	r.expires, r.accessor, r.lease = time.Unix(seconds, 0).UTC(), accessor, string(lease)
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
	return combination(t.vault.write(ctx, rolesPath+"/"+r.name, map[string]any{
		"allowed_policies":        strings.Join(r.policies, ","),
		"orphan":                  true, // so that tokens outlive Ramp's own, which rotates
		"renewable":               r.isToken(),
		"token_type":              "service",
		"token_no_default_policy": true,
		"token_explicit_max_ttl":  int64(r.max / time.Second),
		"path_suffix":             r.suffix(),
	}, nil), "allowed_policies", r.policies)
}

// combination returns the error of a write with policies, and says what may be missing: the
// parameter is what Ramp's own policy allows them in.
func combination(err error, parameter string, policies []string) error {
	if access.CodeOf(err) == access.CodeForbidden && len(policies) > 1 {
		// Some servers compare a list that is written as one text with each allowed
		// text as a whole (OpenBao 2.6, Vault before 1.21), so they must be told of
		// each combination.
		return access.Errorf(access.CodeForbidden, "OpenBao, and Vault before 1.21, need %q among %s in the policy of Ramp's own token: %w",
			strings.Join(policies, ","), parameter, err)
	}
	return err
}

// roleData is a role as Vault describes it.
type roleData struct {
	Policies        []string `json:"allowed_policies"`
	PathSuffix      *string  `json:"path_suffix"`
	MaxTTL          int64    `json:"token_explicit_max_ttl"` // seconds
	PoliciesGlob    []string `json:"allowed_policies_glob"`
	Disallowed      []string `json:"disallowed_policies"`
	DisallowedGlob  []string `json:"disallowed_policies_glob"`
	EntityAliases   []string `json:"allowed_entity_aliases"`
	Period          int64    `json:"token_period"`
	Uses            int64    `json:"token_num_uses"`
	NoDefaultPolicy *bool    `json:"token_no_default_policy"`
}

// foreign returns the first field that has what Ramp never writes; empty if none.
func (d roleData) foreign() (name string) {
	for field, has := range map[string]bool{
		"allowed_policies_glob": len(d.PoliciesGlob) > 0, "disallowed_policies": len(d.Disallowed) > 0,
		"disallowed_policies_glob": len(d.DisallowedGlob) > 0, "allowed_entity_aliases": len(d.EntityAliases) > 0,
		"token_period": d.Period != 0, "token_num_uses": d.Uses != 0,
		"token_no_default_policy": d.NoDefaultPolicy != nil && !*d.NoDefaultPolicy,
	} {
		if has && (name == "" || field < name) {
			name = field
		}
	}
	return name
}

// getRole reads a role. It returns false if there is none.
func (t *target) getRole(ctx context.Context, name string) (role, bool, error) {
	d, err := get[roleData](ctx, t.vault, rolesPath+"/"+name)
	if err != nil || d == nil {
		return role{}, false, err
	}
	if d.Policies == nil || d.PathSuffix == nil {
		return role{}, false, access.Errorf(access.CodeUnavailable, "Vault describes role %s in a way Ramp does not know", name)
	}
	r := role{name: name, policies: slices.Sorted(slices.Values(d.Policies)), max: time.Duration(d.MaxTTL) * time.Second, foreign: d.foreign()}
	r.readSuffix(*d.PathSuffix)
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

func (t *target) dropRole(ctx context.Context, name string) error {
	return t.vault.delete(ctx, rolesPath+"/"+name)
}
