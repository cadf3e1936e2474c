package contractgit

import (
	"context"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// Newest fetches the ref and returns its commit, for people to decide on: it is not put in
// force. after is the id of the commit in force, "" where the contracts in force are those
// of no commit. The commit follows it and From, is signed as it must be, and so is each
// commit since that changed the contracts. Errors are CodeUnavailable where what the
// repository holds is not known, CodeEvidence where something is not signed or does not
// follow, and CodeInvalid. It may be called from several goroutines.
func (s *Source) Newest(ctx context.Context, after string) (contracts.Commit, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	had, err := s.store.ObjectPacks()
	if err != nil {
		return contracts.Commit{}, access.Errorf(access.CodeInvalid, "server.contractsGit.clone: %w", err)
	}
	if err := s.fetch(ctx); err != nil {
		return contracts.Commit{}, err
	}
	out, err := s.proposable(after)
	if err != nil {
		if gone := s.forget(had); gone != nil {
			return contracts.Commit{}, access.Errorf(access.CodeInvalid, "server.contractsGit.clone: %w", gone)
		}
		return contracts.Commit{}, err
	}
	return out, nil
}

// proposable returns the commit that was fetched last, or why nobody may propose it.
func (s *Source) proposable(after string) (contracts.Commit, error) {
	ref, err := s.clone.Reference(newest, true)
	if err != nil {
		return contracts.Commit{}, access.Errorf(access.CodeInvalid, "server.contractsGit.clone: %w", err)
	}
	tip, err := s.clone.CommitObject(ref.Hash()) // of a tag with a message, too
	if err != nil {
		return contracts.Commit{}, access.Errorf(access.CodeInvalid, "%s names no commit: %w", s.config.Ref, err)
	}
	authors, err := s.authors(tip, after)
	if err != nil {
		return contracts.Commit{}, err
	}
	snapshot, err := s.judged(tip.Hash)
	if err != nil {
		return contracts.Commit{}, err
	}
	return contracts.Commit{ID: tip.Hash.String(), At: snapshot.Revision.At, Files: snapshot.Files, Authors: authors}, nil
}

// authors returns the people who signed a commit or one between it and the commit in force
// (where there is none, From; where that is not named, all of the history). Each commit of
// these that changes the contracts must be signed: whoever wrote it would otherwise count
// among those who approve it.
func (s *Source) authors(tip *object.Commit, after string) ([]string, error) {
	known := map[plumbing.Hash]bool{}
	if after != "" {
		before, err := s.history(tip.Hash)
		if err != nil {
			return nil, err
		}
		if !before[plumbing.NewHash(after)] {
			return nil, access.Errorf(access.CodeEvidence, "%s was moved back or rewritten: commit %s does not follow %s, which is in force: make a commit that undoes the others", s.config.Ref, short(tip), access.Clip(after, 12))
		}
	} else {
		after = s.config.From
	}
	if after != "" {
		var err error
		if known, err = s.history(plumbing.NewHash(after)); err != nil {
			return nil, err
		}
	}
	var people []string
	err := object.NewCommitPreorderIter(tip, known, nil).ForEach(func(c *object.Commit) error {
		name, err := s.keys.signer(c)
		if err != nil {
			changes, unknown := s.changes(c, known, after)
			if unknown != nil {
				return unknown
			}
			if changes {
				return access.Errorf(access.CodeEvidence, "%w; it changes the contracts, and whoever wrote them may not approve them", err)
			}
			return nil
		}
		if person := s.config.person(name); !slices.Contains(people, person) {
			people = append(people, person)
		}
		return nil
	})
	slices.Sort(people)
	return people, err
}

// changes reports whether the contracts of a commit are not those of any of its parents. Of
// the commits that came before the one in force, only that one counts: a merge with an older
// parent would bring back contracts that were left out, and nobody would have signed that.
func (s *Source) changes(c *object.Commit, known map[plumbing.Hash]bool, inForce string) (bool, error) {
	own, err := s.tree(c)
	if err != nil {
		return false, nil // there are none in it
	}
	changed := true
	err = c.Parents().ForEach(func(p *object.Commit) error {
		if known[p.Hash] && p.Hash != plumbing.NewHash(inForce) {
			return nil
		}
		if held, err := s.tree(p); err == nil && held.Hash == own.Hash {
			changed = false
		}
		return nil
	})
	if err != nil {
		return false, access.Errorf(access.CodeInvalid, "server.contractsGit.clone: %w", err)
	}
	return changed, nil
}

// person returns the id of the person who signs by a name.
func (c Config) person(name string) string {
	for _, s := range c.Signers {
		if s.Name == name {
			return s.Person
		}
	}
	return ""
}
