package access_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
)

func later(after time.Duration) func(*access.Decision) {
	return func(d *access.Decision) { d.At = at.Add(after) }
}

func team(name string) func(*access.Person) {
	return func(p *access.Person) { p.Attributes = map[string]string{"team": name} }
}

func with(p access.Person, change func(*access.Person)) access.Person {
	change(&p)
	return p
}

// TestTallyOfStages: each way to say who approves, counted from signed decisions.
func TestTallyOfStages(t *testing.T) {
	bob, carol, erin, lead := human("bob", "dba"), human("carol", "dba"), human("erin", "security"), human("grace", "leads")
	yes, no := access.Approve, access.Deny
	twoOrLead := access.Stage{Name: "a", AnyOf: []access.Approvers{{From: []string{"dba"}, Approvals: 2}, {From: []string{"leads"}, Approvals: 1}}}
	first := access.Stage{Name: "a", From: []string{"dba"}, Approvals: 1}
	second := access.Stage{Name: "b", From: []string{"security"}, Approvals: 1, Level: 1}
	both := human("hal", "dba", "security")
	sameTeam := access.Stage{Name: "a", From: []string{"dba"}, Approvals: 1, Where: &access.ApproverCheck{Field: "attributes.team", In: []string{"payments"}}}
	otherTeam := access.Stage{Name: "a", From: []string{"dba"}, Approvals: 1, Where: &access.ApproverCheck{Not: &access.ApproverCheck{Field: "attributes.team", In: []string{"payments"}}}}
	leadAlone := asked(access.Stage{Name: "a", From: []string{"dba"}, Approvals: 1}, access.Stage{Name: "l", From: []string{"leads"}, Approvals: 1, Denials: 1})
	leadAlone.Rule.DenyThreshold = 2
	escalated := asked(first)
	escalated.CreatedAt = at
	escalated.Rule.Escalate = []access.Escalation{{After: access.Duration(10 * time.Minute), To: []string{"leads"}}}
	confirmed := asked(first)
	confirmed.Rule.Confirm, confirmed.Rule.Comment = []string{"I have asked."}, 5
	said := func(comment string, texts ...string) func(*access.Decision) {
		return func(d *access.Decision) { d.Comment, d.Confirmed = comment, texts }
	}
	for name, c := range map[string]struct {
		plan access.Plan
		said []access.Decision
		want access.Tally
	}{
		"one of two":                           {asked(twoOrLead), []access.Decision{says(bob, yes)}, access.TallyUndecided},
		"two":                                  {asked(twoOrLead), []access.Decision{says(bob, yes), says(carol, yes)}, access.TallySatisfied},
		"or one lead":                          {asked(twoOrLead), []access.Decision{says(lead, yes)}, access.TallySatisfied},
		"one seat of each way is no way":       {asked(access.Stage{Name: "a", AnyOf: []access.Approvers{{From: []string{"dba"}, Approvals: 2}, {From: []string{"leads"}, Approvals: 2}}}), []access.Decision{says(bob, yes), says(lead, yes)}, access.TallyUndecided},
		"the second level before the first":    {asked(first, second), []access.Decision{says(erin, yes), says(bob, yes, later(time.Minute))}, access.TallyUndecided},
		"the second level at the same instant": {asked(first, second), []access.Decision{says(erin, yes), says(bob, yes)}, access.TallyUndecided},
		"the second level after the first":     {asked(first, second), []access.Decision{says(bob, yes), says(erin, yes, later(time.Minute))}, access.TallySatisfied},
		"Case04 one on two levels":             {asked(first, second), []access.Decision{says(both, yes), says(both, yes, later(time.Minute))}, access.TallyUndecided},
		"Case02 two accounts of one on two levels": {asked(first, second), []access.Decision{says(bob, yes),
			says(access.Person{ID: "bob2", Kind: access.KindHuman, LinkedHumanID: "bob", Groups: []string{"security"}}, yes, later(time.Minute))}, access.TallyUndecided},
		"the second level denies before it is asked": {asked(first, second), []access.Decision{says(erin, no)}, access.TallyDenied},
		"of the same team":                           {asked(sameTeam), []access.Decision{says(with(bob, team("payments")), yes)}, access.TallySatisfied},
		"of another team":                            {asked(sameTeam), []access.Decision{says(with(bob, team("search")), yes)}, access.TallyUndecided},
		"of no team":                                 {asked(sameTeam), []access.Decision{says(bob, yes)}, access.TallyUndecided},
		"of no team, where another is asked":         {asked(otherTeam), []access.Decision{says(bob, yes)}, access.TallyUndecided},
		"a check that says nothing":                  {asked(access.Stage{Name: "a", From: []string{"dba"}, Approvals: 1, Where: &access.ApproverCheck{}}), []access.Decision{says(bob, yes)}, access.TallyUndecided},
		"a named person":                             {asked(access.Stage{Name: "a", People: []string{"erin"}, Approvals: 1}), []access.Decision{says(erin, yes)}, access.TallySatisfied},
		"somebody who is not named":                  {asked(access.Stage{Name: "a", People: []string{"erin"}, Approvals: 1}), []access.Decision{says(bob, yes)}, access.TallyUndecided},
		"Case01 the requester is named":              {asked(access.Stage{Name: "a", People: []string{"alice"}, Approvals: 1}), []access.Decision{says(human("alice", "leads"), yes)}, access.TallyUndecided},
		"one of two denials":                         {leadAlone, []access.Decision{says(bob, no)}, access.TallyUndecided},
		"a lead's denial alone":                      {leadAlone, []access.Decision{says(lead, no)}, access.TallyDenied},
		"two denials":                                {leadAlone, []access.Decision{says(bob, no), says(carol, no)}, access.TallyDenied},
		"escalated too early":                        {escalated, []access.Decision{says(lead, yes, later(10*time.Minute-time.Second))}, access.TallyUndecided},
		"escalated":                                  {escalated, []access.Decision{says(lead, yes, later(10*time.Minute))}, access.TallySatisfied},
		"without words":                              {confirmed, []access.Decision{says(bob, yes, said("", "I have asked."))}, access.TallyUndecided},
		"with words that do not show":                {confirmed, []access.Decision{says(bob, yes, said("\u3164\u3164\u3164\u3164\u3164", "I have asked."))}, access.TallyUndecided},
		"without confirming":                         {confirmed, []access.Decision{says(bob, yes, said("it is fine"))}, access.TallyUndecided},
		"with both":                                  {confirmed, []access.Decision{says(bob, yes, said("it is fine", "I have asked."))}, access.TallySatisfied},
		"a denial needs no words to count":           {confirmed, []access.Decision{says(bob, no)}, access.TallyDenied},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := c.plan.Rule.Tally(c.plan, digest, c.said)
			require.Equal(t, c.want, got)
		})
	}
}

