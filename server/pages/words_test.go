package pages

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

func TestWords(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "under a second", time.Second: "1 second", 90 * time.Second: "1 minute 30 seconds", time.Hour: "1 hour",
		90 * time.Minute: "1 hour 30 minutes", 25 * time.Hour: "1 day 1 hour", 48 * time.Hour: "2 days",
	} {
		require.Equal(t, want, words(access.Duration(d)))
	}
}

func TestChoices(t *testing.T) {
	offer := func(def, most time.Duration) contracts.OfferDuration {
		return contracts.OfferDuration{Default: access.Duration(def), Max: access.Duration(most)}
	}
	for want, o := range map[string]contracts.OfferDuration{
		"10m 15m 30m 1h 2h":   offer(15*time.Minute, 2*time.Hour),
		"45s 1m 5m 7m":        offer(45*time.Second, 7*time.Minute),
		"5m 10m 15m 20m":      offer(20*time.Minute, 20*time.Minute),
		"1m 2h 4h 8h 12h 24h": offer(time.Minute, 24*time.Hour),
	} {
		var got []string
		for _, d := range choices(o) {
			got = append(got, d.String())
			require.True(t, isChoice(o, d.String()))
			require.LessOrEqual(t, d, o.Max, "a choice that would be refused")
		}
		require.Equal(t, want, strings.Join(got, " "))
		require.False(t, isChoice(o, "3m"))
		require.False(t, isChoice(o, " "))
	}
}

func TestNeeds(t *testing.T) {
	lead, two := access.Stage{Name: "team lead", Approvals: 1}, access.Stage{Name: "security", Approvals: 2}
	for want, a := range map[string]contracts.OfferApproval{
		"approved automatically, if its condition holds":                   {Automatic: true},
		"approved by team lead":                                            {Stages: []access.Stage{lead}},
		"approved by team lead and 2 of security":                          {Stages: []access.Stage{lead, two}},
		"approved automatically or by team lead":                           {Automatic: true, Stages: []access.Stage{lead}},
		"approved automatically up to 1 hour or by team lead":              {Automatic: true, AutomaticUpTo: access.Duration(time.Hour), Stages: []access.Stage{lead}},
		"approved by team lead, 2 of security and team lead":               {Stages: []access.Stage{lead, two, lead}},
		"nobody can approve this":                                          {},
		"approved by team lead, sometimes 2 of security too":               {Stages: []access.Stage{lead, two}, Conditional: []string{"security"}},
		"approved automatically or by 2 of security under some conditions": {Automatic: true, Stages: []access.Stage{two}, Conditional: []string{"security"}},
	} {
		require.Equal(t, want, needs(a))
	}
}

func TestBrowser(t *testing.T) {
	for agent, want := range map[string]string{
		"":         "Unknown browser",
		"curl/8.5": "Unknown browser",
		"Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0":                                                                     "Firefox on Linux",
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/131.0.0.0 Safari/537.36":                              "Chrome on Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0":              "Edge on Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15":                      "Safari on macOS",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/131.0.0.0 Mobile/15E148 Safari/604.1": "Chrome on iPhone",
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36":                            "Chrome on Android",
	} {
		require.Equal(t, want, browser(agent))
	}
}

func TestUnbroken(t *testing.T) {
	require.Equal(t, `&lt;ramp dev <span class="unbroken">--listen</span> localhost:8080`, string(unbroken("<ramp dev --listen localhost:8080")))
}

// TestEveryStateHasWords: a new state or outcome cannot come without them.
func TestEveryStateHasWords(t *testing.T) {
	for _, s := range access.States() {
		require.NotEmpty(t, stateTips[s], s)
	}
	for _, o := range []access.Outcome{access.OutcomeExpired, access.OutcomeReleased, access.OutcomeRevoked,
		access.OutcomeOffboarded, access.OutcomeCondition, access.OutcomeFailed} {
		require.NotEmpty(t, o.Phrase(), o)
	}
}
