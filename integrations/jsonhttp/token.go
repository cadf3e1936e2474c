package jsonhttp

import (
	"errors"
	"strconv"
	"strings"

	"golang.org/x/oauth2"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// TokenError returns what it means that a service gives out no token for Ramp's own
// credentials: of code forbidden (it does not take them), throttled or unavailable. The
// response's body is left out, but for the error code of RFC 6749.
func TokenError(service string, err error) error {
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) || refused.Response == nil {
		return access.Errorf(access.CodeUnavailable, "%s gives out no token for Ramp's own credentials", service)
	}
	switch code := integrations.CodeOfStatus(refused.Response.StatusCode); code {
	case access.CodeInvalid, access.CodeForbidden, access.CodeNotFound:
		return access.Errorf(access.CodeForbidden, "%s does not take Ramp's own credentials: %s", service, strings.TrimSpace(strconv.Itoa(refused.Response.StatusCode)+" "+access.Clip(refused.ErrorCode, 60)))
	default:
		return access.RetryAfter(access.Errorf(code, "%s gives out no token: %d", service, refused.Response.StatusCode), integrations.RetryAfter(refused.Response.Header))
	}
}