var someStage = rapid.Custom(func(t *rapid.T) access.Stage {
	way := func(label string) access.Approvers {
		a := access.Approvers{From: []string{rapid.SampledFrom([]string{"dba", "leads", "security"}).Draw(t, label)}, Approvals: rapid.IntRange(1, 2).Draw(t, label+" approvals")}
		if rapid.Bool().Draw(t, label+" where") {
			a.Where = &access.ApproverCheck{Field: "attributes.team", In: []string{"payments"}}
		}
		return a
	}
	s := access.Stage{Level: rapid.IntRange(0, 2).Draw(t, "level"), Denials: rapid.IntRange(0, 2).Draw(t, "denials")}
	if rapid.Bool().Draw(t, "any of") {
		s.AnyOf = []access.Approvers{way("one"), way("other")}
		return s
	}
	a := way("only")
	s.From, s.Where, s.Approvals = a.From, a.Where, a.Approvals
	return s
})

func someDecisions(t *rapid.T) (said []access.Decision) {
	people := map[string]access.Person{}
	for _, id := range []string{"alice", "bob", "carol", "erin", "grace"} {
		p := human(id, rapid.SliceOfDistinct(rapid.SampledFrom([]string{"dba", "leads", "security"}), rapid.ID).Draw(t, id)...)
		if rapid.Bool().Draw(t, "team") {
			p.Attributes = map[string]string{"team": rapid.SampledFrom([]string{"payments", "search"}).Draw(t, "which")}
		}
		people[id] = p
	}
	for n := range rapid.IntRange(0, 8).Draw(t, "decisions") {
		p := people[rapid.SampledFrom([]string{"alice", "bob", "carol", "erin", "grace"}).Draw(t, "who")]
		verdict := rapid.SampledFrom([]access.Verdict{access.Approve, access.Approve, access.Approve, access.Deny}).Draw(t, "verdict")
		said = append(said, says(p, verdict, later(time.Duration(n)*time.Minute)))
	}
	return said
}

func someRule(t *rapid.T) access.Plan {
	p := asked()
	for i := range rapid.IntRange(1, 3).Draw(t, "stages") {
		s := someStage.Draw(t, fmt.Sprint("stage ", i))
		s.Name = fmt.Sprint(i)
		p.Rule.Stages = append(p.Rule.Stages, s)
	}
	p.Rule.DenyThreshold = rapid.IntRange(1, 3).Draw(t, "deny")
	return p
}

