package run

// Closers is a stack of what to close.
type Closers struct{ stack []func() }

// Add puts f onto the stack.
func (c *Closers) Add(f func()) { c.stack = append(c.stack, f) }

// Close closes everything, the latest first, and each once.
func (c *Closers) Close() {
	for ; len(c.stack) > 0; c.stack = c.stack[:len(c.stack)-1] {
		c.stack[len(c.stack)-1]()
	}
}
