package e2e

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/tools/opponents"
	"ramp.dev/ramp/workflows"
)

// doc is a message of an opponent's, which sends what it likes.
type doc = map[string]any

// TestOpponentAdministrator is somebody with every right on Temporal's namespace:
// what it starts, sends, ends and runs opens nothing, prolongs nothing, and hides
// no ending.
func TestOpponentAdministrator(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{})
	attacks := []attack{
		{40, "starts a made-up plan", madeUpPlan},
		{38, "rewinds a request to before its denial", rewound},
		{63, "floods a request with decisions", flooded},
		{57, "puts its own workflow in a request's place, which ignores that it is revoked", ignored((*trial).revokes)},
		{49, "puts its own workflow in a request's place, which ignores a denial", ignored(func(t *trial, r request) int { return t.denies("bob", r) })},
		{55, "puts its own workflow in a request's place, which says that it was extended for ever", saysExtended},
		{54, "puts its own workflow in a request's place, which hands out a credential", handsOut},
		{58, "records that a request has ended", recordsEnded},
		{58, "records decisions that nobody made", recordsDecisions},
		{58, "records a later end", recordsLaterEnd},
		{58, "closes its own grant, and has another request recorded as ended with it", closesAndRecords},
		{58, "records that a request is active that nobody approved", recordsActive},
		{58, "records events of its own making", recordsEvents},
		{55, "starts a request again in a state of its own making, with a late end", resumed},
		{57, "starts a request again as active while it is being revoked", resumedWhileEnding},
	}
	for _, target := range s.contracts() {
		attacks = append(attacks,
			attack{55, "replays an order to extend with ever later ends: " + target, on(target, replaysExtension)},
			attack{10, "replays the opening of what was revoked: " + target, on(target, replaysOpening)},
			attack{55, "replays an order for a credential after the end: " + target, on(target, replaysPickUp)},
			attack{55, "opens by hand for longer than was approved: " + target, on(target, opensLonger)},
		)
	}
	s.faces(t, attacks)
	// These stand in the way of others.
	s.face(t, attack{59, "has the reconciler's job wait on a queue that nobody serves", stopsJob})
	s.face(t, attack{61, "holds an approval back for 17 minutes", holdsApproval})
}

func on(target string, try func(*trial, string) error) func(*trial) error {
	return func(t *trial) error { return try(t, target) }
}

func madeUpPlan(t *trial) error {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t.T(), err)
	id := access.NewRequestID()
	plan, _, err := evidence.NewSigner(key).SignPlan(access.Plan{RequestID: id, Requester: access.Person{ID: "mallory", Kind: access.KindHuman}, Principal: "mallory",
		Duration: access.Duration(time.Hour), CreatedAt: time.Now().UTC(), PendingUntil: time.Now().Add(time.Hour).UTC(), Rule: access.Rule{Auto: true, DenyThreshold: 1},
		Grants: []access.PlannedGrant{{Name: access.GrantName(id, 0), Target: "ssh/site", Entitlement: access.Entitlement{"user": "demo"}}}})
	require.NoError(t.T(), err)
	require.NoError(t.T(), t.admin.Resume(t.Context(), opponents.Statements{plan}, nil))
	err = t.runs("ssh/site", api.OpenGrant, doc{"plan": plan, "grant": access.GrantName(id, 0), "expiresAt": time.Now().Add(time.Hour)}, nil)
	if err == nil || t.open(request{ID: id, Contract: "ssh"}) {
		return fmt.Errorf("its own plan was opened (%v)", err)
	}
	return nil
}

func rewound(t *trial) error {
	r := t.active("ssh", "10m")
	approval := t.statements(r).Of(evidence.TypeDecision)[0]
	require.Equal(t.T(), 200, t.denies("bob", r))
	if err := t.outlives(r, "its denial"); err != nil {
		return err
	}
	t.person("alice").awaits(r.ID, "ended", time.Minute)
	require.NoError(t.T(), t.admin.Rewind(t.Context(), r.ID))
	require.NoError(t.T(), t.admin.Temporal.SignalWorkflow(t.Context(), r.ID, "", workflows.SignalDecision, workflows.SignedStatement{Envelope: approval}))
	if err := t.admin.Temporal.GetWorkflow(t.Context(), r.ID, "").Get(t.Context(), nil); err != nil {
		t.Logf("the rewound workflow: %v", err)
	}
	return t.openAgain(r)
}

// openAgain returns an error if access that was over is there.
func (t *trial) openAgain(r request) error {
	if t.open(r) {
		return fmt.Errorf("access that was over is open again")
	}
	if state := t.person("alice").sees(r.ID).State; state != "ended" {
		return fmt.Errorf("a request that was over is %s", state)
	}
	return nil
}

func flooded(t *trial) error {
	r := t.active("ssh", "10m")
	junk := workflows.SignedStatement{Envelope: evidence.Envelope{PayloadType: evidence.TypeDecision, Payload: "bm90aGluZw=="}}
	for range 120 {
		require.NoError(t.T(), t.admin.Temporal.SignalWorkflow(t.Context(), r.ID, "", workflows.SignalDecision, junk))
	}
	if status := t.denies("bob", r); status != 200 {
		return fmt.Errorf("a denial of live access is answered with %d", status)
	}
	return t.outlives(r, "its denial")
}

