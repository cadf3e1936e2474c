package worker

import (
	"context"
	"encoding/json"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/internal/clock"
)

const (
	saysEvery   = time.Minute     // a third of how long what it says counts
	pingsEvery  = 4 * time.Minute // a target that works
	keepsWithin = 10 * time.Second

	leavesWithin = time.Second // a worker that stops waits for no ledger
)

// targetKeeper tries again to start a target that could not be started, and says in the
// ledger whether the target can be used, for servers and those who want access.
type targetKeeper struct {
	*serving
	name   string
	log    logrus.FieldLogger
	state  access.TargetState
	pinged time.Time
	// misplaced is why the target is another worker's; it is neither opened nor asked then.
	misplaced string
}

// run looks until the worker stops; then it says that nobody serves the target here.
func (k *targetKeeper) run(ctx context.Context) {
	for wait := time.Duration(0); ; {
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			k.leave(context.WithoutCancel(ctx))
			return
		case <-timer.C:
		}
		wait = k.look(ctx)
	}
}

// look finds out how the target is, says so, and returns after how long to look again.
func (k *targetKeeper) look(ctx context.Context) (wait time.Duration) {
	next, wait := access.TargetState{Target: k.name, Condition: access.TargetOn}, saysEvery
	if k.misplaced != "" {
		next.Condition, next.Reason = access.TargetMisplaced, k.misplaced
		return k.tell(ctx, next, wait)
	}
	if k.Broker.Disabled(k.name) != nil {
		k.opening.open(ctx, k.name)
	}
	switch why := k.Broker.Disabled(k.name); {
	case why != nil:
		next.Condition, next.Fault, next.Reason = access.TargetOff, integrations.FaultOf(why), access.TargetReason(why)
		wait = min(wait, k.every)
	case k.state.Condition == access.TargetOn && time.Since(k.pinged) < pingsEvery:
	default:
		k.pinged = time.Now()
		if err := k.Broker.Ping(ctx, k.name); err != nil && ctx.Err() == nil {
			next.Condition, next.Fault, next.Reason = conditionOf(err), integrations.FaultOf(err), access.TargetReason(err)
		}
	}
	return k.tell(ctx, next, wait)
}

// tell says what was found, unless the worker stops.
func (k *targetKeeper) tell(ctx context.Context, next access.TargetState, wait time.Duration) time.Duration {
	if ctx.Err() != nil {
		return wait
	}
	k.note(next)
	if err := k.say(ctx); err != nil {
		k.log.WithError(err).Warn("whether the target can be used could not be recorded; it is tried again")
	}
	return wait
}

// conditionOf returns how a target is that responds with an error.
func conditionOf(err error) access.TargetCondition {
	if integrations.Partly(err) != nil {
		return access.TargetPartly
	}
	return access.TargetFailing
}

// note takes over what was found, and logs what has changed.
func (k *targetKeeper) note(next access.TargetState) {
	next.At = clock.Now().UTC().Truncate(time.Second)
	next.Since = k.state.Since
	changed := next.Condition != k.state.Condition
	if changed {
		next.Since = next.At
	}
	log := k.log.WithField("reason", next.Reason)
	switch {
	case next.Condition == access.TargetOn && changed && k.state.Condition != "":
		k.log.Info("the target works again")
	case next.Condition == access.TargetPartly && (changed || next.Reason != k.state.Reason):
		log.Warn("a part of a target cannot be reached; access opens on the rest")
	case next.Condition == access.TargetFailing && (changed || next.Reason != k.state.Reason):
		log.Error("a target cannot be reached; the others run")
	case next.Condition == access.TargetOff && (changed || next.Reason != k.state.Reason):
		log.Error("a target cannot be started; the others run, and it is tried again")
	}
	k.state = next
}

// say records the state, signed. A worker without a key says nothing: nobody could believe it.
func (k *targetKeeper) say(ctx context.Context) error {
	if k.deps.Signer == nil {
		return nil
	}
	signed, err := k.deps.Signer.SignTargetState(k.state)
	if err != nil {
		return err
	}
	b, err := json.Marshal(signed)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, keepsWithin)
	defer cancel()
	return k.deps.Ledger.KeepTargetState(ctx, k.name, k.process, b, k.state.At)
}

// leave says that this process serves the target no more.
func (k *targetKeeper) leave(ctx context.Context) {
	if k.state.Condition == "" {
		return // it has said nothing
	}
	now := clock.Now().UTC().Truncate(time.Second)
	k.state = access.TargetState{Target: k.name, Condition: access.TargetSilent, Since: now, At: now}
	ctx, cancel := context.WithTimeout(ctx, leavesWithin)
	defer cancel()
	_ = k.say(ctx) // what it said before counts for a few minutes more
}
