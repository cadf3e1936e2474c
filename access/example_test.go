package access_test

import (
	"fmt"
	"time"

	"ramp.dev/ramp/access"
)

// A rule wants one approval from each of two groups, and one person cannot give
// both.
func ExampleRule_Tally() {
	at := time.Date(2026, 11, 24, 2, 14, 0, 0, time.UTC)
	plan := access.Plan{
		RequestID:    "6kn7jeatqebpej2t",
		Requester:    access.Person{ID: "alice", Kind: access.KindHuman},
		PendingUntil: at.Add(time.Hour),
		Rule: access.Rule{DenyThreshold: 1, Stages: []access.Stage{
			{Name: "team lead", From: []string{"leads"}, Approvals: 1},
			{Name: "security", From: []string{"security"}, Approvals: 1},
		}},
	}
	const digest = "sha256:1f0e"
	approve := func(person string, groups ...string) access.Decision {
		return access.Decision{RequestID: plan.RequestID, PlanDigest: digest, Verdict: access.Approve, At: at,
			Approver: access.Person{ID: person, Kind: access.KindHuman, Groups: groups}}
	}

	outcome, stages := plan.Rule.Tally(plan, digest, []access.Decision{approve("carol", "leads", "security")})
	fmt.Println(outcome, stages[0].Met, stages[1].Met)

	outcome, _ = plan.Rule.Tally(plan, digest, []access.Decision{approve("carol", "leads", "security"), approve("bob", "leads")})
	fmt.Println(outcome)
	// Output:
	// undecided true false
	// satisfied
}