func (t *trial) impostor(answers map[string]opponents.Answer) *opponents.Impostor {
	i, err := opponents.StartImpostor(t.admin.Temporal, answers)
	require.NoError(t.T(), err)
	t.T().Cleanup(i.Stop)
	return i
}

// ignored: a person who orders an end is answered by the opponent's workflow. An act that
// has no effect must not be answered with success.
func ignored(order func(*trial, request) int) func(*trial) error {
	return func(t *trial) error {
		r := t.active("ssh", "10m")
		require.NoError(t.T(), t.impostor(nil).Replaces(t.Context(), t.admin, r.ID))
		if status := order(t, r); status != 200 {
			return nil
		}
		return t.outlives(r, "somebody ordered its end and was answered with success")
	}
}

func saysExtended(t *trial) error {
	r := t.active("ssh", "10m")
	late := time.Now().Add(100 * time.Hour).UTC()
	i := t.impostor(map[string]opponents.Answer{workflows.UpdateExtend: func(evidence.Envelope) (any, error) {
		return doc{"expiresAt": late, "number": 1}, nil
	}})
	require.NoError(t.T(), i.Replaces(t.Context(), t.admin, r.ID))
	var told request
	status := t.person("alice").call("POST", "/api/v1/requests/"+r.ID+"/extend", doc{"for": "5m"}, &told)
	if status < 300 && ends(told).After(time.Now().Add(time.Hour)) {
		return fmt.Errorf("people are told that access lasts until %s", told.ExpiresAt)
	}
	return t.longer(r, ends(r).Add(5*time.Minute))
}

func handsOut(t *trial) error {
	r := t.active("ssh", "10m")
	i := t.impostor(map[string]opponents.Answer{workflows.UpdatePickUp: func(e evidence.Envelope) (any, error) {
		order, err := evidence.ReadPickUp(e)
		if err != nil {
			return nil, err
		}
		return evidence.Seal(order.Recipient, evidence.CredentialContext(order.RequestID, order.Grant), access.Credential{Kind: "ssh",
			Files: map[string]string{"config": "Host demo\n  ProxyCommand touch owned\n"}, ExpiresAt: time.Now().Add(time.Hour)})
	}})
	require.NoError(t.T(), i.Replaces(t.Context(), t.admin, r.ID))
	if out, err := t.person("alice").creds(t.Context(), r.ID); err == nil {
		return fmt.Errorf("the requester was given a credential of the opponent's: %s", out)
	}
	return nil
}

// record has the control worker record a transition.
func (t *trial) record(transition doc) error {
	transition["at"] = time.Now().UTC()
	return t.admin.Run(t.Context(), workflows.ControlQueue, api.RecordTransition, transition, nil)
}

func recordsEnded(t *trial) error {
	r := t.active("ssh", "10m")
	_ = t.record(doc{"requestId": r.ID, "to": "ended", "outcome": "released", "events": []doc{
		{"requestId": r.ID, "kind": "access.ended", "actor": "ramp", "message": "Read back as gone.", "key": "ended", "at": time.Now().UTC()}}})
	return t.endedWhileOpen(r)
}

// endedWhileOpen returns an error if a request is shown as over while its access is
// there, for longer than the reconciler needs to see it, or if it cannot be stopped.
func (t *trial) endedWhileOpen(r request) error {
	if status := t.revokes(r); status != 200 && t.open(r) {
		return fmt.Errorf("stopping it is refused (%d)", status)
	}
	for deadline := time.Now().Add(10 * time.Second); t.person("alice").sees(r.ID).State == "ended" && t.open(r); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			return fmt.Errorf("the request is shown as ended while its access is open")
		}
	}
	return t.outlives(r, "it was revoked")
}

func recordsDecisions(t *trial) error {
	r := t.asked("ssh", "10m")
	carol := doc{"id": "carol", "kind": "human", "groups": []string{"approvers"}}
	_ = t.record(doc{"requestId": r.ID, "to": "approved",
		"stages":    []doc{{"name": "lead", "approvals": 1, "approvedBy": []string{"carol"}, "satisfied": true}},
		"decisions": []doc{{"requestId": r.ID, "planDigest": r.Plan.Digest, "approver": carol, "decision": "approve", "at": time.Now().UTC()}}})
	shown := t.shown("bob", r)
	if strings.Contains(text(shown["decisions"]), "carol") {
		return fmt.Errorf("a decision that nobody made is shown: %s", text(shown["decisions"]))
	}
	if shown["state"] != "pending" {
		return fmt.Errorf("a request that nobody decided is shown as %s", shown["state"])
	}
	return nil
}

func recordsLaterEnd(t *trial) error {
	r := t.active("ssh", "10m")
	_ = t.record(doc{"requestId": r.ID, "expiresAt": time.Now().Add(1000 * time.Hour).UTC()})
	if now := t.person("alice").sees(r.ID); ends(now).After(ends(r).Add(time.Minute)) {
		return fmt.Errorf("people are told that access lasts until %s", now.ExpiresAt)
	}
	return t.longer(r, ends(r))
}

