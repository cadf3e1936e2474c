package pages

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/internal/plaintext"
)

// words returns a duration as people say it: "1 hour 30 minutes".
func words(d access.Duration) string {
	var parts []string
	rest := d.Std()
	for _, unit := range []struct {
		length time.Duration
		name   string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		if n := rest / unit.length; n > 0 {
			parts = append(parts, plaintext.Count(int(n), unit.name))
			rest -= n * unit.length
		}
	}
	if len(parts) == 0 {
		return "under a second"
	}
	return strings.Join(parts, " ")
}

// usualDurations are those that people think in.
var usualDurations = []time.Duration{time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 12 * time.Hour, 24 * time.Hour, 48 * time.Hour, 7 * 24 * time.Hour}

// choices returns the durations that the form offers by one touch: the contract's
// default and maximum, and the usual ones between; none so short beside the
// maximum that the row gets long.
func choices(o contracts.OfferDuration) []access.Duration {
	out := []access.Duration{o.Default, o.Max}
	for _, u := range usualDurations {
		if d := access.Duration(u); d < o.Max && d >= o.Max/16 {
			out = append(out, d)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// isChoice reports whether what was typed is one of the choices.
func isChoice(o contracts.OfferDuration, typed string) bool {
	return slices.ContainsFunc(choices(o), func(d access.Duration) bool { return d.String() == typed })
}

// extension returns who must approve each extension: the people of the one stage that a
// contract's own approvers of extensions are, or the stages of the request.
func extension(a *contracts.OfferApproval) string {
	if len(a.Stages) == 1 && a.Stages[0].Name == "extension" {
		return "by " + a.Stages[0].Needs()
	}
	return needs(*a)
}

// needs returns who must approve before access opens.
func needs(a contracts.OfferApproval) string {
	var from, sometimes []string
	for _, s := range a.Stages {
		name := s.Name
		switch {
		case len(s.AnyOf) > 0:
			name = fmt.Sprintf("%s (%s)", s.Name, s.Needs())
		case s.Approvals > 1:
			name = fmt.Sprintf("%d of %s", s.Approvals, s.Name)
		}
		if slices.Contains(a.Conditional, s.Name) {
			sometimes = append(sometimes, name)
		} else {
			from = append(from, name)
		}
	}
	if len(sometimes) > 0 && len(from) > 0 {
		from[len(from)-1] += ", sometimes " + listed(sometimes) + " too"
	} else if len(sometimes) > 0 {
		from = []string{listed(sometimes) + " under some conditions"}
	}
	automatically := "approved automatically"
	if a.AutomaticUpTo > 0 {
		automatically += " up to " + words(a.AutomaticUpTo)
	}
	switch {
	case len(from) == 0 && a.Automatic:
		return automatically + ", if its condition holds"
	case len(from) == 0:
		return "nobody can approve this"
	case a.Automatic:
		return automatically + " or by " + listed(from)
	}
	return "approved by " + listed(from)
}

// commentNeeded says how much must be written with a decision.
func commentNeeded(r access.Rule) string {
	part := func(n int, what string) string {
		if n == 0 {
			return what + " optional"
		}
		return fmt.Sprintf("%s at least %d letters and digits", what, n)
	}
	if r.Comment == 0 && r.DenyComment == 0 {
		return "optional"
	}
	return part(r.Comment, "to approve,") + "; " + part(r.DenyComment, "to deny,")
}

// listed joins names with commas and a last "and".
func listed(names []string) string {
	if n := len(names); n > 1 {
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	return strings.Join(names, "")
}

var stateTips = map[access.State]string{
	access.StatePending:   "waiting for approval",
	access.StateApproved:  "approved; access is about to be opened",
	access.StateScheduled: "approved; waiting for its start time",
	access.StateGranting:  "access is being opened",
	access.StateActive:    "access is open",
	access.StateEnding:    "access is being revoked; the target has not confirmed it yet",
	access.StateEnded:     "access is gone, as the target confirmed",
	access.StateDenied:    "denied; nothing was opened",
	access.StateCancelled: "cancelled by its requester; nothing was opened",
	access.StateLapsed:    "nobody decided in time; nothing was opened",
	access.StateFailed:    "access could not be opened; nothing was left behind",
}

// waiting returns the names of the stages that a pending request waits for.
func waiting(r access.Request) string {
	var open []string
	for _, s := range r.Stages {
		if !s.Met && !s.Waits {
			open = append(open, s.Name)
		}
	}
	return listed(open)
}

// Browsers and systems, each by what its User-Agent contains. The order matters:
// most name others too.
var (
	browsers = [][2]string{{"Edg", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"}, {"CriOS/", "Chrome"},
		{"Chrome/", "Chrome"}, {"Safari/", "Safari"}}
	systems = [][2]string{{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"CrOS", "ChromeOS"}, {"Windows", "Windows"},
		{"Mac OS X", "macOS"}, {"Linux", "Linux"}}
)

// browser returns what a browser and its system are called, by its User-Agent:
// "Firefox on Linux".
func browser(userAgent string) string {
	name := func(known [][2]string, otherwise string) string {
		for _, k := range known {
			if strings.Contains(userAgent, k[0]) {
				return k[1]
			}
		}
		return otherwise
	}
	program, system := name(browsers, "Unknown browser"), name(systems, "")
	if system == "" {
		return program
	}
	return program + " on " + system
}

// problemTitles are the headings of problems; the rest have HTTP's own.
var problemTitles = map[int]string{
	http.StatusBadRequest:          "Invalid input",
	http.StatusUnauthorized:        "You are not logged in",
	http.StatusForbidden:           "Not allowed",
	http.StatusNotFound:            "Not found",
	http.StatusConflict:            "The request has changed",
	http.StatusGone:                "Too late",
	http.StatusTooManyRequests:     "Too many requests",
	http.StatusInternalServerError: "Internal error",
	http.StatusServiceUnavailable:  "Temporarily unavailable",
}

func problemTitle(status int) string {
	if t := problemTitles[status]; t != "" {
		return t
	}
	return http.StatusText(status)
}

// outcomeOf says how a request ended. One that failed before anything was open had nothing to
// revoke.
func outcomeOf(r access.Request) string {
	if r.Outcome == access.OutcomeFailed && r.NothingBegun() {
		return "opening it failed"
	}
	return r.Outcome.Phrase()
}