// TestTallyIsNeverEasierWithMore: whatever is added to a rule (a stage, an approval, a
// condition on approvers, a level that waits, a statement to confirm), what is
// not satisfied without it is not satisfied with it. Where fewer people may decide,
// fewer may deny, too; there approvals alone are compared.
func TestTallyIsNeverEasierWithMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plain, said := someRule(t), someDecisions(t)
		harder := plain
		harder.Rule.Stages = append([]access.Stage(nil), plain.Rule.Stages...)
		last := &harder.Rule.Stages[len(harder.Rule.Stages)-1]
		switch how := rapid.IntRange(0, 5).Draw(t, "how"); {
		case how == 0:
			s := someStage.Draw(t, "another")
			// A stage of a level before would let its people's approvals come later.
			s.Name, s.Level = "another", 2
			harder.Rule.Stages = append(harder.Rule.Stages, s)
		case how == 1 && len(last.AnyOf) == 0:
			last.Approvals++
		case how == 2 && len(last.AnyOf) == 0 && last.Where == nil:
			last.Where = &access.ApproverCheck{Field: "attributes.team", In: []string{"search"}}
			said = slices.DeleteFunc(said, func(d access.Decision) bool { return d.Verdict == access.Deny })
		case how == 3 && len(last.AnyOf) > 0:
			last.AnyOf = last.AnyOf[:1]
			said = slices.DeleteFunc(said, func(d access.Decision) bool { return d.Verdict == access.Deny })
		case how == 4:
			harder.Rule.Confirm = []string{"I have asked."}
		default:
			last.Denials = 1
		}
		before, _ := plain.Rule.Tally(plain, digest, said)
		after, _ := harder.Rule.Tally(harder, digest, said)
		if before != access.TallySatisfied {
			require.NotEqual(t, access.TallySatisfied, after)
		}
	})
}

// TestTallyOfStagesDoesNotDependOnOrder: the order in which decisions arrive is not
// theirs who made them.
func TestTallyOfStagesDoesNotDependOnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, said := someRule(t), someDecisions(t)
		want, stages := p.Rule.Tally(p, digest, said)
		got, again := p.Rule.Tally(p, digest, rapid.Permutation(said).Draw(t, "order"))
		require.Equal(t, want, got)
		require.Equal(t, stages, again)
	})
}

// TestTallySeatsPeopleOnce: nobody sits twice, and a stage that is met has all seats of
// one of its ways taken by people whom that way admits.
func TestTallySeatsPeopleOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, said := someRule(t), someDecisions(t)
		_, stages := p.Rule.Tally(p, digest, said)
		seated := map[string]bool{}
		last := map[string]access.Person{}
		for _, d := range said {
			last[d.Approver.ID] = d.Approver
		}
		for _, s := range stages {
			full := false
			for _, a := range s.Ways() {
				n := 0
				for _, who := range s.Approved {
					if a.Admits(last[who]) {
						n++
					}
				}
				full = full || n >= a.Approvals && n == len(s.Approved)
			}
			require.True(t, full || !s.Met, "%v", s)
			for _, who := range s.Approved {
				require.False(t, seated[who], "%s sits twice", who)
				seated[who] = true
			}
		}
	})
}

// TestTallyOfHugeRules: a rule that nobody signed, such as a forged workflow input has,
// takes no more memory than its own text.
func TestTallyOfHugeRules(t *testing.T) {
	p := asked(access.Stage{Name: "x", From: []string{"dba"}, Approvals: 1 << 40}, access.Stage{Name: "y", From: []string{"dba"}, Approvals: 1})
	tally, stages := p.Rule.Tally(p, digest, []access.Decision{says(human("bob", "dba"), access.Approve), says(human("carol", "dba"), access.Approve)})
	require.Equal(t, access.TallyUndecided, tally)
	require.False(t, stages[0].Met)
}

// TestDirectoryOnlyTakesAway: neither losing nor gaining a group makes an approval count
// where a condition on approvers keeps the group out.
func TestDirectoryOnlyTakesAway(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	not := access.ApproverCheck{Not: &access.ApproverCheck{Group: "contractors"}}
	p := access.Plan{RequestID: "0123456789abcdef", Digest: "d", Requester: access.Person{ID: "alice", Kind: access.KindHuman}, CreatedAt: at, PendingUntil: at.Add(time.Hour),
		Duration: access.Duration(time.Hour), Rule: access.Rule{DenyThreshold: 1, Stages: []access.Stage{
			{Name: "lead", From: []string{"leads"}, Approvals: 1}, {Name: "own", From: []string{"dba"}, Where: &not, Approvals: 1}}}}
	say := func(id string, groups ...string) access.Decision {
		return access.Decision{RequestID: p.RequestID, PlanDigest: "d", Verdict: access.Approve, At: at.Add(time.Minute), Approver: access.Person{ID: id, Kind: access.KindHuman, Groups: groups}}
	}
	ds := []access.Decision{say("bob", "leads"), say("carl", "leads", "dba", "contractors")}
	tally, _ := p.Rule.Tally(p, "d", ds)
	require.Equal(t, access.TallyUndecided, tally)
	s := access.DirectorySnapshot{KnowsGroups: true, Members: map[string]access.Member{"carl": {ID: "carl", Active: true, Groups: []string{"leads", "dba"}}}}
	tally, _ = p.Rule.Tally(p, "d", s.FilterDecisions(p, ds))
	require.Equal(t, access.TallyUndecided, tally, "a directory's change only takes away")
	// And somebody who has become a contractor since still counts.
	ds[1] = say("carl", "dba")
	s.Members["carl"] = access.Member{ID: "carl", Active: true, Groups: []string{"dba", "contractors"}}
	tally, _ = p.Rule.Tally(p, "d", s.FilterDecisions(p, ds))
	require.Equal(t, access.TallyUndecided, tally, "who no longer may, no longer counts")
}