func closesAndRecords(t *trial) error {
	mine, other := t.active("ssh", "10m"), t.active("ssh", "10m")
	_ = t.admin.Run(t.Context(), workflows.CloseQueue("ssh/site"), api.CloseGrant, doc{"requestId": mine.ID, "target": "ssh/site", "grant": grantOf(mine.ID),
		"ended": doc{"requestId": other.ID, "to": "ended", "outcome": "expired", "at": time.Now().UTC()}}, nil)
	return t.endedWhileOpen(other)
}

func recordsActive(t *trial) error {
	r := t.asked("ssh", "10m")
	now := time.Now().UTC()
	_ = t.record(doc{"requestId": r.ID, "to": "active", "activeAt": now, "expiresAt": now.Add(time.Hour)})
	if state := t.person("alice").sees(r.ID).State; state == "active" {
		return fmt.Errorf("a request with nothing open is shown as active")
	}
	return nil
}

// recordsEvents: an event that says somebody decided must not make a pack prove it,
// and the pack of the honest life must not prove less without saying why.
func recordsEvents(t *trial) error {
	r := t.active("ssh", "10m")
	_ = t.record(doc{"requestId": r.ID, "events": []doc{{"requestId": r.ID, "kind": "decision.recorded", "actor": "carol",
		"message": "approved", "key": "opponent", "at": time.Now().UTC()}}})
	if t.told(r, "decision.recorded", "approved") && !strings.HasPrefix(t.pack(r), "NOT PROVEN") {
		return fmt.Errorf("a decision that nobody made is in a pack: %s", t.pack(r))
	}
	return nil
}

func (t *trial) madeUpState(r request, until time.Time) doc {
	return doc{"state": "active", "decided": "satisfied", "tally": "satisfied", "startedAt": time.Now().UTC(), "activeAt": time.Now().UTC(),
		"expiresAt": until.UTC(), "endingBound": time.Minute, "decisions": t.statements(r).Of(evidence.TypeDecision)}
}

func resumed(t *trial) error {
	r := t.active("ssh", "15s")
	require.NoError(t.T(), t.admin.Resume(t.Context(), t.statements(r), t.madeUpState(r, time.Now().Add(10*time.Hour))))
	status := t.act("alice", r, "extend", doc{"for": "5s"})
	end := ends(r)
	if status < 300 {
		end = end.Add(5 * time.Second)
	}
	if err := t.longer(r, end); err != nil {
		return err
	}
	time.Sleep(time.Until(end))
	if _, err := t.person("alice").creds(t.Context(), r.ID); err == nil {
		return fmt.Errorf("a credential was handed out after the end")
	}
	return t.outlives(r, "its end")
}

// resumedWhileEnding: the order to end was answered, and what took it is gone a
// moment later, as if Temporal's database had been lost.
func resumedWhileEnding(t *trial) error {
	r := t.active("ssh", "10m")
	known, state := t.statements(r), t.madeUpState(r, ends(r))
	require.NoError(t.T(), t.admin.Start(t.Context(), r.ID, "nobody-serves-this", workflows.AccessRequestType, nil))
	if status := t.revokes(r); status != 200 {
		return nil
	}
	require.NoError(t.T(), t.admin.Resume(t.Context(), known, state))
	return t.outlives(r, "it was revoked")
}

func stopsJob(t *trial) error {
	require.NoError(t.T(), t.admin.Stop(t.Context(), workflows.ReconcileID("ssh/site")))
	planted := request{ID: access.NewRequestID(), Contract: "ssh"}
	t.edit(func(s string) string { return s + `expiry-time="20991231235959Z" ` + grantOf(planted.ID) + "\n" })
	return t.outlives(planted, "it was made by hand while the reconciler's job stood still")
}

// holdsApproval: the worker's clock is set forward, since no test waits so long.
func holdsApproval(t *trial) error {
	r := t.asked("ssh", "50m")
	known := t.statements(r)
	i := t.impostor(nil)
	require.NoError(t.T(), i.Replaces(t.Context(), t.admin, r.ID))
	_ = t.act("bob", r, "decision", doc{"decision": "approve", "planDigest": r.Plan.Digest, "comment": "go"})
	approvals := i.Heard()
	if len(approvals) == 0 {
		return nil
	}
	plan, err := known.Plan()
	require.NoError(t.T(), err)
	t.worker.kill()
	late := t.start([]string{"RAMP_CLOCK_SKEW=17m"}, "worker", "--config", t.targetsConfig())
	err = t.runs("ssh/site", api.OpenGrant, doc{"plan": plan, "decisions": approvals,
		"grant": grantOf(r.ID), "expiresAt": time.Now().Add(50 * time.Minute).UTC().Truncate(time.Second)}, nil)
	open := t.open(r)
	late.kill()
	t.startWorker()
	if err == nil || open {
		return fmt.Errorf("an approval that was held back for 17 minutes opened access")
	}
	return nil
}
