package contracts

import (
	"sync"
	"time"

	"github.com/google/cel-go/cel"

	"ramp.dev/ramp/access"
)

// EndConditions evaluates the conditions of plans that end access. It goes by what the
// signed plan says, and never by the contract that is in force by then. The zero value is
// ready, and safe for concurrent use.
type EndConditions struct {
	mu       sync.Mutex
	env      *cel.Env              // nil until it is needed
	compiled map[string]*condition // by text
}

// maxCompiled bounds how many texts are remembered; when there are more, all are forgotten.
const maxCompiled = 1000

// Evaluate returns the value of the i-th condition of a plan at a time, by the facts that
// count then (access.EndCondition.FactsAt). The requester is as the plan has them. The
// plan has such a condition.
func (e *EndConditions) Evaluate(p access.Plan, i int, facts []access.Fact, at time.Time) Step {
	planned := p.EndWhen[i]
	cond, err := e.condition(planned.If)
	if err != nil {
		return Step{Field: fieldEndWhen(i), Expression: planned.If, Result: Unevaluated, Detail: access.Clip(err.Error(), 200)}
	}
	counting := planned.FactsAt(facts, at)
	vars := variables(Input{Person: p.Requester, Now: at, Facts: counting, Request: access.RequestInput{Reason: p.Reason, Ticket: p.Ticket, BreakGlass: p.BreakGlass != nil}},
		asTyped(p.Params), p.Duration)
	vars[chosenVariable] = chosenVariables(p.Choices)
	step := cond.eval(fieldEndWhen(i), vars)
	step.Detail = access.FactsInWords(counting)
	return step
}

func (e *EndConditions) condition(text string) (*condition, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if known := e.compiled[text]; known != nil {
		return known, nil
	}
	if e.env == nil {
		env, err := environment()
		if err != nil {
			return nil, err
		}
		e.env = env
	}
	cond, err := compile(e.env, text)
	if err != nil {
		return nil, err
	}
	if e.compiled == nil || len(e.compiled) >= maxCompiled {
		e.compiled = map[string]*condition{}
	}
	e.compiled[text] = cond
	return cond, nil
}

// asTyped returns params of a plan that was read from JSON as they were when it was
// made: whole numbers, of which JSON makes others.
func asTyped(params map[string]any) map[string]any {
	out := make(map[string]any, len(params))
	for name, v := range params {
		if n, isNumber := v.(float64); isNumber && n == float64(int64(n)) {
			v = int64(n)
		}
		out[name] = v
	}
	return out
}

// life is what becomes of access in a test: how long it lasts, and why it ends early.
type life struct {
	lasts   access.Duration
	because string
	trace   []Step
}

// moment is what the world outside says from a time on.
type moment struct {
	at    time.Time
	facts []access.Fact
}

// live returns what becomes of access under a plan, which begins at the first of some
// moments. In a test the world is looked at when it changes, and is known without delay.
func (e *EndConditions) live(p access.Plan, moments []moment) life {
	begins := moments[0].at
	ends := begins.Add(p.Duration.Std())
	out := life{}
	since := map[int]time.Time{} // by condition: since when it is unknown
	// endUnknown ends access where a condition is unknown for too long before a time.
	endUnknown := func(before time.Time) {
		for i, c := range p.EndWhen {
			began, unknown := since[i]
			due := began.Add(c.UnknownFor.Std())
			if unknown && c.UnknownFor > 0 && due.Before(before) && due.Before(ends) {
				ends, out.because = due, c.Reason(access.EndedBy{UnknownSince: &began})
			}
		}
	}
	for _, m := range moments {
		endUnknown(m.at)
		if !m.at.Before(ends) {
			break
		}
		for i, c := range p.EndWhen {
			step := e.Evaluate(p, i, m.facts, m.at)
			out.trace = append(out.trace, step)
			switch step.Result {
			case Satisfied:
				if m.at.Before(ends) {
					ends, out.because = m.at, c.Because
				}
			case NotSatisfied:
				delete(since, i)
			default:
				if _, unknown := since[i]; !unknown {
					since[i] = m.at
				}
			}
		}
	}
	endUnknown(ends)
	out.lasts = access.Duration(ends.Sub(begins))
	return out
}
