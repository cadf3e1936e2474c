package record

import (
	"math"
	"time"

	"ramp.dev/ramp/access"
)

// joined returns how access was used that has several grants: the sessions of all, and for
// how long each was used, together, since nobody knows how far they overlap. If one target
// does not know all, the whole is a part; nil if no target says that there was any use.
func joined(said []access.Usage, grants int) *access.Usage {
	out := access.Usage{Kind: access.UsageSessions}
	if len(said) < grants {
		out.Kind = access.UsageSeen
	}
	for _, u := range said {
		if !u.Known() {
			out.Kind = access.UsageSeen
		}
		// Of two of the largest that a target may say, the sum stays the largest.
		out.Sessions = min(out.Sessions, math.MaxInt-u.Sessions) + u.Sessions
		out.For = min(out.For, math.MaxInt64-u.For) + u.For
		out.First, out.Last = earliest(out.First, u.First), latest(out.Last, u.Last)
	}
	if grants == 0 || !out.Known() && !out.Used() {
		return nil
	}
	return &out
}

// earliest and latest compare two times, of which zero is none.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
