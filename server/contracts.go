package server

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/server/app"
	"ramp.dev/ramp/server/contractgit"
	"ramp.dev/ramp/server/proposals"
)

// contractSource returns where the contracts in force come from, and the repository, if
// that is where they come from; nil for a directory.
func contractSource(c Config, d Deps) (contracts.Source, *contractgit.Source, error) {
	source, err := c.ContractSource()
	if err != nil {
		return nil, nil, err
	}
	repository, _ := source.(*contractgit.Source)
	if repository != nil {
		repository.Follow(recordedCommit(d.Ledger, d.Trusted.With(d.Signer.Public())))
	}
	if c.Proposals.On() {
		source, err = proposals.New(c.Proposals, source, d.Ledger, d.Signer, d.Trusted, d.Workers)
	}
	return source, repository, err
}

// proposed says where the contracts that people propose come from: a repository, or nil.
func (s *Server) proposed(work *app.Config, repository *contractgit.Source) {
	switch {
	case !s.config.Proposals.On():
	case repository == nil:
		work.FirstContracts = contracts.Directory(s.config.Contracts)
	default:
		s.commits = proposals.NewCommits(repository, s.contracts.Status)
		work.ContractCommits = s.commits
	}
}

// recordEvery is how often it is looked at which contracts are in force.
const recordEvery = time.Second

// recordContracts records each set of contracts that a directory or a repository brings
// into force, until ctx ends. All servers see a set come, and the ledger takes the first
// record of it. Sets that come into force by proposals are recorded by the worker.
func (s *Server) recordContracts(ctx context.Context) {
	if s.config.Proposals.On() {
		return
	}
	tick := time.NewTicker(recordEvery)
	defer tick.Stop()
	recorded, failed := "", false
	for {
		if now := s.contracts.Status(); now.Version != recorded {
			err := s.recordSource(ctx, now)
			if err == nil {
				recorded = now.Version
			} else if !failed && ctx.Err() == nil {
				s.log.WithError(err).Warn("which contracts are in force could not be recorded yet; it is tried again")
			}
			failed = err != nil
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// recordSource records the set in force, unless it is the newest that is recorded.
func (s *Server) recordSource(ctx context.Context, now contracts.Status) error {
	r := access.ContractsInForce{Set: now.Version, Source: now.Source, Commit: now.Revision.Commit, At: now.Since.Truncate(time.Microsecond)}
	e := access.Event{At: r.At, Kind: access.EventContractsInForce, Actor: access.ActorRamp,
		Message: fmt.Sprintf("contracts %s are in force", access.ShortDigest(r.Set)),
		Detail:  map[string]string{"set": r.Set, "source": r.Source, "contracts": strconv.Itoa(now.Contracts)}}
	if now.Revision.Commit != "" {
		e.Detail["commit"] = now.Revision.Commit
		e.Detail["signers"] = strings.Join(now.Revision.Signers, ", ")
	}
	return s.ledger.TakeSource(ctx, ledger.LineSource, r, nil, s.signer.SignContracts, e)
}

// recordedCommit returns which commit of a source is recorded as in force: the newest
// record that a server signed, if it is of this source. That a later record was deleted,
// the log shows; then nothing newer comes into force. Where contracts that did not change
// came with another commit, the record is of the first that held them.
func recordedCommit(l *ledger.Ledger, servers evidence.Keyring) contractgit.Recorded {
	return func(ctx context.Context, source string) (string, error) {
		record, err := l.ContractsInForce(ctx, ledger.LineSource)
		if access.CodeOf(err) == access.CodeNotFound {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		r, err := servers.VerifyContracts(record)
		if err != nil || r.Source != source {
			return "", err
		}
		return r.Commit, nil
	}
}
