package access_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
)

var at = time.Date(2026, 11, 24, 2, 14, 0, 0, time.UTC)

const digest = "sha256:abc"

func human(id string, groups ...string) access.Person {
	return access.Person{ID: id, Kind: access.KindHuman, Groups: groups}
}

func asked(stages ...access.Stage) access.Plan {
	return access.Plan{RequestID: "r", Requester: human("alice", "leads"), PendingUntil: at.Add(time.Hour),
		Rule: access.Rule{DenyThreshold: 1, Stages: stages}}
}

func says(p access.Person, v access.Verdict, change ...func(*access.Decision)) access.Decision {
	d := access.Decision{RequestID: "r", PlanDigest: digest, Verdict: v, Approver: p, At: at}
	for _, c := range change {
		c(&d)
	}
	return d
}

func TestTally(t *testing.T) {
	leads := access.Stage{Name: "leads", From: []string{"leads"}, Approvals: 1}
	two := access.Stage{Name: "leads", From: []string{"leads"}, Approvals: 2}
	security := access.Stage{Name: "security", From: []string{"security"}, Approvals: 1}
	bob, carol, both := human("bob", "leads"), human("carol", "leads"), human("erin", "leads", "security")
	standIn := access.Person{ID: "bob2", Kind: access.KindHuman, OnBehalfOf: "bob", Groups: []string{"leads"}}
	yes, no := access.Approve, access.Deny
	for name, c := range map[string]struct {
		plan access.Plan
		said []access.Decision
		want access.Tally
	}{
		"nobody":                                     {asked(leads), nil, access.TallyUndecided},
		"no rule at all":                             {asked(), []access.Decision{says(bob, yes)}, access.TallyUndecided},
		"one":                                        {asked(leads), []access.Decision{says(bob, yes)}, access.TallySatisfied},
		"Case05 two where one is enough":             {asked(leads), []access.Decision{says(bob, yes), says(carol, yes)}, access.TallySatisfied},
		"Case04 one on two chairs":                   {asked(leads, security), []access.Decision{says(both, yes)}, access.TallyUndecided},
		"one who fits two chairs makes room":         {asked(leads, security), []access.Decision{says(both, yes), says(bob, yes)}, access.TallySatisfied},
		"Case02 two accounts of one":                 {asked(two), []access.Decision{says(bob, yes), says(standIn, yes)}, access.TallyUndecided},
		"Case01 the requester":                       {asked(leads), []access.Decision{says(human("alice", "leads"), yes)}, access.TallyUndecided},
		"Case09 another digest":                      {asked(leads), []access.Decision{says(bob, yes, func(d *access.Decision) { d.PlanDigest = "sha256:0" })}, access.TallyUndecided},
		"Case10 another request":                     {asked(leads), []access.Decision{says(bob, yes, func(d *access.Decision) { d.RequestID = "q" })}, access.TallyUndecided},
		"Case13 too late":                            {asked(leads), []access.Decision{says(bob, yes, func(d *access.Decision) { d.At = at.Add(2 * time.Hour) })}, access.TallyUndecided},
		"Case12 a denial wins":                       {asked(leads), []access.Decision{says(bob, yes), says(carol, no)}, access.TallyDenied},
		"Case12 a denial cannot be taken back":       {asked(leads), []access.Decision{says(bob, no), says(bob, yes, func(d *access.Decision) { d.At = at.Add(time.Minute) })}, access.TallyDenied},
		"Case12 nor by an approval of the same time": {asked(leads), []access.Decision{says(bob, no), says(bob, yes)}, access.TallyDenied},
		"two denials where the rule forgot to count": {func() access.Plan { p := asked(leads); p.Rule.DenyThreshold = 0; return p }(), []access.Decision{says(bob, no), says(carol, no)}, access.TallyDenied},
		"Case12 an earlier approval that arrives after the denial": {asked(leads), []access.Decision{
			says(bob, no, func(d *access.Decision) { d.At = at.Add(time.Minute) }), says(bob, yes)}, access.TallyDenied},
		"Case12 a denial signed by a server whose clock is behind": {asked(leads), []access.Decision{
			says(bob, yes, func(d *access.Decision) { d.At = at.Add(5 * time.Second) }), says(bob, no)}, access.TallyDenied},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := c.plan.Rule.Tally(c.plan, digest, c.said)
			require.Equal(t, c.want, got)
		})
	}
}

