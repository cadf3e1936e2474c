package sshhost

import (
	"io"
	"sync"
)

// registry holds the connections that are open now.
type registry struct {
	mu      sync.Mutex
	raw     map[io.Closer]struct{}
	live    map[*connection]struct{}
	closed  bool
	changed chan struct{} // closed, and replaced, whenever a connection ends
}

func newRegistry() *registry {
	return &registry{raw: map[io.Closer]struct{}{}, live: map[*connection]struct{}{}, changed: make(chan struct{})}
}

// opening registers a connection on which nobody has logged in yet.
func (r *registry) opening(conn io.Closer) (forget func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		conn.Close()
	}
	r.raw[conn] = struct{}{}
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.raw, conn)
	}
}

// add registers a connection on which somebody has logged in.
func (r *registry) add(c *connection) (remove func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.live[c] = struct{}{}
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.live, c)
		close(r.changed)
		r.changed = make(chan struct{})
	}
}

// connections returns a grant's connections, and a channel that is closed when
// any connection ends.
func (r *registry) connections(grant string) ([]*connection, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []*connection
	for c := range r.live {
		if c.grant == grant {
			out = append(out, c)
		}
	}
	return out, r.changed
}

// close cuts all connections, those that come later too.
func (r *registry) close() {
	r.mu.Lock()
	r.closed = true
	var live []*connection
	for c := range r.live {
		live = append(live, c)
	}
	raw := r.raw
	r.raw = map[io.Closer]struct{}{}
	r.mu.Unlock()
	var all sync.WaitGroup
	for _, c := range live {
		all.Go(c.cut)
	}
	all.Wait()
	for c := range raw {
		c.Close()
	}
}
