package vaulttoken

import (
	"strings"

	"ramp.dev/ramp/access"
)

// A grant's role has the grant's name; the role of one of its tokens has that,
// a dash and a serial number, which is random and shaped like a request id.

const (
	rolesPath  = "auth/token/roles"
	createPath = "auth/token/create"
	// leasesPath is where Vault keeps the leases of tokens that were made through
	// roles.
	leasesPath = "sys/leases/lookup/" + createPath
	revokePath = "sys/leases/revoke-prefix/" + createPath
)

func newTokenRole(grant string) string { return grant + "-" + access.NewRequestID() }

// grantOf returns the grant that a role belongs to, by the role's name. It
// returns false for roles that Ramp did not make.
func grantOf(role string) (string, bool) {
	if _, ok := access.RequestIDFromGrantName(role); ok {
		return role, true
	}
	cut := strings.LastIndexByte(role, '-')
	if cut < 0 || !access.IsRequestID(role[cut+1:]) {
		return "", false
	}
	_, ok := access.RequestIDFromGrantName(role[:cut])
	return role[:cut], ok
}
