package worker

import (
	"context"
	"fmt"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/contractset"
	"ramp.dev/ramp/internal/clock"
	"ramp.dev/ramp/ledger"
)

// contractLedger keeps which contracts are in force, with records that this worker signs.
type contractLedger struct {
	*ledger.Ledger
	signer  *evidence.Signer // nil: brings nothing into force
	servers evidence.Keyring // who signs what people decided
}

// OpenContracts brings a set into force; see contractset.Ledger. Errors are also
// CodeInvalid for a worker without a key: servers would believe nothing of it.
func (l contractLedger) OpenContracts(ctx context.Context, expires time.Time, r access.ContractsInForce) error {
	if l.signer == nil {
		return access.Errorf(access.CodeInvalid, "this worker signs nothing (keys.worker), so no server would believe that contracts are in force")
	}
	plan, err := l.PlanEnvelope(ctx, r.RequestID)
	if err != nil {
		return err
	}
	// It was verified before the target was called; a denial may have come since.
	decided := func(statements [][]byte) error {
		proof, err := l.servers.AuthorizeStored(plan, statements, evidence.Keyring{})
		if err != nil {
			return err
		}
		return proof.Term(r.Grant).AllowsOpening(clock.Now(), r.At)
	}
	return l.Ledger.OpenContracts(ctx, expires, r, decided, l.signer.SignContracts, access.Event{At: r.At, Kind: access.EventContractsInForce, Actor: access.ActorRamp,
		Message: fmt.Sprintf("contracts %s are in force, by request %s", access.ShortDigest(r.Set), r.RequestID),
		Detail:  map[string]string{"set": r.Set, "replaces": r.Replaces, "source": "proposal", "request": r.RequestID}})
}

// useContractLedger gives the targets on which contracts change the ledger that keeps them.
func useContractLedger(t integrations.Target, l *ledger.Ledger, s *evidence.Signer, servers evidence.Keyring) {
	if u, ok := t.(contractset.LedgerUser); ok {
		u.UseLedger(contractLedger{l, s, servers})
	}
}
