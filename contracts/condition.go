package contracts

import (
	"fmt"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"

	"ramp.dev/ramp/access"
)

// costLimit bounds the evaluation of one condition, in CEL's cost units. A
// membership test among a thousand groups costs about a thousand.
const costLimit = 20_000

// condition is a compiled CEL expression that answers true or false.
type condition struct {
	text    string
	program cel.Program
}

// Truth is the answer of a condition: three-valued, so that a condition that
// fails to evaluate is never mistaken for one that says no, and neither for yes.
type Truth string

const (
	Satisfied    Truth = "satisfied"
	NotSatisfied Truth = "not satisfied"
	Unevaluated  Truth = "could not be evaluated"
)

// Step is one condition of an evaluation: what it said, with which inputs.
type Step struct {
	What   string `json:"what"`
	Text   string `json:"text"`
	Result Truth  `json:"result"`
	Detail string `json:"detail,omitempty"`
}

// environment declares what conditions may read.
func environment() (*cel.Env, error) {
	return cel.NewEnv(
		cel.Variable("person", cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable("params", cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable("duration", cel.DurationType),
		cel.Variable("reason", cel.StringType),
		cel.Variable("ticket", cel.StringType),
		cel.Variable("now", cel.TimestampType),
	)
}

func compile(env *cel.Env, text string) (*condition, error) {
	if len(text) > 2000 {
		return nil, fmt.Errorf("a condition may have 2000 characters")
	}
	ast, issues := env.Compile(text)
	if issues.Err() != nil {
		e := issues.Errors()[0]
		return nil, fmt.Errorf("not a condition: %s (at character %d of it)", e.Message, e.Location.Column()+1)
	}
	if t := ast.OutputType(); !t.IsExactType(cel.BoolType) {
		return nil, fmt.Errorf("a condition must be true or false; this is a %s", t)
	}
	program, err := env.Program(ast, cel.CostLimit(costLimit), cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		return nil, err
	}
	return &condition{text: text, program: program}, nil
}

func (c condition) eval(what string, vars map[string]any) Step {
	s := Step{What: what, Text: c.text}
	out, _, err := c.program.Eval(vars)
	if err != nil {
		s.Result, s.Detail = Unevaluated, access.Clip(err.Error(), 200)
		return s
	}
	switch out {
	case types.True:
		s.Result = Satisfied
	case types.False:
		s.Result = NotSatisfied
	default:
		s.Result, s.Detail = Unevaluated, "the answer was neither true nor false"
	}
	return s
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
	return map[string]any{
		"person": person, "params": params, "duration": time.Duration(d),
		"reason": in.Ask.Reason, "ticket": in.Ask.Ticket, "now": in.Now,
	}
}
