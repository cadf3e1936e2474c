package evidence

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

var asksTicket = access.FactQuestion{Kind: access.FactTicket, Source: "jira", Key: "OPS-7"}

func endsWithTicket(p *access.Plan) {
	p.EndWhen = []access.EndCondition{{If: "!ticket.open", Because: "the ticket was closed", Asks: []access.FactQuestion{asksTicket}, UnknownFor: access.Duration(5 * time.Minute)}}
}

// TestCase100EndsInPacks: a pack says by which condition of the plan access ended and by
// which facts, and proves nothing if the order does not follow from plan and log, or if
// somebody else than a server signed it.
func TestCase100EndsInPacks(t *testing.T) {
	const after = 10 * time.Minute
	closed := access.Fact{FactQuestion: asksTicket, State: access.FactKnown, At: at.Add(after), Ticket: &access.Ticket{Severity: 2}}
	unknown := access.Fact{FactQuestion: asksTicket, State: access.FactUnknown, At: at.Add(after), Why: "it did not respond"}
	since := at.Add(after - 5*time.Minute)
	unlogged := since.Add(-time.Second)
	for name, c := range map[string]struct {
		by     access.EndedBy
		change func(*story, *access.EndOrder) *Signer // who signs; nil: the server
		proven bool
		says   string
	}{
		"closed":                  {access.EndedBy{Facts: []access.Fact{closed}}, nil, true, "because the ticket was closed (OPS-7 in jira: closed, severity 2, assigned to nobody)"},
		"unknown for long enough": {access.EndedBy{Facts: []access.Fact{unknown}, UnknownSince: &since}, nil, true, "could not be known whether the ticket was closed"},
		"unknown, not in the log": {access.EndedBy{Facts: []access.Fact{unknown}, UnknownSince: &unlogged}, nil, false, "the log does not"},
		"unknown for a moment":    {access.EndedBy{Facts: []access.Fact{unknown}, UnknownSince: new(at.Add(after))}, nil, false, "the plan says 5m"},
		"a condition of no plan":  {access.EndedBy{Facts: []access.Fact{closed}}, func(_ *story, o *access.EndOrder) *Signer { o.EndedBy.Index = 1; return nil }, false, "no condition 2"},
		"an hour-old fact":        {access.EndedBy{Facts: []access.Fact{closed}}, func(_ *story, o *access.EndOrder) *Signer { o.EndedBy.Facts[0].At = at.Add(-time.Hour); return nil }, false, "was asked"},
		"a worker's":              {access.EndedBy{Facts: []access.Fact{closed}}, func(s *story, _ *access.EndOrder) *Signer { return s.worker }, false, "an order to end"},
		"somebody who has no key": {access.EndedBy{Facts: []access.Fact{closed}}, func(*story, *access.EndOrder) *Signer { return signer() }, false, "an order to end"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newTale(t, endsWithTicket)
			s.evaluate()
			s.decide(human("bob", "approvers"), access.Approve, time.Minute)
			s.open(2 * time.Minute)
			s.event(access.EventConditionUnknown, access.ActorContract, after-5*time.Minute, nil)
			s.events[len(s.events)-1].Key = access.KeyConditionUnknown(0, 1)
			o := access.EndOrder{RequestID: s.plan.RequestID, PlanDigest: s.plan.Digest, Kind: access.EndByCondition, By: access.ActorContract,
				Reason: s.plan.EndWhen[0].Reason(c.by), At: at.Add(after), EndedBy: &c.by}
			by := s.server
			if c.change != nil {
				if other := c.change(s, &o); other != nil {
					by = other
				}
			}
			s.keep(by.SignEnd(o))
			s.event(access.EventEndOrdered, o.By, after, map[string]string{"end": string(o.Kind)})
			s.close(after+time.Second, access.ReadBack{})
			r := s.verify(s.pack())
			require.Equal(t, c.proven, r.Proven(), r.Summary)
			said := r.Summary
			for _, check := range r.Checks {
				said += "\n" + check.Detail
			}
			require.Contains(t, said, c.says)
		})
	}
}
