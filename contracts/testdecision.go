package contracts

import (
	"time"

	"ramp.dev/ramp/access"
)

// testDecision is one person's decision in a test.
type testDecision struct {
	By        testPerson `yaml:"by"`
	After     string     `yaml:"after"`    // since the request; at once if left out
	Decision  string     `yaml:"decision"` // approve if left out
	Comment   string     `yaml:"comment"`
	Confirmed []string   `yaml:"confirmed"`
}

var decidedWords = []string{string(access.TallySatisfied), string(access.TallyDenied), string(access.TallyUndecided)}

func (t testDecision) parse(d *document, asked time.Time, i, n int) access.Decision {
	out := access.Decision{Verdict: access.Verdict(t.Decision), Approver: t.By.person(), Comment: t.Comment, Confirmed: t.Confirmed, At: asked}
	if t.After != "" {
		out.At = asked.Add(d.length(t.After, "tests", i, "decisions", n, "after").Std())
	}
	switch out.Verdict {
	case "":
		out.Verdict = access.Approve
	case access.Approve, access.Deny:
	default:
		d.issue("test_decision", "a decision is approve or deny", "tests", i, "decisions", n, "decision")
	}
	return out
}

// decide returns what decisions amount to under the plan that an evaluation made. What
// else an approval needs, a login or a passkey, it is taken to have.
func decide(e Evaluation, decisions []access.Decision) access.Tally {
	plan := e.Draft
	plan.RequestID, plan.Digest = "test", "test"
	plan.Rule.StepUp, plan.Rule.Passkey = 0, false
	said := make([]access.Decision, len(decisions))
	for i, d := range decisions {
		d.RequestID, d.PlanDigest = plan.RequestID, plan.Digest
		said[i] = d
	}
	tally, _ := plan.Rule.Tally(plan, plan.Digest, said)
	return tally
}
