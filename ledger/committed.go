package ledger

import "sync"

// broadcaster wakes everybody who waits, each time something happens.
type broadcaster struct {
	mu   sync.Mutex
	next chan struct{}
}

// wait returns a channel that is closed at the next broadcast.
func (b *broadcaster) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next == nil {
		b.next = make(chan struct{})
	}
	return b.next
}

func (b *broadcaster) broadcast() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next != nil {
		close(b.next)
		b.next = nil
	}
}

// Appended returns a channel that is closed when this process has next written
// to the ledger: there may be new events. What other processes write is not
// heard.
func (l *Ledger) Appended() <-chan struct{} { return l.committed.wait() }
