package access_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestContractFilesDigest: another name, another byte or another border between two
// files is another set.
func TestContractFilesDigest(t *testing.T) {
	seen := map[string]access.ContractFiles{}
	for _, f := range []access.ContractFiles{{}, {"a": ""}, {"a": "b"}, {"a": "b\n"}, {"b": "b"}, {"a": "b", "b": ""}, {"a": "", "b": "b"},
		{"a": "1 b\n\"b\" 0 "}, {"a\" 0": ""}} {
		require.Regexp(t, `^sha256:[0-9a-f]{64}$`, f.Digest())
		require.NotContains(t, seen, f.Digest())
		seen[f.Digest()] = f
	}
	require.NoError(t, access.CheckReplaces("sha256:a", "sha256:a"))
	for _, inForce := range []string{"sha256:b", ""} {
		err := access.CheckReplaces("sha256:a", inForce)
		require.Equal(t, access.CodeConflict, access.CodeOf(err))
		require.Equal(t, access.IssueContractsChanged, access.IssuesOf(err)[0].Code)
	}
	require.Error(t, access.CheckReplaces("", ""), "nothing is in force")
}

// TestCase101AuthorsDoNotApprove: whoever wrote what is proposed approves nothing of it, whoever asked
// for it and whichever of their accounts decides, be it to approve or to be seated. Their
// denial counts as anybody's.
func TestCase101AuthorsDoNotApprove(t *testing.T) {
	person := func(id string, more ...func(*access.Person)) access.Person {
		p := access.Person{ID: id, Kind: access.KindHuman, Groups: []string{"owners"}}
		for _, m := range more {
			m(&p)
		}
		return p
	}
	at := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	plan := access.Plan{RequestID: "r", Requester: person("rita"), CreatedAt: at, PendingUntil: at.Add(time.Hour), Rule: access.Rule{
		DenyThreshold: 1, Stages: []access.Stage{{Name: "owners", From: []string{"owners"}, Approvals: 1}},
		Authors: []access.Person{{ID: "alice", Kind: access.KindHuman, Accounts: []string{"alice@old"}, Email: "alice@example.com"}}}}
	tally := func(p access.Person, v ...access.Verdict) access.Tally {
		out, _ := plan.Rule.Tally(plan, "d", []access.Decision{{RequestID: "r", PlanDigest: "d", Verdict: append(v, access.Approve)[0], Approver: p, At: at.Add(time.Minute)}})
		return out
	}
	require.Equal(t, access.TallySatisfied, tally(person("bob")))
	for name, p := range map[string]access.Person{
		"the author": person("alice"), "an older account": person("alice@old"), "a linked account": person("a2", func(p *access.Person) { p.LinkedHumanID = "alice" }),
		"the same address": person("a3", func(p *access.Person) { p.Email = "Alice@example.com" }),
	} {
		require.Equal(t, access.TallyUndecided, tally(p), name)
		err := plan.Rule.MayDecide(access.Approve, plan.Requester, p, 0)
		require.Equal(t, "own_work", access.IssuesOf(err)[0].Code, name)
		// Case 106: who could be made an author would be silenced by it.
		require.NoError(t, plan.Rule.MayDecide(access.Deny, plan.Requester, p, 0), name)
		require.Equal(t, access.TallyDenied, tally(p, access.Deny), name)
	}
	plan.Rule.SelfApproval = true // counts the requester, and no author
	require.Equal(t, access.TallyUndecided, tally(person("alice")))
}

// TestCase109ChangesAreApprovedWhereTheyAreShown: an approval of a change of contracts counts
// from where Ramp shows it whole; a denial counts from everywhere.
func TestCase109ChangesAreApprovedWhereTheyAreShown(t *testing.T) {
	at := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	plan := access.Plan{RequestID: "r", Requester: access.Person{ID: "rita", Kind: access.KindHuman}, CreatedAt: at, PendingUntil: at.Add(time.Hour), Change: &access.ContractChange{},
		Rule: access.Rule{DenyThreshold: 1, Stages: []access.Stage{{Name: "owners", From: []string{"owners"}, Approvals: 1}}}}
	counts := func(v access.Verdict, via access.Via) error {
		return plan.Rule.Counts(plan, "d", access.Decision{RequestID: "r", PlanDigest: "d", Verdict: v, Via: via, At: at.Add(time.Minute),
			Approver: access.Person{ID: "olga", Kind: access.KindHuman, Groups: []string{"owners"}}})
	}
	for _, via := range []access.Via{access.ViaWeb, access.ViaAPI, access.ViaCLI} {
		require.NoError(t, counts(access.Approve, via), via)
	}
	for _, via := range []access.Via{"", access.ViaSlack, access.ViaDecisions, access.ViaMCP, "another"} {
		err := counts(access.Approve, via)
		require.Equal(t, access.CodeForbidden, access.CodeOf(err), via)
		require.Equal(t, access.IssueNotShown, access.IssuesOf(err)[0].Code, via)
		require.NoError(t, counts(access.Deny, via), via)
	}
	plan.Change = nil
	require.NoError(t, counts(access.Approve, access.ViaSlack))
}
