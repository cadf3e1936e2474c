package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/workflows"
)

// continues runs the request until Temporal suggests to continue as new, in the
// same moment as more happens, and returns the state that the next run is given.
func (s *story) continues(after time.Duration, meanwhile func()) workflows.RequestState {
	s.Helper()
	s.at(after, func() {
		s.env.SetContinueAsNewSuggested(true)
		meanwhile()
	})
	s.env.ExecuteWorkflow(workflows.AccessRequest, s.input())
	var next *workflow.ContinueAsNewError
	require.ErrorAs(s, s.env.GetWorkflowError(), &next)
	var in workflows.AccessRequestInput
	require.NoError(s, converter.GetDefaultDataConverter().FromPayloads(next.Input, &in))
	require.NotNil(s, in.State)
	return *in.State
}

func TestCase39TheNextRunIsGivenEverything(t *testing.T) {
	s := newStory(t)
	s.decide(time.Minute)
	next := s.continues(5*time.Minute, func() {})
	require.Equal(t, access.StateActive, next.State)
	require.Equal(t, access.TallySatisfied, next.Tally)
	require.Len(t, next.Decisions, 1)
	require.Equal(t, 1, next.Received.Approvals)
	require.WithinDuration(t, start.Add(31*time.Minute), next.ExpiresAt, time.Second)
	require.Nil(t, next.End)
}

func TestCase39PickUpsAreCounted(t *testing.T) {
	s := newStory(t)
	s.decide(0)
	var last *outcome
	for i := range 201 {
		last = s.update(time.Minute+time.Duration(i)*time.Second, workflows.UpdatePickUp, unsigned(access.PickUpOrder{RequestID: requestID}))
	}
	require.Equal(t, access.OutcomeExpired, s.run().Outcome)
	require.True(t, last.rejected)
	require.Equal(t, access.CodeThrottled, access.CodeOf(api.FromTemporal(last.err)))
}
