package reconcile

import (
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/ledger"
)

// Kind says what is wrong.
type Kind string

const (
	Overdue  Kind = "overdue"  // not closed, long after its end
	Lost     Kind = "lost"     // its workflow does not run (docs/threats.md, case 38)
	Orphan   Kind = "orphan"   // its name is one of Ramp's, and it has no row in the ledger
	Returned Kind = "returned" // it was closed, and is on the target again
	Vanished Kind = "vanished" // it should be open, and somebody removed it on the target (docs/threats.md, case 33)
	Changed  Kind = "changed"  // it is not what was granted
	Forged   Kind = "forged"   // its row in the ledger is not what was approved
	Stopped  Kind = "stopped"  // somebody has ended or denied its request, and nothing closed it (docs/threats.md, case 57)
	Live     Kind = "live"     // nothing is wrong; an emergency stop ends it all the same
	Stuck    Kind = "stuck"    // a request that nothing will ever decide or end
	// Contradicted: its request is over in the ledger, and it is not closed
	// (docs/threats.md, case 58)
	Contradicted Kind = "contradicted"
	// Hidden: the ledger's table says another state of a request than the log does, or
	// has no such request any more (docs/threats.md, case 58)
	Hidden Kind = "hidden"
)

// Remedy says what is done about it.
type Remedy string

const (
	CloseGrant Remedy = "close"    // revoked, and read back as gone
	Restore    Remedy = "restore"  // made what was approved; closed if that fails
	RecordOnly Remedy = "record"   // recorded, nothing else
	Conclude   Remedy = "conclude" // ended in the ledger; nothing is open
	Correct    Remedy = "correct"  // the ledger's table says again what the log says
)

// Finding is one thing that is not as it should be.
type Finding struct {
	Kind        Kind         `json:"kind"`
	Remedy      Remedy       `json:"remedy"`
	Target      string       `json:"target,omitempty"`
	Grant       string       `json:"grant,omitempty"`
	RequestID   string       `json:"requestId"`
	State       access.State `json:"state,omitempty"` // of a request that is stuck
	ExpiresAt   *time.Time   `json:"expiresAt,omitempty"`
	Why         string       `json:"why"` // a sentence for people
	Differences []string     `json:"differences,omitempty"`
	Done        bool         `json:"done"`            // the remedy was applied
	Error       string       `json:"error,omitempty"` // why it was not
	late        bool         // past its end and the target's bound
	// ordered is why access ends, where somebody has ordered it.
	ordered access.Outcome
}

// RunStatus is what is known of a request's workflow.
type RunStatus int

const (
	RunUnknown RunStatus = iota // not asked, or no response: nothing follows from it
	RunRunning
	RunClosed  // it closed, in whatever way
	RunMissing // there is no workflow of that id: never started, deleted, or lost
)

// Snapshot is one target, its grants in the ledger, and their workflows. The order
// of reading matters: the target is listed first, the ledger read after it, and
// Temporal asked last. Since a grant is written to the ledger before it is made,
// the ledger then has every grant that the target lists, one that is being made
// at this moment too (docs/threats.md, case 36).
type Snapshot struct {
	Target   string
	Bounds   integrations.Bounds
	ListedAt time.Time // just before the target was asked
	Now      time.Time // by Temporal's clock, where there is one
	Found    []integrations.ListedGrant
	Rows     []ledger.GrantRecord // those of the target that are not closed, and those of everything found
	Over     map[string]bool      // requests that are over in the ledger and have a grant here that is not closed
	Runs     map[string]RunStatus // by request
	// Ends are the orders to end of requests that are not over, by request. They
	// count as they are: ending needs no proof.
	Ends       map[string]access.EndOrder
	RevokeLive bool // revoke live access, too
}
