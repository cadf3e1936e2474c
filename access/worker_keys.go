package access

import (
	"slices"
	"time"
)

// WorkerKeys are the keys of workers that a server accepts, each for its targets, as the
// server signs it for workers (keys.workers). Nothing is proven by it: a worker goes by it so
// as not to take work that it could not do, and every reader of what a worker signs goes by
// keys of its own.
type WorkerKeys struct {
	Keys []WorkerKey `json:"keys"` // none: the server believes every worker
	// Since is when the server that signed it started: what a server says that started later
	// stands, when two are configured differently.
	Since time.Time `json:"since"`
	At    time.Time `json:"at"` // when it was signed, in UTC
}

// WorkerKey is one key of workers.
type WorkerKey struct {
	ID      string   `json:"id"`                // the key's name in what it signs
	Targets []string `json:"targets,omitempty"` // none: all
}

// WorkerKeysLast is how long what a server signed of the workers' keys counts. Servers sign
// it once a minute. Whoever can put back an earlier one keeps no worker from its work for
// longer.
const WorkerKeysLast = 10 * time.Minute

// Misplaced returns the targets that a worker with a key is for, where it is not for this one:
// it has the target in its configuration by mistake. ok is false if it may serve it. A key
// that the servers do not know is not misplaced: it is likely new and not listed yet, and what
// it ends has ended; nothing that it signs counts, though.
func (k WorkerKeys) Misplaced(id, target string, now time.Time) (targets []string, ok bool) {
	if age := now.Sub(k.At); age > WorkerKeysLast || age < -WorkerKeysLast {
		return nil, false
	}
	for _, key := range k.Keys {
		if key.ID != id {
			continue
		}
		if len(key.Targets) == 0 || slices.Contains(key.Targets, target) {
			return nil, false
		}
		targets = append(targets, key.Targets...)
	}
	slices.Sort(targets)
	return slices.Compact(targets), len(targets) > 0
}
