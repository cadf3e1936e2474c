package access

import (
	"errors"
	"time"
)

// IssueStepUpNeeded is the issue of an act that needs a more recent login.
const IssueStepUpNeeded = "step_up_needed"

// StepUp is the oldest login with which people may act under a contract (OpenID
// Connect Core 3.1.2.1, max_age; RFC 9470); 0 accepts any.
type StepUp struct {
	Request Duration `json:"request,omitempty"` // to request, extend and pick up
	Approve Duration `json:"approve,omitempty"`
}

// RequireRecentLogin returns nil if the person proved to their identity provider
// who they are at most maxAge before an act, or if maxAge is 0: a session that
// was stolen or left open is not enough for what opens access. A login whose time
// the provider does not tell is too old. Acts that end access never ask for it.
// Errors are CodeUnauthenticated, and MaxAgeOf reads maxAge from them.
func (p Person) RequireRecentLogin(maxAge Duration, at time.Time) error {
	if maxAge <= 0 || !p.LoggedInAt.IsZero() && at.Sub(p.LoggedInAt) <= maxAge.Std() {
		return nil
	}
	why := "yours is older"
	if p.LoggedInAt.IsZero() {
		why = "the identity provider does not say when yours was"
	}
	err := &Error{Code: CodeUnauthenticated, MaxAge: maxAge.Std()}
	err.Issues.Add(IssueStepUpNeeded, "", "this needs a login of the last %s, and %s; log in again", maxAge, why)
	return err
}

// MaxAgeOf returns the oldest login that err, an error of RequireRecentLogin,
// would accept; 0 for any other error.
func MaxAgeOf(err error) time.Duration {
	var e *Error
	if errors.As(err, &e) {
		return e.MaxAge
	}
	return 0
}
