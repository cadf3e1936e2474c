package program

import (
	"slices"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/plaintext"
)

// Failure is why a program did not do what it was asked for.
type Failure struct {
	// Code is invalid, forbidden, not_found, conflict, throttled, unavailable or internal.
	Code    access.Code `json:"code"`
	Message string      `json:"message"`
	// Issues are what is wrong with an entitlement, of code invalid.
	Issues []Issue `json:"issues,omitempty"`
	// RetryAfterSeconds is how long to wait, of code throttled; 3600 at the most.
	RetryAfterSeconds int `json:"retryAfterSeconds,omitempty"`
}

// Issue is one mistake in an entitlement.
type Issue struct {
	Field   string `json:"field,omitempty"`
	Message string `json:"message"`
}

const (
	maxMessage = 300 // characters of what a program writes into an error
	maxIssues  = 20
	maxWait    = time.Hour
)

// codesOf returns the codes that a program may reply to an operation. Invalid is never
// tried again, so it may only say that what is asked for is wrong, and never keep an ending
// from being tried again, or a look at the target (docs/threats.md, case 133).
func codesOf(op Operation) []access.Code {
	codes := []access.Code{access.CodeForbidden, access.CodeConflict, access.CodeThrottled, access.CodeUnavailable}
	switch op {
	case OpRevoke, OpInspect, OpList, OpDrift, OpDescribe:
		return codes
	case OpExtend, OpMint, OpRestore:
		return append(codes, access.CodeInvalid, access.CodeNotFound)
	}
	return append(codes, access.CodeInvalid)
}

// err returns the failure of an operation as Ramp's error. A code that the operation cannot
// have counts as internal, which is tried again.
func (f Failure) err(op Operation) error {
	code, message := f.Code, plaintext.Line(f.Message, maxMessage)
	if message == "" {
		message = "it does not say why"
	}
	if !slices.Contains(codesOf(op), code) {
		return access.Errorf(access.CodeInternal, "%s: the program fails with %q: %s", op, plaintext.Line(string(f.Code), 40), message)
	}
	if code == access.CodeInvalid {
		issues := access.Issues{}
		for _, is := range f.Issues[:min(len(f.Issues), maxIssues)] {
			issues.Add("program_refuses", plaintext.Line(is.Field, 80), "%s", plaintext.Line(is.Message, maxMessage))
		}
		if len(issues) == 0 {
			issues.Add("program_refuses", "", "%s", message)
		}
		return access.Invalid(issues...)
	}
	wait := min(time.Duration(max(0, f.RetryAfterSeconds))*time.Second, maxWait)
	return access.RetryAfter(access.Errorf(code, "%s: the program says: %s", op, message), wait)
}
