package evidence

import (
	"fmt"
	"slices"

	"ramp.dev/ramp/access"
)

// checkEvents verifies the checkpoint, and each event's place in its tree.
func (v *verifier) checkEvents() (string, error) {
	at, err := v.servers.VerifyCheckpoint(v.Checkpoint)
	if err != nil {
		return "", err
	}
	if at.Size != v.manifest.Size {
		return "", failf("the checkpoint is not the manifest's")
	}
	last := int64(-1)
	for _, e := range v.Events {
		if e.Event.RequestID != v.plan.RequestID {
			return "", failf("event %d of the log is of another request", e.Leaf+1)
		}
		if e.Leaf <= last || e.Leaf >= at.Size {
			return "", failf("event %d of the log is out of place", e.Leaf+1)
		}
		last = e.Leaf
		if err := e.in(at); err != nil {
			return "", err
		}
	}
	if len(v.Events) == 0 || v.Events[0].Event.Kind != access.EventRequestCreated || v.Events[0].Event.Detail["planDigest"] != v.plan.Digest {
		return "", failf("the log does not begin with this plan's request")
	}
	return fmt.Sprintf("%d events, in a log of %d", len(v.Events), at.Size), nil
}

// checkAgreement requires that the log and the signed statements agree.
func (v *verifier) checkAgreement() (string, error) {
	decided := map[string]bool{}
	for _, d := range v.proof.Decisions {
		decided[fmt.Sprint(d.Approver.ID, d.Verdict, d.At.UnixMicro())] = true
	}
	for _, d := range v.proof.ExtensionDecisions {
		decided[fmt.Sprint(d.Approver.ID, d.Verdict, d.At.UnixMicro(), d.PlanDigest)] = true
	}
	for _, o := range v.proof.Ends {
		decided[fmt.Sprint(o.By, o.Kind, o.At.UnixMicro())] = true
	}
	var events []access.Event
	for _, e := range v.Events {
		events = append(events, e.Event)
	}
	closings := access.LastClosings(events)
	for _, e := range v.Events {
		ev := e.Event
		switch ev.Kind {
		case access.EventEndOrdered:
			if !decided[fmt.Sprint(ev.Actor, ev.Detail["end"], ev.At.UnixMicro())] {
				return "", failf("event %d records an order to end that nobody signed", e.Leaf+1)
			}
		case access.EventDecisionRecorded:
			if !decided[fmt.Sprint(ev.Actor, ev.Detail["decision"], ev.At.UnixMicro())] {
				return "", failf("event %d records a decision that nobody signed", e.Leaf+1)
			}
		case access.EventExtensionDecided:
			if !decided[fmt.Sprint(ev.Actor, ev.Detail["decision"], ev.At.UnixMicro(), ev.Detail["orderDigest"])] {
				return "", failf("event %d records a decision on an extension that nobody signed", e.Leaf+1)
			}
		case access.EventGrantOpened:
			if _, ok := v.opened[ev.Detail["grant"]]; !ok {
				return "", failf("event %d records an opening without a worker's receipt", e.Leaf+1)
			}
		case access.EventGrantClosed:
			if !slices.ContainsFunc(closings, func(c access.Event) bool { return c.Seq == ev.Seq }) {
				continue // it was undone: a worker whose key does not count for the target had recorded it
			}
			r, ok := v.closed[ev.Detail["grant"]]
			if !ok {
				return "", failf("event %d records a closing without a worker's receipt", e.Leaf+1)
			}
			if !sameUsage(ev, r) {
				return "", failf("event %d says otherwise than the worker's receipt how grant %s was used", e.Leaf+1, access.Clip(r.Grant, 60))
			}
		case access.EventAccessEnded:
			if open := v.openGrants(); len(open) > 0 {
				return "", failf("event %d records that access ended, and %d grants have no receipt of their closing", e.Leaf+1, len(open))
			}
		}
	}
	return "every decision, order to end, opening and closing in the log has its signed statement", nil
}

// sameUsage reports whether the event of a closing says of the use of its grant what the
// worker signed.
func sameUsage(ev access.Event, r access.Receipt) bool {
	signed := access.Event{Detail: map[string]string{}}
	if r.Usage != nil {
		r.Usage.Into(signed.Detail)
	}
	has, said := ev.Usage()
	should, told := signed.Usage()
	return said == told && has == should
}
