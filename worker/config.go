package worker

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/feed/webhooks"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/pacing"
	"ramp.dev/ramp/notices"
	"ramp.dev/ramp/sinks"
	"ramp.dev/ramp/worker/builds"
)

// Config says what this worker serves.
type Config struct {
	Control   bool                    `yaml:"control"` // workflows and the ledger's activities
	Targets   map[string]TargetConfig `yaml:"targets"` // by name, such as ssh/demo
	Reconcile ReconcileConfig         `yaml:"reconcile,omitempty"`
	Metrics   string                  `yaml:"metrics,omitempty"` // host:port of /metrics; none if empty

	Deployment builds.Config  `yaml:"deployment,omitempty"`
	Notices    notices.Config `yaml:"notices,omitempty"` // nothing is sent without its pages
	// Webhooks are the programs that are told of every event, by name.
	Webhooks map[string]webhooks.Config `yaml:"webhooks,omitempty"`
	// Sinks are the systems that every event is streamed into, by name.
	Sinks map[string]sinks.Config `yaml:"sinks,omitempty"`
}

// ReconcileConfig is about the third line: the comparing of targets, ledger and
// workflows.
type ReconcileConfig struct {
	Every access.Duration `yaml:"every,omitempty"` // 1 s at least; 30 s if zero
}

// TargetConfig is one target: the fields that every kind has, and its kind's own.
type TargetConfig struct {
	TargetFields `yaml:",inline"`
	Config       Integration `yaml:",inline"` // the kind's own; nil for a kind that is unknown
}

// TargetFields are the fields of every kind.
type TargetFields struct {
	Kind string      `yaml:"kind"`
	Rate pacing.Rate `yaml:"rate,omitempty"` // zero: what the kind says
	// PasskeyApprovals is how many people must have approved with passkeys, at
	// least, even for a server that says that no contract wants them.
	PasskeyApprovals int `yaml:"passkeyApprovals,omitempty"`
}

// NewTargetConfig returns a target of a kind with the kind's own Config.
func NewTargetConfig(kind string, config Integration) TargetConfig {
	return TargetConfig{TargetFields{Kind: kind}, config}
}

// maxPasskeyApprovals is a stage's largest count.
const maxPasskeyApprovals = 20

// Validate returns everything that is wrong, reaching for nothing.
func (c Config) Validate() (issues access.Issues) {
	if !c.Control && len(c.Targets) == 0 && !c.Notices.On() {
		issues.Add("worker_idle", "worker", "this worker would do nothing: it needs control, targets, notices or several of them")
	}
	issues = append(issues, c.Deployment.Validate()...)
	issues = append(issues, c.Notices.Validate()...)
	issues = append(issues, webhooks.Validate("worker.webhooks", c.Webhooks)...)
	if len(c.Webhooks) > 0 && !c.Control {
		issues.Add("webhooks_control", "worker.webhooks", "webhooks are delivered by a worker with control")
	}
	issues = append(issues, sinks.Validate("worker.sinks", c.Sinks)...)
	if len(c.Sinks) > 0 && !c.Control {
		issues.Add("sinks_control", "worker.sinks", "events are streamed by a worker with control")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Targets)) {
		for _, is := range c.Targets[name].validate(name) {
			is.Field = strings.TrimSuffix("worker.targets."+name+"."+is.Field, ".")
			issues = append(issues, is)
		}
	}
	return append(issues, c.sharedDirectories()...)
}

func (t TargetConfig) validate(name string) (issues access.Issues) {
	if t.Config == nil {
		issues.Add("kind_unknown", "kind", "%s", unknownKind(t.Kind))
		return issues
	}
	if err := t.Rate.Validate(); err != nil {
		issues.Add("rate_malformed", "rate", "%s", err)
	}
	if n := t.PasskeyApprovals; n < 0 || n > maxPasskeyApprovals {
		issues.Add("passkey_approvals", "passkeyApprovals", "a number of people is needed: 1 to %d, or none", maxPasskeyApprovals)
	}
	return append(issues, t.Config.Validate(name)...)
}

// Ping opens the target and asks whether it can be used.
func (t TargetConfig) Ping(ctx context.Context, name string) error {
	broker, err := t.alone(ctx, name)
	if err != nil {
		return err
	}
	return broker.Ping(ctx, name)
}

// Rights opens the target and compares what Ramp's own credential may do with what Ramp
// needs.
func (t TargetConfig) Rights(ctx context.Context, name string) (integrations.Rights, error) {
	broker, err := t.alone(ctx, name)
	if err != nil {
		return integrations.Rights{}, err
	}
	return broker.Rights(ctx, name)
}

// alone returns a broker of this one target.
func (t TargetConfig) alone(ctx context.Context, name string) (*integrations.Broker, error) {
	target, err := openTarget(ctx, name, t)
	if err != nil {
		return nil, err
	}
	return integrations.NewBroker(map[string]integrations.Target{name: target}, nil), nil
}

// RequiredPasskeyApprovals returns the targets that open only by approvals with
// passkeys, and by how many people's.
func (c Config) RequiredPasskeyApprovals() map[string]int {
	out := map[string]int{}
	for name, t := range c.Targets {
		if t.PasskeyApprovals > 0 {
			out[name] = t.PasskeyApprovals
		}
	}
	return out
}

// FieldsFor returns the fields of every kind and those of the written kind.
func (TargetConfig) FieldsFor(scalar func(field string) string) []any {
	kind, ok := integrationKinds()[scalar("kind")]
	if !ok {
		return nil // Validate names the kinds there are
	}
	return []any{TargetFields{}, kind.empty}
}

// UnmarshalYAML reads the fields of every kind, then those of the written kind.
func (t *TargetConfig) UnmarshalYAML(ctx context.Context, node ast.Node) error {
	*t = TargetConfig{}
	if err := decodeNode(ctx, node, &t.TargetFields); err != nil {
		return err
	}
	kind, ok := integrationKinds()[t.Kind]
	if !ok {
		return nil // Validate names the kinds there are
	}
	var err error
	t.Config, err = kind.decode(ctx, node)
	return err
}

// MarshalYAML writes the fields of every kind before those of the kind.
func (t TargetConfig) MarshalYAML() (any, error) {
	var all, own yaml.MapSlice
	for _, part := range []struct {
		from any
		into *yaml.MapSlice
	}{{t.TargetFields, &all}, {t.Config, &own}} {
		b, err := yaml.Marshal(part.from)
		if err == nil {
			err = yaml.Unmarshal(b, part.into)
		}
		if err != nil {
			return nil, err
		}
	}
	return append(all, own...), nil
}
