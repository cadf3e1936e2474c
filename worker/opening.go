package worker

import (
	"context"

	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/ledger"
)

// opening opens targets, also those that could not be opened before.
type opening struct {
	configs map[string]TargetConfig
	broker  *integrations.Broker
	ledger  *ledger.Ledger
	signer  *evidence.Signer
	servers evidence.Keyring // whose decisions count
}

// open opens a configured target, or notes why it cannot be.
func (o *opening) open(ctx context.Context, name string) {
	t, err := openTarget(ctx, name, o.configs[name])
	if err != nil {
		o.broker.Disable(name, err)
		return
	}
	o.use(name, t)
}

// use takes a target into service. One whose grants must share objects counts the holders
// in the ledger.
func (o *opening) use(name string, t integrations.Target) {
	if s, ok := t.(integrations.HolderUser); ok {
		s.UseHolders(o.ledger.Holders(name))
	}
	useContractLedger(t, o.ledger, o.signer, o.servers)
	o.broker.Enable(name, t, o.configs[name].Rate)
}
