package access

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"time"
)

// ContractFiles are the files of a set of contracts, by name.
type ContractFiles map[string]string

// Digest returns "sha256:" and the hash of all names and contents, to the byte.
func (f ContractFiles) Digest() string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(f)) {
		fmt.Fprintf(h, "%q %d %s\n", name, len(f[name]), f[name])
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

// ContractChange is what a request would change in the contracts in force. It is part
// of the signed plan, so that people approve a change of just these contracts.
type ContractChange struct {
	Replaces    string   `json:"replaces"`         // digest of the files in force, in whose place the others come
	Set         string   `json:"set"`              // digest of the files that are proposed
	Commit      string   `json:"commit,omitempty"` // whose files they are, where contracts come from a repository
	Differences []string `json:"differences"`      // what would be decided otherwise, in words
}

// ContractsInForce says that a set of contracts came into force. A server signs the first
// of an installation, and every later one the worker that opened the request by which
// the contracts' owners decided it.
type ContractsInForce struct {
	Number    int64     `json:"number"` // the first is 1
	Set       string    `json:"set"`    // digest of the files
	Replaces  string    `json:"replaces,omitempty"`
	RequestID string    `json:"requestId,omitempty"` // empty: a server read them from Source
	Grant     string    `json:"grant,omitempty"`
	Source    string    `json:"source,omitempty"`
	Commit    string    `json:"commit,omitempty"` // of Source, where that is a repository
	At        time.Time `json:"at"`               // UTC
}

// IssueContractsChanged is the issue of a proposal that replaces contracts which are no
// longer in force.
const IssueContractsChanged = "contracts_changed"

// CheckReplaces returns nil if a proposal replaces the contracts that are in force. The
// error is CodeConflict: two proposals that were made from the same contracts would
// otherwise undo each other.
func CheckReplaces(replaces, inForce string) error {
	if replaces == inForce && inForce != "" {
		return nil
	}
	return Refuse(CodeConflict, IssueContractsChanged, "this proposal replaces the contracts %s, and %s are in force now: bring the change into those, and propose it again", ShortDigest(replaces), ShortDigest(inForce))
}

// ShortDigest returns the beginning of a digest, for people.
func ShortDigest(digest string) string { return Clip(digest, 19) }
