package access_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

func TestLoggedIn(t *testing.T) {
	within := access.Duration(15 * time.Minute)
	ago := func(d time.Duration) access.Person { return access.Person{ID: "bob", LoggedInAt: at.Add(-d)} }
	for name, c := range map[string]struct {
		person access.Person
		within access.Duration
		ok     bool
	}{
		"nothing is asked for":           {access.Person{ID: "bob"}, 0, true},
		"just in time":                   {ago(15 * time.Minute), within, true},
		"too long ago":                   {ago(15*time.Minute + time.Second), within, false},
		"the provider does not say when": {access.Person{ID: "bob"}, within, false},
		"by a provider's clock ahead":    {ago(-time.Second), within, true},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.person.RequireRecentLogin(c.within, at)
			if c.ok {
				require.NoError(t, err)
				return
			}
			require.Equal(t, access.CodeUnauthenticated, access.CodeOf(err))
			require.Equal(t, within.Std(), access.MaxAgeOf(err))
			require.Contains(t, err.Error(), "log in again")
		})
	}
}

// TestTallyWithStepUp: an approval after an old login is none, a denial is one
// all the same.
func TestTallyWithStepUp(t *testing.T) {
	plan := asked(access.Stage{Name: "leads", From: []string{"leads"}, Approvals: 1})
	plan.Rule.StepUp = access.Duration(15 * time.Minute)
	fresh, stale := human("bob", "leads"), human("bob", "leads")
	fresh.LoggedInAt, stale.LoggedInAt = at.Add(-time.Minute), at.Add(-time.Hour)
	for _, c := range []struct {
		said access.Decision
		want access.Tally
	}{
		{says(fresh, access.Approve), access.TallySatisfied},
		{says(stale, access.Approve), access.TallyUndecided},
		{says(human("bob", "leads"), access.Approve), access.TallyUndecided},
		{says(stale, access.Deny), access.TallyDenied},
	} {
		got, _ := plan.Rule.Tally(plan, digest, []access.Decision{c.said})
		require.Equal(t, c.want, got)
	}
}
