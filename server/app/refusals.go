package app

import (
	"context"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
)

// eventAppender records one event.
type eventAppender interface {
	AppendEvent(ctx context.Context, e access.Event) error
}

// refusals records acts that were refused. Temporal keeps no trace of a message
// that it rejects, so they are recorded here or nowhere.
type refusals struct {
	events eventAppender
	log    logrus.FieldLogger
	now    clock
}

// record records that an act was refused, and returns why. Faults and malformed
// input are no refusals and are returned as they are. id is empty for an act
// about no request.
func (r refusals) record(ctx context.Context, by access.Actor, id string, act access.Act, err error) error {
	if !access.IsRefusal(err) {
		return err
	}
	kind := access.EventActRefused
	if act == access.ActDecide {
		kind = access.EventDecisionRefused
	}
	code := string(access.CodeOf(err))
	if issues := access.IssuesOf(err); len(issues) > 0 {
		code = issues[0].Code
	}
	e := by.Event(kind, r.now())
	e.RequestID, e.Message = id, access.Clip(err.Error(), 300)
	e.Detail["act"], e.Detail["code"] = string(act), code
	if e := r.events.AppendEvent(ctx, e); e != nil {
		r.log.WithError(e).WithField("act", act).Error("a refused act could not be recorded")
	}
	return err
}
