package activities_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/faketarget"
	"ramp.dev/ramp/ledger"
)

// meaning is what the ledger keeps of an entitlement, as a server would believe it.
func (w *worker) meaning(e access.Entitlement) (access.Scope, time.Time, error) {
	b, err := w.ledger.Meaning(context.Background(), targetName, e.Digest())
	if err != nil {
		return access.Scope{}, time.Time{}, err
	}
	var signed evidence.Envelope
	require.NoError(w, json.Unmarshal(b, &signed))
	return w.targets.Workers.VerifyMeaning(signed, targetName, e, w.now)
}

// keeps writes what an entitlement means into the ledger, signed by somebody.
func (w *worker) keeps(by *evidence.Signer, e access.Entitlement, s access.Scope, at time.Time) {
	signed, err := by.SignResolution(access.Resolution{Target: targetName, Entitlements: []access.Entitlement{e}, Scopes: []access.Scope{s}, At: at})
	require.NoError(w, err)
	b, err := json.Marshal(signed)
	require.NoError(w, err)
	require.NoError(w, w.ledger.KeepMeaning(context.Background(), targetName, ledger.Meaning{Entitlement: e.Digest(), Envelope: b}, at))
}

func TestMeaningsAreKept(t *testing.T) {
	w := newWorker(t)
	it := access.Entitlement{"what": "it"}
	_, err := w.env.ExecuteActivity(api.ResolveScopes, api.ResolveScopesInput{Question: "q", Target: targetName, Entitlements: []access.Entitlement{it}})
	require.NoError(t, err)
	scope, said, err := w.meaning(it)
	require.NoError(t, err)
	require.Equal(t, faketarget.Scope("it"), scope)
	require.Equal(t, start, said)

	t.Run("not by a worker without a key", func(t *testing.T) {
		w := newWorker(t)
		w.targets.Signer = nil
		_, err := w.env.ExecuteActivity(api.ResolveScopes, api.ResolveScopesInput{Question: "q", Target: targetName, Entitlements: []access.Entitlement{it}})
		require.NoError(t, err)
		_, _, err = w.meaning(it)
		require.Equal(t, access.CodeNotFound, access.CodeOf(err))
	})
}

// TestMeaningsAreRenewed: a worker that starts says again what has changed with its
// configuration, and what somebody else has written.
func TestMeaningsAreRenewed(t *testing.T) {
	w := newWorker(t)
	names := []string{"as it is", "changed", "of another key", "old", "young"}
	of := func(name string) access.Entitlement { return access.Entitlement{"what": name} }
	for _, name := range names {
		by, s, at := w.targets.Signer, faketarget.Scope(name), w.now.Add(-24*time.Hour)
		switch name {
		case "changed":
			s.Summary = "what it was"
		case "of another key":
			by = newSigner(t)
		case "old":
			at = w.now.Add(-20 * 24 * time.Hour)
		}
		w.keeps(by, of(name), s, at)
	}
	ctx := context.Background()
	require.NoError(t, w.ledger.KeepMeaning(ctx, targetName, ledger.Meaning{Entitlement: "no digest", Envelope: []byte("junk")}, w.now))
	w.keeps(w.targets.Signer, access.Entitlement{"no": "such"}, faketarget.Scope("x"), w.now)

	require.NoError(t, w.targets.RenewMeanings(ctx, targetName))
	for _, name := range names {
		scope, said, err := w.meaning(of(name))
		require.NoError(t, err, name)
		require.Equal(t, faketarget.Scope(name), scope, name)
		require.Equal(t, name == "as it is" || name == "young", said.Before(w.now), name)
	}
	left, err := w.ledger.Meanings(ctx, targetName)
	require.NoError(t, err)
	require.Len(t, left, len(names), "what cannot be read, and what means nothing any more, is forgotten")
}

// TestDisabledTargetSaysWhy: where a target cannot be opened, nobody is shown what an
// entitlement meant before; who asks hears what kind of failure it is.
func TestDisabledTargetSaysWhy(t *testing.T) {
	w := newWorker(t)
	e, ctx := access.Entitlement{"what": "it"}, context.Background()
	w.keeps(w.targets.Signer, e, faketarget.Scope("it"), w.now)
	w.targets.Broker = integrations.NewBroker(nil, map[string]error{targetName: errors.New("the CA key cannot be read")})
	require.NoError(t, w.targets.RenewMeanings(ctx, targetName))
	_, _, err := w.meaning(e)
	require.Equal(t, access.CodeNotFound, access.CodeOf(err))
	_, err = w.env.ExecuteActivity(api.ResolveScopes, api.ResolveScopesInput{Question: "q", Target: targetName, Entitlements: []access.Entitlement{e}})
	err = api.FromTarget(targetName, err)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
	require.ErrorContains(t, err, "target "+targetName+" is off: its worker cannot start it")
}

// TestMeaningThatWasPutBackIsReplaced: a plan was made from what an entitlement meant
// before. It is not opened, and the next one is made from what it means now.
func TestMeaningThatWasPutBackIsReplaced(t *testing.T) {
	w := newWorker(t)
	e := access.Entitlement{"what": "it"}
	old := faketarget.Scope("it")
	old.Summary = "read one table"
	w.keeps(w.targets.Signer, e, old, w.now)
	a := w.asks(func(p *access.Plan) { p.Grants[0].Scope = old })
	require.Equal(t, access.IssueScopeChanged, access.IssuesOf(a.open(w.now.Add(30*time.Minute), a.decision(bob, access.Approve)))[0].Code)
	require.Empty(t, w.effects)
	scope, _, err := w.meaning(e)
	require.NoError(t, err)
	require.Equal(t, faketarget.Scope("it"), scope)
}
