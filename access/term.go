package access

import "time"

// Term is when one grant may be open, as Signed.Term derives it. Times are UTC.
type Term struct {
	Tally    Tally     // what all decisions add up to
	Approved time.Time // when the rule was satisfied; zero: never
	Opens    time.Time // when it may open at the earliest
	OpenBy   time.Time // after this it opens no more
	First    time.Time // the end with which it was opened, or at the latest could be
	Until    time.Time // the end, with every order to extend that fits
	Stopped  *Stop     // what ended it before; nil: nothing did

	scheduled, confirmed bool // it starts later than it was approved; a server has confirmed that
	duration             time.Duration
	notAfter             *time.Time
	orders               []bool // which orders to extend fit
}

// Stop is what ended a request, or access, before its time: an order to end, or a
// denial.
type Stop struct {
	At      time.Time
	By      string // a person's id, or an actor
	Outcome Outcome
}

// End returns when access had to be over: at its end, or when somebody stopped it.
func (t Term) End() time.Time {
	if t.Stopped != nil && t.Stopped.At.Before(t.Until) {
		return t.Stopped.At
	}
	return t.Until
}

// cap returns the end, or that of the contract's window if it is earlier.
func (t Term) cap(end time.Time) time.Time {
	if t.notAfter != nil && t.notAfter.Before(end) {
		return *t.notAfter
	}
	return end
}

// AllowsOpening returns nil if the grant may be opened now, until an end. Errors are
// CodeEvidence if it was not approved, or not for so long, or starts later;
// CodeConflict if somebody has stopped it; CodeTooLate after OpenBy;
// CodeUnavailable while the planned start is not confirmed.
func (t Term) AllowsOpening(now, until time.Time) error {
	switch {
	case t.Tally != TallySatisfied || t.Approved.IsZero():
		return Errorf(CodeEvidence, "the decisions do not satisfy the plan's rule (%s)", t.Tally)
	case t.Stopped != nil:
		return t.refuseStopped()
	case t.scheduled && now.Before(t.Opens.Add(-time.Second)):
		return Errorf(CodeEvidence, "the plan starts at %s", FormatTime(t.Opens))
	case now.After(t.OpenBy.Add(ClockSkew)):
		return Refuse(CodeTooLate, IssueOpenedTooLate, "access could be opened from %s on, for %s; after that its approval opens nothing any more", FormatTime(t.Opens), Duration(ActWithin))
	case !t.confirmed:
		return Refuse(CodeUnavailable, IssueNotConfirmed, "no server has confirmed yet that no decision is missing, which the planned start at %s needs", FormatTime(t.Opens))
	// The workflow's time is not trusted: whatever it says, access is no longer than
	// approved, within ClockSkew.
	case until.After(t.First), until.After(now.Add(t.duration + ClockSkew)):
		return Errorf(CodeEvidence, "access until %s is longer than what was approved", FormatTime(until))
	}
	return nil
}

// AllowsOpen returns nil if the grant, once opened, may be open until an end. Errors
// are CodeEvidence if it was not approved, or not for so long, and CodeConflict if
// somebody has stopped it.
func (t Term) AllowsOpen(until time.Time) error {
	switch {
	case t.Approved.IsZero():
		return Errorf(CodeEvidence, "it was not approved (%s)", t.Tally)
	case t.Stopped != nil:
		return t.refuseStopped()
	case until.After(t.Until):
		return Errorf(CodeEvidence, "it lasts until %s, longer than was approved", FormatTime(until))
	}
	return nil
}

func (t Term) refuseStopped() error {
	return Refuse(CodeConflict, IssueStopped, "%s ended or denied this request at %s", t.Stopped.By, FormatTime(t.Stopped.At))
}

// openingTakes is the longest that one attempt to open takes, from when a worker
// looks at the statements until it signs that it has opened.
const openingTakes = 2 * time.Minute

// WasOpened returns nil if a grant could be opened when a worker signed that it was:
// the statements were there then, within ClockSkew. Errors are CodeEvidence.
func (t Term) WasOpened(at, until time.Time) error {
	switch early := at.Add(-ClockSkew); {
	case t.Approved.IsZero() || t.Approved.After(at.Add(ClockSkew)):
		return Errorf(CodeEvidence, "it was opened though the rule was not satisfied (%s)", t.Tally)
	case t.Stopped != nil && t.Stopped.At.Before(early):
		return Errorf(CodeEvidence, "it was opened at %s, after %s had denied or ended it", FormatTime(at), t.Stopped.By)
	case t.Tally == TallyUndecided:
		return Errorf(CodeEvidence, "it was opened though the rule was not satisfied (%s)", t.Tally)
	case at.Before(t.Opens.Add(-ClockSkew)):
		return Errorf(CodeEvidence, "it was opened at %s, before %s", FormatTime(at), FormatTime(t.Opens))
	case at.After(t.OpenBy.Add(2*ClockSkew + openingTakes)):
		return Errorf(CodeEvidence, "it was opened at %s, more than %s after its approval or its planned start", FormatTime(at), Duration(ActWithin))
	case !t.confirmed:
		return Errorf(CodeEvidence, "no server has confirmed its planned start")
	case until.After(at.Add(t.duration + ClockSkew)), until.After(t.cap(until)):
		return Errorf(CodeEvidence, "it was opened for longer than was approved")
	}
	return nil
}
