package hostcall

import (
	"encoding/json"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// channelType is of the channel that is one call.
const channelType = "call@ramp.dev"

// The calls, by the methods of Host.
const (
	doGrant   = "grant"
	doExtend  = "extend"
	doIssue   = "issue"
	doInspect = "inspect"
	doRevoke  = "revoke"
	doList    = "list"
	doDrift   = "drift"
	doRestore = "restore"
	doUsage   = "usage"
	doWatch   = "watch"
	doPing    = "ping"
	doSetup   = "setup"
)

// request is one call.
type request struct {
	Do          string             `json:"do"`
	Grant       string             `json:"grant,omitempty"` // its name
	Entitlement access.Entitlement `json:"entitlement,omitempty"`
	ExpiresAt   time.Time          `json:"expiresAt,omitzero"` // UTC
	Key         string             `json:"key,omitempty"`      // as in authorized_keys
}

// reply is what comes back. With a code, it is an error.
type reply struct {
	Code    access.Code                `json:"code,omitempty"`
	Error   string                     `json:"error,omitempty"`
	Found   *access.ReadBack           `json:"found,omitempty"`
	Listed  []integrations.ListedGrant `json:"listed,omitempty"`
	Differs []string                   `json:"differs,omitempty"`
	EndsAt  time.Time                  `json:"endsAt,omitzero"` // UTC
	Usage   *access.Usage              `json:"usage,omitempty"`
	Setup   *Setup                     `json:"setup,omitempty"`
}

const (
	// The bounds of what is read of one host, which may say anything: of a list of all its
	// grants, and of any other reply, in bytes; and of a list and of differences, in number.
	maxList    = 1 << 20
	maxReply   = 64 << 10
	maxListed  = 10000
	maxDiffers = 20
	maxError   = 300 // characters of an error that are passed on
	// callTimeout bounds one call, on both sides.
	callTimeout = 15 * time.Second
)

// maxReply returns how much is read of the reply: more is a reply that was cut off.
func (r request) maxReply() int64 {
	if r.Do == doList {
		return maxList
	}
	return maxReply
}

// failed returns the reply that is an error.
func failed(err error) reply {
	return reply{Code: access.CodeOf(err), Error: access.Clip(err.Error(), maxError)}
}

// err returns the error that the reply is, or nil. A code that Ramp does not have is
// unavailable: such a reply proves nothing.
func (r reply) err() error {
	switch r.Code {
	case "":
		return nil
	case access.CodeInvalid, access.CodeConflict, access.CodeNotFound, access.CodeForbidden, access.CodeThrottled, access.CodeInternal:
		return access.Errorf(r.Code, "%s", access.Clip(r.Error, maxError))
	}
	return access.Errorf(access.CodeUnavailable, "%s", access.Clip(r.Error, maxError))
}

func encoded(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil { // such as an entitlement of strange types
		// Neither side takes it for a request or a reply: a reply without a code says that
		// all went well, and that nothing is there.
		b = []byte(`{"do":"","code":"unavailable","error":"this cannot be sent as JSON"}`)
	}
	return b
}
