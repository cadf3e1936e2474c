package evidence

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestCase43BreakGlassInPacks: a pack says who reviewed a use of break glass, and a
// review by its own user, or of nothing, spoils it.
func TestCase43BreakGlassInPacks(t *testing.T) {
	glass := func(p *access.Plan) {
		p.Rule = access.Rule{DenyThreshold: 1, Auto: true}
		p.BreakGlass = &access.BreakGlass{Reviewers: []string{"security"}, ReviewBy: at.Add(2 * time.Hour)}
	}
	story := func(plan func(*access.Plan), by ...access.Person) Report {
		s := newTale(t, plan)
		s.event(access.EventGlassBroken, "alice", 1, nil)
		s.evaluate()
		s.open(time.Minute)
		s.close(time.Hour, access.ReadBack{})
		for _, p := range by {
			s.keep(s.server.SignReview(access.Review{RequestID: s.plan.RequestID, PlanDigest: s.plan.Digest, By: p, Justified: true,
				Comment: "the database was down for everybody", At: at.Add(90 * time.Minute)}))
		}
		return s.verify(s.pack())
	}
	detail := func(r Report) string {
		for _, c := range r.Checks {
			if c.Name == "break glass reviewed" {
				return c.Detail
			}
		}
		return ""
	}
	reviewed := story(glass, human("carol", "security"))
	require.True(t, reviewed.Proven(), reviewed.Summary)
	require.Contains(t, detail(reviewed), "reviewed by carol")
	require.Contains(t, detail(story(glass)), "nobody has reviewed it", "the pack is of an hour after it was due")
	require.True(t, story(glass).Proven())
	waits := func(r Report) (names []string) {
		for _, c := range r.Checks {
			if c.Open {
				names = append(names, c.Name)
			}
		}
		return names
	}
	require.Equal(t, []string{"break glass reviewed"}, waits(story(glass)))
	require.Empty(t, waits(reviewed))
	require.False(t, story(glass, human("alice", "security")).Proven(), "by its user")
	require.False(t, story(glass, human("carol", "leads")).Proven(), "by somebody who may not")
	require.False(t, story(glass, human("carol", "security"), human("erin", "security")).Proven(), "twice")
	automatic := func(p *access.Plan) { p.Rule = access.Rule{DenyThreshold: 1, Auto: true} }
	require.False(t, story(automatic, human("carol", "security")).Proven(), "of nothing")
}
