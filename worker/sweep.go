package worker

import (
	"context"

	"ramp.dev/ramp/activities"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/reconcile"
)

// Sweeper returns the third line with no Temporal: a reconciler of a worker's own
// targets and the ledger, without workflows. Of d it needs the ledger, the log, and
// the signer for receipts. With keys it verifies the ledger against what was signed;
// without, it trusts the ledger.
func Sweeper(ctx context.Context, c Config, d Deps) *reconcile.Reconciler {
	broker := openTargets(ctx, c.Targets, d.Targets, d.Ledger, nil, d.Keyring).broker
	t := &activities.Targets{Broker: broker, Ledger: d.Ledger, Signer: d.Signer, Keyring: d.Keyring, PasskeyApprovals: c.RequiredPasskeyApprovals()}
	if d.Signer != nil {
		t.Workers = evidence.NewKeyring(d.Signer.Public())
	}
	r := &reconcile.Reconciler{Broker: broker, Ledger: d.Ledger, RevokeAndVerify: t.RevokeAndVerify, Alarms: alarms{log: d.Log, next: d.Alarms}, Log: d.Log}
	if !d.Keyring.Empty() {
		r.VerifyGrant = t.VerifyGrant
	}
	return r
}
