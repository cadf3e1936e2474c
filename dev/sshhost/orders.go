package sshhost

import (
	"fmt"
	"slices"
	"sync"
	"text/tabwriter"
)

type order struct{ id, customer, amount, state, note string }

// orderBook is the one thing on this host that users can change. It is in memory.
type orderBook struct {
	mu     sync.Mutex
	orders []order
}

const (
	statePaid  = "paid"
	stateStuck = "stuck"
)

func newOrderBook() *orderBook {
	return &orderBook{orders: []order{
		{"1039", "Ada", "42.00 EUR", statePaid, "two mechanical pencils"},
		{"1040", "Grace", "9.90 EUR", statePaid, "one moth, preserved"},
		{"1041", "Edsger", "0.00 EUR", "cancelled", "considered harmful"},
		{"1042", "Barbara", "310.00 EUR", stateStuck, "the payment's webhook timed out twice"},
		{"1043", "Alan", "118.50 EUR", statePaid, "one very long tape"},
	}}
}

func (b *orderBook) all() []order {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.orders)
}

// retry pays an order that is stuck, and returns what to tell the user.
func (b *orderBook) retry(id string) (message string, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.orders {
		o := &b.orders[i]
		switch {
		case o.id != id:
			continue
		case o.state != stateStuck:
			return "order " + id + " is " + o.state + "; there is nothing to retry", false
		}
		o.state, o.note = statePaid, "paid on retry"
		return "order " + id + ": payment went through", true
	}
	return "no order " + printable(id), false
}

func (s *shell) ordersCommand(args []string) int {
	switch {
	case len(args) == 0:
		w := tabwriter.NewWriter(s.stdout, 0, 0, 3, ' ', 0)
		fmt.Fprintln(w, "ORDER\tCUSTOMER\tAMOUNT\tSTATE")
		for _, o := range s.orders.all() {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", o.id, o.customer, o.amount, o.state)
		}
		w.Flush()
		return 0
	case len(args) == 2 && args[0] == "retry":
		message, ok := s.orders.retry(args[1])
		if !ok {
			fmt.Fprintln(s.stderr, message)
			return 1
		}
		fmt.Fprintln(s.stdout, message)
		return 0
	case len(args) == 1 && args[0] != "retry":
		for _, o := range s.orders.all() {
			if o.id == args[0] {
				fmt.Fprintf(s.stdout, "order     %s\ncustomer  %s\namount    %s\nstate     %s\nnote      %s\n",
					o.id, o.customer, o.amount, o.state, o.note)
				return 0
			}
		}
		fmt.Fprintln(s.stderr, "no order "+printable(args[0]))
		return 1
	}
	return statusUsage
}
