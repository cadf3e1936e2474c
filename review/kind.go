package review

import (
	"slices"
	"strings"
)

// title is what a kind of finding is in a few words.
type title struct {
	kind Kind
	text string
}

// titles returns the kinds of findings in the order of docs/review.md.
func titles() []title {
	return []title{
		{NeverUsed, "opened and not used"},
		{LittleUsed, "hardly used"},
		{HeldLong, "held for long"},
		{FastApproval, "approved within seconds"},
		{OneApprover, "one approver"},
		{ApprovalPair, "approve each other"},
		{OffHours, "unusual hours"},
		{FirstTime, "first time"},
		{Unusual, "unusual for the person"},
		{CopiedReason, "copied reasons"},
		{GlassReview, "break glass not reviewed"},
		{Overdue, "ended late"},
		{Drift, "target differed"},
		{Denials, "denied again and again"},
		{Refusals, "refused again and again"},
		{ContractIdle, "contract not used"},
		{MaxTooLong, "longer than is used"},
		{ValueIdle, "value not chosen"},
		{GroupIdle, "group that never asks"},
		{AutoUncapped, "approves more than is used"},
		{ApproversIdle, "nobody decides"},
	}
}

// Kinds returns every kind of finding that there is.
func Kinds() (out []Kind) {
	for _, t := range titles() {
		out = append(out, t.kind)
	}
	return out
}

// Title returns what a kind of finding is in a few words, such as "held for long"; of a kind
// of a later version its name.
func (k Kind) Title() string {
	all := titles()
	if i := slices.IndexFunc(all, func(t title) bool { return t.kind == k }); i >= 0 {
		return all[i].text
	}
	return strings.ReplaceAll(string(k), "_", " ")
}
