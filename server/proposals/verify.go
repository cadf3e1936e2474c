package proposals

import (
	"context"
	"slices"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
)

// verify returns what a record says, with the plan of its request. A worker's signature
// says that the request was opened; that it was one about contracts, under the contract
// for it, and about just these, the plan says, which a server signed; and that people
// approved it, their decisions. Nothing of that is believed of the worker: whoever has its
// key and writes to the ledger opens what was denied (docs/threats.md, case 107).
func (s *Source) verify(ctx context.Context, record []byte) (r access.ContractsInForce, plan access.Plan, err error) {
	said, err := evidence.ReadContracts(record)
	if err != nil {
		return said, plan, err
	}
	if said.RequestID == "" {
		r, err = s.servers.VerifyContracts(record)
		if err == nil && r.Number != 1 {
			err = access.Errorf(access.CodeEvidence, "contracts are in force by no request (number %d)", r.Number)
		}
	} else {
		r, err = s.workers.VerifyContracts(record)
		if err != nil {
			err = access.Errorf(access.CodeEvidence, "that contracts are in force was signed by no worker of target %s: %w", s.config.TargetName(), err)
		}
	}
	if err != nil {
		return r, plan, err
	}
	logged, err := s.ledger.LoggedContracts(ctx, ledger.LineProposals, r.Number, r.RequestID)
	if err != nil {
		return r, plan, err
	}
	if err := checkLogged(r, logged); err != nil || r.RequestID == "" {
		return r, plan, err
	}
	proof, err := s.proof(ctx, r.RequestID)
	if err != nil {
		return r, plan, err
	}
	plan = proof.Plan
	if c := plan.Change; plan.RequestID != r.RequestID || plan.Contract != s.config.Contract || c == nil || c.Set != r.Set || c.Replaces != r.Replaces {
		return r, plan, access.Errorf(access.CodeEvidence, "request %s does not change contracts as the ledger says", r.RequestID)
	}
	return r, plan, checkDecided(r, proof, logged)
}

// proof returns what was signed about a request. Who is among the approvers today says
// nothing of what came into force then, so the directory is not asked.
func (s *Source) proof(ctx context.Context, request string) (evidence.Authorized, error) {
	plan, err := s.ledger.PlanEnvelope(ctx, request)
	if access.CodeOf(err) == access.CodeNotFound {
		err = access.Errorf(access.CodeEvidence, "contracts are in force by request %s, says the ledger, which has no such request", access.Clip(request, 40))
	}
	if err != nil {
		return evidence.Authorized{}, err
	}
	statements, err := s.ledger.Statements(ctx, request)
	if err != nil {
		return evidence.Authorized{}, err
	}
	return s.servers.AuthorizeStored(plan, statements, evidence.Keyring{})
}

// checkLogged returns why a record is not the newest by the log. An older one is signed
// still, and whoever writes to the database can put it where the newest is: a server that
// starts has no other memory than the log. Errors are CodeEvidence.
func checkLogged(r access.ContractsInForce, l ledger.LoggedContracts) error {
	switch {
	case l.Later:
		return access.Errorf(access.CodeEvidence, "contracts %s were replaced, says the log (number %d): an older record was put back", access.ShortDigest(r.Set), r.Number+1)
	case l.Seq == 0:
		return access.Errorf(access.CodeEvidence, "the log does not tell that contracts %s came into force (number %d)", access.ShortDigest(r.Set), r.Number)
	// The approval of an earlier change brings its contracts into force once.
	case r.At.Before(l.Previous.Add(-access.ClockSkew)):
		return access.Errorf(access.CodeEvidence, "contracts %s came into force at %s, says their record, and those that they replaced later, at %s", access.ShortDigest(r.Set), access.FormatTime(r.At), access.FormatTime(l.Previous))
	}
	return nil
}

// checkDecided returns why a request could not bring contracts into force when the record
// says so: its rule was not satisfied, or somebody had denied or ended it. When that was,
// the worker says itself; so the order of the log counts as well. Errors are CodeEvidence.
func checkDecided(r access.ContractsInForce, proof evidence.Authorized, l ledger.LoggedContracts) error {
	if err := proof.Term(r.Grant).WasOpened(r.At, r.At); err != nil {
		return access.Errorf(access.CodeEvidence, "request %s: %w", r.RequestID, err)
	}
	var before []access.Decision
	for _, e := range l.Before {
		if e.Kind != access.EventDecisionRecorded {
			return access.Errorf(access.CodeEvidence, "request %s was over (event %d of the log) before its contracts came into force", r.RequestID, e.Seq)
		}
		i := slices.IndexFunc(proof.Decisions, func(d access.Decision) bool { return access.KeyDecision(d) == e.Key })
		if i < 0 {
			return access.Errorf(access.CodeEvidence, "the log records a decision of %s on request %s (event %d), and the signed decision is missing from the ledger", e.Actor, r.RequestID, e.Seq)
		}
		before = append(before, proof.Decisions[i])
	}
	if tally, _ := proof.Plan.Rule.Tally(proof.Plan, proof.Plan.Digest, before); tally != access.TallySatisfied {
		return access.Errorf(access.CodeEvidence, "when contracts %s came into force, what was decided on request %s did not satisfy its rule (%s)", access.ShortDigest(r.Set), r.RequestID, tally)
	}
	return nil
}

// raise records, once in this process and once in the log, that the ledger says of
// contracts what nobody signed. What could not be recorded is said again at the next read.
func (s *Source) raise(ctx context.Context, request, what string) {
	what = access.Clip("contracts in force: "+what, 1000)
	if s.raised[what] {
		return
	}
	if len(s.raised) >= maxRaised {
		clear(s.raised)
	}
	err := s.ledger.AppendEvent(ctx, access.Event{At: time.Now().UTC(), RequestID: request, Kind: access.EventRecordAltered, Actor: access.ActorRamp, Message: what, Key: access.KeyAltered(what)})
	s.raised[what] = err == nil
}

// maxRaised bounds how many alarms a process remembers.
const maxRaised = 100
