package integrations

import "time"

// waiter is one operation that waits for its turn.
type waiter struct {
	turn
	number  int
	since   time.Time
	through chan struct{} // closed when it may go
	place   int           // in its line; -1 when it is out of it
}

// line is a heap of waiters: the earliest due first, and among equals the
// first who came.
type line []*waiter

func (l line) Len() int { return len(l) }

func (l line) Less(i, j int) bool {
	if !l[i].due.Equal(l[j].due) {
		return l[i].due.Before(l[j].due)
	}
	return l[i].number < l[j].number
}

func (l line) Swap(i, j int) {
	l[i], l[j] = l[j], l[i]
	l[i].place, l[j].place = i, j
}

// Push implements heap.Interface.
func (l *line) Push(x any) {
	w := x.(*waiter)
	w.place = len(*l)
	*l = append(*l, w)
}

// Pop implements heap.Interface.
func (l *line) Pop() any {
	last := len(*l) - 1
	w := (*l)[last]
	(*l)[last] = nil
	*l = (*l)[:last]
	w.place = -1
	return w
}
