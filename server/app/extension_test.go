package app

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/evidence"
)

// withExtension is a request that is active under a contract whose extensions people
// decide.
func withExtension(t *testing.T) (*fixture, access.Request) {
	set, err := contracts.Parse(map[string][]byte{"orders.yaml": []byte(testContract)})
	require.NoError(t, err)
	f := newFixture(t, func(c *Config) { c.Contracts = contractSet{set} })
	f.ledger.tree.Origin = "ledger"
	root, err := tlog.TreeHash(0, nil)
	require.NoError(t, err)
	f.ledger.tree.Root = root
	r := f.request(access.StateActive)
	r.Plan.Extend.Rule = &access.Rule{DenyThreshold: 1, Stages: []access.Stage{{Name: "extension", From: []string{"seniors"}, Approvals: 1}}}
	return f, f.ledger.put(r)
}

var sam = person("sam", "seniors")

// TestExtensionIsAskedFor: an extension that people decide is signed and recorded, and
// nobody else is told of it before it is approved: access goes on to its present end.
func TestExtensionIsAskedFor(t *testing.T) {
	f, r := withExtension(t)
	require.Nil(t, r.Asked)
	_, err := f.App.Request(t.Context(), sam.Person, r.ID)
	require.NoError(t, err, "who may decide extensions sees the request")

	asked, err := f.Extend(t.Context(), alice, r.ID, "20m", "one more look", nil)
	require.NoError(t, err)
	require.Zero(t, f.gateway.messages())
	require.NotNil(t, asked.Asked)
	require.Equal(t, r.ExpiresAt, asked.ExpiresAt)
	require.Equal(t, r.ExpiresAt.Add(20*time.Minute), asked.Asked.Until)
	require.True(t, f.Permissions(t.Context(), sam.Person, asked).DecideExtension)
	require.False(t, f.Permissions(t.Context(), sam.Person, asked).Decide)
	for _, nobody := range []access.Actor{alice, bob, dave, oscar} {
		require.False(t, f.Permissions(t.Context(), nobody.Person, asked).DecideExtension, nobody.Person.ID)
	}
	require.False(t, f.Permissions(t.Context(), alice.Person, asked).Extend, "one at a time")
	list, _, err := f.Requests(t.Context(), sam.Person, Query{ToDecide: true})
	require.NoError(t, err)
	require.Len(t, list, 1)

	_, err = f.Extend(t.Context(), alice, r.ID, "5m", "", nil)
	require.Equal(t, access.CodeConflict, access.CodeOf(err))
	require.Equal(t, "extension_waits", f.ledger.refusedWith())
	f.now = *r.ExpiresAt
	ended, err := f.App.Request(t.Context(), sam.Person, r.ID)
	require.NoError(t, err)
	require.False(t, f.Permissions(t.Context(), sam.Person, ended).DecideExtension, "access has ended")
}

// TestExtensionIsDecided: the decision is on the order's digest; the one that satisfies
// the rule has the order sent, as it was asked for.
func TestExtensionIsDecided(t *testing.T) {
	f, r := withExtension(t)
	asked, err := f.Extend(t.Context(), alice, r.ID, "30m", "", nil)
	require.NoError(t, err)
	digest := asked.Asked.Order.Digest
	approve := DecisionInput{Verdict: access.Approve, PlanDigest: digest}
	for _, c := range []struct {
		name string
		by   access.Actor
		in   DecisionInput
		want string
	}{
		{"who approves requests", bob, approve, "not_an_approver"},
		{"the requester", person("alice", "engineering", "seniors"), approve, "own_request"},
		{"an agent", access.Actor{Person: access.Person{ID: "bot", Kind: access.KindAgent, OnBehalfOf: "sam", Groups: []string{"seniors"}}, Via: access.ViaAPI}, approve, "approver_not_human"},
		{"for less", sam, DecisionInput{Verdict: access.Approve, PlanDigest: digest, UpTo: access.Duration(time.Minute)}, "narrow_extension"},
		{"the plan", sam, DecisionInput{Verdict: access.Approve, PlanDigest: r.Plan.Digest}, "not_an_approver"},
		{"a denial of who approves requests", bob, DecisionInput{Verdict: access.Deny, PlanDigest: digest}, "not_an_approver"},
		{"another digest", bob, DecisionInput{Verdict: access.Approve, PlanDigest: "sha256:00"}, "wrong_digest"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := f.Decide(t.Context(), c.by, r.ID, c.in)
			require.Error(t, err)
			if access.CodeOf(err) != access.CodeNotFound { // who may decide nothing of it does not see it
				require.Equal(t, c.want, access.IssuesOf(err)[0].Code)
			}
			require.Zero(t, f.gateway.messages())
		})
	}
	f.gateway.err = access.Errorf(access.CodeUnavailable, "no worker")
	_, err = f.Decide(t.Context(), sam, r.ID, approve)
	require.NoError(t, err, "the approval is recorded, and the order is sent again")
	f.gateway.err, f.ledger.events = nil, nil
	waits, err := f.App.Request(t.Context(), sam.Person, r.ID)
	require.NoError(t, err)
	require.Equal(t, access.TallySatisfied, waits.Asked.Tally)

	require.NoError(t, f.extender.sendApproved(t.Context()))
	require.Len(t, f.gateway.orders, 2)
	order, err := f.keyring.VerifyExtension(f.gateway.orders[1])
	require.NoError(t, err)
	require.Equal(t, asked.Asked.Order, order, "as it was asked for")
	f.now = f.now.Add(access.ActWithin + time.Second)
	require.NoError(t, f.extender.sendApproved(t.Context()))
	require.Len(t, f.gateway.orders, 2, "an approval is good for ten minutes")
	var decisions []access.Decision
	for _, s := range f.ledger.statements {
		if e, err := evidence.ReadEnvelope(s.Envelope); err == nil && e.PayloadType == evidence.TypeExtensionDecision {
			d, err := f.keyring.VerifyExtensionDecision(e)
			require.NoError(t, err)
			decisions = append(decisions, d)
		}
	}
	require.Len(t, decisions, 1)
	require.Equal(t, digest, decisions[0].PlanDigest)
}

