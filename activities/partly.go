package activities

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// leftOut returns the parts of its target that a grant, which was opened now, is not on, and
// what records them: nothing for most.
func (t *Targets) leftOut(ctx context.Context, g access.Grant) ([]string, []access.Transition, error) {
	missing, err := t.Broker.LeftOut(ctx, g)
	if err != nil || len(missing) == 0 {
		return nil, nil, err
	}
	e := notOn(g, missing, t.now())
	return missing, []access.Transition{{RequestID: g.RequestID, At: e.At, Events: []access.Event{e}}}, nil
}

func notOn(g access.Grant, missing []string, at time.Time) access.Event {
	return partly(g, access.PartlyOpened, missing, "It is not on "+access.Clip(strings.Join(missing, ", "), 300)+".", at)
}

// recordJoined waits for the parts that are slow, which the opening did not wait for, and
// records which of the missing ones have opened the grant since, and which are still missing.
// Where this worker stops meanwhile, nothing is recorded, and people read that the grant is not
// on a part that may have opened it. That part is closed like the others, and each credential
// says where it opens.
func (t *Targets) recordJoined(ctx context.Context, g access.Grant, missing []string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), joinedWithin)
	defer cancel()
	if t.Broker.Joined(ctx, g) != nil {
		return
	}
	still, err := t.Broker.LeftOut(ctx, g)
	if err != nil {
		return
	}
	joined := slices.DeleteFunc(slices.Clone(missing), func(part string) bool { return slices.Contains(still, part) })
	if len(joined) == 0 {
		return
	}
	events := []access.Event{{RequestID: g.RequestID, At: t.now(), Kind: access.EventGrantJoined, Actor: access.ActorRamp,
		Message: "It is on " + access.Clip(strings.Join(joined, ", "), 300) + " by now.",
		Detail:  map[string]string{"grant": g.Name, "target": g.Target}, Key: access.KeyGrantJoined(g.Name, joined)}}
	if len(still) > 0 {
		events = append(events, notOn(g, still, t.now()))
	}
	// Together: without the second, nothing would be said to be missing.
	_ = t.Ledger.Advance(ctx, access.Transition{RequestID: g.RequestID, At: events[0].At, Events: events})
}

// joinedWithin is longer than any target goes on with slow parts.
const joinedWithin = 2 * time.Minute

// recordNotEnded records which parts of its target a grant has not ended on, once for each
// set of them. A ledger that is down holds up no closing.
func (t *Targets) recordNotEnded(ctx context.Context, g access.Grant, err error) {
	part, is := errors.AsType[*integrations.PartlyError](err)
	if !is {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, recordWithin)
	defer cancel()
	_ = t.Ledger.AppendEvent(ctx, partly(g, access.PartlyEnded, part.Missing, access.Clip(part.Why, 300), t.now()))
}

func partly(g access.Grant, done string, missing []string, message string, at time.Time) access.Event {
	return access.Event{RequestID: g.RequestID, At: at, Kind: access.EventGrantPartly, Actor: access.ActorRamp, Message: message,
		Detail: map[string]string{"grant": g.Name, "target": g.Target, access.DetailDone: done}, Key: access.KeyGrantPartly(g.Name, done, missing)}
}
