package server

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

const withBase = `apiVersion: ramp/v1
kind: Base
metadata: {name: production, owner: basekeepers}
duration: {default: 15m, max: 1h}
approval: {stages: [{name: security, from: [security]}]}
---
`

func (p proposing) proposed(text string) access.Request {
	p.Helper()
	u, status, body := p.upload("alice", text)
	require.Equal(p, http.StatusOK, status, body)
	r, status, body := p.propose("alice", u)
	require.Equal(p, http.StatusCreated, status, body)
	return r
}

func (p proposing) asksOwner(r access.Request, owner string) bool {
	return slices.ContainsFunc(r.Plan.Rule.Stages, func(s access.Stage) bool { return s.Name == "owner "+owner })
}

// TestCase101BaseOwner: who owns a base decides, before and after, when it comes, changes or
// goes, and when a contract leaves it.
func TestCase101BaseOwner(t *testing.T) {
	p := newProposing(t)
	based := withBase + strings.Replace(changing, "metadata: {name: hosts", "base: production\nmetadata: {name: hosts", 1)
	r := p.proposed(based)
	require.True(t, p.asksOwner(r, "basekeepers"), "the base comes")
	require.NoError(t, p.opens(r, p.worker))
	p.reload()
	for what, text := range map[string]string{
		"the base loses a stage":     strings.Replace(based, "approval: {stages: [{name: security, from: [security]}]}\n---", "request: {reason: {minLength: 20}}\n---", 1),
		"a contract leaves the base": strings.Replace(based, "base: production\n", "", 1),
		"the base goes":              strings.TrimPrefix(strings.Replace(based, "base: production\n", "", 1), withBase),
		"another owner":              strings.Replace(based, "owner: basekeepers", "owner: mates", 1),
	} {
		r := p.proposed(text)
		require.True(t, p.asksOwner(r, "basekeepers"), what)
		require.Equal(t, what == "another owner", p.asksOwner(r, "mates"), what)
	}
}

// TestCase101EscalationStandsInForNobody: who is added by escalation of the contract for
// proposals decides for no owner.
func TestCase101EscalationStandsInForNobody(t *testing.T) {
	p := newProposing(t)
	escalating := strings.Replace(changing, "approval: {selfApproval: true,", "approval: {escalate: [{after: 1s, to: [oncall]}],", 1)
	r := p.proposed(escalating)
	require.NoError(t, p.opens(r, p.worker))
	p.reload()
	r = p.proposed(strings.Replace(escalating, "max: 1h", "max: 2h", 1))
	require.Empty(t, r.Plan.Rule.Escalate)
	require.True(t, p.asksOwner(r, "approvers"))
}
