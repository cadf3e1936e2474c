package evidence

import (
	"fmt"
	"time"

	"ramp.dev/ramp/access"
)

// Check is the result of one check of a pack.
type Check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
	// Open says that what was checked holds so far, and is not over: access that is not
	// closed yet, a use of break glass that nobody has reviewed.
	Open bool `json:"open,omitempty"`
}

// Conclusion is what a pack proves.
type Conclusion string

const (
	ProvenEnded     Conclusion = "ended"        // opened after approval, and read back as gone in time
	ProvenEndedLate Conclusion = "ended late"   // opened after approval, and read back as gone later than it had to be
	ProvenOpen      Conclusion = "open"         // opened after approval; not closed as of the pack
	ProvenOverdue   Conclusion = "overdue"      // opened after approval; not closed as of the pack, though it had to be
	NeverOpened     Conclusion = "never opened" // nothing was opened as of the pack
	NotProven       Conclusion = "not proven"   // at least one check failed
)

// Report is the result of verifying a pack.
type Report struct {
	RequestID  string     `json:"requestId"`
	Conclusion Conclusion `json:"conclusion"`
	Summary    string     `json:"summary"` // one sentence for people
	AsOf       time.Time  `json:"asOf"`
	// Late is by how much access outlasted its end, of the grants the one that did
	// longest; 0 if each ended within its target's bound.
	Late   access.Duration `json:"late,omitempty"`
	Checks []Check         `json:"checks"`
	Plan   access.Plan     `json:"-"`
}

// Proven reports whether every check passed. What is proven may have ended late;
// see InTime.
func (r Report) Proven() bool { return r.Conclusion != NotProven }

// InTime reports whether nothing outlasted its end.
func (r Report) InTime() bool {
	return r.Conclusion != ProvenEndedLate && r.Conclusion != ProvenOverdue
}

// verifier verifies one pack.
type verifier struct {
	Pack
	servers, workers Keyring
	witnesses        WitnessPolicy
	report           Report

	plan        access.Plan
	manifest    access.Manifest
	proof       access.Signed // what was signed about the request
	evaluations []access.Evaluation
	reviews     []access.Review
	notBegun    []access.NotBegun
	opened      map[string]access.Receipt // by grant
	closed      map[string]access.Receipt
	goesOn      bool // what the check at hand looks at is not over
}

// Verify recomputes everything that a pack claims, from nothing but the public
// keys of servers and of workers. It needs no network and no Ramp.
func (p Pack) Verify(servers, workers Keyring) Report {
	return p.VerifyWitnessed(servers, workers, WitnessPolicy{})
}

// VerifyWitnessed is Verify, and demands that witnesses have cosigned a checkpoint of the
// log that has all of the pack's events.
func (p Pack) VerifyWitnessed(servers, workers Keyring, witnesses WitnessPolicy) Report {
	v := &verifier{Pack: p, servers: servers, workers: workers, witnesses: witnesses,
		opened: map[string]access.Receipt{}, closed: map[string]access.Receipt{}}
	v.report.RequestID = access.Clip(p.RequestID, 40)
	type named struct {
		name  string
		check func() (string, error)
	}
	checks := []named{
		{"plan signed by the server", v.checkPlan},
		{"statements signed", v.checkStatements},
		{"nothing left out or added", v.checkManifest},
		{"contract is the plan's", v.checkContract},
		{"evaluation is the plan's", v.checkEvaluation},
		{"approved by the rule", v.checkApproval},
		{"break glass reviewed", v.checkReview},
		{"opened what was approved", v.checkOpened},
		{"extended as allowed", v.checkExtensions},
		{"ended as the plan says", v.checkEnds},
		{"closed and read back", v.checkClosed},
		{"events in the log", v.checkEvents},
		{"events agree with statements", v.checkAgreement},
	}
	if v.Witnessed != nil || witnesses.Least > 0 {
		checks = append(checks, named{"the log was witnessed", v.checkWitnessed})
	}
	for _, c := range checks {
		v.goesOn = false
		detail, err := c.check()
		if err != nil {
			detail = err.Error()
		}
		v.report.Checks = append(v.report.Checks, Check{Name: c.name, OK: err == nil, Detail: detail, Open: err == nil && v.goesOn})
		if err != nil && len(v.report.Checks) <= 3 {
			break // the later checks would be about statements that nobody signed
		}
	}
	v.conclude()
	return v.report
}

func (v *verifier) conclude() {
	r := &v.report
	r.AsOf, r.Plan = v.manifest.At, v.plan
	for _, c := range r.Checks {
		if !c.OK {
			r.Conclusion, r.Summary = NotProven, fmt.Sprintf("This pack proves nothing: %s: %s.", c.Name, c.Detail)
			return
		}
	}
	late := v.latest()
	r.Late = access.Duration(late.by.Truncate(time.Second))
	// Who reads only this line must not take a broken glass for an approval.
	how, as := "after approval", "as approved"
	if v.plan.BreakGlass != nil {
		how, as = "by BREAK GLASS, with nobody's approval", "as planned"
	}
	switch {
	case len(v.opened) == 0:
		r.Conclusion, r.Summary = NeverOpened, fmt.Sprintf("Nothing was opened for %s; the request was %s.", v.plan.Requester.ID, v.manifest.State)
	case late.by > 0 && late.closed.IsZero():
		r.Conclusion, r.Summary = ProvenOverdue, fmt.Sprintf("Access was opened for %s %s, had to end at %s, and was still open %s later.",
			v.plan.Requester.ID, how, access.FormatTime(late.due), r.Late)
	case late.by > 0:
		r.Conclusion, r.Summary = ProvenEndedLate, fmt.Sprintf("Access was opened for %s %s, %s, and is proven gone; it ended %s late: it had to end at %s, and ended at %s.",
			v.plan.Requester.ID, how, as, r.Late, access.FormatTime(late.due), access.FormatTime(late.closed))
	case len(v.openGrants()) > 0:
		r.Conclusion, r.Summary = ProvenOpen, fmt.Sprintf("Access was opened for %s %s, and was still open.", v.plan.Requester.ID, how)
	default:
		r.Conclusion, r.Summary = ProvenEnded, fmt.Sprintf("Access was opened for %s %s, exactly %s, and is proven gone.", v.plan.Requester.ID, how, as)
	}
	if v.plan.Lasting() && len(v.opened) > 0 {
		r.Summary = fmt.Sprintf("What %s proposed was taken into force %s, exactly %s; it stays until another request replaces it.", v.plan.Requester.ID, how, as)
	}
}

func failf(format string, args ...any) error {
	return access.Errorf(access.CodeEvidence, format, args...)
}
