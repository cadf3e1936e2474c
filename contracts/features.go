package contracts

import "ramp.dev/ramp/access"

// feature is one part of the contract language. Its exported fields with yaml
// tags are what may be written; it implements those of the interfaces below that
// it needs. All of them run in the order of list.
type feature interface {
	// section is the path of the mapping that holds the feature's fields, such as
	// "request.reason"; "" is the contract itself. Features may share one.
	section() string
}

// checker validates and compiles what was written, once, after every feature
// was decoded. Everything that is wrong becomes an issue of d.
type checker interface{ check(d *document) }

// reader takes its part of the request, in its own type, into q. It evaluates no
// condition, since conditions may read what any reader left.
type reader interface{ read(q *query) }

// admitter decides whether this may be requested at all.
type admitter interface{ admit(q *query) }

// planner adds to the plan. It runs only if nothing refused the request.
type planner interface{ plan(q *query) }

// offerer describes the feature to somebody who may use the contract.
type offerer interface{ offer(o *Offer) }

// explainer returns in words what a plan means.
type explainer interface {
	explain(p access.Plan) []Line
}

// terms are what one contract says, feature by feature.
type terms struct {
	header       header
	base         base
	who          who
	params       params
	duration     duration
	justify      justify
	reason       reason
	start        start
	ticket       ticket
	inventories  inventories
	grants       grants
	pending      pending
	auto         auto
	stages       stages
	comments     comments
	escalate     escalate
	during       during
	engagement   engagement
	denials      denials
	selfApproval selfApproval
	passkey      passkey
	stepUp       stepUp
	extend       extend
	limits       limits
	breakGlass   breakGlass
	endWhen      endWhen
	chosen       chosen
	facts        facts
	notify       notify
}

// list is every feature, in the order in which they run: who is admitted comes
// before any other refusal, the automatic approval before the stages, and the whole
// rule before extensions, which it may decide once more.
func (t *terms) list() []feature {
	return []feature{
		&t.header,
		&t.base,
		&t.who,
		&t.params,
		&t.duration,
		&t.justify,
		&t.reason,
		&t.start,
		&t.ticket,
		&t.inventories,
		&t.grants,
		&t.pending,
		&t.auto,
		&t.stages,
		&t.comments,
		&t.escalate,
		&t.during,
		&t.engagement,
		&t.denials,
		&t.selfApproval,
		&t.passkey,
		&t.stepUp,
		&t.extend,
		&t.limits,
		&t.breakGlass,
		&t.endWhen,
		&t.chosen,
		&t.facts,
		&t.notify,
	}
}
