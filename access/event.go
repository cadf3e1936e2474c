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
	EventGlassBroken         EventKind = "request.glass_broken" // access opens with nobody's consent
	EventGlassReviewed       EventKind = "request.reviewed"
	EventEndOrdered          EventKind = "end.ordered"       // recorded before anybody is told
	EventConditionUnknown    EventKind = "condition.unknown" // whether access must end could not be known (endWhen)
	EventConditionKnown      EventKind = "condition.known"
	EventGrantIntended       EventKind = "grant.intended" // the ledger knows, the target does not yet
	EventGrantOpened         EventKind = "grant.opened"
	EventGrantNotBegun       EventKind = "grant.not_begun" // the request is ending, and nothing was opened there or will be
	EventAccessActive        EventKind = "access.active"
	EventAccessExtended      EventKind = "access.extended"
	EventExtensionAsked      EventKind = "extension.requested"
	EventExtensionDecided    EventKind = "extension.decided"
	EventCredentialMinted    EventKind = "credential.minted" // #nosec G101 -- a name
	EventAccessEnding        EventKind = "access.ending"
	EventAccessOverdue       EventKind = "access.overdue"
	EventAccessReopened      EventKind = "access.reopened" // the ledger called it or a grant of it over, and that is not proven
	EventGrantClosed         EventKind = "grant.closed"    // read back as gone
	EventAccessEnded         EventKind = "access.ended"
	EventPasskeyCreated      EventKind = "passkey.created"    // it counts once people have enrolled it
	EventGrantPartly         EventKind = "grant.partly"       // on a part of its target only, or not ended on a part yet
	EventGrantJoined         EventKind = "grant.joined"       // on a part of its target that was slow to open it
	EventGrantSwept          EventKind = "grant.swept"        // ended by the reconciler, since no workflow did it
	EventGrantDrifted        EventKind = "grant.drifted"      // the target differs from the grant
	EventActRefused          EventKind = "act.refused"        // an act that Ramp did not allow
	EventRecordAltered       EventKind = "record.altered"     // the ledger says something else than was signed
	EventNoticeUndelivered   EventKind = "notice.undelivered" // nobody was reached who should hear of break glass or the like
	EventPayloadDecoded      EventKind = "payload.decoded"    // an operator read decoded payloads
	EventLogUnwitnessed      EventKind = "log.unwitnessed"    // too few witnesses have cosigned the log, or one saw another
	EventSinkBehind          EventKind = "sink.behind"        // a receiver of events lacks some for longer than it may
	EventBodiesDropped       EventKind = "bodies.dropped"     // a policy removed what events and requests said

	EventSessionStarted EventKind = "session.started" // a login in a browser
	EventSessionsEnded  EventKind = "session.ended"   // one session of a person, or all of them

	EventAccountLinked   EventKind = "account.linked"
	EventAccountUnlinked EventKind = "account.unlinked"

	EventLinkCodeUsed     EventKind = "external_user.code_used" // by it somebody linked; it is good once
	EventExternalLinked   EventKind = "external_user.linked"    // which user of another program is a person
	EventExternalUnlinked EventKind = "external_user.unlinked"  // the person took that back
	EventNoticesChosen    EventKind = "notices.chosen"          // what a person hears of

	EventPersonAdded   EventKind = "person.added" // these come from a directory
	EventPersonChanged EventKind = "person.changed"
	EventPersonLeft    EventKind = "person.left"
	EventGroupChanged  EventKind = "group.changed"

	EventDirectoryChanged EventKind = "directory.changed" // what the directory is used for

	EventReviewMade    EventKind = "review.made"    // of the requests of a week
	EventReviewOverdue EventKind = "review.overdue" // of a week could not be made, a day after its end
	EventFindingMarked EventKind = "finding.marked" // somebody has looked at what a review found

	EventContractsInForce EventKind = "contracts.in_force"
	EventContractsKept    EventKind = "contracts.uploaded" // to be proposed
)

// Refusal reports whether the kind is an act that was not allowed: anybody can cause
// any number of these.
func (k EventKind) Refusal() bool { return k == EventActRefused || k == EventDecisionRefused }

// Event is one act, as it is recorded for ever. It holds no secret.
type Event struct {
	Seq       int64             `json:"seq,omitempty"` // its number in the ledger
	At        time.Time         `json:"at"`            // UTC
	RequestID string            `json:"requestId,omitempty"`
	Kind      EventKind         `json:"kind"`
	Actor     string            `json:"actor"`             // a person's id, or one of ActorRamp and its like
	Message   string            `json:"message,omitempty"` // one sentence for people
	Detail    map[string]string `json:"detail,omitempty"`
	// Key makes recording idempotent within a request: a second event with the
	// same key is a retry, and is not recorded. An event without a key is always
	// recorded.
	Key string `json:"key,omitempty"`
	// Dropped says that the body is gone: actor, message, detail and key. Such an event has
	// no leaf; only the leaf's hash is there. It is not part of a leaf.
	Dropped *Dropped `json:"dropped,omitempty"`
}
