package contracts

import "time"

// Commit is the newest commit of a repository whose contracts change by proposals.
type Commit struct {
	ID    string
	At    time.Time // the committer's, UTC
	Files map[string][]byte
	// Authors are the ids of the people who signed what differs from the contracts in
	// force: this commit, and each one between it and the commit in force.
	Authors []string
}

// Waiting says that a repository holds another commit than the one in force.
type Waiting struct {
	Commit  string    `json:"commit,omitempty"`
	At      time.Time `json:"at,omitzero"`
	Authors []string  `json:"authors,omitempty"`
	// Error is why the newest commit may not be proposed; empty if it may.
	Error string `json:"error,omitempty"`
}
