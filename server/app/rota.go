package app

import (
	"context"
	"slices"
	"sync"
	"time"

	"ramp.dev/ramp/access"
)

// rota says who is on call, for what people see and for what they decide.
type rota struct {
	facts Facts
	now   clock

	mu    sync.Mutex
	known map[string]heard // by schedule
	hung  time.Time        // when the source last let somebody wait, and said nothing
}

// heard is a reply about a schedule, and when it came.
type heard struct {
	fact access.Fact
	at   time.Time
}

const (
	// rotaFor is how long a reply about a schedule is shown again: a list asks about the
	// schedules of each of its requests. A person who decides is looked up each time. It counts from
	// when the reply came: one that took long would otherwise never be remembered.
	rotaFor = 10 * time.Second
	// rotaHangs is how long a source takes of which nothing is expected for rotaFor: a list
	// would otherwise wait for it once for each schedule.
	rotaHangs = time.Second
)

// rotaQuestions returns what is to be asked before p is known to be none of those who may
// decide a request or its extensions as on call; nothing for those who never may.
func rotaQuestions(p access.Person, r access.Request) (out []access.FactQuestion) {
	rules := []*access.Rule{&r.Plan.Rule}
	if r.Plan.AsksForExtensions() {
		rules = append(rules, r.Plan.Extend.Rule)
	}
	for _, rule := range rules {
		if p.Kind != access.KindHuman || p.SameHuman(r.Requester) && !rule.SelfApproval {
			continue
		}
		for _, q := range rule.OnCallQuestions() {
			if !slices.Contains(out, q) {
				out = append(out, q)
			}
		}
	}
	return out
}

// lately returns a person with the schedules of a request, of its extensions too, for
// which they are on call, or were some seconds ago. The source may hang: a person who may act
// without it is not looked up, so that no ending waits for it.
func (o *rota) lately(ctx context.Context, p access.Person, r access.Request) access.Person {
	return p.OnCallBy(o.replies(ctx, rotaQuestions(p, r)), o.now())
}

// replies returns what is known of schedules. Those of which nothing is remembered are
// asked about together.
func (o *rota) replies(ctx context.Context, questions []access.FactQuestion) (facts []access.Fact) {
	began := o.now()
	var ask []access.FactQuestion
	o.mu.Lock()
	for _, q := range questions {
		if h, known := o.known[q.Key]; known && recent(h.at, began) {
			facts = append(facts, h.fact)
		} else {
			ask = append(ask, q)
		}
	}
	hangs := recent(o.hung, began)
	o.mu.Unlock()
	if len(ask) == 0 || hangs {
		return facts
	}
	replies := o.facts.Ask(ctx, ask...)
	ended := o.now()
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, q := range ask {
		f := access.Fact{FactQuestion: q, State: access.FactUnknown, At: began}
		if reply := access.FindFact(replies, q); reply != nil {
			f = *reply
		}
		if o.known == nil || len(o.known) >= maxKnown {
			o.known = map[string]heard{}
		}
		o.known[q.Key] = heard{f, ended}
		if f.State == access.FactUnknown && ended.Sub(began) >= rotaHangs {
			o.hung = ended
		}
		facts = append(facts, f)
	}
	return facts
}

// hangs reports whether the source let somebody wait lately, and said nothing.
func (o *rota) hangs(now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return recent(o.hung, now)
}

// recent reports whether what was so at a time is taken to be so now.
func recent(at, now time.Time) bool {
	age := now.Sub(at)
	return age >= 0 && age < rotaFor
}

// forDecision returns the facts by which a person is on call now for schedules of a plan's
// rule. They are signed with the decision. Only a person whose decision counts by these
// facts alone waits for as long as the source takes: a denial that counts anyhow does not
// ask, and an approval that does waits for rotaHangs, once in rotaFor.
func (o *rota) forDecision(ctx context.Context, p access.Person, plan access.Plan, v access.Verdict) (out []access.Fact) {
	questions := plan.Rule.OnCallQuestions()
	began := o.now()
	if len(questions) == 0 || p.Kind != access.KindHuman || p.SameHuman(plan.Requester) && !plan.Rule.SelfApproval {
		return nil
	}
	counts := plan.Rule.MayDecide(v, plan.Requester, p, began.Sub(plan.CreatedAt)) == nil
	if counts && (v == access.Deny || o.hangs(began)) {
		return nil
	}
	if counts {
		within, cancel := context.WithTimeout(ctx, rotaHangs)
		defer cancel()
		ctx = within
	}
	replies := o.facts.Ask(ctx, questions...)
	if o.now().Sub(began) >= rotaHangs {
		o.mu.Lock()
		o.hung = o.now()
		o.mu.Unlock()
	}
	for _, f := range replies {
		if f.HasOnCall(p, o.now()) {
			out = append(out, f)
		}
	}
	return out
}
