package app

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
)

// eventAppender records one event.
type eventAppender interface {
	AppendEvent(ctx context.Context, e access.Event) error
}

// refusals records acts that were refused. Temporal keeps no trace of a message
// that it rejects, so they are recorded here or nowhere. The first of equal ones is
// recorded at once, and those that follow within a minute as one event with their
// number, so that nobody fills the log, or a request's timeline, by being refused
// again and again (docs/threats.md, case 65). A server that dies loses at most that
// number.
type refusals struct {
	events eventAppender
	log    logrus.FieldLogger
	now    clock
	counts *refusalCounts
}

// refusalCounts are the refusals of the last minute.
type refusalCounts struct {
	mu     sync.Mutex
	recent map[refusal]*repeated
}

// refusal is what equal refusals have in common.
type refusal struct{ actor, request, act, code string }

// repeated are equal refusals since the last one that was recorded.
type repeated struct {
	since time.Time
	times int
	last  access.Event
}

const (
	refusalInterval = time.Minute
	// maxRefusals bounds how many different refusals are remembered. Beyond it, all
	// of one person's are equal.
	maxRefusals = 10_000
)

// record records that an act was refused, and returns why. Faults and malformed
// input are no refusals and are returned as they are. id is empty for an act
// about no request.
func (r refusals) record(ctx context.Context, by access.Actor, id string, act access.Act, err error) error {
	if !access.IsRefusal(err) {
		return err
	}
	e := r.event(by, act, err)
	e.RequestID = id
	r.count(ctx, e)
	return err
}

// recordHidden records an act on a request that the person may not see, or that
// there is not: nothing tells the two apart. It stands in no request's timeline, so
// that strangers write in none.
func (r refusals) recordHidden(ctx context.Context, by access.Actor, id string, act access.Act) {
	e := r.event(by, act, access.Refuse(access.CodeForbidden, "not_visible", "there is no such request for this person"))
	e.Kind, e.Detail["request"] = access.EventActRefused, id
	r.count(ctx, e)
}

func (r refusals) event(by access.Actor, act access.Act, err error) access.Event {
	kind := access.EventActRefused
	if act == access.ActDecide {
		kind = access.EventDecisionRefused
	}
	code := string(access.CodeOf(err))
	if issues := access.IssuesOf(err); len(issues) > 0 {
		code = issues[0].Code
	}
	e := by.Event(kind, r.now())
	e.Message = access.Clip(err.Error(), 300)
	e.Detail["act"], e.Detail["code"] = string(act), code
	if human := by.Person.HumanID(); human != by.Person.ID {
		e.Detail[access.DetailHuman] = human
	}
	return e
}

// count records a refusal, or counts it if an equal one was recorded lately.
func (r refusals) count(ctx context.Context, e access.Event) {
	key := refusal{actor: e.Actor, request: e.RequestID, act: e.Detail["act"], code: e.Detail["code"]}
	c := r.counts
	c.mu.Lock()
	if len(c.recent) >= maxRefusals && c.recent[key] == nil {
		key = refusal{actor: e.Actor}
	}
	again := c.recent[key]
	if again != nil {
		again.times, again.last = again.times+1, e
	} else {
		c.recent[key] = &repeated{since: e.At}
	}
	c.mu.Unlock()
	if again == nil {
		r.append(ctx, e)
	}
}

func (r refusals) append(ctx context.Context, e access.Event) {
	if err := r.events.AppendEvent(ctx, e); err != nil {
		r.log.WithError(err).WithField("act", e.Detail["act"]).Error("a refused act could not be recorded")
	}
}

// flush records how often what was refused was tried again, for all whose interval
// is over at a time. Who goes on is recorded once in each interval.
func (r refusals) flush(ctx context.Context, now time.Time) {
	var due []access.Event
	c := r.counts
	c.mu.Lock()
	for key, again := range c.recent {
		if now.Sub(again.since) < refusalInterval {
			continue
		}
		if again.times == 0 {
			delete(c.recent, key)
			continue
		}
		e := again.last
		e.Detail[access.DetailCount] = strconv.Itoa(again.times)
		due = append(due, e)
		c.recent[key] = &repeated{since: now}
	}
	c.mu.Unlock()
	for _, e := range due {
		r.append(ctx, e)
	}
}

// RecordRefusals records what is counted, once a minute for each kind of refusal,
// until ctx ends, and then what is left.
func (r refusals) RecordRefusals(ctx context.Context) {
	tick := time.NewTicker(refusalInterval / 6)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			r.flush(ctx, r.now())
		case <-ctx.Done():
			stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), refusalInterval/12)
			defer cancel()
			r.flush(stop, r.now().Add(refusalInterval))
			return
		}
	}
}
