package server

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/review"
	"ramp.dev/ramp/server/app"
)

// DropConfig says after how long what people did, wrote and decided is dropped by policy.
// Zero is never.
type DropConfig struct {
	// RequestsAfterDays is how long after a request is over everything but its outline goes:
	// which contract and targets, when, and what it came to stay.
	RequestsAfterDays int `yaml:"requestsAfterDays,omitempty"`
	// EventsAfterDays is how long events about no request keep who acted and what they said:
	// sign-ins, refused acts, decoded payloads and the like.
	EventsAfterDays int `yaml:"eventsAfterDays,omitempty"`
}

// reviewDays is what a review reads behind its history.
const (
	leastDropDays = int(access.LeastDropAge / (24 * time.Hour))
	mostDropDays  = 36500
	reviewDays    = 7*review.Weeks + 14
)

// Validate returns everything that is wrong, reaching for nothing.
func (c DropConfig) Validate(limits review.Thresholds) (issues access.Issues) {
	for _, one := range []struct {
		field string
		days  int
	}{{"requestsAfterDays", c.RequestsAfterDays}, {"eventsAfterDays", c.EventsAfterDays}} {
		issues.Require(one.days == 0 || one.days >= leastDropDays && one.days <= mostDropDays, "drop_out_of_range", "server.drop."+one.field,
			"days are %d to %d, or 0 for never: what is younger is still needed, for limits that count requests, for reviews and for auditors", leastDropDays, mostDropDays)
	}
	if read := int(limits.History.Std()/(24*time.Hour)) + reviewDays; c.RequestsAfterDays > 0 && c.RequestsAfterDays < read {
		issues.Add("drop_out_of_range", "server.drop.requestsAfterDays", "the weekly review reads requests of %d days, as server.review.thresholds.history says; keep them for so long", read)
	}
	return issues
}

func (c DropConfig) app() app.DropConfig {
	const day = 24 * time.Hour
	return app.DropConfig{Requests: time.Duration(c.RequestsAfterDays) * day, Events: time.Duration(c.EventsAfterDays) * day}
}

// dropFailed tells whether what is to be dropped is.
func dropFailed(a interface{ DropFailed() bool }) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "ramp_drop_failed",
		Help: "1 if something that is to be dropped by policy could not be: the database is out of reach, or it is not what was recorded."}, func() float64 {
		if a.DropFailed() {
			return 1
		}
		return 0
	})
}
