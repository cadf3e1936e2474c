package run

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
)

// recentWitnessed is how many checkpoints are looked through for a witness's cosignature:
// there is one a minute at most.
const recentWitnessed = 200

// witnessIssues returns which witnesses have not cosigned the log as it was some minutes
// ago. Whether each can be reached is asked with the other services.
func witnessIssues(ctx context.Context, c config.Config, led *ledger.Ledger) (issues access.Issues) {
	w := c.Server.Witnesses
	if !w.On() {
		return nil
	}
	tree, err := led.Tree(ctx)
	var kept []ledger.WitnessedCheckpoint
	if err == nil {
		kept, err = led.Witnessed(ctx, tree.Origin, recentWitnessed)
	}
	if err != nil {
		issues.Add("ledger_unavailable", "ledger.url", "%s", err)
		return issues
	}
	now := time.Now()
	for _, name := range w.Names() {
		key, err := evidence.ParseWitness(w.Members[name].Key)
		if err != nil {
			continue // Validate has said so
		}
		place := "server.witnesses.members." + name
		size, since := cosignedBy(kept, key)
		switch {
		case len(kept) == 0 && tree.Size > 0:
			issues.Add("witnesses_not_asked", place, "no server has asked it to cosign the log yet")
		case !since.IsZero() && now.Sub(since) > w.Alarm():
			issues.Add("witness_behind", place, "it has cosigned the first %d events, and nothing later for longer than %s: `ramp audit witnesses` says why", size, w.Alarm())
		}
	}
	return issues
}

// cosignedBy returns the largest of the checkpoints, which come the largest first, that a
// witness has cosigned, and when the first was made after it that it has not; zero if there
// is none. Lines that are no cosignatures count for nothing.
func cosignedBy(kept []ledger.WitnessedCheckpoint, key evidence.Witness) (size int64, since time.Time) {
	for _, one := range kept {
		for _, c := range one.Cosignatures {
			if c.Witness != key.ID() {
				continue
			}
			if _, _, err := key.Cosignature(one.Signed, c.Line); err == nil {
				return one.Size, since
			}
		}
		since = one.At
	}
	return 0, since
}
