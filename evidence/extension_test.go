package evidence

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/passkey"
	"ramp.dev/ramp/passkey/passkeytest"
)

// extended tells of access that was extended by a minute, where leads decide extensions.
func extended(t testing.TB, rule access.Rule, decide func(s *story, order access.ExtensionOrder)) *story {
	rule.DenyThreshold, rule.Stages = 1, []access.Stage{{Name: "leads", From: []string{"leads"}, Approvals: 1}}
	s := newTale(t, func(p *access.Plan) { p.Extend.Rule = &rule })
	s.evaluate()
	s.decide(human("bob", "approvers"), access.Approve, time.Minute)
	s.open(2 * time.Minute)
	e, err := s.server.SignExtension(access.ExtensionOrder{RequestID: s.plan.RequestID, PlanDigest: s.plan.Digest, Number: 1,
		From: at.Add(time.Hour + 2*time.Minute), Adds: access.Duration(10 * time.Minute), By: human("alice"), At: at.Add(3 * time.Minute)})
	s.keep(e, err)
	order, err := ReadExtension(e)
	require.NoError(t, err)
	decide(s, order)
	s.close(time.Hour+12*time.Minute, access.ReadBack{})
	return s
}

// leads signs a decision on an extension, and records it.
func (s *story) leads(order access.ExtensionOrder, v access.Verdict, change ...func(*access.Decision)) {
	d := access.Decision{RequestID: s.plan.RequestID, PlanDigest: order.Digest, Verdict: v, Approver: human("lee", "leads"), At: at.Add(5 * time.Minute)}
	for _, c := range change {
		c(&d)
	}
	s.keep(s.server.SignExtensionDecision(d))
	s.event(access.EventExtensionDecided, d.Approver.ID, d.At.Sub(at), map[string]string{"decision": string(d.Verdict), "orderDigest": d.PlanDigest})
}

// TestExtensionThatPeopleDecide: a pack proves an extension that was approved; without
// the approval access outlasted its end.
func TestExtensionThatPeopleDecide(t *testing.T) {
	approves := func(s *story, o access.ExtensionOrder) { s.leads(o, access.Approve) }
	s := extended(t, access.Rule{}, approves)
	r := s.verify(s.pack())
	require.Equal(t, ProvenEnded, r.Conclusion, r.Summary)
	require.Contains(t, r.Checks[8].Detail, "lee: approve extension 1")
	require.NotContains(t, r.Checks[8].Detail, "not approved")

	for name, decide := range map[string]func(s *story, o access.ExtensionOrder){
		"nobody approved": func(*story, access.ExtensionOrder) {},
		"it was denied":   func(s *story, o access.ExtensionOrder) { s.leads(o, access.Deny) },
		"who approves requests approved": func(s *story, o access.ExtensionOrder) {
			s.leads(o, access.Approve, func(d *access.Decision) { d.Approver = human("bob", "approvers") })
		},
	} {
		s := extended(t, access.Rule{}, decide)
		r := s.verify(s.pack())
		require.Equal(t, ProvenEndedLate, r.Conclusion, "%s: %s", name, r.Summary)
		require.Contains(t, r.Checks[8].Detail, "orders to extend: 1, 1 of which not approved; until ", name)
	}
	s = extended(t, access.Rule{}, func(s *story, o access.ExtensionOrder) {
		s.leads(o, access.Approve)
		s.leads(o, access.Approve, func(d *access.Decision) { d.PlanDigest, d.Approver = s.plan.Digest, human("max", "leads") })
	})
	r = s.verify(s.pack())
	require.Equal(t, NotProven, r.Conclusion, "a decision on an extension that is not there")
	require.Contains(t, r.Summary, "not in the pack")

	s = extended(t, access.Rule{}, approves)
	s.event(access.EventExtensionDecided, "max", 6*time.Minute, map[string]string{"decision": "deny"})
	require.Contains(t, s.verify(s.pack()).Summary, "a decision on an extension that nobody signed")

	s = extended(t, access.Rule{}, func(s *story, o access.ExtensionOrder) {
		s.keep(s.server.SignDecision(access.Decision{RequestID: s.plan.RequestID, PlanDigest: o.Digest, Verdict: access.Approve, Approver: human("lee", "leads"), At: at.Add(5 * time.Minute)}))
	})
	require.Equal(t, NotProven, s.verify(s.pack()).Conclusion, "a decision on a plan is none on an extension")
}

// TestExtensionByPasskey: where the rule for extensions wants passkeys, the server's word
// extends nothing.
func TestExtensionByPasskey(t *testing.T) {
	device := passkeytest.New(t)
	enrolled := device.Enrolled("lee", passkey.Set{})
	for name, c := range map[string]struct {
		change func(*access.Decision)
		want   bool
	}{
		"signed":             {func(d *access.Decision) { d.Passkey = device.Signs(d.RequestID, d.PlanDigest, d.Verdict) }, true},
		"the server's word":  {func(*access.Decision) {}, false},
		"of another digest":  {func(d *access.Decision) { d.Passkey = device.Signs(d.RequestID, "sha256:00", d.Verdict) }, false},
		"of somebody else's": {func(d *access.Decision) { d.Passkey = passkeytest.New(t).Signs(d.RequestID, d.PlanDigest, d.Verdict) }, false},
	} {
		s := extended(t, access.Rule{Passkey: true}, func(s *story, o access.ExtensionOrder) { s.leads(o, access.Approve, c.change) })
		servers := NewKeyring(s.server.Public()).WithPasskeys(enrolled)
		plan, _, err := s.server.SignPlan(s.plan)
		require.NoError(t, err)
		proof, err := servers.AuthorizeRequest(plan, s.statements, NewKeyring(s.worker.Public()))
		require.NoError(t, err)
		approved, _ := proof.ExtensionApproved(proof.Extensions[0])
		require.Equal(t, c.want, !approved.IsZero(), name)
		require.Equal(t, c.want, s.pack().Verify(servers, NewKeyring(s.worker.Public())).Conclusion == ProvenEnded, name)
	}
}