// TestTallyCountsTheLatestApproval: bob approves too early for the second level, and
// again when the first is met; whichever arrives first, the later one counts.
func TestTallyCountsTheLatestApproval(t *testing.T) {
	p := asked(access.Stage{Name: "leads", From: []string{"leads"}, Approvals: 1}, access.Stage{Name: "security", From: []string{"security"}, Approvals: 1, Level: 1})
	after := func(m time.Duration) func(*access.Decision) {
		return func(d *access.Decision) { d.At = at.Add(m * time.Minute) }
	}
	bob, carol := human("bob", "security"), human("carol", "leads")
	early, first, again := says(bob, access.Approve), says(carol, access.Approve, after(1)), says(bob, access.Approve, after(2))
	for _, said := range [][]access.Decision{{early, first, again}, {again, first, early}} {
		got, _ := p.Rule.Tally(p, digest, said)
		require.Equal(t, access.TallySatisfied, got)
	}
}

// TestTallyDoesNotDependOnOrder: people who decide at once are counted the same
// no matter who is first (docs/threats.md, case 11).
func TestTallyDoesNotDependOnOrder(t *testing.T) {
	people := []access.Person{human("bob", "leads"), human("carol", "leads", "security"), human("erin", "security"), human("frank", "leads")}
	p := asked(access.Stage{Name: "leads", From: []string{"leads"}, Approvals: 2}, access.Stage{Name: "security", From: []string{"security"}, Approvals: 1})
	rapid.Check(t, func(t *rapid.T) {
		var said []access.Decision
		for _, one := range people {
			if v := rapid.SampledFrom([]access.Verdict{"", access.Approve, access.Deny}).Draw(t, one.ID); v != "" {
				said = append(said, says(one, v))
			}
		}
		want, _ := p.Rule.Tally(p, digest, said)
		got, _ := p.Rule.Tally(p, digest, rapid.Permutation(said).Draw(t, "order"))
		require.Equal(t, want, got)
	})
}

// TestTallyWithPasskeys: where the rule wants a passkey, an approval without one
// is none, a denial is one all the same, and nothing approves itself.
func TestTallyWithPasskeys(t *testing.T) {
	plan := asked(access.Stage{Name: "leads", From: []string{"leads"}, Approvals: 1})
	plan.Rule.Passkey = true
	bob := human("bob", "leads")
	signed := func(d *access.Decision) { d.Passkey = &access.Assertion{} }
	for want, decisions := range map[access.Tally][]access.Decision{
		access.TallyUndecided: {says(bob, access.Approve)},
		access.TallySatisfied: {says(bob, access.Approve, signed)},
		access.TallyDenied:    {says(bob, access.Deny)},
	} {
		got, _ := plan.Rule.Tally(plan, digest, decisions)
		require.Equal(t, want, got)
	}
	alone := access.Rule{DenyThreshold: 1, Auto: true, Passkey: true}
	got, _ := alone.Tally(plan, digest, nil)
	require.Equal(t, access.TallyUndecided, got)
}

// TestCase49LateDenial: whatever was said before and whenever it comes, one more
// denial by somebody who may decide leaves no plan satisfied.
func TestCase49LateDenial(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := asked(access.Stage{Name: "leads", From: []string{"leads"}, Approvals: rapid.IntRange(1, 3).Draw(t, "approvals")})
		var said []access.Decision
		after := time.Duration(0)
		for range rapid.IntRange(0, 6).Draw(t, "decisions") {
			after += time.Duration(rapid.IntRange(0, 3600).Draw(t, "later")) * time.Second
			v := rapid.SampledFrom([]access.Verdict{access.Approve, access.Deny}).Draw(t, "verdict")
			who := human(rapid.SampledFrom([]string{"bob", "carol", "erin", "frank"}).Draw(t, "who"), "leads")
			said = append(said, says(who, v, func(d *access.Decision) { d.At = at.Add(after) }))
		}
		after += time.Duration(rapid.IntRange(0, 30*24*3600).Draw(t, "late")) * time.Second
		by := human(rapid.SampledFrom([]string{"bob", "carol", "grace"}).Draw(t, "by"), "leads")
		said = append(said, says(by, access.Deny, func(d *access.Decision) { d.At = at.Add(after) }))
		outcome, _ := p.Rule.Tally(p, digest, said)
		require.Equal(t, access.TallyDenied, outcome)
	})
}
