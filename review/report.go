package review

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"ramp.dev/ramp/access"
)

// Report is a review of one period. Its lists are never nil, so that JSON has them all.
type Report struct {
	Period  Period    `json:"period"`
	Zone    string    `json:"zone"` // the name of the period's zone
	MadeAt  time.Time `json:"madeAt,omitzero"`
	LogSize int64     `json:"logSize,omitempty"` // how many events the log had
	Figures Figures   `json:"figures"`
	// Findings are those for security: all of them, the highest score first.
	Findings []Finding `json:"findings"`
	// Owners are the same by the owner of the contract.
	Owners []OwnerPart `json:"owners"`
	// Weeks, Heat and Spans are for charts.
	Weeks []Week `json:"weeks"`
	Heat  []Held `json:"heat"`  // who held access longest first
	Spans []Span `json:"spans"` // the longest 200, by their beginnings
	// Unknown says what the review could not know, in sentences.
	Unknown []string `json:"unknown"`
	// UnknownToOwners are the same for the owners of contracts: without what is about requests
	// under the contracts of others.
	UnknownToOwners []string `json:"unknownToOwners,omitempty"`
	// Changed says what became of the findings of the last report.
	Changed []Changed `json:"changed"`
}

// Digest returns the digest of a report as JSON, by which the log tells of it: "sha256:" and
// hexadecimal digits.
func Digest(report []byte) string {
	sum := sha256.Sum256(report)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Figures sum up requests.
type Figures struct {
	Requests int            `json:"requests"`
	People   int            `json:"people"`
	ByState  map[string]int `json:"byState"`   // how many are in each state
	Outcomes map[string]int `json:"byOutcome"` // how many ended for each reason
	ToDecide Spread         `json:"toDecide"`  // from asking to the decision of people
	ToAccess Spread         `json:"toAccess"`  // from asking to usable, planned starts left out
	Open     Spread         `json:"open"`      // how long access was open
	Hours    float64        `json:"hours"`     // of open access in the period, in all
	// Used is the part of the hours in use, of those accesses of which it is known; UsedOf is how
	// many these are.
	Used   float64 `json:"used"`
	UsedOf int     `json:"usedOf"`
}

// Spread are the quantiles of lengths. With no value all are 0.
type Spread struct {
	Count  int             `json:"count"`
	Median access.Duration `json:"median"`
	P90    access.Duration `json:"p90"`
	Most   access.Duration `json:"most"`
}

// OwnerPart is a report for one owner.
type OwnerPart struct {
	Owner    string         `json:"owner"`
	Figures  Figures        `json:"figures"`
	Findings []string       `json:"findings"` // ids
	Uses     []ContractUses `json:"contracts"`
}

// ContractUses sums up the requests under one contract.
type ContractUses struct {
	Contract string  `json:"contract"`
	Figures  Figures `json:"figures"`
}

// Week counts what was asked for in seven days.
type Week struct {
	From     time.Time      `json:"from"`
	States   map[string]int `json:"states"`
	ToAccess Spread         `json:"toAccess"`
}

// Held is how many hours a person held access, by weekday; 0 is Monday.
type Held struct {
	Person Person     `json:"person"`
	Hours  [7]float64 `json:"hours"`
	Share  float64    `json:"share"` // of the period, overlapping accesses counted once
}

// Span is one access, for a timeline.
type Span struct {
	Request  string    `json:"request"`
	Person   string    `json:"person"`
	Contract string    `json:"contract"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Open     bool      `json:"open,omitempty"` // it goes on
}

// Changed says what became of a finding of the last report.
type Changed struct {
	Finding  string `json:"finding"`
	Kind     Kind   `json:"kind"`
	Contract string `json:"contract,omitempty"`
	Owner    string `json:"owner,omitempty"` // of the contract
	Became   string `json:"became"`          // gone, again, higher, lower
	Sentence string `json:"sentence"`
}

// Say adds sentences to what the review could not know, for everybody who reads it.
func (r *Report) Say(sentences ...string) {
	for _, s := range sentences {
		r.SayTo(s, s)
	}
}

// SayTo adds to what the review could not know: a sentence for the owners of contracts, and
// another for those who read all of it.
func (r *Report) SayTo(owners, all string) {
	r.Unknown, r.UnknownToOwners = append(r.Unknown, all), append(r.UnknownToOwners, owners)
}
