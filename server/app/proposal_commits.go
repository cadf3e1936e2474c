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

// withSigners adds to who uploaded a set those who signed its commits, as the directory
// knows them now. What a repository knows of a person is the id that the configuration gives
// to their keys: by that alone, their second account with the same address could approve
// what they wrote (docs/threats.md, case 122). Errors are CodeUnavailable where the directory
// cannot be read, and CodeEvidence where what is recorded of a signer is not believed.
func (c *proposer) withSigners(ctx context.Context, authors []access.Person, ids []string) ([]access.Person, error) {
	var known access.DirectorySnapshot
	if c.directory != nil {
		var err error
		if known, err = c.directory.DirectorySnapshot(ctx, ids...); err != nil {
			return nil, access.Errorf(access.CodeUnavailable, "who signed the commits cannot be looked up, since the directory cannot be read: %w", err)
		}
	}
	for _, id := range ids {
		if slices.ContainsFunc(authors, func(a access.Person) bool { return access.FoldID(a.ID) == access.FoldID(id) }) {
			continue
		}
		signer, err := signerOf(known, id)
		if err != nil {
			return nil, err
		}
		authors = append(authors, signer)
	}
	return authors, nil
}

// signerOf returns a person with the address and every further account that a directory
// knows of them. Somebody who has left is an author all the same.
func signerOf(known access.DirectorySnapshot, id string) (access.Person, error) {
	signer := known.WithAccounts(access.Person{ID: id, Kind: access.KindHuman})
	for _, one := range signer.Identities() {
		if why := known.Unproven[access.FoldID(one)]; why != "" {
			return signer, access.Refuse(access.CodeEvidence, "signer_unproven", "%s signed the commits, and which accounts are theirs cannot be told: %s. Have the identity provider write the person again, or an operator the link", access.Clip(id, 100), why)
		}
	}
	if m, there := known.Members[access.FoldID(id)]; there {
		signer.Name, signer.Email, signer.EmailVerified = m.Name, m.Email, m.Email != ""
	}
	return signer, nil
}
