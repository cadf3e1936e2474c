package faketarget

import (
	"time"

	"ramp.dev/ramp/access"
)

// Op is one operation of a target.
type Op string

const (
	OpGrant   Op = "grant"
	OpExtend  Op = "extend"
	OpMint    Op = "mint"
	OpInspect Op = "read-back"
	OpRevoke  Op = "revoke"
	OpChoices Op = "list choices" // it has no effect
)

// Fault is what goes wrong with one call.
type Fault string

const (
	NoFault      Fault = ""
	Unavailable  Fault = "unavailable"
	Throttled    Fault = "throttled"
	Forbidden    Fault = "forbidden"
	Invalid      Fault = "invalid"
	NotFound     Fault = "not found"
	Internal     Fault = "internal"
	LostReply    Fault = "the effect without a reply"
	StillThere   Fault = "success while the object stays" // revoke
	SurfacesLate Fault = "success while it cannot be seen yet"
)

// Faults returns the faults that an operation can have.
func Faults(op Op) []Fault {
	all := []Fault{NoFault, Unavailable, Throttled, Forbidden, Invalid, NotFound, Internal, LostReply}
	switch op {
	case OpRevoke:
		return append(all, StillThere)
	case OpGrant:
		return append(all, SurfacesLate)
	}
	return all
}

var codes = map[Fault]access.Code{
	Unavailable: access.CodeUnavailable, Throttled: access.CodeThrottled, Forbidden: access.CodeForbidden,
	Invalid: access.CodeInvalid, NotFound: access.CodeNotFound, Internal: access.CodeInternal,
}

func (f Fault) before() error {
	code, ok := codes[f]
	if !ok {
		return nil
	}
	err := access.Errorf(code, "the target says: %s", f)
	if f == Throttled {
		return access.RetryAfter(err, time.Millisecond) // or the broker would wait a second of real time
	}
	return err
}

func (f Fault) after() error {
	if f == LostReply {
		return access.Errorf(access.CodeUnavailable, "the reply was lost")
	}
	return nil
}
