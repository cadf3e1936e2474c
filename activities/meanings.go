package activities

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
)

// MeaningLedger keeps what entitlements mean.
type MeaningLedger interface {
	KeepMeaning(ctx context.Context, target string, m ledger.Meaning, at time.Time) error
	ForgetMeaning(ctx context.Context, target, entitlement string) error
	Meanings(ctx context.Context, target string) ([]ledger.Meaning, error)
}

// renewAfter is when a worker signs again what it has kept and has not changed.
const renewAfter = access.MeaningLasts / 3

// keepMeaning keeps what an entitlement means for servers, which then need no worker to
// ask. A worker without a key keeps nothing: nobody could believe it.
func (t *Targets) keepMeaning(ctx context.Context, target string, e access.Entitlement, scope access.Scope) error {
	if t.Signer == nil {
		return nil
	}
	now := t.now().Truncate(time.Second)
	signed, err := t.Signer.SignResolution(access.Resolution{Target: target, Entitlements: []access.Entitlement{e}, Scopes: []access.Scope{scope}, At: now})
	if err != nil {
		return err
	}
	b, err := json.Marshal(signed)
	if err != nil {
		return err
	}
	return t.Ledger.KeepMeaning(ctx, target, ledger.Meaning{Entitlement: e.Digest(), Envelope: b}, now)
}

// keepSoon is keepMeaning where somebody waits. What is not kept is asked again.
func (t *Targets) keepSoon(ctx context.Context, target string, e access.Entitlement, scope access.Scope) {
	ctx, cancel := context.WithTimeout(ctx, recordWithin)
	defer cancel()
	_ = t.keepMeaning(ctx, target, e, scope)
}

// RenewMeanings resolves again the entitlements on a target whose meanings are kept, and
// keeps what has changed: the configuration of a worker that starts may differ from that
// of the one before. What cannot be resolved any more is forgotten. So is all of a target
// that could not be opened: otherwise people would ask, and approve, what nothing opens;
// whoever asks next hears from the worker why.
func (t *Targets) RenewMeanings(ctx context.Context, target string) error {
	if t.Signer == nil {
		return nil
	}
	kept, err := t.Ledger.Meanings(ctx, target)
	if t.Broker.Disabled(target) != nil {
		for _, m := range kept {
			err = errors.Join(err, t.Ledger.ForgetMeaning(ctx, target, m.Entitlement))
		}
		return err
	}
	for _, m := range kept {
		err = errors.Join(err, t.renewMeaning(ctx, target, m))
	}
	return err
}

func (t *Targets) renewMeaning(ctx context.Context, target string, m ledger.Meaning) error {
	e, err := evidence.ReadMeaning(m.Envelope)
	if err != nil || e.Digest() != m.Entitlement {
		return t.Ledger.ForgetMeaning(ctx, target, m.Entitlement)
	}
	own, err := t.Broker.Resolve(ctx, target, e)
	if code := access.CodeOf(err); err != nil && (code == access.CodeInvalid || code == access.CodeForbidden) {
		return t.Ledger.ForgetMeaning(ctx, target, m.Entitlement) // it is none of the target's any more
	}
	if err != nil {
		return err
	}
	signed, err := evidence.ReadEnvelope(m.Envelope)
	if err == nil {
		scope, said, err := t.Workers.VerifyMeaning(signed, target, e, t.now())
		if err == nil && len(scope.Differences(own)) == 0 && t.now().Sub(said) < renewAfter {
			return nil
		}
	}
	return t.keepMeaning(ctx, target, e, own)
}
