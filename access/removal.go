package access

import "time"

// Dropped says that a policy removed the body of an event, or of all that was recorded of
// a request: what people did, wrote and decided. The place in the log stays.
type Dropped struct {
	At    time.Time `json:"at"`    // UTC
	Event int64     `json:"event"` // the number of the event bodies.dropped that tells of it
}

// Words says it to people.
func (d Dropped) Words() string {
	return "dropped on " + d.At.UTC().Format(time.DateOnly) + " by policy"
}

// Removal is a server's statement that bodies were removed by policy. The event
// bodies.dropped in the log has its digest; so a body that is missing without one, or that
// is there in spite of one, shows.
type Removal struct {
	Log      string           `json:"log"`    // the origin of the log
	Policy   string           `json:"policy"` // in words
	At       time.Time        `json:"at"`     // UTC
	Remains  []Remains        `json:"remains"`
	Requests []RemovedRequest `json:"requests,omitempty"`
}

// Remains is what stays of an event whose body was removed, beside its hash in the log.
type Remains struct {
	Seq       int64     `json:"seq"`
	At        time.Time `json:"at"` // UTC
	RequestID string    `json:"requestId,omitempty"`
	Kind      EventKind `json:"kind"`
}

// Equal reports whether two remains are the same.
func (r Remains) Equal(o Remains) bool {
	return r.Seq == o.Seq && r.At.Equal(o.At) && r.RequestID == o.RequestID && r.Kind == o.Kind
}

// Remains returns what stays of an event once its body is removed.
func (e Event) Remains() Remains {
	return Remains{Seq: e.Seq, At: e.At.UTC(), RequestID: e.RequestID, Kind: e.Kind}
}

// Covers reports whether the removal is of the body of an event, and what is left of the
// event is what it says.
func (r Removal) Covers(e Event) bool {
	for _, remains := range r.Remains {
		if remains.Seq == e.Seq {
			return remains.Equal(e.Remains()) && e.Actor == "" && e.Message == "" && e.Key == "" && len(e.Detail) == 0
		}
	}
	return false
}

// LeastDropAge is how old an event must be before any policy drops its body: limits of
// contracts count the requests of 90 days, a weekly review compares four weeks with those
// before them, and auditors come each quarter.
const LeastDropAge = 180 * 24 * time.Hour

// Allowed returns nil if a policy may be the reason of the removal: each event is as old as
// LeastDropAge, and of a request or of a kind that is droppable. So nobody who deceives a
// server has it take away what is recent, or what Ramp reads again; who has its key may say
// another time. Errors are
// CodeEvidence.
func (r Removal) Allowed() error {
	for _, e := range r.Remains {
		if e.Kind == EventBodiesDropped || e.RequestID == "" && !e.Kind.Droppable() {
			return Errorf(CodeEvidence, "event %d is of the kind %s, which no policy drops", e.Seq, Clip(string(e.Kind), 60))
		}
		if r.At.Sub(e.At) < LeastDropAge {
			return Errorf(CodeEvidence, "event %d, of %s, was younger than %d days when its body was dropped: no policy drops it", e.Seq, FormatTime(e.At), LeastDropAge/(24*time.Hour))
		}
	}
	return nil
}

// Outline returns what stays of a request that the removal is of.
func (r Removal) Outline(request string) (RemovedRequest, bool) {
	for _, q := range r.Requests {
		if q.ID == request {
			return q, true
		}
	}
	return RemovedRequest{}, false
}

// RemovedRequest is what stays of a request of which the rest was removed: nothing that
// names a person. Times are in UTC and as the log had them.
type RemovedRequest struct {
	ID         string     `json:"id"`
	State      State      `json:"state"`
	Outcome    Outcome    `json:"outcome,omitempty"`
	Contract   string     `json:"contract"`
	Targets    []string   `json:"targets"`
	CreatedAt  time.Time  `json:"createdAt"`
	ActiveAt   *time.Time `json:"activeAt,omitempty"`
	ExpiresAt  *time.Time `json:"expiresAt,omitempty"`
	EndedAt    *time.Time `json:"endedAt,omitempty"`
	Extensions int        `json:"extensions,omitempty"`
}

// Removed returns what stays of a request that is over, by its signed plan and by its
// events, which the caller has verified. Errors are CodeConflict for one that is not over
// by its events, or of which the row says something else, and for a use of break glass that
// has no signed review.
func Removed(r Request, events []Event) (RemovedRequest, error) {
	out := RemovedRequest{ID: r.ID, Contract: r.Contract, Targets: []string{}, CreatedAt: r.CreatedAt}
	for _, g := range r.Plan.Grants {
		out.Targets = append(out.Targets, g.Target)
	}
	expires := func(e Event) {
		if at, err := time.Parse(time.RFC3339, e.Detail["expiresAt"]); err == nil {
			at = at.UTC()
			out.ExpiresAt = &at
		}
	}
	var glass, opened bool
	for _, e := range events {
		out.State = out.State.After(e.Kind)
		glass, opened = glass || e.Kind == EventGlassBroken, opened || e.Kind == EventGrantOpened
		at := e.At.UTC()
		switch e.Kind {
		case EventAccessActive:
			out.ActiveAt = &at
			expires(e)
		case EventAccessExtended:
			out.Extensions++
			expires(e)
		case EventAccessEnded:
			out.EndedAt, out.Outcome = &at, Outcome(e.Detail["outcome"])
		}
	}
	if !out.State.Final() || out.State != r.State {
		return out, Errorf(CodeConflict, "request %s is %q in the ledger and %q by its events", r.ID, r.State, out.State)
	}
	if glass && opened && r.Review == nil {
		return out, Errorf(CodeConflict, "request %s broke the glass, and nobody has signed a review of it", r.ID)
	}
	return out, nil
}

// Request returns the request as people still read it.
func (r RemovedRequest) Request(of Dropped) Request {
	plan := Plan{RequestID: r.ID, Contract: r.Contract, CreatedAt: r.CreatedAt}
	for _, t := range r.Targets {
		plan.Grants = append(plan.Grants, PlannedGrant{Target: t, Entitlement: Entitlement{}})
	}
	return Request{ID: r.ID, State: r.State, Outcome: r.Outcome, Contract: r.Contract, Plan: plan, Stages: []StageStatus{}, Decisions: []Decision{},
		CreatedAt: r.CreatedAt, ActiveAt: r.ActiveAt, ExpiresAt: r.ExpiresAt, EndedAt: r.EndedAt, Extensions: r.Extensions, Dropped: &of}
}

// KeyRemoval returns the key of the event about a removal.
func KeyRemoval(digest string) string { return "removal " + digest }

// DetailRemoval names the digest of the signed removal in its event.
const DetailRemoval = "removal"

// Droppable reports whether events of the kind that are about no request may lose their
// bodies: those that nothing of Ramp reads again once they are old. What says who there is,
// whose account one is, which contracts are in force and what was dropped is not among them.
func (k EventKind) Droppable() bool {
	switch k {
	case EventSessionStarted, EventSessionsEnded, EventPayloadDecoded, EventActRefused, EventDecisionRefused, EventNoticesChosen, EventPasskeyCreated:
		return true
	}
	return false
}
