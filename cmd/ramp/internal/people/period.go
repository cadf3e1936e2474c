package people

import (
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
)

// period is a time between --since and --until.
type period struct{ since, until string }

func (p *period) flags(c *cobra.Command) {
	c.Flags().StringVar(&p.since, "since", "", "from this time on: 2026-07-01 (UTC), 2026-07-01T14:00:00Z, or how long ago, such as 12h or 90d")
	c.Flags().StringVar(&p.until, "until", "", "before this time, written likewise")
}

// at returns both times; zero where there is none. Errors are CodeInvalid.
func (p period) at(now time.Time) (since, until time.Time, err error) {
	if since, err = parseTime("--since", p.since, now); err != nil {
		return since, until, err
	}
	if until, err = parseTime("--until", p.until, now); err != nil {
		return since, until, err
	}
	if !since.IsZero() && !until.IsZero() && !since.Before(until) {
		return since, until, access.Errorf(access.CodeInvalid, "--since %s is not before --until %s", p.since, p.until)
	}
	return since, until, nil
}

func parseTime(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	ago, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n int
		n, err = strconv.Atoi(days)
		ago = time.Duration(n) * 24 * time.Hour
	}
	if err != nil || ago < 0 || ago > 100*365*24*time.Hour {
		return time.Time{}, access.Errorf(access.CodeInvalid, "%s %q: write a day like 2026-07-01 (UTC), a time like 2026-07-01T14:00:00Z, or how long ago, such as 12h or 90d", flag, access.Clip(text, 40))
	}
	return now.Add(-ago).UTC(), nil
}
