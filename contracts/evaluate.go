package contracts

import (
	"time"

	"ramp.dev/ramp/access"
)

// Input is one request to be evaluated under a contract.
type Input struct {
	Person  access.Person
	Request access.RequestInput
	Now     time.Time
	// History is what the requester had under the contract before; nil if it is not
	// known, which no condition that reads it and no limit takes for "nothing".
	History *access.History
	// Facts are what sources said to the contract's Questions. One that is missing is
	// not known.
	Facts []access.Fact
	// Inventories are the lists that the contract's Inventories name. One that is missing
	// is not known.
	Inventories []*access.Inventory
}

// Result is what came of an evaluation.
type Result string

const (
	Allowed          Result = "allowed" // it may be requested; approval follows
	Refused          Result = "refused"
	CouldNotEvaluate Result = "unevaluated" // refused, because a condition could not be evaluated
)

// Evaluation is the result with its reasons.
type Evaluation struct {
	Result Result        `json:"result"`
	Issues access.Issues `json:"issues,omitempty"`
	Trace  []Step        `json:"trace"`
	// Draft is what the contract makes of the request, if it is allowed. The server
	// completes it to the plan that people approve: the request's id and principal,
	// the grants' names and scopes, the digest.
	Draft access.Plan `json:"draft,omitzero"`
}

// Err is nil when allowed; otherwise CodeForbidden (not eligible),
// CodeUnevaluated, or CodeInvalid with every issue.
func (e Evaluation) Err() error {
	switch e.Result {
	case Allowed:
		return nil
	case CouldNotEvaluate:
		return &access.Error{Code: access.CodeUnevaluated, Issues: e.Issues}
	}
	for _, i := range e.Issues {
		if i.Code == "not_eligible" {
			return &access.Error{Code: access.CodeForbidden, Issues: e.Issues}
		}
	}
	return &access.Error{Code: access.CodeInvalid, Issues: e.Issues}
}

// Evaluate evaluates a request. It is a pure function of contract and input.
func (c *Contract) Evaluate(in Input) Evaluation {
	e := c.evaluate(c.planned(in, in.Now))
	if in.Request.InNextWindow && e.Draft.StartAt == nil && len(e.Issues) == 1 && e.Issues[0].Code == "window_too_short" {
		// It fits now, but nobody could decide in time: the window after this one.
		if later := c.planned(in, c.windowEnd(in)); later.Request.StartAt != nil {
			return c.evaluate(later)
		}
	}
	return e
}

func (c *Contract) evaluate(in Input) Evaluation {
	q := &query{Input: in, contract: c, draft: access.Plan{Contract: c.Name, ContractVersion: c.Version,
		Requester: in.Person, CreatedAt: in.Now}}
	features := c.terms.list()
	for _, f := range features {
		if r, ok := f.(reader); ok {
			r.read(q)
		}
	}
	q.variables = variables(in, q.draft.Params, q.draft.Duration)
	for _, f := range features {
		if a, ok := f.(admitter); ok && !q.done {
			a.admit(q)
		}
	}
	if len(q.result.Issues) > 0 {
		q.done = true
	}
	for _, f := range features {
		if p, ok := f.(planner); ok && !q.done {
			p.plan(q)
		}
	}
	return q.evaluation()
}

// query is one request that is put to its contract; the word is OPA's. Features
// read it, refuse it, or add to its draft.
type query struct {
	Input
	contract  *Contract
	draft     access.Plan
	variables map[string]any // what conditions may read; set once every reader ran
	result    Evaluation
	done      bool // it is refused, and nothing else is looked at
}

// evaluate evaluates a condition and puts it into the trace. field is where the
// condition is written.
func (q *query) evaluate(field string, c *condition) Truth {
	s := c.eval(field, q.variables)
	if known := q.facts(c.reads); known != "" { // also why it could not be evaluated
		s.Detail = known
	}
	q.result.Trace = append(q.result.Trace, s)
	return s.Result
}

// lastDetail returns why the last condition had its value.
func (q *query) lastDetail() string {
	return q.result.Trace[len(q.result.Trace)-1].Detail
}

// refuse adds to what is wrong with the request; field is the part of the request
// that is wrong. Other readers and admitters still run, so that the requester
// learns everything at once.
func (q *query) refuse(code, field, format string, args ...any) {
	q.result.Issues.Add(code, field, format, args...)
}

// refuseAtOnce ends the evaluation, with this issue alone.
func (q *query) refuseAtOnce(r Result, code, format string, args ...any) {
	q.done, q.result.Result, q.result.Issues = true, r, nil
	q.refuse(code, "", format, args...)
}

func (q *query) evaluation() Evaluation {
	e := q.result
	switch {
	case !q.done:
		e.Result, e.Draft = Allowed, q.draft
	case e.Result == "":
		e.Result = Refused
	}
	return e
}
