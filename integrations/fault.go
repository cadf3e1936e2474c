package integrations

import (
	"context"
	"crypto/x509"
	"errors"
	"io/fs"
	"net"

	"ramp.dev/ramp/access"
)

// FaultOf returns what kind of failure an error of a target is: of starting it, or of an
// operation on it.
func FaultOf(err error) access.TargetFault {
	var network *net.OpError
	var name *net.DNSError
	var file *fs.PathError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	switch code := access.CodeOf(err); {
	case code == access.CodeForbidden, code == access.CodeUnauthenticated:
		return access.FaultCredential
	case errors.As(err, &authority), errors.As(err, &host): // somebody else is there, or the CA is not given
		return access.FaultConfiguration
	case errors.As(err, &network), errors.As(err, &name), errors.Is(err, context.DeadlineExceeded):
		return access.FaultUnreachable
	case errors.As(err, &file): // whatever its code: targets call a file that is missing unavailable
		return access.FaultConfiguration
	case code == access.CodeUnavailable, code == access.CodeThrottled:
		return access.FaultUnreachable
	}
	return access.FaultConfiguration
}
