package access

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Code says what kind of thing went wrong. Each maps to one HTTP status (in
// server) and to one retry behaviour (in activities). Unknown means internal.
type Code string

const (
	CodeInvalid         Code = "invalid"         // the input is wrong; Issues say where
	CodeUnauthenticated Code = "unauthenticated" // nobody has logged in, or not recently enough
	CodeForbidden       Code = "forbidden"       // this person may not
	CodeNotFound        Code = "not_found"
	CodeConflict        Code = "conflict"    // not in this state, or not this digest
	CodeTooLate         Code = "too_late"    // it was possible earlier
	CodeTooLarge        Code = "too_large"   // the body is over its limit
	CodeThrottled       Code = "throttled"   // too many at once; try later
	CodeUnevaluated     Code = "unevaluated" // a condition could not be evaluated; denied
	CodeEvidence        Code = "evidence"    // signatures or decisions do not prove what is asked
	CodeUnavailable     Code = "unavailable" // a system that is needed does not respond
	CodeInternal        Code = "internal"
)

// Issue is one thing wrong with an input.
type Issue struct {
	Code    string `json:"code"`            // stable, such as duration_over_max
	Field   string `json:"field,omitempty"` // JSON path or file:line:column
	Message string `json:"message"`
}

func (i Issue) String() string {
	if i.Field == "" {
		return i.Message
	}
	return i.Field + ": " + i.Message
}

// Error is the one error type of Ramp.
type Error struct {
	Code    Code
	Message string
	Issues  Issues
	// RetryAfter is how long a throttled caller should wait; 0 if it is not known.
	RetryAfter time.Duration
	// MaxAge is the oldest login that would be accepted; 0 if the login is not why.
	MaxAge time.Duration
	cause  error
	// told is true where Message has the cause's words already.
	told bool
}

func (e *Error) Error() string {
	msg := e.Message
	if len(e.Issues) > 0 {
		parts := make([]string, len(e.Issues))
		for i, is := range e.Issues {
			parts[i] = is.String()
		}
		if msg != "" {
			msg += ": "
		}
		msg += strings.Join(parts, "; ")
	}
	if e.cause != nil && !e.told {
		if msg != "" {
			msg += ": "
		}
		msg += e.cause.Error()
	}
	return msg
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// Errorf returns an error of a code. A final %w is kept as the cause; the words of
// another %w are part of the message, too.
func Errorf(code Code, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	if cause := errors.Unwrap(err); cause != nil {
		msg, final := strings.CutSuffix(err.Error(), cause.Error())
		return &Error{Code: code, Message: strings.TrimSuffix(msg, ": "), cause: cause, told: !final}
	}
	return &Error{Code: code, Message: err.Error()}
}

// CodeOf returns the code of err: CodeInternal when nothing in it is an Error.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}

// IssuesOf returns the issues of err, if any.
func IssuesOf(err error) []Issue {
	var e *Error
	if errors.As(err, &e) {
		return e.Issues
	}
	return nil
}

// RetryAfter returns err with how long its caller should wait before trying again.
func RetryAfter(err error, d time.Duration) error {
	e, ok := err.(*Error)
	if !ok || d <= 0 {
		return err
	}
	told := *e
	told.RetryAfter = d
	return &told
}

// RetryAfterOf returns the longest wait that anything in err asks for, 0 if none
// does.
func RetryAfterOf(err error) time.Duration {
	var longest time.Duration
	for ; err != nil; err = errors.Unwrap(err) {
		if e, ok := err.(*Error); ok {
			longest = max(longest, e.RetryAfter)
		}
	}
	return longest
}

// Clip shortens s to at most n characters for messages that echo input.
func Clip(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n]) + "…"
}
