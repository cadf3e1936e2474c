package access

import (
	"errors"
	"fmt"
	"time"
)

// IssueStepUpNeeded is the code of the issue that LoggedIn answers.
const IssueStepUpNeeded = "step_up_needed"

// StepUp is how lately people must have logged in under a contract; 0: at any
// time.
type StepUp struct {
	Request Duration `json:"request,omitempty"` // to ask, extend and pick up
	Approve Duration `json:"approve,omitempty"`
}

// RequireRecentLogin checks that a person proved to their identity provider who they are
// within so long before an act (step-up: OpenID Connect Core 3.1.2.1, max_age;
// RFC 9470): a session that was stolen or left open is not enough for what opens
// access. A time that the provider did not tell is none. Nothing is asked for
// where within is 0, and nobody asks it of acts that end access. Errors are of
// CodeUnauthenticated, and StepUpOf tells within from them.
func (p Person) RequireRecentLogin(within Duration, at time.Time) error {
	if within <= 0 || !p.LoggedInAt.IsZero() && at.Sub(p.LoggedInAt) <= within.Std() {
		return nil
	}
	message := fmt.Sprintf("this needs a login of the last %s, and yours is older; log in again", within)
	if p.LoggedInAt.IsZero() {
		message = fmt.Sprintf("this needs a login of the last %s, and the identity provider does not say when yours was; log in again", within)
	}
	return &Error{Code: CodeUnauthenticated, MaxAge: within.Std(), Issues: []Issue{{Code: IssueStepUpNeeded, Message: message}}}
}

// MaxAgeOf is how lately the person must have logged in for what err refused; 0
// if that is not why.
func MaxAgeOf(err error) time.Duration {
	var e *Error
	if errors.As(err, &e) {
		return e.MaxAge
	}
	return 0
}
