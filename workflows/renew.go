package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// State is what one run of a request hands to the next when its history has
// grown long. Anybody who may send signals can make it grow; Temporal ends a
// workflow whose history is full, and access with nobody to end it must not
// come of that (CASES 39).
type State struct {
	State      access.State           `json:"state"`
	Outcome    access.Outcome         `json:"outcome,omitempty"`
	Standing   access.DecisionOutcome `json:"standing"`
	Stages     []access.StageStatus   `json:"stages,omitempty"`
	Decisions  []evidence.Envelope    `json:"decisions,omitempty"` // accepted, in order
	Waiting    []SignedStatement      `json:"waiting,omitempty"`   // decisions that came and were not judged yet
	Stop       *EndRequest            `json:"stop,omitempty"`
	StartedAt  time.Time              `json:"startedAt,omitzero"`
	ActiveAt   time.Time              `json:"activeAt,omitzero"`
	ExpiresAt  time.Time              `json:"expiresAt,omitzero"`
	EndingAt   time.Time              `json:"endingAt,omitzero"`
	Extensions int                    `json:"extensions,omitempty"`
	Extended   string                 `json:"extended,omitempty"` // the last order to extend, by its payload
	Overdue    bool                   `json:"overdue,omitempty"`
	Problem    string                 `json:"problem,omitempty"`
	Bound      time.Duration          `json:"bound"`
	Messages   int                    `json:"messages,omitempty"`
	Changes    int                    `json:"changes,omitempty"`
	PickUps    int                    `json:"pickUps,omitempty"`
	Recounts   int                    `json:"recounts,omitempty"`
	Records    []access.Transition    `json:"records,omitempty"` // not known to be written yet
}

// full reports whether this run should give way to a new one, and can: what
// handlers have begun is finished first. They are counted and each is bounded,
// so a flood of messages cannot put it off for ever.
func (r *request) full() bool {
	return workflow.GetInfo(r.ctx).GetContinueAsNewSuggested() && workflow.AllHandlersFinished(r.ctx) && !r.signalled
}

// renew ends this run with a new one that goes on where it was. What has come
// meanwhile and nobody has read goes along.
func (r *request) renew() error {
	for s := (EndRequest{}); workflow.GetSignalChannel(r.ctx, SignalEnd).ReceiveAsync(&s); s = (EndRequest{}) {
		r.ask(s)
	}
	if r.own.Err() != nil {
		r.cancelled()
	}
	waiting := r.waiting
	for m := (SignedStatement{}); workflow.GetSignalChannel(r.ctx, SignalDecision).ReceiveAsync(&m); m = (SignedStatement{}) {
		if r.messages+len(waiting) < maxMessages && r.mayDecide(r.ctx, m) == nil {
			waiting = append(waiting, m)
		}
	}
	return workflow.NewContinueAsNewError(r.ctx, AccessRequestType, AccessRequestInput{RequestID: r.plan.RequestID, Plan: r.signed, Resumed: &State{
		State: r.state, Outcome: r.outcome, Standing: r.standing, Stages: r.stages, Decisions: r.decisions, Waiting: waiting, Stop: r.stop,
		StartedAt: r.startedAt, ActiveAt: r.activeAt, ExpiresAt: r.expiresAt, EndingAt: r.endingAt,
		Extensions: r.extensions, Extended: r.extended, Overdue: r.overdue, Problem: r.problem, Bound: r.bound,
		Messages: r.messages, Changes: r.changes, PickUps: r.pickUps, Recounts: r.recounts, Records: r.records.left(),
	}})
}

// resume takes over from the run before. It believes it no more than a run
// believes its own history: workers check the signed statements all the same.
func (r *request) resume(s State) {
	r.state, r.outcome, r.standing, r.stages, r.decisions, r.waiting, r.stop = s.State, s.Outcome, s.Standing, s.Stages, s.Decisions, s.Waiting, s.Stop
	r.startedAt, r.activeAt, r.expiresAt, r.endingAt = s.StartedAt, s.ActiveAt, s.ExpiresAt, s.EndingAt
	r.extensions, r.extended, r.overdue, r.problem, r.bound = s.Extensions, s.Extended, s.Overdue, s.Problem, s.Bound
	r.messages, r.changes, r.pickUps, r.records.queue = s.Messages, s.Changes, s.PickUps, s.Records
	r.recounts = s.Recounts
	if err := workflow.UpsertTypedSearchAttributes(r.ctx, InitialSearchAttributes(r.plan).Copy()); err != nil {
		workflow.GetLogger(r.ctx).Warn("search attributes not set", "error", err)
	}
	r.show()
}

// left is what is not known to be written, in order. What is being written is
// written again: the ledger knows a step told twice.
func (q *recorder) left() []access.Transition {
	if q.working {
		return append([]access.Transition{q.current}, q.queue...)
	}
	return q.queue
}
