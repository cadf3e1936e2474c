package worker

import (
	"context"
	"maps"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/awsiam"
	"ramp.dev/ramp/integrations/sshcert"
	"ramp.dev/ramp/integrations/vaulttoken"
	"ramp.dev/ramp/ledger"
)

// opener is what every integration's Config can do.
type opener interface {
	Validate(name string) []access.Issue
	Open(ctx context.Context, name string) (integrations.Target, error)
}

// kinds is the table of integrations.
func kinds() map[string]func(TargetConfig) (opener, error) {
	return map[string]func(TargetConfig) (opener, error){
		"ssh":   kind[sshcert.Config],
		"vault": kind[vaulttoken.Config],
		"aws":   kind[awsiam.Config],
	}
}

func kind[C opener](t TargetConfig) (opener, error) {
	var c C
	return c, t.decode(&c)
}

// openTargets opens every configured target. One that cannot be opened is
// disabled with its reason; the others run, and those that are open already.
// Those whose grants must share objects count the holders in the ledger.
func openTargets(ctx context.Context, configs map[string]TargetConfig, open map[string]integrations.Target, led *ledger.Ledger) *integrations.Broker {
	targets, disabled := map[string]integrations.Target{}, map[string]error{}
	maps.Copy(targets, open)
	for name, c := range configs {
		if _, given := open[name]; given {
			continue
		}
		t, err := openTarget(ctx, name, c)
		if err != nil {
			disabled[name] = err
			continue
		}
		targets[name] = t
	}
	for name, t := range targets {
		if s, ok := t.(integrations.HolderUser); ok {
			s.UseHolders(led.Holders(name))
		}
	}
	b := integrations.NewBroker(targets, disabled)
	for name, c := range configs {
		b.SetRate(name, c.Rate)
	}
	return b
}

func openTarget(ctx context.Context, name string, c TargetConfig) (integrations.Target, error) {
	o, err := c.opener()
	if err != nil {
		return nil, err
	}
	return o.Open(ctx, name)
}

// opener is the target's own Config. Errors are CodeInvalid.
func (t TargetConfig) opener() (opener, error) {
	known := kinds()
	decode, ok := known[t.Kind]
	if !ok {
		return nil, access.Errorf(access.CodeInvalid, "unknown kind %q; known are %s",
			access.Clip(t.Kind, 40), strings.Join(slices.Sorted(maps.Keys(known)), ", "))
	}
	if err := t.Rate.Validate(); err != nil {
		return nil, err
	}
	o, err := decode(t)
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "%s: %w", t.Kind, err)
	}
	return o, nil
}

// TargetKinds are the kinds of targets there are, each with its empty configuration.
func TargetKinds() map[string]any {
	out := map[string]any{}
	for name, decode := range kinds() {
		out[name], _ = decode(TargetConfig{})
	}
	return out
}
