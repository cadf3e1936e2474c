package access

import "strings"

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
}

// String returns the notice in words.
func (n Notice) String() string {
	var whom, of []string
	for _, w := range n.Whom {
		whom = append(whom, string(w))
	}
	for _, k := range n.Of {
		of = append(of, string(k))
	}
	return strings.Join(append(whom, n.Groups...), ", ") + " of " + strings.Join(of, ", ")
}

// Noticeable reports whether a notice can be of events of this kind: those who may see
// the request may see it, and nobody can cause any number of them.
func (k EventKind) Noticeable() bool {
	return k.Known() && k.Spec().Audience == AudienceRequest && !k.Refusal() && k != EventNoticeUndelivered
}
