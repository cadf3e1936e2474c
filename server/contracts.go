package server

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/ledger"
)

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
	r := access.ContractsInForce{Set: now.Version, Source: now.Source, At: now.Since.Truncate(time.Microsecond)}
	e := access.Event{At: r.At, Kind: access.EventContractsInForce, Actor: access.ActorRamp,
		Message: fmt.Sprintf("contracts %s are in force", access.ShortDigest(r.Set)),
		Detail:  map[string]string{"set": r.Set, "source": r.Source, "contracts": strconv.Itoa(now.Contracts)}}
	if now.Revision.Commit != "" {
		e.Detail["commit"] = now.Revision.Commit
		e.Detail["signers"] = strings.Join(now.Revision.Signers, ", ")
	}
	return s.ledger.TakeSource(ctx, ledger.LineSource, r, nil, s.signer.SignContracts, e)
}
