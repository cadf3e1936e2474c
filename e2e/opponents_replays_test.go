package e2e

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/tools/opponents"
)

// What an administrator of Temporal's namespace gets by sending again what was signed
// once, on each kind of target.

func replaysExtension(t *trial, target string) error {
	r := t.active(target, "10m")
	require.Equal(t.T(), 200, t.act("alice", r, "extend", doc{"for": "5m"}))
	end := ends(r).Add(5 * time.Minute)
	known := t.statements(r)
	plan, err := known.Plan()
	require.NoError(t.T(), err)
	for n := range 4 {
		until := end.Add(time.Duration(n+1) * 5 * time.Minute)
		_ = t.runs(target+"/site", api.ExtendGrant, doc{"plan": plan, "order": known.Of(evidence.TypeExtension)[0],
			"grant": grantOf(r.ID), "startedAt": time.Now().UTC(), "expiresAt": until.UTC()}, nil)
		if err := t.longer(r, end); err != nil {
			return fmt.Errorf("one order to extend, replayed %d times: %w", n+1, err)
		}
	}
	if at := ends(t.person("alice").sees(r.ID)); at.After(end.Add(2 * time.Second)) {
		return fmt.Errorf("people are told that access lasts until %s", at)
	}
	return nil
}

// opening is what the worker was told when a request was opened.
func (t *trial) opening(r request, until time.Time) doc {
	known := t.statements(r)
	plan, err := known.Plan()
	require.NoError(t.T(), err)
	return doc{"plan": plan, "decisions": known.Of(evidence.TypeDecision), "grant": grantOf(r.ID), "expiresAt": until.UTC(), "only": true}
}

func replaysOpening(t *trial, target string) error {
	r := t.active(target, "10m")
	opening := t.opening(r, ends(r))
	require.Equal(t.T(), 200, t.revokes(r))
	if err := t.outlives(r, "it was revoked"); err != nil {
		return err
	}
	t.person("alice").awaits(r.ID, "ended", time.Minute)
	err := t.runs(target+"/site", api.OpenGrant, opening, nil)
	if err == nil || t.open(r) {
		return fmt.Errorf("what was revoked was opened again (%v)", err)
	}
	if err := t.refusedAloud(r); err != nil {
		return err
	}
	return t.openAgain(r)
}

func replaysPickUp(t *trial, target string) error {
	r := t.active(target, "12s")
	_, err := t.person("alice").creds(t.Context(), r.ID)
	require.NoError(t.T(), err)
	known := t.statements(r)
	plan, err := known.Plan()
	require.NoError(t.T(), err)
	time.Sleep(time.Until(ends(r).Add(500 * time.Millisecond)))
	var sealed json.RawMessage
	err = t.runs(target+"/site", api.MintCredential, doc{"plan": plan, "order": known.Of(evidence.TypePickUp)[0]}, &sealed)
	if err == nil {
		return fmt.Errorf("a credential was made after the end: %s", sealed)
	}
	return t.outlives(r, "its end")
}

// opensLonger: the opponent keeps the workflow from opening, and opens by hand.
func opensLonger(t *trial, target string) error {
	r := t.asked(target, "10m")
	var known opponents.Statements
	require.Eventually(t.T(), func() bool {
		known = t.statements(r)
		_, err := known.Plan()
		return err == nil
	}, time.Minute, 100*time.Millisecond, "the workflow is started")
	i := t.impostor(nil)
	require.NoError(t.T(), i.Replaces(t.Context(), t.admin, r.ID))
	_ = t.act("bob", r, "decision", doc{"decision": "approve", "planDigest": r.Plan.Digest, "comment": "go"})
	approvals := i.Heard()
	if len(approvals) == 0 {
		return nil // it was not even asked
	}
	plan, err := known.Plan()
	require.NoError(t.T(), err)
	approved := time.Now()
	for _, more := range []time.Duration{9 * time.Minute, access.ClockSkew - 5*time.Second} {
		_ = t.runs(target+"/site", api.OpenGrant, doc{"plan": plan, "decisions": approvals,
			"grant": grantOf(r.ID), "expiresAt": time.Now().Add(10*time.Minute + more).UTC().Truncate(time.Second)}, nil)
	}
	// Clocks may differ by so much, and the opponent may use that.
	return t.longer(r, approved.Add(10*time.Minute+access.ClockSkew))
}
