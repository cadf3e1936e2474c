package contractgit

import (
	"context"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"ramp.dev/ramp/access"
)

// Recorded returns the commit of the newest contracts that some server has recorded as in
// force, if they came from the source of that name (its String); "" if there is none.
type Recorded func(ctx context.Context, source string) (commit string, err error)

// Follow has the source put no commit in force that does not follow the recorded one. A
// server that has lost its clone then knows what was in force by the record that all
// servers share. Call it before the first Read.
func (s *Source) Follow(r Recorded) { s.recorded = r }

// followsRecorded returns an error unless a commit is the recorded one, or comes after it.
// A record of another repository, ref or path says nothing of this one: whoever configured
// the server has changed where contracts come from.
func (s *Source) followsRecorded(ctx context.Context, tip *object.Commit) error {
	if s.recorded == nil {
		return nil
	}
	commit, err := s.recorded(ctx, s.String())
	if err != nil {
		return access.Errorf(access.CodeOf(err), "whether commit %s follows the contracts that were in force last is not known: %w", short(tip), err)
	}
	if commit == "" {
		return nil
	}
	before, err := s.history(tip.Hash)
	if err != nil {
		return err
	}
	if !before[plumbing.NewHash(commit)] {
		return access.Errorf(access.CodeEvidence, "%s was moved back or rewritten: commit %s does not follow %s, which is recorded as in force (event %s): make a commit that undoes the others",
			s.config.Ref, short(tip), access.Clip(commit, 12), access.EventContractsInForce)
	}
	return nil
}
