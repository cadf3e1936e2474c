package terraform

import (
	"context"
	"encoding/json"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/internal/strictjson"
)

// minter is a target of which a module hands out outputs.
type minter struct{ *target }

var _ integrations.Minter = minter{}

// Mint implements integrations.Minter. It hands out what the apply made: the same at every
// pick-up. Errors are also of code invalid: the module hands out nothing.
func (t minter) Mint(ctx context.Context, g access.Grant) (access.Credential, error) {
	var none, c access.Credential
	w, err := t.decode(g.Entitlement)
	if err != nil {
		return none, err
	}
	if w.module.config.Credential == nil {
		return none, access.InvalidField("no_credential", "module", "the module %s hands out no credentials", w.module.name)
	}
	err = t.exclusive(ctx, g.Name, false, func(ctx context.Context) error {
		r, m, err := t.openRecord(ctx, g, w)
		if err != nil {
			return err
		}
		outputs, err := t.outputs(ctx, r, m)
		if err != nil {
			return err
		}
		c, err = w.module.config.Credential.of(outputs)
		c.ExpiresAt = integrations.Earlier(g.ExpiresAt, r.ExpiresAt)
		return err
	})
	if err != nil {
		return none, err
	}
	return c, nil
}

// outputs returns the outputs of a grant's state.
func (t *target) outputs(ctx context.Context, r *record, m *module) (map[string]stateOutput, error) {
	if t.config.Backend == nil {
		s, err := parseState(r.State)
		return s.Outputs, err
	}
	x, err := t.reopen(ctx, r, m)
	if err != nil {
		return nil, err
	}
	s, err := x.state(ctx)
	if err != nil {
		return nil, err
	}
	return s.Outputs, x.finish(ctx)
}

// of returns the credential of a state's outputs. No error repeats a value.
func (c Credential) of(outputs map[string]stateOutput) (access.Credential, error) {
	out := access.Credential{Kind: c.kind(), Hint: c.Hint, Env: map[string]string{}, Files: map[string]string{}}
	if out.Hint == "" {
		out.Hint = "what the module hands out: see the files and variables"
	}
	if c.kind() == kindTerraform {
		all := map[string]json.RawMessage{}
		for _, name := range c.Outputs {
			one, there := outputs[name]
			if !there {
				return out, missingOutput(name)
			}
			all[name] = one.Value
		}
		b, err := json.MarshalIndent(all, "", "  ")
		out.Files[outputsFile] = string(b)
		return out, err
	}
	for into, from := range map[*map[string]string]map[string]string{&out.Env: c.Env, &out.Files: c.Files} {
		for name, output := range from {
			one, there := outputs[output]
			if !there {
				return out, missingOutput(output)
			}
			var text string
			if strictjson.Unmarshal(one.Value, &text) != nil {
				return out, access.Errorf(access.CodeConflict, "the output %s is no text", output)
			}
			(*into)[name] = text
		}
	}
	return out, nil
}

func missingOutput(name string) error {
	return access.Errorf(access.CodeConflict, "the grant was opened without the output %s, which is handed out now; make a new request", name)
}
