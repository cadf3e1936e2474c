package server

import (
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/review"
	"ramp.dev/ramp/server/app"
)

// ReviewConfig says how the weekly review is made. Every installation has one.
type ReviewConfig struct {
	// Security are groups that see every finding, beside auditors. Owners of contracts see
	// what is about theirs.
	Security []string `yaml:"security,omitempty"`
	// Zone is where people work, such as Europe/Berlin: a week begins there on Monday at
	// midnight, and hours of the day are compared there. UTC if empty.
	Zone string `yaml:"zone,omitempty"`
	// Team is the attribute of a person that names their team; nothing is compared with a team
	// if empty.
	Team       string            `yaml:"team,omitempty"`
	Thresholds review.Thresholds `yaml:"thresholds,omitempty"` // from where on something is a finding
}

// Validate returns everything that is wrong, reaching for nothing.
func (c ReviewConfig) Validate() (issues access.Issues) {
	if _, err := c.location(); err != nil {
		issues.Add("zone_unknown", "server.review.zone", "there is no time zone %q; write one such as Europe/Berlin or UTC", access.Clip(c.Zone, 60))
	}
	for _, i := range c.Thresholds.Validate() {
		i.Field = "server.review.thresholds." + i.Field
		issues = append(issues, i)
	}
	return issues
}

// location is the zone; "Local" would be another on each server.
func (c ReviewConfig) location() (*time.Location, error) {
	if c.Zone == "Local" {
		return nil, access.Errorf(access.CodeInvalid, "no name of a zone")
	}
	return time.LoadLocation(c.Zone)
}

func (c ReviewConfig) app() app.ReviewConfig {
	zone, err := c.location()
	if err != nil {
		zone = time.UTC // Validate has refused it
	}
	return app.ReviewConfig{Security: c.Security, Zone: zone, Team: c.Team, Thresholds: c.Thresholds}
}
