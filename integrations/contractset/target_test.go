package contractset_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/contractset"
	"ramp.dev/ramp/integrations/targettest"
	"ramp.dev/ramp/ledger"
)

// signing is a ledger whose records say what was signed, without a key: keys are the
// worker's part.
type signing struct{ *ledger.Ledger }

func (s signing) OpenContracts(ctx context.Context, expires time.Time, r access.ContractsInForce) error {
	return s.Ledger.OpenContracts(ctx, expires, r, func([][]byte) error { return nil }, unsigned, access.Event{At: r.At, Kind: access.EventContractsInForce, Actor: access.ActorRamp})
}

func unsigned(r access.ContractsInForce) ([]byte, error) { return []byte(r.Set), nil }

// fixture is a ledger in which the first set is in force and the second is kept.
type fixture struct {
	ledger        *ledger.Ledger
	first, second string
}

func newFixture(t *testing.T) fixture {
	ctx := t.Context()
	led, err := ledger.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "ledger.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, led.Close()) })
	first, second := access.ContractFiles{"a.yaml": "1"}, access.ContractFiles{"a.yaml": "2"}
	now := time.Now().UTC()
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	led.UseNotary(evidence.NewNotary(evidence.NewSigner(key), evidence.NewKeyring(key.Public())), nil)
	require.NoError(t, led.TakeSource(ctx, ledger.LineProposals, access.ContractsInForce{Set: first.Digest(), At: now}, first, unsigned, access.Event{At: now, Kind: access.EventContractsInForce, Actor: access.ActorRamp}))
	require.NoError(t, led.KeepContracts(ctx, second, access.Person{ID: "alice"}, access.Event{At: now, Kind: access.EventContractsKept, Actor: "alice"}))
	return fixture{led, first.Digest(), second.Digest()}
}

func (f fixture) open(t *testing.T) integrations.Target {
	target, err := contractset.Config{}.Open(t.Context(), "contracts")
	require.NoError(t, err)
	target.(contractset.LedgerUser).UseLedger(signing{f.ledger})
	return target
}

func (f fixture) names(ctx context.Context) ([]string, error) {
	open, err := f.ledger.ContractGrants(ctx)
	return slices.Sorted(maps.Keys(open)), err
}

func TestTarget(t *testing.T) {
	f := newFixture(t)
	const own = "the ledger is Ramp's own, and its faults are tried in its own tests"
	targettest.Run(t, targettest.Harness{
		Open: f.open, Target: "contracts", Principal: "alice",
		Entitlement: access.Entitlement{"set": f.second, "replaces": f.first},
		Other:       access.Entitlement{"set": f.first, "replaces": f.second},
		Invalid: map[string]access.Entitlement{
			"no digest":      {"set": "main", "replaces": f.first},
			"half a digest":  {"set": f.second[:30], "replaces": f.first},
			"nothing before": {"set": f.second},
			"empty":          {"set": "", "replaces": f.first},
		},
		ListNames: f.names,
		Remove:    f.ledger.CloseContracts,
		Use: func(ctx context.Context, g access.Grant, _ access.Credential) error {
			open, err := f.names(ctx)
			if err == nil && !slices.Contains(open, g.Name) {
				err = errors.Join(targettest.ErrRefused, errors.New("it is closed"))
			}
			return err
		},
		Lacks: targettest.Lacks{Expiry: "what it opens happens once, at its start", Sessions: "nothing is used", Mint: "there are no credentials",
			Extend: "what happened once cannot last longer", Foreign: own, LostReply: own, Throttled: own, Unavailable: own, NotFoundYet: own},
	})
}

// TestGrantReplacesWhatWasApproved: a set comes into force in place of the one that people
// saw replaced, and of no other.
func TestGrantReplacesWhatWasApproved(t *testing.T) {
	f := newFixture(t)
	target := integrations.Guard(f.open(t))
	grant := func(set, replaces string) error {
		id := access.NewRequestID()
		return target.Grant(t.Context(), access.Grant{Name: access.GrantName(id, 0), RequestID: id, Target: "contracts", ExpiresAt: time.Now().Add(time.Hour).UTC(),
			Entitlement: access.Entitlement{"set": set, "replaces": replaces}})
	}
	require.Equal(t, access.CodeConflict, access.CodeOf(grant(f.second, f.second)))
	require.NoError(t, grant(f.second, f.first))
	inForce, err := f.ledger.ContractsInForce(t.Context(), ledger.LineProposals)
	require.NoError(t, err)
	require.Equal(t, f.second, string(inForce))
	require.NoError(t, grant(f.second, f.first), "it is in force already")
	require.NoError(t, grant(f.first, f.second), "the older one, taken back")
}
