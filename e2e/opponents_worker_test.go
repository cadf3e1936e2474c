package e2e

import (
	"context"
	"encoding/json"
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

// TestOpponentWorker is a worker that nobody deployed. It polls Ramp's queues beside
// the real ones and completes tasks with lies: it has access to Temporal and to nothing else.
// Where the targets' own worker would win the race for the task, it is down.
func TestOpponentWorker(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{})
	for _, a := range []attack{
		{52, "describes entitlements harmlessly", describesHarmlessly},
		{52, "describes an entitlement with nothing at all", describesBadly([]doc{})},
		{52, "describes an entitlement with lines and marks of direction", describesBadly([]doc{{"summary": "Read one log file.\n\nAPPROVED BY SECURITY \u202eetirw\u202c"}})},
		{52, "describes an entitlement with a hundred thousand letters", describesBadly([]doc{{"summary": strings.Repeat("harmless ", 12_000)}})},
		{52, "describes an entitlement without words", describesBadly([]doc{{"summary": ""}})},
		{54, "hands out a credential in the worker's place", handsOutAsWorker},
		{58, "says that a grant is open, and opens nothing", saysOpened},
		{40, "says that a request was approved", saysApproved},
		{49, "takes a denial, and says that it changes nothing", takesDenial},
		{57, "takes the closing of a grant, and never does it", takesClosing(opponents.Keeps)},
		{58, "takes the closing of a grant, and says that it is done", takesClosing(opponents.Says(nil))},
		{58, "takes what is to be recorded, and records nothing", takesRecords},
		{59, "takes the reconciler's work, and does nothing", takesReconciling},
	} {
		s.face(t, a)
	}
}

// TestOpponentWorkerInClear is the same worker where what Temporal keeps is encrypted:
// it has no key, so that all its results are in clear, and is not read.
func TestOpponentWorkerInClear(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{encrypted: true, onlySSH: true})
	s.face(t, attack{52, "describes an entitlement in clear, though payloads are encrypted", func(t *trial) error {
		defer t.instead(map[string]opponents.Lie{api.ResolveScopes: harmless})()
		t.asksAgain()
		status, raw, err := t.person("alice").try("POST", "/api/v1/requests?dryRun=true", doc{"contract": "ssh", "reason": "look at an order of today"})
		require.NoError(t.T(), err)
		if status < 300 {
			return fmt.Errorf("it is taken: %s", raw[:min(len(raw), 300)])
		}
		return nil
	}})
}

const harmlessly = "Read one harmless log file."

func harmless(_ context.Context, in []byte) (any, error) {
	var asked api.ResolveScopesInput
	_ = json.Unmarshal(in, &asked) // where it is encrypted one is asked for
	scopes := []doc{}
	for range max(1, len(asked.Entitlements)) {
		scopes = append(scopes, doc{"summary": harmlessly, "facts": doc{"host": "a host for tests"}})
	}
	return doc{"scopes": scopes}, nil
}

// lies starts the opponent's worker on a queue.
func (t *trial) lies(queue string, lies map[string]opponents.Lie) *opponents.Worker {
	w, err := opponents.StartWorker(t.admin.Temporal, queue, lies)
	require.NoError(t.T(), err)
	return w
}

// instead puts the opponent's workers in the place of the one that holds the targets'
// credentials, on all its queues, until what it returns is called.
func (t *trial) instead(lies map[string]opponents.Lie) (goAway func()) {
	t.worker.kill()
	var workers []*opponents.Worker
	for _, target := range t.contracts() {
		workers = append(workers, t.lies(workflows.TargetQueue(target+"/site"), lies), t.lies(workflows.CloseQueue(target+"/site"), lies))
	}
	return func() {
		for _, w := range workers {
			w.Stop()
		}
		t.startWorker()
	}
}

// asksAgain has the server ask workers again what entitlements mean: it keeps that for 5 s,
// and the ledger for long.
func (t *trial) asksAgain() {
	require.NoError(t.T(), opponents.ForgetMeanings(t.Context(), t.ledger))
	time.Sleep(5100 * time.Millisecond)
}

func describesHarmlessly(t *trial) error {
	goAway := t.instead(map[string]opponents.Lie{api.ResolveScopes: harmless})
	t.asksAgain()
	var made []request
	for _, target := range t.contracts() {
		var r request
		status := t.person("alice").call("POST", "/api/v1/requests", doc{"contract": target, "duration": "10m", "reason": "look at an order of today"}, &r)
		if status == 201 {
			made = append(made, r)
		}
	}
	goAway()
	for _, r := range made {
		t.person("bob").approves(r)
		opened := false
		t.eventually(time.Minute, "it is opened or fails", func() bool {
			opened = opened || t.open(r)
			state := t.person("alice").sees(r.ID).State
			return opened || state == "failed" || state == "ended"
		})
		if opened {
			return fmt.Errorf("people approved %q, and %s was opened; the pack says %s", harmlessly, kind(r), t.pack(r))
		}
		if err := t.refusedAloud(r); err != nil {
			return err
		}
	}
	return nil
}

func describesBadly(scopes any) func(*trial) error {
	return func(t *trial) error {
		goAway := t.instead(map[string]opponents.Lie{api.ResolveScopes: opponents.Says(doc{"scopes": scopes})})
		defer goAway()
		t.asksAgain()
		status, raw, err := t.person("alice").try("POST", "/api/v1/requests?dryRun=true", doc{"contract": "ssh", "reason": "look at an order of today"})
		require.NoError(t.T(), err)
		if status < 300 {
			return fmt.Errorf("it is taken: %s", raw[:min(len(raw), 300)])
		}
		return nil
	}
}