// TestExtensionIsDenied: a denial leaves the access as it is; the requester may ask again,
// some times.
func TestExtensionIsDenied(t *testing.T) {
	f, r := withExtension(t)
	for n := range maxAsks {
		f.now = f.now.Add(time.Second)
		asked, err := f.Extend(t.Context(), alice, r.ID, "20m", "", nil)
		require.NoError(t, err)
		require.Equal(t, n+1, asked.Asked.Attempt)
		f.now = f.now.Add(time.Second)
		denied, err := f.Decide(t.Context(), sam, r.ID, DecisionInput{Verdict: access.Deny, PlanDigest: asked.Asked.Order.Digest})
		require.NoError(t, err)
		require.Equal(t, access.StateActive, denied.State)
		require.Equal(t, r.ExpiresAt, denied.ExpiresAt)
		require.Equal(t, access.TallyDenied, denied.Asked.Tally)
		_, err = f.Decide(t.Context(), sam, r.ID, DecisionInput{Verdict: access.Deny, PlanDigest: asked.Asked.Order.Digest})
		require.NoError(t, err, "the same again changes nothing")
		require.Zero(t, f.gateway.messages())
		require.Empty(t, f.ledger.ordered, "nobody has ended it")
		_, err = f.Decide(t.Context(), sam, r.ID, DecisionInput{Verdict: access.Approve, PlanDigest: asked.Asked.Order.Digest})
		require.Error(t, err)
		require.Equal(t, "lapsed", f.ledger.refusedWith())
	}
	_, err := f.Extend(t.Context(), alice, r.ID, "20m", "", nil)
	require.Error(t, err)
	require.Equal(t, "extension_asks", f.ledger.refusedWith())
}

// lost is a directory in which nobody is in any group any more.
type lost struct{}

func (lost) DirectorySnapshot(_ context.Context, ids ...string) (access.DirectorySnapshot, error) {
	s := access.DirectorySnapshot{Members: map[string]access.Member{}, KnowsGroups: true}
	for _, id := range ids {
		s.Members[access.FoldID(id)] = access.Member{Active: true}
	}
	return s, nil
}

// TestCase95ExtensionOfSomebodyNotEligible: whether the contract would let the requester
// in is asked again when people approve an extension, and when one that they approved is
// sent again.
func TestCase95ExtensionOfSomebodyNotEligible(t *testing.T) {
	none, err := contracts.Parse(map[string][]byte{})
	require.NoError(t, err)
	for name, change := range map[string]func(f *fixture){
		"contract_gone":      func(f *fixture) { f.extender.contracts = contractSet{none} },
		"no_longer_eligible": func(f *fixture) { f.extender.directory = lost{} },
	} {
		t.Run(name, func(t *testing.T) {
			f, r := withExtension(t)
			asked, err := f.Extend(t.Context(), alice, r.ID, "20m", "one more look", nil)
			require.NoError(t, err)
			approve := DecisionInput{Verdict: access.Approve, PlanDigest: asked.Asked.Order.Digest}
			before := *f.extender
			change(f)
			_, err = f.Decide(t.Context(), sam, r.ID, approve)
			require.Error(t, err)
			require.Equal(t, name, f.ledger.refusedWith())
			require.Empty(t, f.gateway.orders)

			*f.extender = before
			f.gateway.err = access.Errorf(access.CodeUnavailable, "no worker")
			_, err = f.Decide(t.Context(), sam, r.ID, approve)
			require.NoError(t, err)
			require.Len(t, f.gateway.orders, 1)
			change(f)
			require.NoError(t, f.extender.sendApproved(t.Context()))
			require.Len(t, f.gateway.orders, 1)
		})
	}
}
