package access

import (
	"fmt"
	"slices"
	"strings"
)

// Approvers is who may meet a stage, and how many of them must approve. A person
// counts who is in one of the groups, is one of the people or is on call, and passes
// Where.
type Approvers struct {
	From      []string       `json:"from,omitempty"`   // group names
	People    []string       `json:"people,omitempty"` // ids of persons, named or looked up when the request was made
	OnCall    []string       `json:"onCall,omitempty"` // schedules; who is on call when they decide
	Where     *ApproverCheck `json:"where,omitempty"`
	Approvals int            `json:"approvals"` // how many people must approve; at least 1
}

// Admits reports whether p is one of the approvers. A person is named by the id of
// the account or of the human behind it.
func (a Approvers) Admits(p Person) bool {
	if !p.InAnyGroup(a.From...) && !slices.Contains(a.People, p.ID) && !slices.Contains(a.People, p.HumanID()) && !p.onAnyCall(a.OnCall) {
		return false
	}
	return a.Where == nil || a.Where.value(p) == checkTrue
}

// String returns the approvers in words, such as "2 of dba or leads".
func (a Approvers) String() string {
	return fmt.Sprintf("%d of %s", max(a.Approvals, 1), a.Who())
}

// Who returns in words who the approvers are.
func (a Approvers) Who() string {
	who := append(slices.Clone(a.From), a.People...)
	for _, schedule := range a.OnCall {
		who = append(who, "those on call for "+schedule)
	}
	text := strings.Join(who, " or ")
	if a.Where != nil {
		text += " (" + a.Where.String() + ")"
	}
	return text
}

// Who returns in words who may decide by the escalation.
func (e Escalation) Who() string { return Approvers{From: e.To, OnCall: e.OnCall}.Who() }

// Ways are the alternatives of the stage, of which one is enough; at least one.
func (s Stage) Ways() []Approvers {
	if len(s.AnyOf) > 0 {
		return s.AnyOf
	}
	return []Approvers{{From: s.From, People: s.People, OnCall: s.OnCall, Where: s.Where, Approvals: s.Approvals}}
}

// Admits reports whether p may decide in the stage, in any of its ways.
func (s Stage) Admits(p Person) bool {
	return slices.ContainsFunc(s.Ways(), func(a Approvers) bool { return a.Admits(p) })
}

// Needs returns in words who must approve, such as "2 of dba, or 1 of leads".
func (s Stage) Needs() string {
	var ways []string
	for _, a := range s.Ways() {
		ways = append(ways, a.String())
	}
	return strings.Join(ways, ", or ")
}

// Progress returns in words how far the stage is, such as "1 of 2 from dba".
func (s StageStatus) Progress() string {
	ways := s.Ways()
	text := fmt.Sprintf("%d of %d from %s", len(s.Approved), max(ways[0].Approvals, 1), ways[0].Who())
	if len(ways) > 1 {
		text = fmt.Sprintf("%d so far; needs %s", len(s.Approved), s.Needs())
		if s.Met {
			text = "met"
		}
	}
	if s.Waits {
		text += "; asked after the earlier ones"
	}
	return text
}
