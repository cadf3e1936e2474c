package app

import (
	"context"
	"sync"
	"time"

	"ramp.dev/ramp/access"
)

// rota says who is on call, for what people see and for what they decide.
type rota struct {
	facts Facts
	now   clock

	mu    sync.Mutex
	known map[string]access.Fact // by schedule
}

// rotaFor is how long a reply about a schedule is shown again: a list asks about the
// schedules of each of its requests. Whoever decides is looked up anew.
const rotaFor = 10 * time.Second

// lately returns a person with the schedules of a plan, of its extensions too, for which
// they are on call, or were some seconds ago.
func (o *rota) lately(ctx context.Context, p access.Person, plan access.Plan) access.Person {
	questions := plan.Rule.OnCallQuestions()
	if plan.AsksForExtensions() {
		questions = append(questions, plan.Extend.Rule.OnCallQuestions()...)
	}
	var facts []access.Fact
	for _, q := range questions {
		facts = append(facts, o.fact(ctx, q))
	}
	return p.OnCallBy(facts, o.now())
}

func (o *rota) fact(ctx context.Context, q access.FactQuestion) access.Fact {
	o.mu.Lock()
	f, known := o.known[q.Key]
	o.mu.Unlock()
	if age := o.now().Sub(f.At); known && age >= 0 && age < rotaFor {
		return f
	}
	f = access.Fact{FactQuestion: q, State: access.FactUnknown, At: o.now()}
	if reply := o.facts.Ask(ctx, q); len(reply) == 1 {
		f = reply[0]
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.known == nil || len(o.known) >= maxKnown {
		o.known = map[string]access.Fact{}
	}
	o.known[q.Key] = f
	return f
}

// forDecision returns the facts by which a person is on call now for schedules of a
// rule. They are signed with the decision.
func (o *rota) forDecision(ctx context.Context, p access.Person, rule access.Rule) (out []access.Fact) {
	questions := rule.OnCallQuestions()
	if len(questions) == 0 {
		return nil
	}
	for _, f := range o.facts.Ask(ctx, questions...) {
		if f.HasOnCall(p, o.now()) {
			out = append(out, f)
		}
	}
	return out
}
