package access_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
)

// asks is access of half an hour that is open, of which people decide each extension,
// with one order to extend it.
func asks() access.Signed {
	at := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	end := at.Add(30 * time.Minute)
	plan := access.Plan{Digest: "plan", RequestID: "r", Requester: access.Person{ID: "alice", Kind: access.KindHuman}, Duration: access.Duration(30 * time.Minute),
		CreatedAt: at, PendingUntil: at.Add(time.Hour), Grants: []access.PlannedGrant{{Name: "g"}}, Rule: access.Rule{DenyThreshold: 1, Auto: true},
		Extend: &access.ExtensionLimits{Times: 2, UpTo: access.Duration(2 * time.Hour), Rule: &access.Rule{DenyThreshold: 1, Comment: 3,
			Stages: []access.Stage{{Name: "leads", From: []string{"leads"}, Approvals: 2}}}}}
	return access.Signed{Plan: plan,
		Openings:   []access.Receipt{{RequestID: "r", Grant: "g", Kind: access.ReceiptOpened, At: at, ExpiresAt: &end}},
		Extensions: []access.ExtensionOrder{{Digest: "order", RequestID: "r", PlanDigest: "plan", Number: 1, From: end, Adds: access.Duration(time.Hour), By: plan.Requester, At: at.Add(5 * time.Minute)}}}
}

// lead approves the order after some minutes.
func lead(id string, minutes int, change ...func(*access.Decision)) access.Decision {
	d := access.Decision{RequestID: "r", PlanDigest: "order", Verdict: access.Approve, Comment: "yes", At: time.Date(2026, 11, 24, 9, minutes, 0, 0, time.UTC),
		Approver: access.Person{ID: id, Kind: access.KindHuman, Groups: []string{"leads"}}}
	for _, c := range change {
		c(&d)
	}
	return d
}

// TestExtensionThatPeopleDecide: an extension leads to a later end once enough people
// have approved exactly that order in time, and to none before; whatever becomes of it,
// access has the end that it had.
func TestExtensionThatPeopleDecide(t *testing.T) {
	deny := func(d *access.Decision) { d.Verdict = access.Deny }
	for _, c := range []struct {
		name      string
		decisions []access.Decision
		extended  bool
		tally     access.Tally
	}{
		{"nobody", nil, false, access.TallyUndecided},
		{"one of two", []access.Decision{lead("bob", 6)}, false, access.TallyUndecided},
		{"two", []access.Decision{lead("bob", 6), lead("eve", 7)}, true, access.TallySatisfied},
		{"one, twice", []access.Decision{lead("bob", 6), lead("bob", 7)}, false, access.TallyUndecided},
		{"the requester and another", []access.Decision{lead("alice", 6), lead("eve", 7)}, false, access.TallyUndecided},
		{"another order", []access.Decision{lead("bob", 6), lead("eve", 7, func(d *access.Decision) { d.PlanDigest = "other" })}, false, access.TallyUndecided},
		{"the plan", []access.Decision{lead("bob", 6), lead("eve", 7, func(d *access.Decision) { d.PlanDigest = "plan" })}, false, access.TallyUndecided},
		{"another request", []access.Decision{lead("bob", 6), lead("eve", 7, func(d *access.Decision) { d.RequestID = "s" })}, false, access.TallyUndecided},
		{"without the words", []access.Decision{lead("bob", 6), lead("eve", 7, func(d *access.Decision) { d.Comment = "" })}, false, access.TallyUndecided},
		{"half of it", []access.Decision{lead("bob", 6), lead("eve", 7, func(d *access.Decision) { d.UpTo = access.Duration(time.Minute) })}, false, access.TallyUndecided},
		{"after the end", []access.Decision{lead("bob", 6), lead("eve", 31)}, false, access.TallyUndecided},
		{"denied", []access.Decision{lead("bob", 6), lead("eve", 7), lead("mia", 6, deny)}, false, access.TallyDenied},
		{"denied after it was extended", []access.Decision{lead("bob", 6), lead("eve", 7), lead("mia", 8, deny)}, true, access.TallyDenied},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := asks()
			s.ExtensionDecisions = c.decisions
			end := s.Extensions[0].From
			term := s.Term("g")
			require.Equal(t, access.TallySatisfied, term.Tally, "decisions on an extension are none on the plan")
			approved, tally := s.ExtensionApproved(s.Extensions[0])
			require.Equal(t, c.tally, tally)
			require.Equal(t, c.extended, !approved.IsZero())
			require.NoError(t, s.CheckExtensions("g"), "what was asked for in vain is no mistake")
			if !c.extended {
				require.Equal(t, end, term.Until)
				require.Error(t, s.CheckExtension("g", s.Extensions[0]))
				return
			}
			require.Equal(t, end.Add(time.Hour), term.Until)
			require.NoError(t, s.CheckExtension("g", s.Extensions[0]))
		})
	}
	t.Run("an order that has no digest", func(t *testing.T) {
		s := asks()
		s.Extensions[0].Digest = ""
		s.ExtensionDecisions = []access.Decision{lead("bob", 6, func(d *access.Decision) { d.PlanDigest = "" }), lead("eve", 7, func(d *access.Decision) { d.PlanDigest = "" })}
		approved, _ := s.ExtensionApproved(s.Extensions[0])
		require.True(t, approved.IsZero(), "what names no order is on every order")
	})
	t.Run("after the access was ended", func(t *testing.T) {
		s := asks()
		s.ExtensionDecisions = []access.Decision{lead("bob", 6), lead("eve", 9)}
		s.Ends = []access.EndOrder{{RequestID: "r", Kind: access.EndRelease, By: "alice", At: time.Date(2026, 11, 24, 9, 8, 0, 0, time.UTC)}}
		require.Equal(t, s.Extensions[0].From, s.Term("g").Until)
	})
}

