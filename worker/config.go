package worker

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/internal/strictyaml"
)

// Config says what this worker serves.
type Config struct {
	Control   bool                    `yaml:"control"` // workflows and the ledger's activities
	Targets   map[string]TargetConfig `yaml:"targets"` // by name, such as ssh/demo
	Reconcile ReconcileConfig         `yaml:"reconcile,omitempty"`
	Metrics   string                  `yaml:"metrics,omitempty"` // host:port of /metrics; none if empty

	Deployment DeploymentConfig `yaml:"deployment,omitempty"`
}

// ReconcileConfig is about the third line: the comparing of targets, ledger and
// workflows.
type ReconcileConfig struct {
	Every access.Duration `yaml:"every,omitempty"` // 1 s at least; 30 s if zero
}

// TargetConfig is one target's own configuration, whose fields its kind knows,
// beside those that every kind has.
type TargetConfig struct {
	Kind string
	Rate integrations.Rate // zero: what the kind says
	// RequirePasskey opens nothing here but what people approved with passkeys,
	// even for a server that says that no contract wants them.
	RequirePasskey bool
	// PasskeyApprovals is how many people must have, at least; 0 is 1 where
	// RequirePasskey is set, and none elsewhere.
	PasskeyApprovals int
	fields           map[string]any
}

// maxPasskeyApprovals is a stage's largest count.
const maxPasskeyApprovals = 20

// Validate collects everything that is wrong, reaching for nothing.
func (c Config) Validate() (issues []access.Issue) {
	if !c.Control && len(c.Targets) == 0 {
		issues = append(issues, access.Issue{Code: "worker_idle", Field: "worker", Message: "this worker would do nothing: it needs control, targets or both"})
	}
	issues = append(issues, c.Deployment.validate()...)
	for _, name := range slices.Sorted(maps.Keys(c.Targets)) {
		field := "worker.targets." + name
		o, err := c.Targets[name].opener()
		if err != nil {
			issues = append(issues, access.Issue{Code: "target_malformed", Field: field, Message: err.Error()})
			continue
		}
		if n := c.Targets[name].PasskeyApprovals; n < 0 || n > maxPasskeyApprovals {
			issues = append(issues, access.Issue{Code: "passkey_approvals", Field: field + ".passkeyApprovals",
				Message: fmt.Sprintf("this is how many people: 1 to %d, or nothing", maxPasskeyApprovals)})
		}
		for _, is := range o.Validate(name) {
			is.Field = strings.TrimSuffix(field+"."+is.Field, ".")
			issues = append(issues, is)
		}
	}
	return issues
}

// RequiredPasskeyApprovals are the targets that open only by approvals with passkeys, and by
// how many people's.
func (c Config) RequiredPasskeyApprovals() map[string]int {
	out := map[string]int{}
	for name, t := range c.Targets {
		if t.RequirePasskey || t.PasskeyApprovals > 0 {
			out[name] = max(t.PasskeyApprovals, 1)
		}
	}
	return out
}

// FieldsFor says which fields the written kind has.
func (TargetConfig) FieldsFor(scalar func(field string) string) (into any, also []string) {
	decode, ok := kinds()[scalar("kind")]
	if !ok {
		return nil, nil // Check tells the kinds there are
	}
	into, _ = decode(TargetConfig{})
	return into, []string{"kind", "rate", "requirePasskey", "passkeyApprovals"}
}

// UnmarshalYAML splits what every kind has from the fields of the kind.
func (t *TargetConfig) UnmarshalYAML(b []byte) error {
	if err := yaml.Unmarshal(b, &t.fields); err != nil {
		return err
	}
	t.Kind, _ = t.fields["kind"].(string)
	delete(t.fields, "kind")
	if r, ok := t.fields["requirePasskey"]; ok {
		delete(t.fields, "requirePasskey")
		if err := decode(r, &t.RequirePasskey); err != nil {
			return err
		}
	}
	if r, ok := t.fields["passkeyApprovals"]; ok {
		delete(t.fields, "passkeyApprovals")
		if err := decode(r, &t.PasskeyApprovals); err != nil {
			return err
		}
	}
	if r, ok := t.fields["rate"]; ok {
		delete(t.fields, "rate")
		return decode(r, &t.Rate)
	}
	return nil
}

// MarshalYAML puts the kind back.
func (t TargetConfig) MarshalYAML() (any, error) {
	all := yaml.MapSlice{{Key: "kind", Value: t.Kind}}
	if t.Rate != (integrations.Rate{}) {
		all = append(all, yaml.MapItem{Key: "rate", Value: t.Rate})
	}
	if t.RequirePasskey {
		all = append(all, yaml.MapItem{Key: "requirePasskey", Value: true})
	}
	if t.PasskeyApprovals != 0 {
		all = append(all, yaml.MapItem{Key: "passkeyApprovals", Value: t.PasskeyApprovals})
	}
	for k, v := range t.fields {
		all = append(all, yaml.MapItem{Key: k, Value: v})
	}
	return all, nil
}

// NewTargetConfig makes one from a kind's own Config.
func NewTargetConfig(kind string, config any) (TargetConfig, error) {
	b, err := yaml.Marshal(config)
	if err != nil {
		return TargetConfig{}, err
	}
	t := TargetConfig{Kind: kind}
	return t, yaml.Unmarshal(b, &t.fields)
}

// decode fills a kind's Config; an unknown field is an error.
func (t TargetConfig) decode(into any) error { return decode(t.fields, into) }

func decode(from, into any) error {
	b, err := yaml.Marshal(from)
	if err != nil {
		return err
	}
	if err := yaml.NewDecoder(bytes.NewReader(b), yaml.Strict()).Decode(into); err != nil {
		message, _, _ := strictyaml.ErrorAt(err) // the place is that of the copy
		return access.Errorf(access.CodeInvalid, "%s", message)
	}
	return nil
}
