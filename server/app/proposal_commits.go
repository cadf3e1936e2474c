package app

import (
	"context"
	"fmt"
	"slices"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// ContractCommits is a repository whose newest commit people may propose. What it returns
// is signed as the configuration asks, and follows the commit in force.
type ContractCommits interface {
	fmt.Stringer
	Look(ctx context.Context) (contracts.Commit, error)
	// Of returns the newest commit if its contracts have a digest.
	Of(ctx context.Context, set string) (contracts.Commit, error)
	// Waiting returns the newest commit if it holds other contracts than are in force.
	Waiting() *contracts.Waiting
}

// NewestCommit stands for the id of the newest commit.
const NewestCommit = "newest"

// minCommit is how many digits of a commit's id name it.
const minCommit = 12

// withSigners adds to who uploaded a set those who signed its commits. What a repository
// knows of a person is the id that the configuration gives to their keys.
func withSigners(authors []access.Person, ids []string) []access.Person {
	for _, id := range ids {
		signer := access.Person{ID: id, Kind: access.KindHuman}
		if !slices.ContainsFunc(authors, signer.SameHuman) {
			authors = append(authors, signer)
		}
	}
	return authors
}
