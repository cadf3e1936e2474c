package verified

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
)

// TargetStateLedger keeps whether targets can be used, signed by their workers.
type TargetStateLedger interface {
	TargetStates(ctx context.Context) ([]ledger.KeptTargetState, error)
}

// TargetStates reads from the ledger whether targets can be used, and returns only what a
// worker of the target has signed. It reads again after a moment, so that pages that many
// look at cost one query. A reading is for all who wait for it, and does not end with the
// one who happened to come first. It is safe for concurrent use.
type TargetStates struct {
	Ledger  TargetStateLedger
	Workers evidence.Keyring // an empty one knows nothing: nobody could be believed
	Log     logrus.FieldLogger
	Now     func() time.Time

	mu        sync.Mutex
	said      map[string][]access.TargetState // by target, as verified
	misplaced []access.TargetState            // what workers said that have another's target in their file
	readAt    time.Time
}

const (
	// readTargetStatesAgain is how long what was read counts.
	readTargetStatesAgain = 2 * time.Second
	// readTargetStatesWithin bounds one reading.
	readTargetStatesWithin = 5 * time.Second
)

// All returns the states of all targets that a worker has spoken of, by name. What cannot
// be read or verified is left out, and logged.
func (s *TargetStates) All(ctx context.Context) (all []access.TargetState) {
	if s == nil || s.Workers.Empty() {
		return nil
	}
	now := s.Now()
	for _, said := range s.read(ctx, now) {
		if state, found := access.TargetStateOf(said, now); found {
			all = append(all, state)
		}
	}
	slices.SortFunc(all, func(a, b access.TargetState) int { return strings.Compare(a.Target, b.Target) })
	return all
}

// Misplaced returns the targets that a worker has in its configuration whose key is for others
// only, as it says itself, each once for each reason.
func (s *TargetStates) Misplaced(ctx context.Context) (all []access.TargetState) {
	if s == nil || s.Workers.Empty() {
		return nil
	}
	now := s.Now()
	s.read(ctx, now)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.misplaced {
		same := func(other access.TargetState) bool { return other.Target == one.Target && other.Reason == one.Reason }
		if age := now.Sub(one.At); age <= access.TargetStateLasts && age >= -access.TargetStateLasts && !slices.ContainsFunc(all, same) {
			all = append(all, one)
		}
	}
	return all
}

func (s *TargetStates) read(ctx context.Context, now time.Time) map[string][]access.TargetState {
	s.mu.Lock()
	defer s.mu.Unlock()
	if age := now.Sub(s.readAt); s.said != nil && age >= 0 && age < readTargetStatesAgain {
		return s.said
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readTargetStatesWithin)
	defer cancel()
	kept, err := s.Ledger.TargetStates(ctx)
	if err != nil {
		s.unknown("", err)
		return nil
	}
	s.said, s.misplaced, s.readAt = map[string][]access.TargetState{}, nil, now
	for _, k := range kept {
		signed, err := evidence.ReadEnvelope(k.Envelope)
		if err != nil {
			s.unknown(k.Target, err)
			continue
		}
		if one, err := s.Workers.VerifyMisplaced(signed, k.Target); err == nil {
			s.misplaced = append(s.misplaced, one)
			continue
		}
		state, err := s.Workers.VerifyTargetState(signed, k.Target)
		if err != nil {
			s.unknown(k.Target, err)
			continue
		}
		s.said[k.Target] = append(s.said[k.Target], state)
	}
	return s.said
}

func (s *TargetStates) unknown(target string, err error) {
	if s.Log != nil {
		s.Log.WithError(err).WithField("target", target).Warn("whether a target can be used is not known")
	}
}
