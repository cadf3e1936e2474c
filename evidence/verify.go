package evidence

import (
	"fmt"
	"time"

	"ramp.dev/ramp/access"
)

// Check is one thing that was checked of a pack.
type Check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// Conclusion is what a pack proves.
type Conclusion string

const (
	ProvenEnded Conclusion = "ended"        // opened after approval, and read back as gone
	ProvenOpen  Conclusion = "open"         // opened after approval; not closed as of the pack
	NeverOpened Conclusion = "never opened" // nothing was opened as of the pack
	NotProven   Conclusion = "not proven"   // at least one check failed
)

// Report is what verifying a pack found.
type Report struct {
	RequestID  string      `json:"requestId"`
	Conclusion Conclusion  `json:"conclusion"`
	Summary    string      `json:"summary"` // one sentence for people
	AsOf       time.Time   `json:"asOf"`
	Checks     []Check     `json:"checks"`
	Plan       access.Plan `json:"-"`
}

// Proven reports whether every check held.
func (r Report) Proven() bool { return r.Conclusion != NotProven }

// verifier verifies one pack.
type verifier struct {
	Pack
	servers, workers Keyring
	report           Report

	plan        access.Plan
	manifest    access.Manifest
	decisions   []access.Decision
	signed      []Envelope // the decisions' envelopes, in the same order
	evaluations []access.Evaluation
	extensions  []access.ExtensionOrder
	opened      map[string]access.Receipt // by grant
	closed      map[string]access.Receipt
}

// Verify recomputes everything that a pack claims, from nothing but the public
// keys of servers and of workers. It needs no network and no Ramp.
func (p Pack) Verify(servers, workers Keyring) Report {
	a := &verifier{Pack: p, servers: servers, workers: workers,
		opened: map[string]access.Receipt{}, closed: map[string]access.Receipt{}}
	a.report.RequestID = access.Clip(p.RequestID, 40)
	for _, c := range []struct {
		name  string
		check func() (string, error)
	}{
		{"plan signed by the server", a.checkPlan},
		{"statements signed", a.checkStatements},
		{"nothing left out or added", a.checkManifest},
		{"contract is the plan's", a.checkContract},
		{"evaluation is the plan's", a.checkEvaluation},
		{"approved by the rule", a.checkApproval},
		{"opened what was approved", a.checkOpened},
		{"extended as allowed", a.checkExtensions},
		{"closed and read back", a.checkClosed},
		{"events in the log", a.checkEvents},
		{"events agree with statements", a.checkAgreement},
	} {
		detail, err := c.check()
		if err != nil {
			detail = err.Error()
		}
		a.report.Checks = append(a.report.Checks, Check{Name: c.name, OK: err == nil, Detail: detail})
		if err != nil && len(a.report.Checks) <= 3 {
			break // what follows would judge statements of nobody
		}
	}
	a.conclude()
	return a.report
}

func (a *verifier) conclude() {
	r := &a.report
	r.AsOf, r.Plan = a.manifest.At, a.plan
	for _, c := range r.Checks {
		if !c.OK {
			r.Conclusion, r.Summary = NotProven, fmt.Sprintf("This pack proves nothing: %s: %s.", c.Name, c.Detail)
			return
		}
	}
	switch {
	case len(a.opened) == 0:
		r.Conclusion, r.Summary = NeverOpened, fmt.Sprintf("Nothing was opened for %s; the request was %s.", a.plan.Requester.ID, a.manifest.State)
	case len(a.openGrants()) > 0:
		r.Conclusion, r.Summary = ProvenOpen, fmt.Sprintf("Access was opened for %s after approval, and was still open.", a.plan.Requester.ID)
	default:
		r.Conclusion, r.Summary = ProvenEnded, fmt.Sprintf("Access was opened for %s after approval, exactly as approved, and is proven gone.", a.plan.Requester.ID)
	}
}

func failf(format string, args ...any) error {
	return access.Errorf(access.CodeEvidence, format, args...)
}
