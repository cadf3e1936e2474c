package contractgit

import (
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// judged returns what a commit holds, if it may be in force by itself.
func (s *Source) judged(hash plumbing.Hash) (contracts.Snapshot, error) {
	c, err := s.clone.CommitObject(hash)
	if err != nil {
		return contracts.Snapshot{}, access.Errorf(access.CodeInvalid, "server.contractsGit.clone: %w", err)
	}
	return s.judge(c, nil)
}

// judge returns what a commit holds, or why it may not be in force: CodeEvidence where
// a signature is missing. Of known commits no signature counts: they were there before.
func (s *Source) judge(tip *object.Commit, known map[plumbing.Hash]bool) (contracts.Snapshot, error) {
	out := contracts.Snapshot{Revision: contracts.Revision{Commit: tip.Hash.String(), At: tip.Committer.When.UTC(), Unchecked: len(s.config.Signers) == 0}}
	if len(s.config.Signers) > 0 {
		by, err := s.signers(tip, known)
		if err != nil {
			return contracts.Snapshot{}, err
		}
		out.Revision.Signers = by
	}
	var err error
	out.Files, err = s.files(tip)
	return out, err
}

// signers returns who signed the contracts of a commit: the commit itself, and with
// TwoSigners any that it brings along whose contracts are the same to the byte. What
// one person signed and another changed while merging, nobody else has signed.
func (s *Source) signers(tip *object.Commit, known map[plumbing.Hash]bool) ([]string, error) {
	first, err := s.keys.signer(tip)
	if err != nil {
		return nil, access.Errorf(access.CodeEvidence, "%w", err)
	}
	if !s.config.TwoSigners {
		return []string{first}, nil
	}
	tree, err := s.tree(tip)
	if err != nil {
		return nil, err
	}
	names := []string{first}
	err = object.NewCommitPreorderIter(tip, known, nil).ForEach(func(c *object.Commit) error {
		same, err := s.tree(c)
		if err != nil || same.Hash != tree.Hash {
			return nil // it held other contracts, or none
		}
		if name, err := s.keys.signer(c); err == nil && !slices.Contains(names, name) {
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "server.contractsGit.clone: %w", err)
	}
	if len(names) < 2 {
		return nil, access.Errorf(access.CodeEvidence, "the contracts of commit %s are signed by %s alone; somebody else must sign the same: by merging them without a change, or with git commit --allow-empty -S",
			short(tip), strings.Join(names, ", "))
	}
	return names, nil
}
