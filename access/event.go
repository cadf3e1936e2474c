package access

import "time"

// EventKind names what happened, as noun.verb.
type EventKind string

const (
	EventRequested       EventKind = "request.created"
	EventDecided         EventKind = "decision.recorded"
	EventDecisionRefused EventKind = "decision.refused"
	EventRecounted       EventKind = "decision.recounted" // approvals that no longer count
	EventApproved        EventKind = "request.approved"
	EventDenied          EventKind = "request.denied"
	EventCancelled       EventKind = "request.cancelled"
	EventLapsed          EventKind = "request.lapsed"
	EventFailed          EventKind = "request.failed"
	EventScheduled       EventKind = "request.scheduled"
	EventGranting        EventKind = "grant.intended" // the ledger knows, the target does not yet
	EventGranted         EventKind = "grant.opened"
	EventActive          EventKind = "access.active"
	EventExtended        EventKind = "access.extended"
	EventPickedUp        EventKind = "credential.minted"
	EventEnding          EventKind = "access.ending"
	EventOverdue         EventKind = "access.overdue"
	EventRevoked         EventKind = "grant.closed" // read back as gone
	EventEnded           EventKind = "access.ended"
	EventPasskeyMade     EventKind = "passkey.made"    // it counts once it is enrolled
	EventSwept           EventKind = "grant.swept"     // ended by the reconciler, since no workflow did it
	EventDrifted         EventKind = "grant.drifted"   // the target differs from the grant
	EventRefused         EventKind = "act.refused"     // an act that Ramp did not allow
	EventDecoded         EventKind = "payload.decoded" // an operator read what Temporal keeps

	EventSignedOut EventKind = "session.ended" // all of one person's

	EventPersonAdded   EventKind = "person.added" // these are told by a directory
	EventPersonChanged EventKind = "person.changed"
	EventPersonLeft    EventKind = "person.left"
	EventGroupChanged  EventKind = "group.changed"
)

// Event is one act, as it is recorded for ever. It holds no secret.
type Event struct {
	Seq       int64             `json:"seq,omitempty"` // the ledger's order
	At        time.Time         `json:"at"`            // UTC
	RequestID string            `json:"requestId,omitempty"`
	Kind      EventKind         `json:"kind"`
	Actor     string            `json:"actor"`             // person id, or "ramp"
	Message   string            `json:"message,omitempty"` // one sentence for people
	Detail    map[string]string `json:"detail,omitempty"`
	// Key makes recording idempotent within a request: a second event with the
	// same key is the same event, told again by a retry. Empty: always new.
	Key string `json:"key,omitempty"`
}

var phrases = map[EventKind]string{
	EventRequested:       "asked for access",
	EventDecided:         "decided",
	EventDecisionRefused: "a decision was refused",
	EventRecounted:       "an approval no longer counts",
	EventApproved:        "approved",
	EventDenied:          "denied",
	EventCancelled:       "cancelled",
	EventLapsed:          "nobody decided in time",
	EventFailed:          "failed",
	EventScheduled:       "waits for its start",
	EventGranting:        "about to open, written down first",
	EventGranted:         "opened on the target",
	EventActive:          "usable from now on",
	EventExtended:        "extended",
	EventPickedUp:        "credential picked up",
	EventEnding:          "ending",
	EventOverdue:         "closing takes too long; Ramp keeps trying",
	EventRevoked:         "closed on the target, read back as gone",
	EventEnded:           "over, proven gone",
	EventPasskeyMade:     "passkey made",
	EventSwept:           "ended by the reconciler",
	EventDrifted:         "changed on the target by somebody else",
	EventRefused:         "an act was refused",
	EventDecoded:         "read what Temporal keeps",
	EventSignedOut:       "signed out",
	EventPersonAdded:     "is in the directory now",
	EventPersonChanged:   "changed in the directory",
	EventPersonLeft:      "has left, says the directory",
	EventGroupChanged:    "a group changed in the directory",
}

// Phrase says what happened in a few words, for people.
func (e Event) Phrase() string {
	what := phrases[e.Kind]
	switch {
	case what == "":
		what = string(e.Kind)
	case e.Kind == EventDecided && e.Detail["decision"] != "":
		what = map[string]string{string(Approve): "approved", string(Deny): "denied"}[e.Detail["decision"]]
	}
	if e.Message != "" {
		return what + ": " + e.Message
	}
	return what
}
