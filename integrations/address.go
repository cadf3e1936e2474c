package integrations

import (
	"net/netip"
	"net/url"

	"ramp.dev/ramp/access"
)

// CheckAddress returns what is wrong with the address of a service to which Ramp
// sends its own credentials, or nil. It is https, or http on this machine, and
// nothing but scheme, host and port. The address is not repeated in the message:
// it may have a password in it.
func CheckAddress(field, address string) access.Issues {
	var issues access.Issues
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/":
		issues.Add("address_malformed", field, "an address is like https://service.example.com:8200, with nothing after the port")
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())):
		issues.Add("address_insecure", field, "https is needed, or http on this machine itself: credentials travel in it")
	}
	return issues
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
