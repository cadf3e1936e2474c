package app

import (
	"fmt"

	"ramp.dev/ramp/access"
)

// Acts, as refused ones are recorded.
const (
	actDecide = "decide"
	actExtend = "extend"
	actPickUp = "pick up"
	actAudit  = "audit"
	actEnrol  = "enrol a passkey"
	actDecode = "decode"
)

func refuse(code access.Code, issue, format string, args ...any) error {
	return &access.Error{Code: code, Issues: []access.Issue{{Code: issue, Message: fmt.Sprintf(format, args...)}}}
}

func isRefusal(err error) bool {
	switch access.CodeOf(err) {
	case access.CodeForbidden, access.CodeUnevaluated, access.CodeConflict, access.CodeTooLate, access.CodeEvidence, access.CodeThrottled:
		return true
	}
	return false
}
