package app

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

func (l *fakeLedger) Review(_ context.Context, r access.Review, signed []byte) error {
	if l.reviews == nil {
		l.reviews = map[string][]byte{}
	}
	l.reviews[r.RequestID] = signed
	kept := l.requests[r.RequestID]
	kept.Review = &r
	l.requests[r.RequestID] = kept
	return nil
}

// TestCase43BreakGlass: it opens with nobody's consent for those whom the contract
// names, reviewers see it and may revoke it, and its user never reviews it.
func TestCase43BreakGlass(t *testing.T) {
	set, err := contracts.Parse(map[string][]byte{"orders.yaml": []byte(strings.TrimSpace(testContract) +
		"\nbreakGlass: {who: '\"oncall\" in person.groups', max: 15m, reviewWithin: 24h, reviewers: [security]}\n")})
	require.NoError(t, err)
	f := newFixture(t, func(c *Config) { c.Contracts = contractSet{set} })
	in := testInput
	in.BreakGlass = true
	_, _, err = f.Submit(t.Context(), alice, in, "")
	require.Equal(t, "break_glass_not_for_you", access.IssuesOf(err)[0].Code)
	erin, grace := person("erin", "engineering", "oncall", "security"), person("grace", "security")
	r, _, err := f.Submit(t.Context(), erin, in, "")
	require.NoError(t, err)
	require.True(t, r.Plan.Rule.Auto)
	require.Empty(t, r.Plan.Rule.Stages)
	require.Equal(t, access.Duration(15*time.Minute), r.Plan.Duration)
	require.NotNil(t, r.Plan.BreakGlass)
	r.State, r.ActiveAt = access.StateActive, &f.now
	f.ledger.requests[r.ID] = r
	f.ledger.events = nil

	said := ReviewInput{Justified: true, Comment: "the database of orders was down for everybody", PlanDigest: r.Plan.Digest}
	_, err = f.Review(t.Context(), erin, r.ID, said)
	require.Equal(t, "own_request", access.IssuesOf(err)[0].Code)
	require.Equal(t, "own_request", f.ledger.refusedWith())
	_, err = f.Review(t.Context(), dave, r.ID, said)
	require.Equal(t, access.CodeNotFound, access.CodeOf(err), "whom it is no business of")
	f.ledger.events = nil
	require.True(t, f.Permissions(t.Context(), grace.Person, r).Review)
	require.True(t, f.Permissions(t.Context(), grace.Person, r).Revoke)
	require.False(t, f.Permissions(t.Context(), erin.Person, r).Review)
	due, _, err := f.Requests(t.Context(), grace.Person, Query{ToReview: true})
	require.NoError(t, err)
	require.Len(t, due, 1)
	_, err = f.Review(t.Context(), grace, r.ID, ReviewInput{Justified: true, Comment: "fine", PlanDigest: r.Plan.Digest})
	require.Equal(t, access.CodeInvalid, access.CodeOf(err))
	got, err := f.Review(t.Context(), grace, r.ID, said)
	require.NoError(t, err)
	require.Equal(t, "grace", got.Review.By.ID)
	require.False(t, f.Permissions(t.Context(), grace.Person, got).Review)

	first := got.Review.At
	f.now, f.ledger.events = f.now.Add(time.Minute), nil
	got, err = f.Review(t.Context(), grace, r.ID, said)
	require.NoError(t, err, "who had no response tells it again")
	require.Equal(t, first, got.Review.At)
	require.Empty(t, f.ledger.events)
}

// TestCase43ReviewNobodySigned: a review that somebody writes into the ledger's column is
// not shown, is an alarm, and leaves the use to be reviewed; so is one whose column was
// emptied shown all the same.
func TestCase43ReviewNobodySigned(t *testing.T) {
	f := newFixture(t)
	grace := person("grace", "security")
	r := f.request(access.StateActive)
	r.Plan.BreakGlass = &access.BreakGlass{Reviewers: []string{"security"}, ReviewBy: f.now.Add(time.Hour)}
	r = f.ledger.put(r)
	unread := r
	r.Review = &access.Review{RequestID: r.ID, PlanDigest: r.Plan.Digest, By: grace.Person, Justified: true, Comment: "all is well, nothing to see here", At: f.now}
	f.ledger.requests[r.ID] = r
	got, err := f.Request(t.Context(), oscar.Person, r.ID)
	require.NoError(t, err)
	require.Nil(t, got.Review)
	require.Equal(t, []string{"the review in the ledger is not the one that was signed"}, got.Altered)
	require.True(t, f.Permissions(t.Context(), grace.Person, got).Review, "it still waits for its review")
	list, _, err := f.Requests(t.Context(), grace.Person, Query{ToReview: true})
	require.NoError(t, err)
	require.Len(t, list, 1)

	said := ReviewInput{Justified: false, Comment: "there was no outage that I could find", PlanDigest: r.Plan.Digest}
	got, err = f.Review(t.Context(), grace, r.ID, said)
	require.NoError(t, err)
	require.False(t, got.Review.Justified)
	require.Empty(t, got.Altered)
	f.ledger.requests[r.ID] = unread
	got, err = f.Request(t.Context(), oscar.Person, r.ID)
	require.NoError(t, err)
	require.Equal(t, said.Comment, got.Review.Comment, "what was signed is shown")
	require.Len(t, got.Altered, 1)
}

// linkedNow is a directory in which an operator has linked erin-admin to erin, as ledger.DirectorySnapshot returns it.
type linkedNow struct{}

func (linkedNow) DirectorySnapshot(_ context.Context, ids ...string) (access.DirectorySnapshot, error) {
	s := access.DirectorySnapshot{}
	if slices.Contains(ids, "erin-admin") {
		s.Accounts = map[string][]string{"erin-admin": {"erin"}}
	}
	return s, nil
}

// TestCase43ReviewByAnAccountLinkedSince: an account that was declared to be one's own after it
// broke glass is one's own all the same.
func TestCase43ReviewByAnAccountLinkedSince(t *testing.T) {
	set, err := contracts.Parse(map[string][]byte{"orders.yaml": []byte(strings.TrimSpace(testContract) +
		"\nbreakGlass: {who: '\"oncall\" in person.groups', max: 15m, reviewWithin: 24h, reviewers: [security]}\n")})
	require.NoError(t, err)
	f := newFixture(t, func(c *Config) { c.Contracts, c.Directory = contractSet{set}, linkedNow{} })
	in := testInput
	in.BreakGlass = true
	admin, erin := person("erin-admin", "engineering", "oncall"), person("erin", "security")
	r, _, err := f.Submit(t.Context(), admin, in, "")
	require.NoError(t, err)
	r.State, r.ActiveAt = access.StateActive, &f.now
	f.ledger.requests[r.ID] = r
	s, _ := linkedNow{}.DirectorySnapshot(t.Context(), "erin")
	erin.Person, err = s.Current(erin.Person) // as auth.Refresh does
	require.NoError(t, err)
	_, err = f.Review(t.Context(), erin, r.ID, ReviewInput{Justified: true, Comment: "the database of orders was down for everybody", PlanDigest: r.Plan.Digest})
	require.Equal(t, access.CodeForbidden, access.CodeOf(err), "the requester never may, under whichever account")
}
