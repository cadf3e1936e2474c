package worker

import (
	"bytes"

	"github.com/goccy/go-yaml"

	"ramp.dev/ramp/access"
)

// Config says what this worker serves.
type Config struct {
	Control bool                    `yaml:"control"` // workflows and the ledger's activities
	Targets map[string]TargetConfig `yaml:"targets"` // by name, such as ssh/demo
}

// TargetConfig is one target's own configuration, whose fields its kind knows.
type TargetConfig struct {
	Kind   string
	fields map[string]any
}

// UnmarshalYAML splits the kind from the fields of that kind.
func (t *TargetConfig) UnmarshalYAML(b []byte) error {
	if err := yaml.Unmarshal(b, &t.fields); err != nil {
		return err
	}
	t.Kind, _ = t.fields["kind"].(string)
	delete(t.fields, "kind")
	return nil
}

// MarshalYAML puts the kind back.
func (t TargetConfig) MarshalYAML() (any, error) {
	all := yaml.MapSlice{{Key: "kind", Value: t.Kind}}
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

// decode fills a kind's Config; an unknown field is an error with its place.
func (t TargetConfig) decode(into any) error {
	b, err := yaml.Marshal(t.fields)
	if err != nil {
		return err
	}
	if err := yaml.NewDecoder(bytes.NewReader(b), yaml.Strict()).Decode(into); err != nil {
		return access.Errorf(access.CodeInvalid, "%s", yaml.FormatError(err, false, true))
	}
	return nil
}
