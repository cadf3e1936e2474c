package jsonhttp

import (
	"net/http"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// StatusError returns the error that a response's status means: of the code of
// integrations.CodeOfStatus, with the time that the service asks to wait. who says what
// responded, without its address.
func StatusError(who string, status int, h http.Header) error {
	return access.RetryAfter(access.Errorf(integrations.CodeOfStatus(status), "%s returned %d", who, status), integrations.RetryAfter(h))
}

// IsSafe reports whether something secret may be sent to a URL's scheme and host: https, or
// http on this machine.
func IsSafe(scheme, host string) bool {
	return len(integrations.CheckAddress("", scheme+"://"+host)) == 0
}
