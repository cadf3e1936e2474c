package app

import (
	"context"

	"golang.org/x/mod/sumdb/tlog"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// best returns the largest checkpoint that a quorum has cosigned, of at most so many events,
// or without one the largest that any witness has; nil if there is neither.
func (w *witnessing) best(ctx context.Context, at evidence.Checkpoint) (*cosigned, error) {
	if len(w.config.Members) == 0 {
		return nil, nil
	}
	list, err := w.ledger.Witnessed(ctx, at.Origin, mostKept)
	if err != nil {
		return nil, err
	}
	var best *cosigned
	for _, one := range list { // each costs signatures: no more are verified than it takes
		c, ok := w.valid(one, at)
		if ok && len(c.by) >= w.config.Quorum {
			return &c, nil
		}
		if ok && best == nil && len(c.by) > 0 {
			best = &c
		}
	}
	return best, nil
}

// forPack returns what witnesses have cosigned of a log, with the proof that the log goes
// on from it; nil if there is nothing.
func (w *witnessing) forPack(ctx context.Context, at evidence.Checkpoint, hashes tlog.HashReader) (*evidence.Witnessed, error) {
	c, err := w.best(ctx, at)
	if c == nil || err != nil {
		return nil, err
	}
	proof, err := tlog.ProveTree(at.Size, c.Size, hashes)
	if err != nil {
		return nil, err
	}
	return &evidence.Witnessed{Checkpoint: c.text(), Proof: proof}, nil
}

// Cosigned returns the largest checkpoint of the log that a quorum of witnesses has
// cosigned, or without one the largest that any has, as a signed note with their lines;
// auditors only. CodeNotFound if there is none.
func (w *witnessing) Cosigned(ctx context.Context, by access.Actor) (string, error) {
	if err := w.log.requireAuditor(ctx, by); err != nil {
		return "", err
	}
	at, _, err := w.log.checkpoint(ctx)
	if err != nil {
		return "", err
	}
	c, err := w.best(ctx, at)
	if err != nil {
		return "", err
	}
	if c == nil {
		return "", access.Refuse(access.CodeNotFound, "not_cosigned", "no witness has cosigned the log: server.witnesses names those that are asked")
	}
	return c.text(), nil
}

// Witnesses returns how far the log is witnessed; auditors only.
func (w *witnessing) Witnesses(ctx context.Context, by access.Actor) (access.Witnesses, error) {
	if err := w.log.requireAuditor(ctx, by); err != nil {
		return access.Witnesses{}, err
	}
	at, _, err := w.log.checkpoint(ctx)
	if err != nil {
		return access.Witnesses{}, err
	}
	list, err := w.kept(ctx, at)
	if err != nil {
		return access.Witnesses{}, err
	}
	f := w.figure(list, at)
	out := access.Witnesses{LogKey: w.log.signer.LogKey(at.Origin), Size: at.Size, Quorum: w.config.Quorum, Witnessed: f.Witnessed, Problem: f.Problem, Witnesses: []access.WitnessState{}}
	if f.Witnessed > 0 {
		out.WitnessedAt = &f.WitnessedAt
	}
	for _, m := range w.config.Members {
		state := access.WitnessState{Name: m.Name(), Key: m.Key().ID()}
		for _, c := range list {
			if when, has := c.by[m.Name()]; has {
				state.Cosigned, state.At = c.Size, &when
				break
			}
		}
		w.mu.Lock()
		last := w.asked[m.Name()]
		w.mu.Unlock()
		state.Disputed, state.Problem = last.disputed || last.ahead, last.problem
		out.Witnesses = append(out.Witnesses, state)
	}
	return out, nil
}
