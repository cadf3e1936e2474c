package main

import (
	"sync"
	"time"
)

// effects is when things happened at the target, as the target saw it: the file
// appeared or went, the empty activity ran.
type effects struct {
	mu      sync.Mutex
	opened  map[string]time.Time
	expires map[string]time.Time
	closed  map[string]time.Time
	tell    func(effect) // nil: nobody
}

// effect is one thing that happened, as a process tells another.
type effect struct {
	Opened  string    `json:",omitempty"` // id
	Closed  string    `json:",omitempty"`
	At      time.Time `json:",omitzero"`
	Expires time.Time `json:",omitzero"`
}

func newEffects() *effects {
	return &effects{opened: map[string]time.Time{}, expires: map[string]time.Time{}, closed: map[string]time.Time{}}
}

func (e *effects) open(id string, expires time.Time) {
	e.note(effect{Opened: id, At: time.Now(), Expires: expires})
}

func (e *effects) close(id string) { e.note(effect{Closed: id, At: time.Now()}) }

// note notes the first time of each.
func (e *effects) note(what effect) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, again := e.opened[what.Opened]; what.Opened != "" && !again {
		e.opened[what.Opened], e.expires[what.Opened] = what.At, what.Expires
	}
	if _, again := e.closed[what.Closed]; what.Closed != "" && !again {
		e.closed[what.Closed] = what.At
	}
	if e.tell != nil {
		e.tell(what)
	}
}

func (e *effects) isOpen(id string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	_, ok := e.opened[id]
	return ok
}

func (e *effects) countClosed() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.closed)
}

// neverOpened returns those that never opened. A figure of lives of which some were
// not lived compares nothing.
func (e *effects) neverOpened(approved map[string]time.Time) (ids []string) {
	for id := range approved {
		if !e.isOpen(id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// sinceApproval is how long each took from being approved to being open.
func (e *effects) sinceApproval(approved map[string]time.Time) (out []time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for id, at := range approved {
		out = append(out, e.opened[id].Sub(at))
	}
	return out
}

// sinceExpiry is how long each outlived its expiry.
func (e *effects) sinceExpiry(ids []string) (out []time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, id := range ids {
		out = append(out, e.closed[id].Sub(e.expires[id]))
	}
	return out
}

// since is how long after a time each was closed.
func (e *effects) since(at time.Time) (out []time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, closed := range e.closed {
		out = append(out, closed.Sub(at))
	}
	return out
}

func (e *effects) lastExpiry() (last time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, at := range e.expires {
		if at.After(last) {
			last = at
		}
	}
	return last
}
