package integrations

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"ramp.dev/ramp/access"
)

// Errors that every target returns alike.
var (
	// ErrExpired says (invalid) that a grant has already expired.
	ErrExpired = access.Invalid(access.Issue{Code: "expired", Field: "expiresAt", Message: "the grant has already expired"})
	// ErrNotOpen says (not_found) that the target has nothing of a grant that is
	// to be extended or picked up.
	ErrNotOpen = access.Errorf(access.CodeNotFound, "nothing is open under this grant")
	// ErrRevoked says (conflict) that a grant was closed before. It never opens
	// again, because the one who closed it does not come back to close it once more.
	ErrRevoked = access.Errorf(access.CodeConflict, "the grant was revoked; it never opens again")
)

// Unlisted is an error of Target.List that returns with all the rest of what there is: a part
// of the target could not be looked at. Of that, the rest names what Ramp's own record says.
type Unlisted struct{ Why error }

// Error implements error.
func (u *Unlisted) Error() string { return "a part could not be listed: " + u.Why.Error() }

// Unwrap returns why.
func (u *Unlisted) Unwrap() error { return u.Why }

// PartlyError says that some parts of a target, such as hosts, did not do what was asked of
// each: which, and why.
type PartlyError struct {
	Parts   int      // how many were asked
	Missing []string // the names of those that did not do it, in order
	Why     string   // how many did it, and what the others said, for people
}

func (e *PartlyError) Error() string { return e.Why }

// Partly returns how an error is that of some parts of a target alone; nil if it is not.
func Partly(err error) *PartlyError {
	if e, is := errors.AsType[*PartlyError](err); is && len(e.Missing) < e.Parts {
		return e
	}
	return nil
}

// ErrChanged says (conflict) that the target holds a grant under other terms
// than those that it was granted under: the named object was changed by hand, or
// the entitlement was.
func ErrChanged(object string) error {
	return access.Errorf(access.CodeConflict, "the grant is open on other terms: %s was changed, or its entitlement was", object)
}

// CodeOfStatus returns what the HTTP status of a service's response means. A
// request that the service does not understand is invalid and so never retried;
// what is not known here is unavailable, and worth another try.
func CodeOfStatus(status int) access.Code {
	switch status {
	case http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return access.CodeInvalid
	case http.StatusUnauthorized, http.StatusForbidden: // Ramp's own rights are missing, or its credentials have ended
		return access.CodeForbidden
	case http.StatusNotFound:
		return access.CodeNotFound
	case http.StatusConflict:
		return access.CodeConflict
	case http.StatusTooManyRequests:
		return access.CodeThrottled
	}
	return access.CodeUnavailable
}

// RetryAfter returns how long a response asks to wait, in seconds as services
// write it or as a date; 0 if it does not say.
func RetryAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil {
		return max(0, time.Duration(seconds)*time.Second)
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}
