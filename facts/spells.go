package facts

import (
	"sync"
	"time"

	"ramp.dev/ramp/access"
)

const (
	// forgetUnknown is how long a question counts as unknown that nobody asks again: its
	// request is over, and a later fault of the source begins a spell of its own.
	forgetUnknown = 5 * time.Minute
	// sayAgain is how often the log says that a spell goes on.
	sayAgain = time.Hour
	// maxUnknown bounds the questions of one spell that are remembered.
	maxUnknown = 2_000
)

// spells are the times for which sources leave questions without a reply that counts. Each
// look at conditions asks again, four times a minute, so the log says when a spell begins,
// that it goes on, and when it is over.
type spells struct {
	mu sync.Mutex
	of map[string]*spell // by source
}

// spell is the questions that one source leaves unknown, each with when it was last asked.
type spell struct {
	unknown map[access.FactQuestion]time.Time
	said    time.Time
}

// unknown takes note of a question that has no reply, and reports whether the log should
// say so: it is the first of the spell, or the last warning was an hour ago. n is how many
// questions are unknown.
func (s *spells) unknown(q access.FactQuestion, now time.Time) (say bool, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.of[q.Source]
	if one == nil {
		one = &spell{unknown: map[access.FactQuestion]time.Time{}}
		s.of[q.Source] = one
	}
	one.forget(now)
	say = len(one.unknown) == 0 || now.Sub(one.said) >= sayAgain
	if say {
		one.said = now
	}
	if _, there := one.unknown[q]; there || len(one.unknown) < maxUnknown {
		one.unknown[q] = now
	}
	return say, len(one.unknown)
}

// known takes note of a question that has a reply, and reports whether that ends a spell.
func (s *spells) known(q access.FactQuestion, now time.Time) (over bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.of[q.Source]
	if one == nil {
		return false
	}
	if _, was := one.unknown[q]; !was {
		return false
	}
	delete(one.unknown, q)
	one.forget(now)
	return len(one.unknown) == 0
}

// forget leaves out what nobody asks any more.
func (s *spell) forget(now time.Time) {
	for q, at := range s.unknown {
		if now.Sub(at) > forgetUnknown {
			delete(s.unknown, q)
		}
	}
}
