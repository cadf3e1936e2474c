package app

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// TestWhoseMistakeAnEntitlementIs: who asks learns which contract a target refuses and who mends
// it, and where they chose params, that these may be why.
func TestWhoseMistakeAnEntitlementIs(t *testing.T) {
	refused := &access.Error{Code: access.CodeInvalid, Message: "ssh/demo", Issues: []access.Issue{{Code: "unknown_field", Field: "commands", Message: "unknown; did you mean command?"}}}
	err := unusable(&contracts.Contract{Name: "my-ssh", Owner: "approvers"}, access.Plan{}, refused)
	require.Equal(t, access.CodeConflict, access.CodeOf(err), "it is no mistake in what was asked for")
	require.EqualError(t, err, "contract my-ssh cannot be opened as it is written (ssh/demo: commands: unknown; did you mean command?): its owner, approvers, has to mend the contract")
	require.Equal(t, "unknown_field", access.IssuesOf(err)[0].Code)

	err = unusable(&contracts.Contract{Name: "my-ssh"}, access.Plan{Params: map[string]any{"user": "root", "a": 1}}, refused)
	require.Equal(t, access.CodeInvalid, access.CodeOf(err))
	require.ErrorContains(t, err, "contract my-ssh cannot be opened with these params, a, user (ssh/demo: commands")

	require.Equal(t, error(refused), unusable(&contracts.Contract{}, access.Plan{Change: &access.ContractChange{}}, refused), "who proposes contracts has written them")
	down := access.Errorf(access.CodeUnavailable, "no worker")
	require.True(t, errors.Is(unusable(&contracts.Contract{}, access.Plan{}, down), down))
}

// TestWhoReadsWhyATargetIsOff: the worker's own words are for those who can do something
// about it; who can only wait reads what kind of failure it is.
func TestWhoReadsWhyATargetIsOff(t *testing.T) {
	c := &catalog{roles: roles{operators: []string{"operators"}, auditors: []string{"auditors"}}}
	o := contracts.Offer{Owner: "team-data", Approval: contracts.OfferApproval{Stages: []access.Stage{
		{From: []string{"leads"}}, {AnyOf: []access.Approvers{{From: []string{"security"}}}}}}}
	off := access.TargetState{Target: "ssh/demo", Condition: access.TargetOff, Fault: access.FaultCredential, Reason: "/etc/ramp/key: refused"}
	for group, whole := range map[string]bool{"operators": true, "auditors": true, "team-data": true, "leads": true, "security": true, "engineering": false} {
		reads := c.readable(access.Person{ID: "p", Kind: access.KindHuman, Groups: []string{group}}, o, off)
		require.Equal(t, whole, reads == off, group)
		if !whole {
			require.Equal(t, "it refuses Ramp's own credential", reads.Reason)
			require.Empty(t, reads.Validate())
		}
	}
	off.Fault = ""
	require.Equal(t, "operators see why", c.readable(access.Person{}, contracts.Offer{}, off).Reason, "an older worker does not say what kind it is")
	require.Equal(t, access.TargetState{}, c.readable(access.Person{}, contracts.Offer{}, access.TargetState{}))
}
