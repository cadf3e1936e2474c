package config

import (
	"fmt"
	"slices"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/evidence"
)

// WorkerKey is the public key of the workers that serve some targets. What it signs
// about another target counts for nothing: a worker that is captured in one account
// says nothing of the others.
type WorkerKey struct {
	Public  field.File `yaml:"public"`
	Targets []string   `yaml:"targets"` // names of targets, or everyTarget alone
}

// everyTarget stands for all targets.
const everyTarget = "*"

// loadWorkers returns the keyring of workers, and all that is wrong with it.
func (k Keys) loadWorkers() (ring evidence.Keyring, issues access.Issues) {
	for i, w := range k.Workers {
		at := fmt.Sprintf("keys.workers[%d]", i)
		targets := w.Targets
		switch every := slices.Contains(targets, everyTarget); {
		case len(targets) == 0:
			issues.Add("worker_targets", at+".targets", `the targets of this key's workers are needed, such as [ssh/orders], or ["*"] for all`)
		case every && len(targets) > 1:
			issues.Add("worker_targets", at+".targets", `"*" is all targets; name no others beside it`)
		case slices.Contains(targets, ""):
			issues.Add("worker_targets", at+".targets", "a target's name is empty")
		case every:
			targets = nil
		}
		if w.Public == "" {
			issues.Add("worker_keys", at+".public", "the file with the worker's public key is needed")
			continue
		}
		pub, err := evidence.LoadPublicKey(string(w.Public))
		if err != nil {
			issues.Add("worker_keys", at+".public", "%s", err)
			continue
		}
		ring = ring.With(pub, targets...)
	}
	return ring, issues
}
