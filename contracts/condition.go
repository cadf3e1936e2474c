package contracts

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"

	"ramp.dev/ramp/access"
)

// costLimit bounds the evaluation of one condition, in CEL's cost units. A
// membership test among a thousand groups costs about a thousand; see matchCost for
// regular expressions.
const costLimit = 20_000

// condition is a compiled CEL expression that is true or false.
type condition struct {
	text    string
	program cel.Program
	tree    *ast.AST
	never   bool // it is written as false
	// readsHistory: what was before must be known to evaluate it.
	readsHistory bool
	reads        reading // of the world outside
}

// Truth is the value of a condition: three-valued, so that a condition that
// fails to evaluate is mistaken neither for one that is false nor for a true one.
type Truth string

const (
	Satisfied    Truth = "satisfied"
	NotSatisfied Truth = "not_satisfied"
	Unevaluated  Truth = "unevaluated"
)

// InWords returns the value as people say it.
func (t Truth) InWords() string {
	switch t {
	case NotSatisfied:
		return "not satisfied"
	case Unevaluated:
		return "could not be evaluated"
	}
	return string(t)
}

// Step is one condition of an evaluation and its value.
type Step struct {
	Field      string `json:"field"` // where it is written: request.who, approval.stages.NAME.when
	Expression string `json:"expression"`
	Result     Truth  `json:"result"`
	Detail     string `json:"detail,omitempty"` // why it could not be evaluated
}

func compile(env *cel.Env, text string) (*condition, error) {
	if utf8.RuneCountInString(text) > 2000 {
		return nil, fmt.Errorf("a condition may have 2000 characters")
	}
	parsed, issues := env.Compile(text)
	if issues.Err() != nil {
		e := issues.Errors()[0]
		if why := unknownTicketField(text); why != "" {
			return nil, errors.New(why)
		}
		return nil, newConditionError(env, text, e)
	}
	if t := parsed.OutputType(); !t.IsExactType(cel.BoolType) {
		if whose := groupsOf(parsed.NativeRep().Expr()); whose != "" {
			return nil, fmt.Errorf("%s.groups is a list: write which group it is to have, as in \"engineering\" in %s.groups", whose, whose)
		}
		if t.IsExactType(cel.DynType) {
			return nil, fmt.Errorf("a condition must be true or false; the type of this is not known, so compare it, as in == \"yes\"")
		}
		return nil, fmt.Errorf("a condition must be true or false; this is %s", typeWords.Replace(t.String()))
	}
	if why := misleadingLiteral(parsed.NativeRep()); why != "" {
		return nil, errors.New(why)
	}
	if why := mistakenGroups(parsed.NativeRep()); why != "" {
		return nil, errors.New(why)
	}
	if err := checkMatches(parsed.NativeRep(), text); err != nil {
		return nil, err
	}
	program, err := programOf(env, parsed)
	if err != nil {
		return nil, fmt.Errorf("not a condition: %w%s", err, hint(err))
	}
	e := parsed.NativeRep().Expr()
	return &condition{text: text, program: program, tree: parsed.NativeRep(), never: e.Kind() == ast.LiteralKind && e.AsLiteral() == types.False,
		readsHistory: readsVariable(e, "history"), reads: readingOf(e)}, nil
}

// misleadingLiteral returns why a text in a condition, such as the name of a group,
// could be taken for another; "" if none could.
func misleadingLiteral(a *ast.AST) (why string) {
	ast.PostOrderVisit(a.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.LiteralKind || why != "" {
			return
		}
		if text, ok := e.AsLiteral().Value().(string); ok {
			if why = misleading(text); why == "" {
				why = lookAlike(text)
			}
		}
	}))
	return why
}

// hint returns how to write what a text could not be read as. Constants are
// converted when the program is made, and CEL names only the type.
func hint(err error) string {
	switch {
	case strings.HasSuffix(err.Error(), "to 'google.protobuf.Duration'"):
		return "; lengths are like 90s, 45m or 1h30m"
	case strings.HasSuffix(err.Error(), "to 'google.protobuf.Timestamp'"):
		return "; times are like 2026-01-31T14:00:00Z"
	}
	return ""
}

func (c *condition) eval(field string, vars map[string]any) Step {
	s := Step{Field: field, Expression: c.text}
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
		s.Result, s.Detail = Unevaluated, "the value is neither true nor false"
	}
	return s
}