// TestExtensionByTheDirectory: the approval of somebody who has left, or lost the group,
// extends nothing.
func TestExtensionByTheDirectory(t *testing.T) {
	for name, member := range map[string]access.Member{"left": {ID: "eve", Groups: []string{"leads"}}, "lost the group": {ID: "eve", Active: true}} {
		s := asks()
		s.ExtensionDecisions = []access.Decision{lead("bob", 6), lead("eve", 7)}
		s.Directory = access.DirectorySnapshot{KnowsGroups: true, Members: map[string]access.Member{access.FoldID("eve"): member}}
		approved, _ := s.ExtensionApproved(s.Extensions[0])
		require.True(t, approved.IsZero(), name)
	}
}

// TestExtensionIsNeverEasier: to have people decide extensions never makes access longer
// than it is where they are approved with the plan.
func TestExtensionIsNeverEasier(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := asks()
		for range rapid.IntRange(0, 4).Draw(t, "decisions") {
			s.ExtensionDecisions = append(s.ExtensionDecisions, lead(rapid.SampledFrom([]string{"bob", "eve", "mia", "alice"}).Draw(t, "who"), rapid.IntRange(5, 35).Draw(t, "minute"), func(d *access.Decision) {
				d.Verdict = rapid.SampledFrom([]access.Verdict{access.Approve, access.Approve, access.Deny}).Draw(t, "verdict")
				d.PlanDigest = rapid.SampledFrom([]string{"order", "order", "order", "plan", ""}).Draw(t, "of")
			}))
		}
		free := s
		limits := *s.Plan.Extend
		limits.Rule, free.ExtensionDecisions = nil, nil
		free.Plan.Extend = &limits
		asked, alone := s.Term("g"), free.Term("g")
		require.False(t, asked.Until.After(alone.Until))
		require.False(t, asked.Until.Before(asked.First), "what waits for decisions shortens nothing")
	})
}

// TestAsk is the extension that people are shown: the last of the log from the present end.
func TestAsk(t *testing.T) {
	s := asks()
	end := s.Extensions[0].From
	later := s.Extensions[0]
	later.Digest, later.At, later.Adds = "later", later.At.Add(-time.Minute), access.Duration(time.Minute)
	stranger := later
	stranger.Digest, stranger.By, stranger.At = "stranger", access.Person{ID: "bob"}, later.At.Add(time.Minute)
	s.Extensions = append(s.Extensions, later, stranger)
	got := s.Ask(0, end)
	require.Equal(t, "later", got.Order.Digest)
	require.Equal(t, 2, got.Attempt)
	require.Equal(t, end.Add(time.Minute), got.Until)
	require.True(t, got.Open(end.Add(-time.Second)))
	require.False(t, got.Open(end))
	require.Nil(t, s.Ask(1, end), "it was made")
	require.Nil(t, s.Ask(0, end.Add(time.Second)), "it starts from another end")
	s.Plan.Extend.Rule = nil
	require.Nil(t, s.Ask(0, end))
}
