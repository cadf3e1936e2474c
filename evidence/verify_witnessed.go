package evidence

import (
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// WitnessPolicy says whose cosignatures count, and how many there must be. The zero
// WitnessPolicy demands none.
type WitnessPolicy struct {
	Witnesses []Witness
	Least     int
}

// checkWitnessed verifies that the pack's log goes on from a checkpoint that witnesses have
// cosigned. A server that shows two people two logs can sign both; witnesses that keep to
// the protocol cosign only what goes on from all that they have seen, so that of two logs
// that part one has their cosignatures.
func (v *verifier) checkWitnessed() (string, error) {
	if v.Witnessed == nil {
		return "", failf("the pack has no checkpoint that witnesses have cosigned")
	}
	at, err := v.servers.VerifyCheckpoint(v.Checkpoint)
	if err != nil {
		return "", err
	}
	earlier, by, err := v.servers.VerifyCosigned(v.Witnessed.Checkpoint, v.witnesses.Witnesses...)
	if err != nil {
		return "", err
	}
	if err := goesOn(earlier, at, v.Witnessed.Proof); err != nil {
		return "", err
	}
	if len(by) < v.witnesses.Least {
		return "", failf("%d of the witnesses given have cosigned the log, and %d must", len(by), v.witnesses.Least)
	}
	younger := 0
	for _, e := range v.Events {
		if e.Leaf >= earlier.Size {
			younger++
		}
	}
	if younger > 0 && v.witnesses.Least > 0 {
		return "", failf("%d of the request's events are younger than the last checkpoint that witnesses have cosigned: fetch the pack again in some minutes", younger)
	}
	if len(v.witnesses.Witnesses) == 0 {
		return fmt.Sprintf("the log goes on from a checkpoint of %d events; whose cosignatures count was not said", earlier.Size), nil
	}
	names := make([]string, len(by))
	for i, c := range by {
		names[i] = c.Witness
	}
	return fmt.Sprintf("%d of %d witnesses have cosigned the first %d events: %s", len(by), len(v.witnesses.Witnesses), earlier.Size, strings.Join(names, ", ")), nil
}

// goesOn verifies by a consistency proof that a log begins with the events of an earlier
// checkpoint.
func goesOn(earlier, later Checkpoint, proof []tlog.Hash) error {
	switch {
	case earlier.Origin != later.Origin:
		return failf("witnesses have cosigned another log")
	case earlier.Size > later.Size:
		return failf("witnesses have cosigned %d events, and the pack's log has %d", earlier.Size, later.Size)
	case earlier.Size == 0:
		return nil // every log begins with nothing
	}
	if err := tlog.CheckTree(proof, later.Size, later.Root, earlier.Size, earlier.Root); err != nil {
		return failf("the pack's log does not go on from what witnesses have cosigned")
	}
	return nil
}
