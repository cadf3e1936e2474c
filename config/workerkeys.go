package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/signers"
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

// isOwn reports whether a key is that of the worker in the same file.
func (k Keys) isOwn(w WorkerKey) bool {
	return k.Worker != "" && signers.IsFile(string(k.Worker)) && string(w.Public) == k.Worker.publicFile()
}

// loadWorkers returns the keyring of workers, and all that is wrong with it. The key of the
// worker in the same file need not be there yet.
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
		if _, err := os.Stat(string(w.Public)); errors.Is(err, fs.ErrNotExist) && k.isOwn(w) {
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
