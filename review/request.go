package review

import (
	"time"

	"ramp.dev/ramp/access"
)

// Request is one request as a review looks at it: what was signed of it, and what the
// log says became of it. Every time is in UTC; the zero time stands for what has not
// happened.
type Request struct {
	ID              string `json:"id"`
	Contract        string `json:"contract"`
	ContractVersion string `json:"contractVersion,omitempty"` // "sha256:" and hexadecimal digits
	Owner           string `json:"owner,omitempty"`           // the group that owns the contract; empty where that is not known

	Requester    Person            `json:"requester"`
	Via          access.Via        `json:"via,omitempty"`
	Targets      []string          `json:"targets"`                // each once, sorted
	Entitlements []string          `json:"entitlements,omitempty"` // "TARGET ENTITLEMENT-AS-JSON", sorted
	Params       map[string]string `json:"params,omitempty"`
	Reason       string            `json:"reason,omitempty"`
	Ticket       string            `json:"ticket,omitempty"`

	AskedAt    time.Time `json:"askedAt"`
	DecidedAt  time.Time `json:"decidedAt,omitzero"`  // when it was approved, denied, cancelled or lapsed
	StartAt    time.Time `json:"startAt,omitzero"`    // the start that was asked for; zero: at once
	OpenedAt   time.Time `json:"openedAt,omitzero"`   // when access became usable
	PlannedEnd time.Time `json:"plannedEnd,omitzero"` // until when it could last, extensions included
	ClosedAt   time.Time `json:"closedAt,omitzero"`   // when it was read back as gone

	Asked access.Duration `json:"asked"`           // the length that was asked for
	Given access.Duration `json:"given,omitempty"` // the length that was approved; 0: none was

	Automatic  bool           `json:"automatic,omitempty"` // the contract itself approved it
	Decisions  []Decision     `json:"decisions,omitempty"` // in the order of their times
	State      access.State   `json:"state"`
	Outcome    access.Outcome `json:"outcome,omitempty"` // why access ended; empty where none opened or it is open
	BreakGlass *BreakGlass    `json:"breakGlass,omitempty"`
	Extensions int            `json:"extensions,omitempty"` // how many were made
	// OverdueAt is when the ending of access was found to take longer than its target's bound.
	OverdueAt time.Time `json:"overdueAt,omitzero"`
	// Drifts are times at which the target was found to differ from what was granted.
	Drifts []time.Time `json:"drifts,omitempty"`
	// PickedUp is how many credentials were minted. Where NeedsPickUp is set, access without
	// one was certainly not used.
	PickedUp    int  `json:"pickedUp,omitempty"`
	NeedsPickUp bool `json:"needsPickUp,omitempty"`
	// Usage is how access that is closed was used, as its targets say; nil: they do not.
	Usage *access.Usage `json:"usage,omitempty"`

	Events Events `json:"events"`
}

// Person is who asked or decided, as they were when they did.
type Person struct {
	ID    string            `json:"id"`              // of the human, so that several accounts are one (access.Person.HumanID)
	Name  string            `json:"name,omitempty"`  // to be shown
	Kind  access.PersonKind `json:"kind,omitempty"`  // what stands behind the account; empty is human
	Agent string            `json:"agent,omitempty"` // the id of the agent that acted for the human; empty where none did
	// Team is the person's team, by the attribute that is configured; empty where there is
	// none, and then nothing is compared with a team's history.
	Team       string            `json:"team,omitempty"`
	Groups     []string          `json:"groups,omitempty"`
	Attributes map[string]string `json:"attributes,omitempty"`
}

// Decision is one verdict of one person.
type Decision struct {
	By      Person         `json:"by"`
	Verdict access.Verdict `json:"verdict"`
	Stage   string         `json:"stage,omitempty"` // the stage in which it counts; empty where it counts in none
	Via     access.Via     `json:"via,omitempty"`
	At      time.Time      `json:"at"`
	Event   int64          `json:"event,omitempty"` // its number in the log
}

// BreakGlass is how access was opened with nobody's consent.
type BreakGlass struct {
	ReviewBy   time.Time `json:"reviewBy"`            // when the review must be written
	ReviewedAt time.Time `json:"reviewedAt,omitzero"` // zero: nobody has
	ReviewedBy string    `json:"reviewedBy,omitempty"`
	Justified  bool      `json:"justified,omitempty"` // what the review says
}

// Events are the numbers in the log of what happened to a request; 0 stands for what has
// not.
type Events struct {
	Asked    int64   `json:"asked,omitempty"`
	Decided  int64   `json:"decided,omitempty"`
	Opened   int64   `json:"opened,omitempty"`
	Closed   int64   `json:"closed,omitempty"`
	Overdue  int64   `json:"overdue,omitempty"`
	Drifts   []int64 `json:"drifts,omitempty"`
	Minted   []int64 `json:"minted,omitempty"`
	Glass    int64   `json:"glass,omitempty"`
	Reviewed int64   `json:"reviewed,omitempty"`
}

// Opened reports whether access ever became usable.
func (r Request) Opened() bool { return !r.OpenedAt.IsZero() }

// OpenFor returns how long access was open, until now where it still is.
func (r Request) OpenFor(now time.Time) time.Duration {
	from, to := r.OpenIn(Period{To: now})
	return to.Sub(from)
}

// OpenIn returns the part of a period in which access was open; from and to are equal
// where there is none.
func (r Request) OpenIn(p Period) (from, to time.Time) {
	if !r.Opened() {
		return p.To, p.To
	}
	from, to = r.OpenedAt, r.ClosedAt
	if to.IsZero() || to.After(p.To) {
		to = p.To
	}
	if from.Before(p.From) {
		from = p.From
	}
	if to.Before(from) {
		to = from
	}
	return from, to
}

// Used returns for how long access was in use, overlapping sessions counted once, and
// whether that is known: of open access it is, where nobody picked up what it needs.
func (r Request) Used(now time.Time) (time.Duration, bool) {
	switch {
	case r.NeedsPickUp && r.PickedUp == 0 && r.Opened():
		return 0, true
	case r.Usage == nil || !r.Usage.Known() || r.ClosedAt.IsZero():
		return 0, false
	}
	return min(r.Usage.For.Std(), r.OpenFor(now)), true
}

// WasUsed reports whether it is known that access was used, be it for how long it may.
func (r Request) WasUsed() bool { return r.Usage != nil && r.Usage.Used() }

// Approvals returns the decisions that approve.
func (r Request) Approvals() (out []Decision) {
	for _, d := range r.Decisions {
		if d.Verdict == access.Approve {
			out = append(out, d)
		}
	}
	return out
}

// Planned reports whether a later start was asked for, so that the time to access says
// nothing of Ramp or of approvers.
func (r Request) Planned() bool { return !r.StartAt.IsZero() }

// Needed returns for how long closed access was needed: until its last use ended where
// that is known, otherwise until it was closed.
func (r Request) Needed() time.Duration {
	open := r.ClosedAt.Sub(r.OpenedAt)
	if r.Usage == nil || !r.Usage.Known() || !r.Usage.Used() {
		return open
	}
	return min(max(r.Usage.Last.Sub(r.OpenedAt), 0), open)
}
