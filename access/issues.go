package access

import (
	"errors"
	"fmt"
)

// Issues collects everything that is wrong with an input, so that its author
// can mend it all at once.
type Issues []Issue

// Add adds one issue. Code is stable; field is a JSON path or file:line:column.
func (is *Issues) Add(code, field, format string, args ...any) {
	*is = append(*is, Issue{Code: code, Field: field, Message: fmt.Sprintf(format, args...)})
}

// Require adds one issue unless ok.
func (is *Issues) Require(ok bool, code, field, format string, args ...any) {
	if !ok {
		is.Add(code, field, format, args...)
	}
}

// Err returns an error of code CodeInvalid with every issue, or nil if there is
// none.
func (is Issues) Err() error {
	if len(is) == 0 {
		return nil
	}
	return Invalid(is...)
}

// Invalid returns an error of code CodeInvalid with everything that was wrong.
func Invalid(issues ...Issue) error { return &Error{Code: CodeInvalid, Issues: issues} }

// InvalidField returns an error of code CodeInvalid about one field.
func InvalidField(issueCode, field, format string, args ...any) error {
	var is Issues
	is.Add(issueCode, field, format, args...)
	return is.Err()
}

// Refuse returns an error of a code with one issue that says why.
func Refuse(code Code, issueCode, format string, args ...any) error {
	return &Error{Code: code, Issues: []Issue{{Code: issueCode, Message: fmt.Sprintf(format, args...)}}}
}

// IsRefusal reports whether err says that Ramp did not allow an act, which is
// then recorded. A fault is not a refusal, since the same act may succeed later;
// neither is a malformed input or an object that does not exist.
func IsRefusal(err error) bool {
	switch CodeOf(err) {
	case CodeForbidden, CodeUnauthenticated, CodeUnevaluated, CodeConflict, CodeTooLate, CodeEvidence, CodeThrottled:
		return true
	}
	return false
}

// WithCode returns err with another code and the same text and issues. A
// verifier of a signed statement turns what a person would be told into "the
// statement proves nothing". An err that is not an Error is returned as it is.
func WithCode(err error, code Code) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	changed := *e
	changed.Code, changed.MaxAge = code, 0
	return &changed
}
