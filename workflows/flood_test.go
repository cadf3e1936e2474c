package workflows_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/workflows"
)

// verifies has the worker verify decisions as they are written: those of
// "nobody" are refused, one approval suffices, one denial denies.
func (s *story) verifies() (decisions *int) {
	decisions = new(int)
	s.env.RegisterActivityWithOptions(func(in api.VerifyDecisionsInput) (res api.VerifyDecisionsResult, err error) {
		*decisions = len(in.Decisions)
		res.Tally = access.TallyUndecided
		all := in.Decisions
		if in.New != nil {
			all = append(all[:len(all):len(all)], *in.New)
		}
		for _, e := range all {
			d, err := evidence.ReadDecision(e)
			if err != nil || d.Approver.ID == "nobody" {
				return api.VerifyDecisionsResult{Refused: api.RefusalOf(access.Errorf(access.CodeEvidence, "not signed"))}, nil
			}
			if res.Decision = &d; d.Verdict == access.Deny {
				res.Tally = access.TallyDenied
			} else if res.Tally == access.TallyUndecided {
				res.Tally = access.TallySatisfied
			}
		}
		return res, nil
	}, activity.RegisterOptions{Name: api.VerifyInTask, DisableAlreadyRegisteredCheck: true})
	return decisions
}

func (s *story) decides(after time.Duration, who string, v access.Verdict, n int) *outcome {
	return s.update(after, workflows.UpdateDecide, unsigned(access.Decision{RequestID: requestID, Comment: fmt.Sprint(n), Verdict: v,
		Approver: access.Person{ID: who, Kind: access.KindHuman}}))
}

// TestCase63RoomForADenial: neither junk nor an approver who repeats himself keeps
// a denial of live access out.
func TestCase63RoomForADenial(t *testing.T) {
	for name, flood := range map[string]func(s *story, n int){
		"junk approvals": func(s *story, n int) {
			s.decides(2*time.Minute+time.Duration(n)*time.Second, "nobody", access.Approve, n)
		},
		"junk denials": func(s *story, n int) {
			s.decides(2*time.Minute+time.Duration(n)*time.Second, "nobody", access.Deny, n)
		},
		"what cannot be read": func(s *story, n int) {
			s.update(2*time.Minute+time.Duration(n)*time.Second, workflows.UpdateDecide, evidence.Envelope{Payload: fmt.Sprint(n)})
		},
		"one who approves again and again": func(s *story, n int) {
			s.decides(2*time.Minute+time.Duration(n)*time.Second, "bob", access.Approve, n)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory(t)
			kept := s.verifies()
			s.decides(time.Minute, "bob", access.Approve, -1)
			for n := range 150 {
				flood(s, n)
			}
			denial := s.decides(10*time.Minute, "carol", access.Deny, 0)
			require.Equal(t, access.OutcomeRevoked, s.run().Outcome)
			require.NoError(t, denial.err)
			require.WithinDuration(t, start.Add(10*time.Minute), s.closedAt, time.Second)
			require.Equal(t, 1, *kept, "a person's repetition takes no room")
		})
	}
}

// TestCase63FullHistory: while the history is full decisions are refused for the
// moment, so that the next run can begin, and takes them.
func TestCase63FullHistory(t *testing.T) {
	s := newStory(t)
	s.decide(time.Minute)
	var refused *outcome
	next := s.continues(5*time.Minute, func() {
		refused = s.update(0, workflows.UpdateDecide, unsigned(access.Decision{Verdict: access.Deny}))
	})
	require.Equal(t, access.StateActive, next.State)
	if refused.done {
		require.Equal(t, access.CodeThrottled, access.CodeOf(api.FromTemporal(refused.err)))
	}
}
