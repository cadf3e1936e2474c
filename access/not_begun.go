package access

import "time"

// NotBegun is a server's statement that a grant of a request which is ending was never
// begun: the log, which the server verified, has no event of an opening, and has the event
// after which the ledger refuses one. So access ends also where the target of such a grant
// is off, and nobody can look (docs/threats.md, case 156).
type NotBegun struct {
	RequestID  string    `json:"requestId"`
	PlanDigest string    `json:"planDigest"`
	Grant      string    `json:"grant"`
	Target     string    `json:"target"`
	LogSize    int64     `json:"logSize"` // events of the log that was verified
	At         time.Time `json:"at"`      // UTC
}

// KeyNotBegun returns the key of the statement that a grant was never begun.
func KeyNotBegun(grant string) string { return "not begun " + grant }

// NotBegunEvent returns the event after which nothing is opened for a grant.
func NotBegunEvent(requestID, grant, target string, at time.Time) Event {
	return Event{At: at, RequestID: requestID, Kind: EventGrantNotBegun, Actor: ActorRamp, Key: KeyGrant(EventGrantNotBegun, grant),
		Detail: map[string]string{"grant": grant, "target": target}}
}
