package access

import (
	"strings"
	"time"
)

// NoticeAudience is who hears of an event, as a contract names them.
type NoticeAudience string

const (
	NoticeRequester NoticeAudience = "requester"
	NoticeApprovers NoticeAudience = "approvers" // those who may meet a stage that is being asked
	NoticeReviewers NoticeAudience = "reviewers" // of a use of break glass
)

// Notice is an entry of a contract's notify: of which events whom is notified, beside the
// notices that every contract has.
type Notice struct {
	Of     []EventKind      `json:"of"`
	Whom   []NoticeAudience `json:"whom,omitempty"`
	Groups []string         `json:"groups,omitempty"`
	// Channels are names of channels that the worker's configuration has: their addresses
	// are secrets, and in no plan.
	Channels []string `json:"channels,omitempty"`
}

// String returns the notice in words.
func (n Notice) String() string {
	var of []string
	for _, k := range n.Of {
		of = append(of, string(k))
	}
	return n.who() + " of " + strings.Join(of, ", ")
}

// Words says the same with what the kinds of events mean in the place of their codes.
func (n Notice) Words() string {
	var of []string
	for _, k := range n.Of {
		of = append(of, "“"+k.Spec().Phrase+"”") // phrases have commas and colons of their own
	}
	return n.who() + " of " + strings.Join(of, ", ")
}

func (n Notice) who() string {
	var whom []string
	for _, w := range n.Whom {
		whom = append(whom, string(w))
	}
	whom = append(whom, n.Groups...)
	return strings.Join(append(whom, n.Channels...), ", ")
}

// Noticeable reports whether a notice can be of events of this kind: those who may see
// the request may see it, and nobody can cause any number of them.
func (k EventKind) Noticeable() bool {
	return k.Known() && k.Spec().Audience == AudienceRequest && !k.Refusal() && k != EventNoticeUndelivered
}

// Urgent reports whether somebody must hear of events of this kind whatever the hour is:
// messages about them go before all others, and are an alarm when they do not arrive.
func (k EventKind) Urgent() bool {
	switch k {
	case EventGlassBroken, EventAccessOverdue, EventAccessReopened, EventGrantDrifted, EventRecordAltered:
		return true
	}
	return false
}

// UndeliveredAlarm is the event that a message about an urgent event did not arrive. why
// goes into the log for ever: it names no address. key is of the message.
func UndeliveredAlarm(request string, of EventKind, why, key string, now time.Time) Event {
	return Event{At: now, RequestID: request, Kind: EventNoticeUndelivered, Actor: ActorRamp,
		Message: "Of " + of.Spec().Phrase + ", " + why + ".", Detail: map[string]string{"of": string(of)}, Key: "notice undelivered " + key}
}
