package people

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// TestWhatADecisionLeaves: everybody who is still needed is named, and a comment that was not
// taken is said not to be.
func TestWhatADecisionLeaves(t *testing.T) {
	stages := []access.StageStatus{{Stage: access.Stage{Name: "security", From: []string{"security"}, Approvals: 1}}, {Stage: access.Stage{Name: "lead"}, Met: true}, {Stage: access.Stage{Name: "owner data", From: []string{"data"}, Approvals: 1}}}
	require.Regexp(t, `^stage security \(.*\), and stage owner data \(.*\)$`, stillNeeded(stages))
	require.Empty(t, stillNeeded(stages[1:2]))

	r := access.Request{Contract: "c", Requester: access.Person{ID: "alice"}, Decisions: []access.Decision{{Verdict: access.Deny, Comment: "too long"}, {Verdict: access.Approve, Comment: "go"}}}
	require.NotContains(t, denied(r, ""), "comment")
	require.NotContains(t, denied(r, "too long"), "comment")
	require.Contains(t, denied(r, "go"), "Your comment was not taken")
	require.Contains(t, denied(r, "far too long"), "Your comment was not taken")
}

// TestStatusOfContracts: the table names what waits, what is ignored, and each contract.
func TestStatusOfContracts(t *testing.T) {
	s := contracts.Status{Source: "proposals under change-contracts", Contracts: 1, Revision: contracts.Revision{Set: "sha256:abc", Number: 2, Commit: "0123456789abcdef0123"},
		Aside: "/etc/ramp/contracts gave the first set and is not read any more", Waiting: &contracts.Waiting{Commit: "fedcba9876543210", Authors: []string{"alice", "bob"}},
		InForce: []contracts.Entry{{Name: "hosts", Kind: "Contract", Owner: "leads", Version: "sha256:0011223344556677"}}}
	print := func() string {
		var b bytes.Buffer
		contractsTable(s)(&b)
		return b.String()
	}
	for _, said := range []string{"gave the first set", "ramp contracts propose --commit fedcba987654", "signed by alice, bob", "number 2", "hosts", "leads", "001122334455"} {
		require.Contains(t, print(), said)
	}
	require.NotContains(t, print(), "nobody has to sign")
	s.Waiting = &contracts.Waiting{Error: "commit fedcba987654 is not signed"}
	require.Contains(t, print(), "cannot be proposed: commit fedcba987654 is not signed")
}

// TestReasonThatWasNotTaken: who orders an end again learns that their reason is not recorded.
func TestReasonThatWasNotTaken(t *testing.T) {
	r := access.Request{EndOrders: []access.EndOrder{{By: "oscar", Reason: "laptop stolen"}, {By: "bob"}}}
	revoke := stop{name: "revoke", done: "Revoked"}
	require.Empty(t, revoke.untaken(r, ""))
	require.Empty(t, revoke.untaken(r, "laptop stolen"))
	require.Contains(t, revoke.untaken(r, "incident is over"), "Your reason was not taken: oscar had ordered the end before")
	require.Empty(t, revoke.untaken(access.Request{}, "incident is over"), "by what the server says nothing is known")
}
