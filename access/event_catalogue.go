package access

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// Audience says who may see an event.
type Audience string

const (
	// AudienceRequest is everybody who may see the event's request: its requester,
	// those who may decide it, operators. Without a request it is AudienceSelf.
	AudienceRequest Audience = "request"
	// AudienceSelf is the person who acted, and operators.
	AudienceSelf Audience = "self"
	// AudienceOperators is operators only.
	AudienceOperators Audience = "operators"
)

// FieldMessage stands for an event's message among the fields to redact.
const FieldMessage = "message"

// EventSpec is what Ramp knows of one kind of event. Open pages need no field of
// their own: a page about a request shows all of its events.
type EventSpec struct {
	Phrase   string   // what happened, for people, in a few words
	Audience Audience // who may see it
	OCSF     OCSF     // what it is for a SIEM
	// Redact names the details that are removed before an event leaves Ramp for a
	// sink or a chat: free text that people wrote, which may hold what they should
	// not have written. FieldMessage stands for the message.
	Redact []string
}

var freeText = []string{FieldMessage}

// catalogue holds every kind. A log may hold kinds that this version does not
// know, written by a newer one: see Spec for what is done with them.
var catalogue = map[EventKind]EventSpec{
	EventRequestCreated:      {"asked for access", AudienceRequest, OCSF{entityManagement, 1, "Create", false}, freeText},
	EventDecisionRecorded:    {"decided", AudienceRequest, OCSF{entityManagement, 3, "Update", false}, freeText},
	EventDecisionRefused:     {"a decision was refused", AudienceRequest, OCSF{entityManagement, 3, "Update", true}, nil},
	EventDecisionInvalidated: {"an approval no longer counts", AudienceRequest, OCSF{entityManagement, 3, "Update", false}, nil},
	EventRequestApproved:     {"approved", AudienceRequest, OCSF{entityManagement, 8, "Enable", false}, nil},
	EventRequestDenied:       {"denied", AudienceRequest, OCSF{entityManagement, 9, "Disable", false}, freeText},
	EventRequestCancelled:    {"cancelled", AudienceRequest, OCSF{entityManagement, 9, "Disable", false}, freeText},
	EventRequestLapsed:       {"nobody decided in time", AudienceRequest, OCSF{entityManagement, 9, "Disable", false}, nil},
	EventRequestFailed:       {"failed", AudienceRequest, OCSF{entityManagement, 9, "Disable", true}, nil},
	EventRequestScheduled:    {"waits for its start", AudienceRequest, OCSF{entityManagement, 3, "Update", false}, nil},
	EventGlassBroken:         {"BREAK GLASS: opens access with nobody's consent", AudienceRequest, OCSF{detectionFinding, 1, "Create", true}, freeText},
	EventGlassReviewed:       {"wrote the post-access review of break glass", AudienceRequest, OCSF{entityManagement, 3, "Update", false}, freeText},
	EventEndOrdered:          {"ordered the end", AudienceRequest, OCSF{entityManagement, 3, "Update", false}, []string{FieldMessage, "facts"}},
	EventConditionUnknown:    {"could not know whether access must end", AudienceRequest, OCSF{entityManagement, 3, "Update", false}, freeText},
	EventConditionKnown:      {"knows again whether access must end", AudienceRequest, OCSF{entityManagement, 3, "Update", false}, freeText},
	EventGrantIntended:       {"about to open, recorded first", AudienceRequest, OCSF{userAccess, 99, "Intend", false}, nil},
	EventGrantOpened:         {"opened on the target", AudienceRequest, OCSF{userAccess, 1, "Assign Privileges", false}, nil},
	EventGrantNotBegun:       {"never opened on the target, and cannot be any more", AudienceRequest, OCSF{userAccess, 99, "Rule Out", false}, nil},
	EventAccessActive:        {"usable from now on", AudienceRequest, OCSF{entityManagement, 10, "Activate", false}, nil},
	EventAccessExtended:      {"extended", AudienceRequest, OCSF{entityManagement, 3, "Update", false}, freeText},
	EventExtensionAsked:      {"asked for an extension", AudienceRequest, OCSF{entityManagement, 3, "Update", false}, freeText},
	EventExtensionDecided:    {"decided an extension", AudienceRequest, OCSF{entityManagement, 3, "Update", false}, freeText},
	EventCredentialMinted:    {"credential picked up", AudienceRequest, OCSF{authentication, 3, "Authentication Ticket", false}, nil},
	EventAccessEnding:        {"ending", AudienceRequest, OCSF{entityManagement, 3, "Update", false}, freeText},
	EventAccessOverdue:       {"closing takes too long; Ramp keeps trying", AudienceRequest, OCSF{detectionFinding, 1, "Create", true}, nil},
	EventAccessReopened:      {"was called over while access was not closed", AudienceRequest, OCSF{detectionFinding, 1, "Create", true}, nil},
	EventGrantClosed:         {"closed on the target, read back as gone", AudienceRequest, OCSF{userAccess, 2, "Revoke Privileges", false}, nil},
	EventAccessEnded:         {"over, proven gone", AudienceRequest, OCSF{entityManagement, 11, "Deactivate", false}, nil},
	EventGrantPartly:         {"done in part on the target", AudienceRequest, OCSF{userAccess, 99, "Partial", false}, nil},
	EventGrantJoined:         {"opened on another part of the target", AudienceRequest, OCSF{userAccess, 1, "Assign Privileges", false}, nil},
	EventGrantSwept:          {"ended by the reconciler", AudienceRequest, OCSF{userAccess, 2, "Revoke Privileges", false}, nil},
	EventGrantDrifted:        {"changed on the target by somebody else", AudienceRequest, OCSF{detectionFinding, 1, "Create", true}, nil},
	EventActRefused:          {"an act was refused", AudienceRequest, OCSF{apiActivity, 99, "Refuse", true}, nil},
	EventRecordAltered:       {"the ledger was changed by something else than Ramp", AudienceRequest, OCSF{detectionFinding, 1, "Create", true}, nil},
	EventNoticeUndelivered:   {"a notice did not arrive", AudienceRequest, OCSF{detectionFinding, 1, "Create", true}, nil},
	EventPayloadDecoded:      {"read what Temporal keeps", AudienceSelf, OCSF{apiActivity, 2, "Read", false}, nil},
	EventLogUnwitnessed:      {"the log lacks witnesses, or one disputes it", AudienceOperators, OCSF{detectionFinding, 1, "Create", true}, nil},
	EventSinkBehind:          {"a receiver of events is behind", AudienceOperators, OCSF{detectionFinding, 1, "Create", true}, nil},
	EventBodiesDropped:       {"dropped by policy what events and requests said", AudienceOperators, OCSF{entityManagement, 4, "Delete", false}, nil},
	EventPasskeyCreated:      {"created a passkey", AudienceSelf, OCSF{accountChange, 99, "Create Passkey", false}, freeText},
	EventSessionStarted:      {"signed in", AudienceSelf, OCSF{authentication, 1, "Logon", false}, nil},
	EventSessionsEnded:       {"signed out", AudienceSelf, OCSF{authentication, 2, "Logoff", false}, nil},
	EventAccountLinked:       {"linked an account to a person", AudienceOperators, OCSF{accountChange, 99, "Link", false}, nil},
	EventAccountUnlinked:     {"unlinked an account from a person", AudienceOperators, OCSF{accountChange, 99, "Unlink", false}, nil},
	EventLinkCodeUsed:        {"used a code to link a user of another program", AudienceSelf, OCSF{accountChange, 99, "Use Code", false}, nil},
	EventExternalLinked:      {"linked a user of another program", AudienceSelf, OCSF{accountChange, 99, "Link", false}, nil},
	EventExternalUnlinked:    {"took back the link of a user of another program", AudienceSelf, OCSF{accountChange, 99, "Unlink", false}, nil},
	EventNoticesChosen:       {"chose what to be notified of", AudienceSelf, OCSF{accountChange, 99, "Choose Notices", false}, nil},
	EventPersonAdded:         {"is in the directory now", AudienceOperators, OCSF{accountChange, 1, "Create", false}, nil},
	EventPersonChanged:       {"changed in the directory", AudienceOperators, OCSF{entityManagement, 3, "Update", false}, nil},
	EventPersonLeft:          {"has left, says the directory", AudienceOperators, OCSF{accountChange, 5, "Disable", false}, nil},
	EventDirectoryChanged:    {"set what the directory is used for", AudienceOperators, OCSF{entityManagement, 3, "Update", false}, nil},
	EventReviewMade:          {"the review of a week is there", AudienceOperators, OCSF{entityManagement, 1, "Create", false}, nil},
	EventReviewOverdue:       {"the review of a week could not be made", AudienceOperators, OCSF{detectionFinding, 1, "Create", true}, nil},
	EventFindingMarked:       {"marked a finding of a review", AudienceOperators, OCSF{entityManagement, 3, "Update", false}, freeText},
	EventContractsInForce:    {"contracts came into force", AudienceOperators, OCSF{entityManagement, 10, "Activate", false}, nil},
	EventContractsKept:       {"uploaded contracts, to propose them", AudienceSelf, OCSF{entityManagement, 1, "Create", false}, nil},
	EventGroupChanged:        {"a group changed in the directory", AudienceOperators, OCSF{groupManagement, 99, "Change Members", false}, nil},
}

