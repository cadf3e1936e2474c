package pacing

import "ramp.dev/ramp/access"

// Rate is how many operations one worker may begin on a target in a second, and
// how many of them at once after a pause. Workers that serve the same target
// do not know of each other: each is configured with its part of the limit.
type Rate struct {
	PerSecond float64 `yaml:"perSecond"`
	Burst     int     `yaml:"burst,omitempty"` // PerSecond, and at least 1, if zero
}

// DefaultRate returns the rate for targets that name none. It is too high to
// delay anything, and BackOff has something to halve.
func DefaultRate() Rate { return Rate{PerSecond: 2000, Burst: 2000} }

// Validate returns an error of code invalid if the rate makes no sense. The
// zero Rate is valid: it stands for the target's own.
func (r Rate) Validate() error {
	if r.PerSecond < 0 || r.PerSecond > 1e6 || r.Burst < 0 || r.Burst > 0 && r.PerSecond == 0 {
		return access.Invalid(access.Issue{Code: "rate_malformed", Field: "rate",
			Message: "perSecond must be above zero, such as 20 or 0.5, and burst must not be below zero"})
	}
	return nil
}

// withDefaults fills in what is left out.
func (r Rate) withDefaults() Rate {
	if r.PerSecond <= 0 {
		r = DefaultRate()
	}
	if r.Burst == 0 {
		r.Burst = max(1, int(r.PerSecond))
	}
	return r
}
