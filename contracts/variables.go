package contracts

import (
	"maps"
	"time"

	"github.com/google/cel-go/cel"

	"ramp.dev/ramp/access"
)

// environment declares what conditions may read.
func environment() (*cel.Env, error) {
	return cel.NewEnv(append(factDeclarations(),
		cel.EnableMacroCallTracking(), // parts of a condition on approvers are written out again
		cel.Variable("person", cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable("params", cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable("duration", cel.DurationType),
		cel.Variable("reason", cel.StringType),
		cel.Variable("ticket", cel.StringType),
		cel.Variable("now", cel.TimestampType),
		cel.Variable("breakGlass", cel.BoolType),
		cel.Variable(chosenVariable, cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable("history", cel.ListType(cel.MapType(cel.StringType, cel.DynType))),
	)...)
}

// variables are the inputs of conditions.
func variables(in Input, params map[string]any, d access.Duration) map[string]any {
	p := in.Person
	person := map[string]any{}
	for k, v := range p.Attributes {
		person[k] = v
	}
	// Ramp's own facts come last: no claim may pass for one of them.
	attributes := map[string]any{}
	for k, v := range p.Attributes {
		attributes[k] = v
	}
	groups := make([]string, len(p.Groups))
	copy(groups, p.Groups)
	for k, v := range map[string]any{"id": p.ID, "name": p.Name, "email": p.Email, "kind": string(p.Kind),
		"groups": groups, "attributes": attributes, "onBehalfOf": p.OnBehalfOf} {
		person[k] = v
	}
	out := map[string]any{
		"person": person, "params": params, "duration": time.Duration(d),
		"reason": in.Request.Reason, "ticket": in.Request.Ticket, "now": in.Now, "breakGlass": in.Request.BreakGlass,
		chosenVariable: map[string]any{}, // until something is chosen
	}
	if in.History != nil {
		out["history"] = historyVariable(*in.History, params)
	}
	maps.Copy(out, factVariables(in))
	return out
}