// EventKinds returns every kind, sorted.
func EventKinds() []EventKind { return slices.Sorted(maps.Keys(catalogue)) }

// Spec returns what Ramp knows of the kind. Of one that it does not know it
// returns the kind's own name as the phrase, the narrowest audience, and nothing
// that may leave but times and ids.
func (k EventKind) Spec() EventSpec {
	if s, ok := catalogue[k]; ok {
		return s
	}
	return EventSpec{Phrase: string(k), Audience: AudienceOperators, OCSF: OCSF{apiActivity, 99, string(k), false}, Redact: freeText}
}

// Known reports whether the kind is in the catalogue.
func (k EventKind) Known() bool {
	_, ok := catalogue[k]
	return ok
}

// refusedActs are the acts in words, for events about those that were refused.
var refusedActs = map[Act]string{
	ActRequest:       "asking for access",
	ActDecide:        "a decision",
	ActCancel:        "cancelling",
	ActRelease:       "releasing access",
	ActRevoke:        "revoking access",
	ActExtend:        "extending access",
	ActReview:        "writing the post-access review of break glass",
	ActPickUp:        "picking up a credential",
	ActOpen:          "opening access",
	ActRecord:        "recording",
	ActEnrolPasskey:  "creating a passkey",
	ActDecode:        "reading what Temporal keeps",
	ActReadAudit:     "reading the audit log",
	ActLinkAccount:   "linking an account",
	ActUnlink:        "unlinking an account",
	ActLinkExternal:  "linking a user of another program",
	ActExternal:      "an act in another program",
	ActChooseNotices: "choosing notices",
	ActContracts:     "reading which contracts are in force",
	ActPropose:       "proposing contracts",
	ActReadReviews:   "reading a review",
	ActMarkFinding:   "marking a finding",
}

