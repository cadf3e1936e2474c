package review

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
)

// Kind says what a finding is about.
type Kind string

const (
	NeverUsed     Kind = "never_used"         // access that was opened and not used
	LittleUsed    Kind = "little_used"        // used for a small part of its time
	HeldLong      Kind = "held_long"          // a person held access for a large part of the period
	FastApproval  Kind = "fast_approval"      // approved within seconds
	OneApprover   Kind = "one_approver"       // one person approves nearly all
	ApprovalPair  Kind = "approval_pair"      // two people approve each other
	OffHours      Kind = "off_hours"          // at a time at which the person and their team hardly ever ask
	FirstTime     Kind = "first_time"         // a contract or target that neither the person nor their team had before
	Unusual       Kind = "unusual"            // many more requests, or much longer, than the person's own history
	CopiedReason  Kind = "copied_reason"      // reasons that are copies
	GlassReview   Kind = "glass_not_reviewed" // break glass without its review
	Overdue       Kind = "overdue"            // endings that took longer than the target's bound
	Drift         Kind = "drift"              // the target differed from what was granted
	Denials       Kind = "denials_repeat"     // the same is asked for and denied again and again
	Refusals      Kind = "refusals_repeat"    // acts that Ramp refused, again and again
	ContractIdle  Kind = "contract_unused"    // a contract under which nobody asks
	MaxTooLong    Kind = "max_over_use"       // the longest access that a contract gives, against what is used
	ValueIdle     Kind = "value_unused"       // a value of a param that nobody chooses
	GroupIdle     Kind = "group_never_asks"   // a group that may ask and does not
	AutoUncapped  Kind = "auto_over_use"      // the contract approves by itself for longer than is used
	ApproversIdle Kind = "approvers_idle"     // requests lapse because nobody decides
)

// Finding is one thing that a review found.
type Finding struct {
	// ID is the same in each report that finds the same: of kind, contract and subject, 16
	// hexadecimal digits.
	ID       string `json:"id"`
	Kind     Kind   `json:"kind"`
	Subject  string `json:"subject"`            // a person's id, two of them, a value, a group: what the kind is about
	Contract string `json:"contract,omitempty"` // empty where it is about several
	Owner    string `json:"owner,omitempty"`    // the group that owns the contract
	// People are the humans whom it is about. None of them may dismiss it.
	People []string `json:"people,omitempty"`
	// Score is how far beyond its threshold it is: 1 is just beyond. Reports show the highest
	// first.
	Score    float64 `json:"score"`
	Sentence string  `json:"sentence"` // for people, with the figures
	// Evidence are the numbers of events in the log that show it, the oldest first, and More
	// how many others do.
	Evidence []int64  `json:"evidence"`
	More     int      `json:"more,omitempty"`
	Requests []string `json:"requests,omitempty"` // of the evidence, each once
	// Proposal is a change of the contract that would end it; nil where there is none.
	Proposal *Proposal `json:"proposal,omitempty"`
	// Others are changes of further contracts, of what is about several: each is one contract's,
	// and is proposed alone.
	Others []*Proposal `json:"otherProposals,omitempty"`
	// Mark is what somebody said of it; nil: nobody has.
	Mark *Mark `json:"mark,omitempty"`
	// Since is the end of the period in which it was first found, without a pause.
	Since time.Time `json:"since,omitzero"`
}

// Proposals returns all changes of contracts that a finding offers.
func (f Finding) Proposals() []*Proposal {
	if f.Proposal == nil {
		return nil
	}
	return append([]*Proposal{f.Proposal}, f.Others...)
}

// maxEvidence bounds the events that one finding names.
const maxEvidence = 20

// identify sets the finding's id.
func (f *Finding) identify() {
	sum := sha256.Sum256([]byte(strings.Join([]string{string(f.Kind), f.Contract, f.Subject}, "\x00")))
	f.ID = hex.EncodeToString(sum[:8])
}

// Change says how a contract would be changed.
type Change string

const (
	LowerMaximum Change = "lower_maximum" // duration.max, and the default where that is over it
	RemoveValue  Change = "remove_value"  // of a param's enum
	RemoveGroup  Change = "remove_group"  // from request.who
	CapAutomatic Change = "cap_automatic" // approval.autoUpTo
	AddApproval  Change = "add_approval"  // one more approval in a stage
	RemoveWhole  Change = "remove_contract"
)

// Proposal is a change of one contract.
type Proposal struct {
	Contract string `json:"contract"`
	Version  string `json:"version"` // of the contract that it changes
	Change   Change `json:"change"`
	Field    string `json:"field"`           // of the contract, such as duration.max
	Stage    string `json:"stage,omitempty"` // whose approvals are changed
	From     string `json:"from,omitempty"`
	To       string `json:"to,omitempty"`
	Sentence string `json:"sentence"`
	// What follows is added where the contract's file is at hand.
	Patch     string   `json:"patch,omitempty"`     // as `diff -u` prints it
	Effects   []string `json:"effects,omitempty"`   // the diff of the contracts in words
	Tried     int      `json:"tried,omitempty"`     // recorded requests of the period that were evaluated under it
	Otherwise int      `json:"otherwise,omitempty"` // how many of them would have been decided otherwise
	Changed   []string `json:"changed,omitempty"`   // the first of these, in words
	Problem   string   `json:"problem,omitempty"`   // why there is no patch; a sentence
}

// MarkKind is what somebody says of a finding.
type MarkKind string

const (
	Accepted  MarkKind = "accepted"  // it is known and may stay
	Dismissed MarkKind = "dismissed" // it is no finding, for a reason
	Fixed     MarkKind = "fixed"     // something was done about it
)

// Mark is what somebody said of a finding.
type Mark struct {
	Kind   MarkKind  `json:"kind"`
	By     string    `json:"by"` // a person's id
	Reason string    `json:"reason,omitempty"`
	At     time.Time `json:"at"`              // UTC
	Event  int64     `json:"event,omitempty"` // its number in the log
}
