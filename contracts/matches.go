package contracts

import (
	"errors"
	"regexp/syntax"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
)

// functionMatches is CEL's function for regular expressions, written text.matches(pattern) or
// matches(text, pattern).
const functionMatches = "matches"

// checkMatches returns why a regular expression of a condition is not compiled; nil if all
// may be. How much work one is that only the request tells cannot be bounded when contracts
// are read: it would be compiled and matched at each evaluation, at any size.
func checkMatches(a *ast.AST, text string) error {
	var err error
	ast.PostOrderVisit(a.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		pattern, is := patternOf(e)
		if !is || err != nil {
			return
		}
		if pattern == nil {
			err = errorAt(text, a.SourceInfo().GetStartLocation(e.ID()), "the regular expression of matches must be written out, in quotes: one that is put together, or comes from the request, may be of any size; write each as its own matches(\"...\"), or compare with ==, startsWith or contains")
			return
		}
		if why := tooLarge(*pattern); why != "" {
			err = errors.New(why)
		}
	}))
	return err
}

// patternOf returns the regular expression of a call of matches, nil where it is not written
// out, and whether an expression is such a call.
func patternOf(e ast.Expr) (pattern *string, is bool) {
	if e.Kind() != ast.CallKind || e.AsCall().FunctionName() != functionMatches {
		return nil, false
	}
	args := e.AsCall().Args()
	last := args[len(args)-1]
	if last.Kind() != ast.LiteralKind {
		return nil, true
	}
	text, isText := last.AsLiteral().(types.String)
	if !isText {
		return nil, true
	}
	written := string(text)
	return &written, true
}

// programOf makes what evaluates an expression, within the cost limit. What is constant is
// computed here: above all, a regular expression is compiled once and not at each evaluation.
func programOf(env *cel.Env, parsed *cel.Ast) (cel.Program, error) {
	options := []cel.ProgramOption{cel.CostLimit(costLimit), cel.EvalOptions(cel.OptOptimize)}
	sizes := matchCost{}
	ast.PostOrderVisit(parsed.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if pattern, _ := patternOf(e); pattern != nil {
			sizes[*pattern] = sizeOf(*pattern)
		}
	}))
	if len(sizes) > 0 {
		options = append(options, cel.CostTracking(sizes))
	}
	return env.Program(parsed, options...)
}

func sizeOf(pattern string) int {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return maxPatternSize // whoever compiles it says what is wrong
	}
	return patternSize(re)
}

// stepsPerCost is how many comparisons of one character with one step of a regular expression
// cost as much as comparing a name with another.
const stepsPerCost = 100

// matchCost counts what matching costs, by the steps of each regular expression of a
// condition. CEL counts its characters, of which ten can be a thousand steps, and counts
// nothing at all of matches(text, pattern).
type matchCost map[string]int

// CallCost returns what a call costs; nil leaves that to CEL.
func (m matchCost) CallCost(function, _ string, args []ref.Val, _ ref.Val) *uint64 {
	if function != functionMatches || len(args) != 2 {
		return nil
	}
	text, _ := args[0].(types.String)
	pattern, _ := args[1].(types.String)
	size, written := m[string(pattern)]
	if !written {
		size = maxPatternSize
	}
	characters := uint64(len(text)) + 1
	// Never less than what CEL counts of text.matches(pattern).
	cost := max((characters+9)/10*((uint64(len(pattern))+3)/4), characters*uint64(size)/stepsPerCost) // #nosec G115 -- a size is 0 to 4001
	return &cost
}
