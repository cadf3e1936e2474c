package people

import (
	"time"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/cmd/ramp/internal/flags"
)

// period is a time between --since and --until.
type period struct{ since, until string }

func (p *period) flags(c *cobra.Command) {
	c.Flags().StringVar(&p.since, "since", "", "from this time on: 2026-07-01 (UTC), 2026-07-01T14:00:00Z, or how long ago, such as 12h, 90d or 2w")
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
	var ago flags.Back
	if ago.Set(text) != nil {
		return time.Time{}, access.Errorf(access.CodeInvalid, "%s %q: write a day like 2026-07-01 (UTC), a time like 2026-07-01T14:00:00Z, or how long ago, such as 12h, 90d or 2w", flag, access.Clip(text, 40))
	}
	return now.Add(-ago.Length).UTC(), nil
}
