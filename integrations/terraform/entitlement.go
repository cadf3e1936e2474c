package terraform

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/internal/strictyaml"
)

// wanted is what an entitlement asks for: a module of the configuration, and what its
// variables are.
type wanted struct {
	module    *module
	variables map[string]any // contracts' own, as JSON takes them
}

// entitlement is what contracts write, beside variables.
type entitlement struct {
	Module    string         `entitlement:"module,required"`
	Variables map[string]any `entitlement:"variables"`
}

// decode returns what an entitlement asks for. Errors are of code invalid, with every issue.
func (t *target) decode(e access.Entitlement) (w wanted, err error) {
	var own entitlement
	issues := integrations.DecodeEntitlement(e, &own)
	m, known := t.modules[own.Module]
	if own.Module != "" && !known {
		issues.Add("module_unknown", "module", "this target has no module %q; it has %s", access.Clip(own.Module, 60), strings.Join(slices.Sorted(maps.Keys(t.modules)), ", "))
	}
	if !known {
		return w, issues.Err()
	}
	w = wanted{module: m, variables: map[string]any{}}
	for _, name := range slices.Sorted(maps.Keys(own.Variables)) {
		place := "variables." + access.Clip(name, 64)
		v, known := m.config.Variables[name]
		if !known {
			message := "contracts may not set it; they may set " + strings.Join(slices.Sorted(maps.Keys(m.config.Variables)), ", ")
			if near := strictyaml.Nearest(name, maps.Keys(m.config.Variables)); near != "" {
				message = "unknown; did you mean " + near + "?"
			}
			issues.Add("variable_unknown", place, "%s", message)
			continue
		}
		value, wrong := v.value(own.Variables[name])
		if wrong != "" {
			issues.Add("variable_not_allowed", place, "%s", access.Clip(wrong, 400))
			continue
		}
		w.variables[name] = value
	}
	for _, name := range slices.Sorted(maps.Keys(m.config.Variables)) {
		_, given := own.Variables[name]
		issues.Require(given || m.config.Variables[name].Optional, "variable_missing", "variables."+name, "is needed")
	}
	return w, issues.Err()
}

// inputs returns all variables of the module but the one that Ramp sets for each grant.
func (w wanted) inputs() map[string]any {
	all := maps.Clone(w.variables)
	maps.Copy(all, w.module.config.Fixed)
	return all
}

// text returns the variables in words, in order.
func (w wanted) text() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(w.variables)) {
		parts = append(parts, name+" = "+oneLine(w.variables[name]))
	}
	return strings.Join(parts, ", ")
}

// key is by what a plan of w is known.
func (w wanted) key() string {
	b, _ := json.Marshal([]any{w.module.name, w.module.digest, w.variables}) // of JSON's own types
	return string(b)
}
