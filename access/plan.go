package access

import "time"

// Entitlement is one exact permission on one target. Its keys are the
// integration's; the integration refuses those it does not know.
type Entitlement map[string]any

// Scope is what an integration derived from an entitlement: facts in plain
// words, shown to the approver. Two entitlements that open different things
// have different scopes.
type Scope struct {
	Summary string            `json:"summary"`         // one line: what can be done, to what
	Facts   map[string]string `json:"facts,omitempty"` // exact names: ARNs, roles, hosts
	Ends    string            `json:"ends,omitempty"`  // how it ends even if Ramp is gone
}

// PlannedGrant is one grant that a plan would make.
type PlannedGrant struct {
	Name        string      `json:"name"` // deterministic, from the request id
	Target      string      `json:"target"`
	Entitlement Entitlement `json:"entitlement"`
	Scope       Scope       `json:"scope"`
}

// ExtensionLimits is how far a plan may be extended without a new request. It is
// part of what approvers approve.
type ExtensionLimits struct {
	Times int      `json:"times"`
	UpTo  Duration `json:"upTo"` // total length of access, from its start
	// Rule is what must be decided before each extension; nil: they are approved with
	// the plan.
	Rule *Rule `json:"rule,omitempty"`
}

// Plan is what Ramp would do: every fact derived by the server. Its digest is
// taken over the exact bytes that were signed, so Digest itself is not part of
// those bytes.
type Plan struct {
	Digest          string         `json:"digest,omitempty"`
	RequestID       string         `json:"requestId"`
	Contract        string         `json:"contract"`
	ContractVersion string         `json:"contractVersion"` // sha256 of the contract, its base included
	Base            *PlanBase      `json:"base,omitempty"`  // what the contract shares with others; nil: it has none
	Requester       Person         `json:"requester"`
	Via             Via            `json:"via,omitempty"` // through what it was requested
	Principal       string         `json:"principal"`     // who the targets will see
	Params          map[string]any `json:"params,omitempty"`
	Reason          string         `json:"reason"`
	Ticket          string         `json:"ticket,omitempty"`
	Duration        Duration       `json:"duration"`
	StartAt         *time.Time     `json:"startAt,omitempty"`
	CreatedAt       time.Time      `json:"createdAt"`
	PendingUntil    time.Time      `json:"pendingUntil"` // approvals after this do not count
	// NotAfter is when access must have ended however late it opened: the end of the
	// contract's window, or of the requester's engagement. nil: there is none.
	NotAfter *time.Time `json:"notAfter,omitempty"`
	// LogSize is how many events the log had when a plan was made that may start later
	// than it is approved, or whose extensions people decide: whatever is decided of it is
	// recorded after them.
	LogSize    int64            `json:"logSize,omitempty"`
	Grants     []PlannedGrant   `json:"grants"`
	Rule       Rule             `json:"rule"`
	Extend     *ExtensionLimits `json:"extend,omitempty"`
	BreakGlass *BreakGlass      `json:"breakGlass,omitempty"` // it opens with nobody's consent
	Change     *ContractChange  `json:"change,omitempty"`     // of the contracts in force
	// Facts are what the world outside said when the plan was made, as far as the
	// contract asks: with the history, all that its evaluation depended on.
	Facts []Fact `json:"facts,omitempty"`
	// EndWhen are conditions that end access before its time; of several the first that is true.
	EndWhen []EndCondition `json:"endWhen,omitempty"`
	// Choices are the params whose values come from a target's inventory.
	Choices []Chosen `json:"choices,omitempty"`
	Notify  []Notice `json:"notify,omitempty"` // who hears of it, beside those who always do
	StepUp  Duration `json:"stepUp,omitempty"` // the oldest login with which the requester may request, extend and pick up; 0 accepts any
}

// PlanBase names the base of a plan's contract.
type PlanBase struct {
	Name    string `json:"name"`
	Version string `json:"version"` // sha256 of the base
}

// Grant returns the grant of a name as the plan describes it, with the end that
// is given. Errors are CodeEvidence for a grant that the plan does not have.
func (p Plan) Grant(name string, expires time.Time) (Grant, error) {
	for _, g := range p.Grants {
		if g.Name == name {
			return Grant{Name: g.Name, RequestID: p.RequestID, Target: g.Target, Principal: p.Principal,
				Entitlement: g.Entitlement, ExpiresAt: expires.UTC(), Approved: &g.Scope}, nil
		}
	}
	return Grant{}, Errorf(CodeEvidence, "the plan has no grant %q", Clip(name, 60))
}

// GrantName returns the name of the n-th grant (from 0) of a request, which is
// also the name of the object on the target. It is safe for IAM roles, Postgres
// roles and files: letters, digits and dashes, 63 characters at most.
func GrantName(requestID string, n int) string {
	return NamePrefix + requestID + "-" + string(rune('a'+n)) // #nosec G115 -- n is below MaxGrants
}

// MaxGrants bounds the grants of one request, so that names stay one letter.
const MaxGrants = 10

// NamePrefix begins the name of everything Ramp creates on a target.
const NamePrefix = "ramp-"
