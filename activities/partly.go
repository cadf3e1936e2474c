package activities

import (
	"context"
	"errors"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// leftOut returns what records that a grant, which was opened now, is not on all of its
// target: nothing for most.
func (t *Targets) leftOut(ctx context.Context, g access.Grant) ([]access.Transition, error) {
	missing, err := t.Broker.LeftOut(ctx, g)
	if err != nil || len(missing) == 0 {
		return nil, err
	}
	e := partly(g, access.PartlyOpened, missing, "It is not on "+access.Clip(strings.Join(missing, ", "), 300)+".", t.now())
	return []access.Transition{{RequestID: g.RequestID, At: e.At, Events: []access.Event{e}}}, nil
}

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
