package access_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
)

// TestCase69OnePersonInEveryForm: what people take for one name is one.
func TestCase69OnePersonInEveryForm(t *testing.T) {
	for _, same := range [][]string{
		{"Éva1", "éva1", "e\u0301va1", "E\u0301VA1"},
		{"Straße", "STRASSE", "strasse"},
		{"ΣΊΣΥΦΟΣ", "σίσυφος", "σίσυφοσ"},
		{"Alice@Example.com", "alice@example.COM"},
		{"ﬁona", "FIONA"},
		{"\u0345α\u0301", "\u0345Α\u0301"},
	} {
		for _, s := range same {
			require.Equal(t, access.FoldID(same[0]), access.FoldID(s), "%q", s)
			require.True(t, access.Person{ID: s}.SameHuman(access.Person{ID: same[0]}))
			require.True(t, access.Person{ID: "one", Email: s}.SameHuman(access.Person{ID: "two", Email: same[0]}))
			require.True(t, access.Person{ID: "one", Accounts: []string{s}}.SameHuman(access.Person{ID: same[0]}))
		}
	}
	require.NotEqual(t, access.FoldID("eva"), access.FoldID("éva"))
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		f := access.FoldID(s)
		require.Equal(t, f, access.FoldID(f), "folding again changes nothing")
		require.Equal(t, f, access.FoldID(norm.NFD.String(s)))
		require.Equal(t, f, access.FoldID(norm.NFC.String(s)))
		require.Equal(t, access.FoldID("x"+s), access.FoldID("X"+s))
	})
}

// people draws some that may be one human.
func person(t *rapid.T, name string) access.Person {
	id := rapid.SampledFrom([]string{"a", "A", "b", "c", "d", "é", "É", "e\u0301"})
	return access.Person{ID: id.Draw(t, name), Kind: access.KindHuman, LinkedHumanID: rapid.SampledFrom([]string{"", "", "h", "H"}).Draw(t, name+" linked"),
		Email:    rapid.SampledFrom([]string{"", "", "x@e", "X@E", "y@e"}).Draw(t, name+" mail"),
		Accounts: rapid.SliceOfN(id, 0, 2).Draw(t, name+" accounts")}
}

// links draws what a directory knows of accounts of one human.
func links(t *rapid.T, name string) map[string][]string {
	id := rapid.SampledFrom([]string{"a", "b", "c", "d", "h", "é"})
	return rapid.MapOfN(id, rapid.SliceOfN(id, 1, 2), 0, 4).Draw(t, name)
}

// TestCase62LinksOfLinks: a human's accounts are theirs over any number of links.
func TestCase62LinksOfLinks(t *testing.T) {
	s := access.DirectorySnapshot{Accounts: map[string][]string{"a": {"B"}, "b": {"c"}, "c": {"d"}}}
	require.True(t, s.WithAccounts(access.Person{ID: "A"}).SameHuman(s.WithAccounts(access.Person{ID: "d"})))
	require.Equal(t, []string{"B", "c", "d"}, s.WithAccounts(access.Person{ID: "A"}).Accounts)
}

// TestCase62LinksOnlyTakeAway: one human stays one, however many links
// are declared later, and no link satisfies a rule.
func TestCase62LinksOnlyTakeAway(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, q := person(t, "p"), person(t, "q")
		few := access.DirectorySnapshot{Accounts: links(t, "links")}
		many := access.DirectorySnapshot{Accounts: map[string][]string{}}
		for _, m := range []map[string][]string{few.Accounts, links(t, "more links")} {
			for id, others := range m {
				many.Accounts[id] = append(many.Accounts[id], others...)
			}
		}
		known := func(s access.DirectorySnapshot, p access.Person) access.Person {
			out, err := s.Restrict(p)
			require.NoError(t, err)
			return out
		}
		require.True(t, p.SameHuman(p))
		require.Equal(t, p.SameHuman(q), q.SameHuman(p), "symmetric")
		if p.SameHuman(q) {
			require.True(t, known(few, p).SameHuman(known(few, q)))
		}
		if known(few, p).SameHuman(known(few, q)) {
			require.True(t, known(many, p).SameHuman(known(many, q)), "more links make nobody two")
		}

		plan := asked(access.Stage{Name: "leads", From: []string{"leads"}, Approvals: rapid.IntRange(1, 2).Draw(t, "approvals")})
		plan.Requester, plan.Rule.DenyThreshold = p, rapid.IntRange(1, 2).Draw(t, "denials")
		var said []access.Decision
		for range rapid.IntRange(0, 4).Draw(t, "decisions") {
			who := person(t, "approver")
			who.Groups = []string{"leads"}
			said = append(said, says(who, rapid.SampledFrom([]access.Verdict{access.Approve, access.Deny}).Draw(t, "verdict")))
		}
		tally := func(s access.DirectorySnapshot) access.Tally {
			got, _ := plan.Rule.Tally(plan, digest, s.FilterDecisions(plan, said))
			return got
		}
		signed, _ := plan.Rule.Tally(plan, digest, said)
		fewer, more := tally(few), tally(many)
		if more == access.TallySatisfied {
			require.Equal(t, access.TallySatisfied, fewer)
			require.Equal(t, access.TallySatisfied, signed)
		}
		if signed == access.TallyDenied {
			require.Equal(t, access.TallyDenied, more, "a link takes no denial back")
		}
	})
}

// TestCase62DroppedLinks: bob's account ben is linked to alice, who asks. Ben's own approval
// is dropped, and it alone says that robert is the same human: robert's goes, too, by
// whichever order they come in, and a denial of ben's stays.
func TestCase62DroppedLinks(t *testing.T) {
	plan := asked(access.Stage{Name: "leads", From: []string{"leads"}, Approvals: 1})
	plan.Requester = access.Person{ID: "alice", Kind: access.KindHuman}
	lead := func(id string, accounts ...string) access.Person {
		return access.Person{ID: id, Kind: access.KindHuman, Accounts: accounts, Groups: []string{"leads"}}
	}
	s := access.DirectorySnapshot{Accounts: map[string][]string{"alice": {"ben"}}}
	said := []access.Decision{says(lead("rob"), access.Approve), says(lead("robert", "rob"), access.Approve), says(lead("ben", "robert"), access.Approve), says(lead("ben"), access.Deny), says(lead("eve"), access.Approve)}
	var left []string
	for _, d := range s.FilterDecisions(plan, said) {
		left = append(left, d.Approver.ID)
	}
	require.Equal(t, []string{"ben", "eve"}, left)
}

// TestFoldIDSettles: folding what is folded changes nothing, for every character by
// itself and for texts of them. Cherokee letters once kept FoldID running for ever.
func TestFoldIDSettles(t *testing.T) {
	settles := func(t require.TestingT, s string) {
		folded := access.FoldID(s)
		require.Equal(t, folded, access.FoldID(folded), "%+q", s)
	}
	for r := rune(0); r <= 0x10FFFF; r++ {
		settles(t, string(r))
	}
	require.Equal(t, access.FoldID("\u13a0"), access.FoldID("\uab70"), "one letter, capital and small")
	rapid.Check(t, func(t *rapid.T) { settles(t, rapid.String().Draw(t, "text")) })
	rapid.Check(t, func(t *rapid.T) {
		settles(t, string(rapid.SliceOfN(rapid.OneOf(rapid.Rune(), rapid.Int32Range(0x300, 0x36f), rapid.Int32Range(0x1e00, 0x1fff), rapid.Int32Range(0xab30, 0xabbf), rapid.Int32Range(0x13a0, 0x13ff)), 1, 6).Draw(t, "text")))
	})
}