func handsOutAsWorker(t *trial) error {
	r := t.active("ssh", "10m")
	goAway := t.instead(map[string]opponents.Lie{api.MintCredential: func(_ context.Context, in []byte) (any, error) {
		var mint api.MintCredentialInput
		if err := json.Unmarshal(in, &mint); err != nil {
			return nil, err
		}
		order, err := evidence.ReadPickUp(mint.Order)
		if err != nil {
			return nil, err
		}
		return evidence.Seal(order.Recipient, evidence.CredentialContext(order.RequestID, order.Grant), access.Credential{Kind: "ssh",
			Files: map[string]string{"config": "Host demo\n  ProxyCommand touch owned\n"}, ExpiresAt: time.Now().Add(time.Hour)})
	}})
	out, err := t.person("alice").creds(t.Context(), r.ID)
	goAway()
	if err == nil {
		return fmt.Errorf("the requester was given a credential of the opponent's: %s", out)
	}
	return t.refusedAloud(r)
}

func saysOpened(t *trial) error {
	r := t.asked("ssh", "10m")
	goAway := t.instead(map[string]opponents.Lie{api.OpenGrant: opponents.Says(doc{"endingBound": time.Hour})})
	t.person("bob").approves(r)
	var got error
	for deadline := time.Now().Add(3 * time.Second); time.Now().Before(deadline) && got == nil; time.Sleep(100 * time.Millisecond) {
		if state := t.person("alice").sees(r.ID).State; state == "active" {
			got = fmt.Errorf("a request with nothing open is shown as active")
		}
	}
	if said := t.pack(r); got == nil && strings.Contains(said, "Access was opened") && !strings.HasPrefix(said, "NOT PROVEN") {
		got = fmt.Errorf("an opening that never was is proven: %s", said)
	}
	goAway()
	return got
}

func saysApproved(t *trial) error {
	r := t.asked("ssh", "10m")
	w := t.lies(workflows.ControlQueue, map[string]opponents.Lie{api.VerifyDecisions: opponents.Says(doc{"outcome": "satisfied", "tally": "satisfied"})})
	defer w.Stop()
	for range 5 {
		require.NoError(t.T(), t.admin.Temporal.SignalWorkflow(t.Context(), r.ID, "", workflows.SignalRecount, nil))
		_ = t.admin.Send(t.Context(), r.ID, workflows.UpdateDecide, workflows.SignedStatement{Envelope: evidence.Envelope{PayloadType: evidence.TypeDecision, Payload: "e30="}})
	}
	for deadline := time.Now().Add(8 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if t.open(r) {
			return fmt.Errorf("what nobody approved was opened")
		}
	}
	if state := t.person("alice").sees(r.ID).State; state == "active" || state == "ended" {
		return fmt.Errorf("a request that nobody approved is shown as %s", state)
	}
	return nil
}

func takesDenial(t *trial) error {
	r := t.active("ssh", "10m")
	w := t.lies(workflows.ControlQueue, map[string]opponents.Lie{api.VerifyDecisions: opponents.Says(doc{"outcome": "satisfied", "tally": "satisfied"})})
	defer w.Stop()
	if status := t.denies("bob", r); status != 200 {
		return nil // it is said that it has no effect
	}
	return t.outlives(r, "its denial, which was answered with success")
}

// takesClosing: somebody revokes, and the opponent has the work; then it goes, and
// so does the workflow that would try again.
func takesClosing(lie opponents.Lie) func(*trial) error {
	return func(t *trial) error {
		requests := []request{}
		for _, target := range t.contracts() {
			requests = append(requests, t.active(target, "10m"))
		}
		goAway := t.instead(map[string]opponents.Lie{api.CloseGrant: lie})
		for _, r := range requests {
			require.Equal(t.T(), 200, t.revokes(r))
		}
		time.Sleep(2 * time.Second)
		for _, r := range requests {
			if state := t.person("alice").sees(r.ID).State; state == "ended" && t.open(r) {
				return fmt.Errorf("%s is shown as ended while it is open", kind(r))
			}
			_ = t.admin.Terminate(t.Context(), r.ID) // it may have ended
		}
		goAway()
		for _, r := range requests {
			if err := t.outlives(r, "it was revoked"); err != nil {
				return err
			}
			t.person("alice").awaits(r.ID, "ended", time.Minute)
		}
		return nil
	}
}

func takesRecords(t *trial) error {
	w := t.lies(workflows.ControlQueue, map[string]opponents.Lie{api.RecordTransition: opponents.Says(nil)})
	defer w.Stop()
	r := t.active("ssh", "5s")
	if err := t.outlives(r, "its end"); err != nil {
		return err
	}
	t.person("alice").awaits(r.ID, "ended", time.Minute)
	if said := t.pack(r); strings.HasPrefix(said, "NOT PROVEN") {
		return fmt.Errorf("an honest life cannot be proven: %s", said)
	}
	return nil
}

func takesReconciling(t *trial) error {
	w := t.lies(workflows.TargetQueue("ssh/site"), map[string]opponents.Lie{api.ReconcileTarget: opponents.Keeps})
	defer w.Stop()
	for range 10 { // until the opponent has it
		require.NoError(t.T(), t.admin.Temporal.SignalWorkflow(t.Context(), workflows.ReconcileID("ssh/site"), "", workflows.SignalRunNow, nil))
		time.Sleep(300 * time.Millisecond)
		if w.Told(api.ReconcileTarget) > 0 {
			break
		}
	}
	planted := request{ID: access.NewRequestID(), Contract: "ssh"}
	t.edit(func(s string) string { return s + `expiry-time="20991231235959Z" ` + grantOf(planted.ID) + "\n" })
	return t.outlives(planted, "it was made by hand while the opponent had the reconciler's work")
}
