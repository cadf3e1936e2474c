package app

import (
	"context"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
)

// workflowStarter starts the workflow of a request; starting it again is no
// error.
type workflowStarter interface {
	Start(ctx context.Context, plan access.Plan, signed evidence.Envelope) error
}

// startLedger remembers which requests have a workflow.
type startLedger interface {
	MarkStarted(ctx context.Context, id string) error
	Unstarted(ctx context.Context, before time.Time) ([]ledger.Submission, error)
}

// starter starts the workflows of recorded requests.
type starter struct {
	ledger  startLedger
	gateway workflowStarter
	log     logrus.FieldLogger
	now     clock
}

const (
	startEvery = 2 * time.Second
	// startAfter is the age from which a request without a workflow is started
	// here, so that this does not race a submission under way. A race would be
	// harmless, and would fill the log.
	startAfter = 3 * time.Second
)

// start never fails: the request is recorded, and StartUnstarted starts it when
// Temporal is back.
func (s *starter) start(ctx context.Context, plan access.Plan, signed evidence.Envelope) {
	log := s.log.WithField("request", plan.RequestID)
	if err := s.gateway.Start(ctx, plan, signed); err != nil {
		log.WithError(err).Error("the workflow is not started yet")
		return
	}
	if err := s.ledger.MarkStarted(ctx, plan.RequestID); err != nil {
		log.WithError(err).Warn("the workflow is started, and the ledger does not say so yet; starting it again will have no effect")
	}
}

// StartUnstarted starts workflows that the ledger knows and Temporal may not,
// until ctx ends.
func (s *starter) StartUnstarted(ctx context.Context) {
	repeat(ctx, startEvery, func() { s.startOnce(ctx) })
}

func (s *starter) startOnce(ctx context.Context) {
	list, err := s.ledger.Unstarted(ctx, s.now().Add(-startAfter))
	if err != nil {
		if ctx.Err() == nil {
			s.log.WithError(err).Warn("requests without a workflow cannot be listed")
		}
		return
	}
	for _, sub := range list {
		signed, err := evidence.ReadEnvelope(sub.PlanEnvelope)
		if err != nil {
			s.log.WithError(err).WithField("request", sub.Request.ID).Error("the stored plan cannot be read")
			continue
		}
		s.start(ctx, sub.Request.Plan, signed)
	}
}
