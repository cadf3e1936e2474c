package contracts

import (
	"fmt"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
)

// approvers are the people of one way to meet a stage.
type approvers struct {
	From      []string `yaml:"from" schema:"name"`
	People    []string `yaml:"people" schema:"name"`
	ManagerOf string   `yaml:"managerOf" schema:"enum=requester|"`
	OnCall    []string `yaml:"oncall" schema:"name maxItems=5"`
	Where     string   `yaml:"where" schema:"maxLength=2000"`
	Approvals *number  `yaml:"approvals" schema:"minimum=1 maximum=20"`

	where *approverCondition
}

const maxApprovals = 20

const attributeManager = access.AttributeManager

// sources are where approvers may come from, for messages.
const sources = "from (groups), people (ids), managerOf: requester or oncall (schedules)"

// blank reports whether nothing is written.
func (a *approvers) blank() bool {
	return len(a.From) == 0 && len(a.People) == 0 && len(a.OnCall) == 0 && a.ManagerOf == "" && a.Where == "" && a.Approvals == nil
}

// onCallAlone reports whether nobody but people on call are approvers.
func (a *approvers) onCallAlone() bool {
	return len(a.From) == 0 && len(a.People) == 0 && a.ManagerOf == "" && len(a.OnCall) > 0
}

func (a *approvers) check(d *document, path ...any) {
	if len(a.From) == 0 && len(a.People) == 0 && len(a.OnCall) == 0 && a.ManagerOf == "" && !d.misspelt(path, "from", "people", "oncall", "managerOf", "anyOf") {
		d.issue("stage_from", "a stage must say who approves: "+sources, path...)
	}
	checkNames(d, "a group's name cannot be blank", a.From, below(path, "from"))
	checkNames(d, "a person's id cannot be blank", a.People, below(path, "people"))
	checkSchedules(d, a.OnCall, below(path, "oncall"))
	if a.ManagerOf != "" && a.ManagerOf != "requester" {
		d.issue("stage_manager", "managerOf is the manager of the requester: write managerOf: requester", below(path, "managerOf")...)
	}
	if n := a.Approvals.or(1); n < 1 || n > maxApprovals {
		d.issue("stage_approvals", fmt.Sprintf("a stage's approvals is 1 to %d", maxApprovals), below(path, "approvals")...)
	}
	// People who are listed must be enough; how many are in a group nobody knows here.
	if few := len(a.People) + len(a.ManagerOf)/len("requester"); len(a.From) == 0 && len(a.OnCall) == 0 && few > 0 && a.Approvals.or(1) > few {
		d.issue("stage_too_few", fmt.Sprintf("%d people must approve, and %d may", a.Approvals.or(1), few), below(path, "approvals")...)
	}
	if !d.emptyCondition(a.Where, below(path, "where")...) {
		a.where = d.approverCondition(a.Where, below(path, "where")...)
	}
}

// maxSchedules bounds how many schedules one way names: each is asked about whenever
// somebody decides.
const maxSchedules = 5

func checkSchedules(d *document, names []string, path []any) {
	if len(names) > maxSchedules {
		d.issue("oncall", fmt.Sprintf("%d schedules at the most", maxSchedules), path...)
	}
	for i, name := range names {
		if !validSchedule(name) {
			d.issue("oncall", fmt.Sprintf("a schedule's name has 1 to %d bytes, without blanks at an end", maxSchedule), below(path, i)...)
		}
	}
}

func checkNames(d *document, message string, names []string, path []any) {
	for i, name := range names {
		if strings.TrimSpace(name) == "" {
			d.issue("stage_from", message, below(path, i)...)
		}
	}
}

// below returns a path that is longer by some steps.
func below(path []any, steps ...any) []any { return append(slices.Clone(path), steps...) }

// asPlanned returns the approvers as far as they are known without a request.
func (a *approvers) asPlanned() access.Approvers {
	return access.Approvers{From: a.From, People: a.People, OnCall: a.OnCall, Approvals: a.Approvals.or(1)}
}

// managerBeside names, in the trace, the look for the requester's manager beside a condition
// on approvers.
func managerBeside(where string) string { return strings.TrimSuffix(where, "where") + "managerOf" }

// plan returns the approvers of a request, and false if nobody can be one: a manager
// who is not known is nobody, and a condition that no approver can satisfy admits
// nobody. field names the condition in the trace.
func (a *approvers) plan(q *query, field string) (access.Approvers, bool) {
	out := a.asPlanned()
	if a.ManagerOf != "" {
		step := Step{Field: managerBeside(field), Expression: "person.attributes.manager", Result: Unevaluated, Detail: "it is not known who the manager is"}
		if manager := q.Person.Attributes[attributeManager]; manager != "" {
			step.Result, step.Detail = Satisfied, manager
			out.People = append(slices.Clone(out.People), manager)
		}
		q.result.Trace = append(q.result.Trace, step)
	}
	if a.where != nil {
		check, step := a.where.fill(field, q.variables)
		q.result.Trace = append(q.result.Trace, step)
		if step.Result != Satisfied {
			return out, false
		}
		out.Where = &check
	}
	return out, len(out.From) > 0 || len(out.OnCall) > 0 || len(out.People) >= out.Approvals
}
