package access

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestTargetStateOf: of several workers the best counts, while it is young enough; one that
// has not been heard of is silent.
func TestTargetStateOf(t *testing.T) {
	now := time.Date(2026, 11, 26, 20, 0, 0, 0, time.UTC)
	said := func(c TargetCondition, ago time.Duration) TargetState {
		return TargetState{Target: "ssh/a", Condition: c, At: now.Add(-ago), Since: now.Add(-time.Hour)}
	}
	for name, c := range map[string]struct {
		said []TargetState
		want TargetCondition
	}{
		"one that is on":                   {[]TargetState{said(TargetOn, time.Minute)}, TargetOn},
		"one that is off":                  {[]TargetState{said(TargetOff, time.Minute)}, TargetOff},
		"another can":                      {[]TargetState{said(TargetOff, 0), said(TargetOn, time.Minute)}, TargetOn},
		"another could, and is gone":       {[]TargetState{said(TargetOff, 0), said(TargetOn, 4*time.Minute)}, TargetOff},
		"in part is better than failing":   {[]TargetState{said(TargetFailing, 0), said(TargetPartly, 0)}, TargetPartly},
		"on is better than in part":        {[]TargetState{said(TargetPartly, 0), said(TargetOn, 0)}, TargetOn},
		"failing is better than off":       {[]TargetState{said(TargetOff, 0), said(TargetFailing, 0)}, TargetFailing},
		"all are gone":                     {[]TargetState{said(TargetOff, time.Hour), said(TargetOn, 4*time.Minute)}, TargetSilent},
		"an old one is put back with luck": {[]TargetState{said(TargetOn, -time.Hour)}, TargetSilent},
		"one that left":                    {[]TargetState{said(TargetSilent, 0), said(TargetOff, time.Minute)}, TargetOff},
	} {
		got, found := TargetStateOf(c.said, now)
		require.True(t, found)
		require.Equal(t, c.want, got.Condition, name)
	}
	gone, _ := TargetStateOf([]TargetState{said(TargetOff, time.Hour), said(TargetOn, 4*time.Minute)}, now)
	require.Equal(t, now.Add(-4*time.Minute), gone.At, "since when nobody was heard of")
	_, found := TargetStateOf(nil, now)
	require.False(t, found)
}

// TestStateWithoutInternals: who only waits reads no name of a host, and that only a part fails.
func TestStateWithoutInternals(t *testing.T) {
	s := TargetState{Target: "fleet/a", Condition: TargetPartly, Fault: FaultUnreachable, Reason: "2 of 3 hosts respond; db1: no route to host"}
	require.Equal(t, "a part of it does not work: it cannot be reached", s.WithoutInternals().Reason)
	s.Condition = TargetFailing
	require.Equal(t, "it cannot be reached", s.WithoutInternals().Reason)
}

// TestTargetReason: a reason is one line that shows, whatever the error is.
func TestTargetReason(t *testing.T) {
	for _, text := range []string{"no such file", "a\nb\tc", "right\u202eto left", strings.Repeat("x", 1000), "\x1b[31mred", "tag\U000e0041", "", " \n", "\u202e"} {
		s := TargetState{Target: "ssh/a", Condition: TargetOff, Reason: TargetReason(errors.New(text))}
		require.Empty(t, s.Validate(), "%q", s.Reason)
	}
	require.Equal(t, "a b c", TargetReason(errors.New("a\nb\tc")))
	require.NotEmpty(t, TargetState{Condition: TargetOff, Reason: "right\u202eto left"}.Validate())
	require.NotEmpty(t, TargetState{Condition: TargetOn, Reason: "it is on"}.Validate())
	require.NotEmpty(t, TargetState{Condition: TargetOff}.Validate())
	require.NotEmpty(t, TargetState{Condition: "broken"}.Validate())
}
