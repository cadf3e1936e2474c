package access_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
)

func roll(members ...access.Member) access.DirectorySnapshot {
	r := access.DirectorySnapshot{KnowsGroups: true, Members: map[string]access.Member{}}
	for _, m := range members {
		r.Members[m.ID] = m
	}
	return r
}

// TestCase06LostVotes: an approval counts while its giver is there and in the
// group; a denial stays.
func TestCase06LostVotes(t *testing.T) {
	leads := access.Stage{Name: "leads", From: []string{"leads"}, Approvals: 1}
	bob := human("bob", "leads")
	in := access.Member{ID: "bob", Active: true, Groups: []string{"leads", "others"}}
	for name, c := range map[string]struct {
		roll    access.DirectorySnapshot
		verdict access.Verdict
		want    access.Tally
	}{
		"no directory":                     {access.DirectorySnapshot{}, access.Approve, access.TallySatisfied},
		"unknown there":                    {roll(), access.Approve, access.TallySatisfied},
		"still in the group":               {roll(in), access.Approve, access.TallySatisfied},
		"lost the group":                   {roll(access.Member{ID: "bob", Active: true, Groups: []string{"others"}}), access.Approve, access.TallyUndecided},
		"has left":                         {roll(access.Member{ID: "bob", Groups: []string{"leads"}}), access.Approve, access.TallyUndecided},
		"unknown though all must be known": {access.DirectorySnapshot{Required: true}, access.Approve, access.TallyUndecided},
		"has left, having denied":          {roll(access.Member{ID: "bob"}), access.Deny, access.TallyDenied},
		"groups are those of tokens":       {access.DirectorySnapshot{Members: map[string]access.Member{"bob": {ID: "bob", Active: true}}}, access.Approve, access.TallySatisfied},
	} {
		t.Run(name, func(t *testing.T) {
			p := asked(leads)
			got, _ := p.Rule.Tally(p, digest, c.roll.FilterDecisions(p, []access.Decision{says(bob, c.verdict)}))
			require.Equal(t, c.want, got)
		})
	}
	t.Run("a group that was joined after the vote does not help it", func(t *testing.T) {
		still, err := roll(in).Restrict(human("bob", "others"))
		require.NoError(t, err)
		require.Equal(t, []string{"others"}, still.Groups)
	})
}

// TestNoDirectoryChangesNothing is the property that keeps everybody without
// one as they were; with one, what counts is never more.
func TestNoDirectoryChangesNothing(t *testing.T) {
	p := asked(access.Stage{Name: "leads", From: []string{"leads"}, Approvals: 2})
	rapid.Check(t, func(t *rapid.T) {
		var said []access.Decision
		known := access.DirectorySnapshot{KnowsGroups: rapid.Bool().Draw(t, "groups"), Required: rapid.Bool().Draw(t, "required"), Members: map[string]access.Member{}}
		for _, id := range []string{"bob", "carol", "erin"} {
			who := human(id, "leads")
			if v := rapid.SampledFrom([]access.Verdict{"", access.Approve, access.Deny}).Draw(t, id); v != "" {
				said = append(said, says(who, v))
			}
			if rapid.Bool().Draw(t, id+" known") {
				known.Members[id] = access.Member{ID: id, Active: rapid.Bool().Draw(t, id+" active"),
					Groups: rapid.SliceOf(rapid.SampledFrom([]string{"leads", "others"})).Draw(t, id+" groups")}
			}
		}
		require.Equal(t, said, append([]access.Decision(nil), access.DirectorySnapshot{}.FilterDecisions(p, said)...))
		before, _ := p.Rule.Tally(p, digest, said)
		after, _ := p.Rule.Tally(p, digest, known.FilterDecisions(p, said))
		if before != access.TallySatisfied {
			require.Equal(t, before, after)
		}
	})
}

// TestCase02Case04OneHuman: linked accounts and equal addresses are one human.
func TestCase02Case04OneHuman(t *testing.T) {
	two := access.Stage{Name: "leads", From: []string{"leads"}, Approvals: 2}
	leads, security := access.Stage{Name: "leads", From: []string{"leads"}, Approvals: 1}, access.Stage{Name: "security", From: []string{"security"}, Approvals: 1}
	bob, carol := human("bob", "leads"), human("carol", "leads")
	with := func(p access.Person, change func(*access.Person)) access.Person { change(&p); return p }
	linked := with(human("bob-admin", "leads", "security"), func(p *access.Person) { p.LinkedHumanID = "bob" })
	mail := func(address string) func(*access.Person) { return func(p *access.Person) { p.Email = address } }
	yes, no := access.Approve, access.Deny
	for name, c := range map[string]struct {
		plan access.Plan
		said []access.Decision
		want access.Tally
	}{
		"two people":               {asked(two), []access.Decision{says(bob, yes), says(carol, yes)}, access.TallySatisfied},
		"linked":                   {asked(two), []access.Decision{says(bob, yes), says(linked, yes)}, access.TallyUndecided},
		"linked, on two chairs":    {asked(leads, security), []access.Decision{says(bob, yes), says(linked, yes)}, access.TallyUndecided},
		"one address":              {asked(two), []access.Decision{says(with(bob, mail("b@example.com")), yes), says(with(carol, mail("B@Example.com")), yes)}, access.TallyUndecided},
		"no address is no link":    {asked(two), []access.Decision{says(with(bob, mail("")), yes), says(with(carol, mail("")), yes)}, access.TallySatisfied},
		"linked through a third":   {asked(two), []access.Decision{says(with(bob, mail("b@example.com")), yes), says(with(linked, mail("")), yes), says(with(carol, mail("b@example.com")), yes)}, access.TallyUndecided},
		"one account denied":       {asked(leads), []access.Decision{says(bob, no), says(linked, yes)}, access.TallyDenied},
		"one account denied later": {asked(leads), []access.Decision{says(linked, yes), says(bob, no)}, access.TallyDenied},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := c.plan.Rule.Tally(c.plan, digest, c.said)
			require.Equal(t, c.want, got)
		})
	}
	p := asked(leads)
	p.Requester.Email = "alice@example.com"
	for name, who := range map[string]access.Person{
		"by a link":     with(human("alice-admin", "leads"), func(p *access.Person) { p.LinkedHumanID = "alice" }),
		"by an address": with(human("a.ahn", "leads"), mail("ALICE@example.com")),
	} {
		t.Run("the requester's second account, "+name, func(t *testing.T) {
			require.Equal(t, "own_request", access.IssuesOf(p.Rule.MayDecide(access.Approve, p.Requester, who, 0))[0].Code)
		})
	}
}
