// Package neterror says why the network failed without saying where: addresses of
// receivers may hold a token, and what is recorded of a failure is read by more people
// than the configuration is.
package neterror

import (
	"crypto/x509"
	"errors"
	"net"
	"net/url"
	"regexp"
)

// Reason returns why the network failed, without the address that Go names in its errors:
// "connection refused", not "dial tcp 192.0.2.7:8088: connect: connection refused". Other
// errors are returned as they are.
func Reason(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		err = of.Err
	}
	var name x509.HostnameError
	if errors.As(err, &name) {
		return errors.New("its certificate is for another name")
	}
	var lookup *net.DNSError
	if errors.As(err, &lookup) {
		if lookup.IsNotFound {
			return errors.New("its name is not resolved: there is no such host")
		}
		return errors.New("its name is not resolved: the resolver does not respond as it should") // lookup.Err may have the resolver's address
	}
	// TLS keeps the first error of a connection in one of its own.
	for op := new(net.OpError); errors.As(err, &op) && op.Err != nil; {
		err = op.Err
	}
	// HTTP's transport keeps some as their text alone.
	if text := fromTo.ReplaceAllString(err.Error(), ""); text != err.Error() {
		return errors.New(text)
	}
	return err
}

// fromTo is what the errors of connections begin with.
var fromTo = regexp.MustCompile(`\b(read|write|dial|close) (tcp|udp)[46]? \S+(->\S+)?: `)