// Phrase returns the act in words, as in "asking for access"; of one that is not known its
// own name.
func (a Act) Phrase() string {
	name, subject, _ := strings.Cut(string(a), " ") // see Act.Of
	return strings.TrimSpace(cmp.Or(refusedActs[Act(name)], name) + " " + subject)
}

// Phrase says what happened in a few words, for people.
func (e Event) Phrase() string {
	if e.Dropped != nil {
		return e.Kind.Spec().Phrase + " (" + e.Dropped.Words() + ")"
	}
	what := e.what()
	if e.Kind == EventEndOrdered && EndKind(e.Detail["end"]) == EndByCondition && e.Message != "" {
		return "ended because " + e.Message
	}
	if e.Message == "" || e.Kind == EventAccessEnded { // whose phrase says it
		return what
	}
	return what + ": " + e.Message
}

// what is the kind's phrase, and how often it happened if the event stands for
// several.
func (e Event) what() string {
	if n := e.Detail[DetailCount]; n != "" {
		return e.phrase() + ", " + n + " times more"
	}
	return e.phrase()
}

// phrase is the kind's phrase, made exact by the event's details: which act was
// refused, which verdict was given, on which target.
func (e Event) phrase() string {
	what, target := e.Kind.Spec().Phrase, e.Detail["target"]
	switch e.Kind {
	case EventDecisionRecorded:
		switch Verdict(e.Detail["decision"]) {
		case Approve:
			return "approved"
		case Deny:
			return "denied"
		}
	case EventExtensionDecided:
		switch Verdict(e.Detail["decision"]) {
		case Approve:
			return "approved an extension"
		case Deny:
			return "denied an extension"
		}
	case EventExtensionAsked:
		if adds := e.Detail["adds"]; adds != "" {
			return "asked for an extension by " + adds
		}
	case EventActRefused:
		if name, _, _ := strings.Cut(e.Detail["act"], " "); refusedActs[Act(name)] != "" {
			return Act(e.Detail["act"]).Phrase() + " was refused"
		}
	case EventGrantIntended, EventGrantOpened, EventGrantPartly, EventGrantJoined, EventGrantNotBegun, EventGrantClosed, EventGrantSwept, EventGrantDrifted:
		if exact := strings.Replace(what, "the target", target, 1); target != "" && exact != what {
			return exact
		}
	case EventAccessExtended:
		if until, err := time.Parse(time.RFC3339, e.Detail["expiresAt"]); err == nil {
			return what + " until " + FormatTime(until)
		}
		return what
	case EventCredentialMinted:
		target = cmp.Or(target, e.Detail["grant"]) // earlier versions did not name the target
	default:
		return what
	}
	if target != "" {
		what += " (" + target + ")"
	}
	return what
}

// Redacted returns the event as it may leave Ramp: without the fields that its
// kind redacts. Of a kind that is not known no detail leaves, of none its key, since
// keys are made of messages.
func (e Event) Redacted() Event {
	e.Detail, e.Key = maps.Clone(e.Detail), ""
	if !e.Kind.Known() {
		e.Detail = nil
	}
	for _, field := range e.Kind.Spec().Redact {
		if field == FieldMessage {
			e.Message = ""
			continue
		}
		delete(e.Detail, field)
	}
	return e
}
