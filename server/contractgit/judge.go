package contractgit

import (
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// judged returns what a commit holds, or why it may not be in force: CodeEvidence where
// a signature is missing, or where it does not follow the commit that From names.
func (s *Source) judged(hash plumbing.Hash) (contracts.Snapshot, error) {
	tip, err := s.clone.CommitObject(hash)
	if err != nil {
		return contracts.Snapshot{}, access.Errorf(access.CodeInvalid, "server.contractsGit.clone: %w", err)
	}
	if err := s.followsFrom(tip); err != nil {
		return contracts.Snapshot{}, err
	}
	out := contracts.Snapshot{Revision: contracts.Revision{Commit: tip.Hash.String(), At: tip.Committer.When.UTC(), Unchecked: len(s.config.Signers) == 0}}
	if len(s.config.Signers) > 0 {
		by, err := s.signers(tip)
		if err != nil {
			return contracts.Snapshot{}, err
		}
		out.Revision.Signers = by
	}
	out.Files, err = s.files(tip)
	return out, err
}

// followsFrom returns an error unless a commit is the one that From names, or comes after
// it: a clone that was lost says no more what was in force.
func (s *Source) followsFrom(tip *object.Commit) error {
	if s.config.From == "" {
		return nil
	}
	before, err := s.history(tip.Hash)
	if err != nil {
		return err
	}
	if from := plumbing.NewHash(s.config.From); !before[from] {
		return access.Errorf(access.CodeEvidence, "commit %s does not follow %s, which server.contractsGit.from names", short(tip), from.String()[:12])
	}
	return nil
}

// signers returns who signed the contracts of a commit: the commit itself, and with
// TwoSigners all who signed the same contracts, to the byte, in a commit that comes
// after every other commit of its history that holds different ones. Nobody's signature
// counts for more than they had before them: not what they signed before it was changed,
// taken back or left on a branch, and not what another changed while merging. It depends
// on history alone, so that it is the same for a server that knows what was in force
// and for one that knows nothing, and for a copy of a commit that has another id.
func (s *Source) signers(tip *object.Commit) ([]string, error) {
	first, err := s.keys.signer(tip)
	if err != nil {
		return nil, access.Errorf(access.CodeEvidence, "%w", err)
	}
	if !s.config.TwoSigners {
		return []string{first}, nil
	}
	same, different, err := s.unchanged(tip)
	if err != nil {
		return nil, err
	}
	names := []string{first}
	for _, c := range same {
		name, err := s.keys.signer(c)
		if err != nil || slices.Contains(names, name) {
			continue
		}
		before, err := s.history(c.Hash)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(different, func(h plumbing.Hash) bool { return !before[h] }) {
			continue // they did not have it before them
		}
		names = append(names, name)
	}
	if len(names) < 2 {
		return nil, access.Errorf(access.CodeEvidence, "the contracts of commit %s are signed by %s alone; somebody else must sign the same, after all that was different: by merging, without a change, a branch that holds the newest commit, or with git commit --allow-empty -S",
			short(tip), strings.Join(names, ", "))
	}
	return names, nil
}

// unchanged returns the commits from which the contracts of tip have not changed since,
// on one way at least, and the commits right before them that hold different contracts,
// or none. All others that do are in the history of these.
func (s *Source) unchanged(tip *object.Commit) (same []*object.Commit, different []plumbing.Hash, err error) {
	tree, err := s.tree(tip)
	if err != nil {
		return nil, nil, err
	}
	seen := map[plumbing.Hash]bool{}
	for next := []*object.Commit{tip}; len(next) > 0; {
		c := next[len(next)-1]
		next = next[:len(next)-1]
		if seen[c.Hash] {
			continue
		}
		seen[c.Hash] = true
		if held, err := s.tree(c); err != nil || held.Hash != tree.Hash {
			different = append(different, c.Hash)
			continue
		}
		same = append(same, c)
		if err := c.Parents().ForEach(func(p *object.Commit) error { next = append(next, p); return nil }); err != nil {
			return nil, nil, access.Errorf(access.CodeInvalid, "server.contractsGit.clone: %w", err)
		}
	}
	return same, different, nil
}
