package hostfiles

import (
	"net/netip"
	"strings"

	"ramp.dev/ramp/access"
)

// FromAllows reports whether an address is in a from list of addresses and CIDR
// blocks. A pattern after ! refuses. A name or a wildcard is an error: it refuses
// everybody.
func FromAllows(list string, addr netip.Addr) (bool, error) {
	allowed := false
	for _, pattern := range strings.Split(list, ",") {
		block, negative := strings.CutPrefix(pattern, "!")
		prefix, err := netip.ParsePrefix(block)
		if err != nil {
			one, err := netip.ParseAddr(block)
			if err != nil {
				return false, access.Errorf(access.CodeInvalid, "from: %q is no address and no CIDR block", access.Clip(pattern, 60))
			}
			prefix = netip.PrefixFrom(one, one.BitLen())
		}
		if prefix.Contains(addr.Unmap()) {
			if negative {
				return false, nil
			}
			allowed = true
		}
	}
	return allowed, nil
}
