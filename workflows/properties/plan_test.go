package properties

import (
	"fmt"
	"strings"
	"time"

	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/faketarget"
)

const targetName = "model/one"

var start = time.Date(2026, 11, 24, 2, 14, 0, 0, time.UTC)

// asked is a plan that says in text what it asks.
type asked struct{ access.Plan }

// GoString is what rapid prints of a counterexample.
func (a asked) GoString() string { return a.String() }

func (a asked) String() string {
	var rule []string
	for _, st := range a.Rule.Stages {
		rule = append(rule, fmt.Sprintf("%d of %s", st.Approvals, strings.Join(st.From, ", ")))
	}
	if a.Rule.Auto {
		rule = append(rule, "automatic approval")
	}
	text := fmt.Sprintf("%s for %d grants over %s, denied by %d", strings.Join(rule, " and "), len(a.Grants), a.Duration, a.Rule.DenyThreshold)
	if a.StartAt != nil {
		text += fmt.Sprintf(", from %s on", a.StartAt.Sub(start))
	}
	return text
}

// plans differ in their rules, their grants and their start.
func plans() *rapid.Generator[asked] {
	lead := access.Stage{Name: "lead", From: []string{"approvers"}, Approvals: 1}
	two := access.Stage{Name: "two leads", From: []string{"approvers"}, Approvals: 2}
	security := access.Stage{Name: "security", From: []string{"security"}, Approvals: 1}
	return rapid.Custom(func(t *rapid.T) asked {
		p := access.Plan{
			RequestID: access.NewRequestID(), Contract: "made-up", ContractVersion: "sha256:c0ffee", Requester: requester(),
			Principal: "alice", Reason: "fix the stuck order", Duration: access.Duration(30 * time.Minute),
			CreatedAt: start, PendingUntil: start.Add(time.Hour),
			Extend: &access.ExtensionLimits{Times: 2, UpTo: access.Duration(time.Hour)},
			Rule: rapid.SampledFrom([]access.Rule{
				{DenyThreshold: 1, Stages: []access.Stage{lead}}, {DenyThreshold: 1, Stages: []access.Stage{two}},
				{DenyThreshold: 2, Stages: []access.Stage{lead, security}}, {DenyThreshold: 1, Auto: true},
			}).Draw(t, "rule"),
		}
		if rapid.IntRange(0, 3).Draw(t, "scheduled") == 3 {
			at := start.Add(20 * time.Minute)
			p.StartAt = &at
		}
		for n := range rapid.IntRange(1, 2).Draw(t, "grants") {
			p.Grants = append(p.Grants, access.PlannedGrant{Name: access.GrantName(p.RequestID, n), Target: targetName,
				Entitlement: access.Entitlement{"what": fmt.Sprint("thing ", n)}, Scope: faketarget.Scope(fmt.Sprint("thing ", n))})
		}
		return asked{p}
	})
}
