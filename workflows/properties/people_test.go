package properties

import "ramp.dev/ramp/access"

// The people of every scenario. alice asks; she and her other selves sit in the
// approvers' group too, so that only the rule about one's own request stops them.
func people() []access.Person {
	return []access.Person{
		{ID: "bob", Kind: access.KindHuman, Groups: []string{"approvers"}},
		{ID: "carol", Kind: access.KindHuman, Groups: []string{"approvers", "security"}},
		{ID: "erin", Kind: access.KindHuman, Groups: []string{"security"}},
		{ID: "bob's second account", Kind: access.KindHuman, OnBehalfOf: "bob", Groups: []string{"approvers", "security"}},
		{ID: "alice", Kind: access.KindHuman, Groups: []string{"engineering", "approvers", "security"}},
		{ID: "alice's second account", Kind: access.KindHuman, OnBehalfOf: "alice", Groups: []string{"approvers", "security"}},
		{ID: "alice's agent", Kind: access.KindAgent, OnBehalfOf: "alice", Groups: []string{"approvers", "security"}},
		{ID: "bob's agent", Kind: access.KindAgent, OnBehalfOf: "bob", Groups: []string{"approvers", "security"}},
		{ID: "a service", Kind: access.KindService, Groups: []string{"approvers", "security"}},
		{ID: "dave", Kind: access.KindHuman, Groups: []string{"contractors"}},
	}
}

func requester() access.Person { return people()[4] }

// proven is this package's own reading of a rule, written without a look at
// access.Tally: are there distinct people, none of them the requester, for every
// seat of every stage?
func proven(p access.Plan, approvals []access.Decision) bool {
	if len(p.Rule.Stages) == 0 {
		return p.Rule.Auto
	}
	last := map[string]access.Decision{}
	for _, d := range approvals {
		a := d.Approver
		if a.Kind != access.KindHuman || (a.ID == p.Requester.ID || a.OnBehalfOf == p.Requester.ID) || d.At.After(p.PendingUntil) {
			continue
		}
		human := a.ID
		if a.OnBehalfOf != "" {
			human = a.OnBehalfOf
		}
		last[human] = d
	}
	var seats []access.Stage
	for _, s := range p.Rule.Stages {
		for range s.Approvals {
			seats = append(seats, s)
		}
	}
	return seated(seats, last, map[string]bool{})
}

// seated tries everybody on every seat.
func seated(seats []access.Stage, people map[string]access.Decision, sitting map[string]bool) bool {
	if len(seats) == 0 {
		return true
	}
	for human, d := range people {
		if !sitting[human] && d.Approver.InAnyGroup(seats[0].From...) {
			sitting[human] = true
			if seated(seats[1:], people, sitting) {
				return true
			}
			delete(sitting, human)
		}
	}
	return false
}
