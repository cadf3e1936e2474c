package access

import "time"

// EventKind names what happened, as noun.verb.
type EventKind string

const (
	EventRequestCreated      EventKind = "request.created"
	EventDecisionRecorded    EventKind = "decision.recorded"
	EventDecisionRefused     EventKind = "decision.refused"
	EventDecisionInvalidated EventKind = "decision.invalidated" // approvals that no longer count
	EventRequestApproved     EventKind = "request.approved"
	EventRequestDenied       EventKind = "request.denied"
	EventRequestCancelled    EventKind = "request.cancelled"
	EventRequestLapsed       EventKind = "request.lapsed"
	EventRequestFailed       EventKind = "request.failed"
	EventRequestScheduled    EventKind = "request.scheduled"
	EventGrantIntended       EventKind = "grant.intended" // the ledger knows, the target does not yet
	EventGrantOpened         EventKind = "grant.opened"
	EventAccessActive        EventKind = "access.active"
	EventAccessExtended      EventKind = "access.extended"
	EventCredentialMinted    EventKind = "credential.minted"
	EventAccessEnding        EventKind = "access.ending"
	EventAccessOverdue       EventKind = "access.overdue"
	EventGrantClosed         EventKind = "grant.closed" // read back as gone
	EventAccessEnded         EventKind = "access.ended"
	EventPasskeyCreated      EventKind = "passkey.created" // it counts once it is enrolled
	EventGrantSwept          EventKind = "grant.swept"     // ended by the reconciler, since no workflow did it
	EventGrantDrifted        EventKind = "grant.drifted"   // the target differs from the grant
	EventActRefused          EventKind = "act.refused"     // an act that Ramp did not allow
	EventPayloadDecoded      EventKind = "payload.decoded" // an operator read what Temporal keeps

	EventSessionsEnded EventKind = "session.ended" // all of one person's

	EventAccountLinked   EventKind = "account.linked"
	EventAccountUnlinked EventKind = "account.unlinked"

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
	EventRequestCreated:      "asked for access",
	EventDecisionRecorded:    "decided",
	EventDecisionRefused:     "a decision was refused",
	EventDecisionInvalidated: "an approval no longer counts",
	EventRequestApproved:     "approved",
	EventRequestDenied:       "denied",
	EventRequestCancelled:    "cancelled",
	EventRequestLapsed:       "nobody decided in time",
	EventRequestFailed:       "failed",
	EventRequestScheduled:    "waits for its start",
	EventGrantIntended:       "about to open, written down first",
	EventGrantOpened:         "opened on the target",
	EventAccessActive:        "usable from now on",
	EventAccessExtended:      "extended",
	EventCredentialMinted:    "credential picked up",
	EventAccessEnding:        "ending",
	EventAccessOverdue:       "closing takes too long; Ramp keeps trying",
	EventGrantClosed:         "closed on the target, read back as gone",
	EventAccessEnded:         "over, proven gone",
	EventPasskeyCreated:      "passkey made",
	EventGrantSwept:          "ended by the reconciler",
	EventGrantDrifted:        "changed on the target by somebody else",
	EventActRefused:          "an act was refused",
	EventPayloadDecoded:      "read what Temporal keeps",
	EventSessionsEnded:       "signed out",
	EventAccountLinked:       "linked an account to a human",
	EventAccountUnlinked:     "removed the link of an account",
	EventPersonAdded:         "is in the directory now",
	EventPersonChanged:       "changed in the directory",
	EventPersonLeft:          "has left, says the directory",
	EventGroupChanged:        "a group changed in the directory",
}

// Phrase says what happened in a few words, for people.
func (e Event) Phrase() string {
	what := phrases[e.Kind]
	switch {
	case what == "":
		what = string(e.Kind)
	case e.Kind == EventDecisionRecorded && e.Detail["decision"] != "":
		what = map[string]string{string(Approve): "approved", string(Deny): "denied"}[e.Detail["decision"]]
	}
	if e.Message != "" {
		return what + ": " + e.Message
	}
	return what
}
