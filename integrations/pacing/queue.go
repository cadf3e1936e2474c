package pacing

import "time"

// ticket is one operation that waits.
type ticket struct {
	class    Class
	due      time.Time
	number   int // in the order of arrival
	since    time.Time
	admitted chan struct{} // closed when the operation may begin
	index    int           // in its queue; -1 once it is out of it
}

// waitQueue is a heap of tickets: the earliest due first, and among equals the
// one that came first.
type waitQueue []*ticket

// Len implements heap.Interface.
func (q waitQueue) Len() int { return len(q) }

// Less implements heap.Interface.
func (q waitQueue) Less(i, j int) bool {
	if !q[i].due.Equal(q[j].due) {
		return q[i].due.Before(q[j].due)
	}
	return q[i].number < q[j].number
}

// Swap implements heap.Interface.
func (q waitQueue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}

// Push implements heap.Interface.
func (q *waitQueue) Push(x any) {
	t := x.(*ticket)
	t.index = len(*q)
	*q = append(*q, t)
}

// Pop implements heap.Interface.
func (q *waitQueue) Pop() any {
	last := len(*q) - 1
	t := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	t.index = -1
	return t
}
