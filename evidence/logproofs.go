package evidence

import (
	"golang.org/x/mod/sumdb/tlog"
)

// LogProofs are events with the proofs that the log of a signed checkpoint holds them.
type LogProofs struct {
	Checkpoint string        `json:"checkpoint"` // signed
	Items      []LoggedEvent `json:"items"`      // by their places in the log
}

// Verify verifies the checkpoint, and that each event is in its log at its place, and
// returns the checkpoint. Errors are CodeEvidence.
func (p LogProofs) Verify(keys Keyring) (Checkpoint, error) {
	at, err := keys.VerifyCheckpoint(p.Checkpoint)
	if err != nil {
		return at, err
	}
	for _, e := range p.Items {
		if err := e.in(at); err != nil {
			return at, err
		}
	}
	return at, nil
}

// in verifies that the log of a checkpoint holds the event at its place.
func (e LoggedEvent) in(at Checkpoint) error {
	if e.Leaf < 0 || e.Leaf >= at.Size {
		return failf("event %d of the log is out of place", e.Leaf+1)
	}
	if e.Event.Dropped != nil { // it is no part of the leaf, and would be shown
		return failf("event %d of the log is without its body", e.Leaf+1)
	}
	if err := tlog.CheckRecord(e.Proof, at.Size, at.Root, e.Leaf, tlog.RecordHash(e.Event.Leaf())); err != nil {
		return failf("event %d of the log is not as it is here: it was changed, moved, removed or added after the server signed the log", e.Leaf+1)
	}
	return nil
}
