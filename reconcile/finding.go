package reconcile

import (
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/ledger"
)

// Kind is what is wrong.
type Kind string

const (
	Overdue  Kind = "overdue"  // not closed long after its end, whoever should have
	Lost     Kind = "lost"     // its workflow does not run (CASES 38)
	Orphan   Kind = "orphan"   // it has Ramp's mark, and no row in the ledger
	Returned Kind = "returned" // it was closed, and is there again
	Vanished Kind = "vanished" // it should be there, and somebody took it away (CASES 33)
	Changed  Kind = "changed"  // it is not what was granted
	Forged   Kind = "forged"   // what the ledger says of it, nobody approved
	Live     Kind = "live"     // nothing is wrong; an emergency stop ends it all the same
	Stuck    Kind = "stuck"    // a request that nothing will ever decide or end
)

// Kinds lists every kind.
func Kinds() []Kind {
	return []Kind{Overdue, Lost, Orphan, Returned, Vanished, Changed, Forged, Live, Stuck}
}

// Remedy is what is done about it.
type Remedy string

const (
	CloseGrant Remedy = "close"    // revoked, read back as gone
	Restore    Remedy = "narrow"   // made just what was granted; closed if that fails
	RecordOnly Remedy = "note"     // recorded, nothing else
	Conclude   Remedy = "conclude" // ended in the ledger; nothing is open
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
}

// RunStatus is what is known of a request's workflow.
type RunStatus int

const (
	RunUnknown RunStatus = iota // not asked, or no answer: nothing is concluded from it
	RunRunning
	RunClosed  // it closed, in whatever way
	RunMissing // there is none of that name: never started, deleted, or lost
)

// Snapshot is what was seen of one target. The order matters: the target was listed
// first, the ledger read after it, the workflows asked last. Since a grant is
// written down before it is made, a grant that is being made at this moment is
// then always explained (CASES 36).
type Snapshot struct {
	Target     string
	Bounds     integrations.Bounds
	ListedAt   time.Time // just before the target was asked
	Now        time.Time // by Temporal's clock, where there is one
	Found      []integrations.ListedGrant
	Rows       []ledger.GrantRecord // those of the target that are not closed, and those of everything found
	Runs       map[string]RunStatus // by request
	RevokeLive bool                 // end live access, too
}
