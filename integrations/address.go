package integrations

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

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

// CheckHostPort returns what is wrong with the host and port of a service that speaks no
// HTTP, or nil; example is one that is right. What clients of databases read as more than
// one host, as a directory with a socket or as an option is refused.
func CheckHostPort(field, address, example string) access.Issues {
	var issues access.Issues
	host, port, err := net.SplitHostPort(address)
	n, number := strconv.ParseUint(port, 10, 16)
	issues.Require(err == nil && number == nil && n > 0 && host != "" && !strings.ContainsAny(host, ",/@= "), "address_malformed", field, "an address is like %s", example)
	return issues
}

// OnThisMachine reports whether a host and port are of this machine's loopback.
func OnThisMachine(address string) bool {
	host, _, _ := net.SplitHostPort(address)
	return isLoopback(host)
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
