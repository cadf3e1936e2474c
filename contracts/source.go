package contracts

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
)

// Source is where a server's contracts are read from.
type Source interface {
	// Read returns the files that may be in force now. An error means that there are
	// none; what is newer and may not be in force is Snapshot.Refused.
	Read(ctx context.Context) (Snapshot, error)
	// String names the source, as people know it.
	String() string
	// Every is how often it is read, and Patience how long it may be out of reach
	// before the contracts count as not watched.
	Every() time.Duration
	Patience() time.Duration
}

// Snapshot is what a source holds at one moment.
type Snapshot struct {
	Files    map[string][]byte
	Revision Revision
	// Refused is why what the source holds by now is not Files. CodeUnavailable means
	// that the source is out of reach, and Files are what is known of it.
	Refused error
}

// Revision says which state of a repository is in force, or which set by which
// proposal; empty for a directory.
type Revision struct {
	Set       string    `json:"set,omitempty"`     // digest of the files, where contracts change by proposals
	Number    int64     `json:"number,omitempty"`  // of the set, since contracts change so; the first is 1
	Request   string    `json:"request,omitempty"` // by which the set came into force; empty of the first
	Commit    string    `json:"commit,omitempty"`
	At        time.Time `json:"at,omitzero"` // the committer's time, or when the set came into force
	Signers   []string  `json:"signers,omitempty"`
	Unchecked bool      `json:"unchecked,omitempty"` // no signature was asked for, or nobody has decided on the set
}

// FilesOf returns the files of a set by their texts.
func FilesOf(files map[string][]byte) access.ContractFiles {
	out := access.ContractFiles{}
	for name, b := range files {
		out[name] = string(b)
	}
	return out
}

// Directory is a source: a directory of this machine.
type Directory string

// Read returns the directory's files, tests excepted. Errors are CodeInvalid.
func (d Directory) Read(context.Context) (Snapshot, error) {
	files, err := ReadDir(string(d))
	return Snapshot{Files: files}, err
}

// String returns the path of the directory, as it was given.
func (d Directory) String() string { return string(d) }

// Every is a second: to look at a directory costs nothing.
func (d Directory) Every() time.Duration { return time.Second }

// Patience is half a minute: a directory may be on another machine.
func (d Directory) Patience() time.Duration { return 30 * time.Second }

// Status is what a server knows of its contracts.
type Status struct {
	Source    string    `json:"source"`
	Version   string    `json:"version"` // digest of the set in force
	Contracts int       `json:"contracts"`
	Revision  Revision  `json:"revision,omitzero"`
	Since     time.Time `json:"since"`  // when this server took them
	ReadAt    time.Time `json:"readAt"` // when the source was last in reach
	// Error is why what the source holds now is not in force; empty if it is.
	Error string `json:"error,omitempty"`
	// Lacks is what the contracts ask that the server can never know: sources of facts
	// that it does not have, and lists of targets of whose workers it has no key.
	Lacks []string `json:"lacks,omitempty"`
	// Waiting is the repository's newest commit, where people decide on commits and it
	// holds other contracts than are in force.
	Waiting *Waiting `json:"waiting,omitempty"`
	// Aside says that the directory which the first set came from holds other contracts
	// than are in force, where people decide on changes.
	Aside string `json:"aside,omitempty"`
	// InForce are the contracts and bases in force, by name.
	InForce []Entry `json:"inForce,omitempty"`
}

// Entry is one contract or base of a set.
type Entry struct {
	Name    string   `json:"name"`
	Kind    string   `json:"kind"` // Contract or Base
	Owner   string   `json:"owner,omitempty"`
	Version string   `json:"version"`
	Base    string   `json:"base,omitempty"`
	Targets []string `json:"targets,omitempty"`
}

// Entries returns the contracts of a set, then its bases, each by name.
func (s *Set) Entries() []Entry {
	out := []Entry{}
	for _, c := range s.Contracts {
		out = append(out, Entry{Name: c.Name, Kind: "Contract", Owner: c.Owner, Version: c.Version, Base: c.BaseName(), Targets: c.Targets})
	}
	for _, b := range s.Bases {
		out = append(out, Entry{Name: b.Name, Kind: "Base", Owner: b.Owner, Version: b.Version})
	}
	return out
}

// Status returns which contracts are in force, and whether the source's newest are.
func (s *Store) Status() Status {
	out := Status{Source: s.source.String()}
	if err := s.LoadError(); err != nil {
		out.Error = access.Clip(err.Error(), 2000)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	out.Version, out.Contracts, out.Revision = s.set.Version, len(s.set.Contracts), s.revision
	out.Since, out.ReadAt = s.since.UTC(), s.readAt.UTC()
	return out
}
