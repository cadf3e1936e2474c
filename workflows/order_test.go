package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/workflows"
)

// threeGrants asks for three grants.
func threeGrants(p *access.Plan) {
	for i := range 2 {
		g := p.Grants[0]
		g.Name = access.GrantName(p.RequestID, i+1)
		p.Grants = append(p.Grants, g)
	}
}

// step is when something is done to a grant, which is named by its letter.
type step struct {
	grant string
	after time.Duration // of the start
}

// ordered is a request for three grants, each opened and closed in two seconds.
type ordered struct {
	*story
	opened, closed []step
	open           map[string]error         // why a grant cannot be opened
	closing        map[string]time.Duration // how long closing lasts, if not two seconds
}

func letter(grant string) string { return grant[len(grant)-1:] }

func newOrdered(t *testing.T) *ordered {
	o := &ordered{story: newStory(t, threeGrants)}
	o.decide(0)
	return o
}

func (o *ordered) runs() workflows.AccessRequestResult {
	for i := range 3 {
		name := access.GrantName(requestID, i)
		o.env.OnActivity(api.OpenGrant, mock.MatchedBy(func(in api.OpenGrantInput) bool { return in.Grant == name })).
			After(2 * time.Second).Return(func(in api.OpenGrantInput) (api.OpenGrantResult, error) {
			o.opened = append(o.opened, step{letter(name), o.env.Now().Sub(start)})
			return api.OpenGrantResult{}, o.open[letter(name)]
		})
		lasts := 2 * time.Second
		if d := o.closing[letter(name)]; d > 0 {
			lasts = d
		}
		o.env.OnActivity(api.CloseGrant, mock.MatchedBy(func(in api.CloseGrantInput) bool { return in.Grant == name })).
			After(lasts).Return(func(in api.CloseGrantInput) error {
			o.closed = append(o.closed, step{letter(name), o.env.Now().Sub(start)})
			return nil
		})
	}
	return o.run()
}

// TestCase148GrantsInOrder: grants are opened in the contract's order, each when the one
// before it is open, and closed in reverse.
func TestCase148GrantsInOrder(t *testing.T) {
	o := newOrdered(t)
	require.Equal(t, access.OutcomeExpired, o.runs().Outcome)
	require.Equal(t, []step{{"a", 2 * time.Second}, {"b", 4 * time.Second}, {"c", 6 * time.Second}}, o.opened)
	end := 30 * time.Minute
	require.Equal(t, []step{{"c", end + 2*time.Second}, {"b", end + 4*time.Second}, {"a", end + 6*time.Second}}, o.closed)
}

// TestCase148OneFailsInTheMiddle: what comes after it is never asked for, and what may be
// open is closed, in reverse.
func TestCase148OneFailsInTheMiddle(t *testing.T) {
	o := newOrdered(t)
	o.open = map[string]error{"b": temporal.NewNonRetryableApplicationError("no rights", string(access.CodeForbidden), nil)}
	require.Equal(t, workflows.AccessRequestResult{State: access.StateEnded, Outcome: access.OutcomeFailed}, o.runs())
	require.Equal(t, []step{{"a", 2 * time.Second}, {"b", 4 * time.Second}}, o.opened)
	require.Equal(t, []step{{"c", 6 * time.Second}, {"b", 8 * time.Second}, {"a", 10 * time.Second}}, o.closed)
}

// TestCase148EndedWhileOpening: somebody ends the request after the first is open.
func TestCase148EndedWhileOpening(t *testing.T) {
	o := newOrdered(t)
	o.end(3*time.Second, access.EndRevoke)
	require.Equal(t, access.OutcomeRevoked, o.runs().Outcome)
	for _, s := range o.opened {
		require.NotEqual(t, "c", s.grant)
	}
	require.Len(t, o.closed, 3)
}

// TestCase148OrderHoldsUpNoEnd: a grant that takes long to close holds up those before it
// for five seconds, and no longer.
func TestCase148OrderHoldsUpNoEnd(t *testing.T) {
	o := newOrdered(t)
	o.closing = map[string]time.Duration{"c": 40 * time.Second}
	require.Equal(t, access.OutcomeExpired, o.runs().Outcome)
	end := 30 * time.Minute
	require.ElementsMatch(t, []step{{"b", end + 7*time.Second}, {"a", end + 7*time.Second}, {"c", end + 40*time.Second}}, o.closed)
}
