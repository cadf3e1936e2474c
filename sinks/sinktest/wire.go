package sinktest

import (
	"testing"

	"ramp.dev/ramp/internal/netfault"
	"ramp.dev/ramp/internal/ports"
)

// Wire is the network before a receiver.
type Wire struct{ *netfault.Wire }

// NewWire returns a network before an address.
func NewWire(t testing.TB, to string) Wire { return Wire{netfault.New(t, ports.ForTest(t), to)} }

// Faults are what networks do.
func (w Wire) Faults() []Fault {
	return []Fault{
		{Name: "NetworkIsCut", Begin: w.Refuse, End: w.Serve},
		wireFault("RepliesAreReset", w.Reset),
		wireFault("RepliesAreTorn", func() func() { return w.Torn(40) }),
	}
}

// Tear is a proxy that delivers some bytes of each connection, fewer than thirty events have,
// and acknowledges them all.
func (w Wire) Tear(most int) Fault {
	return wireFault("MessagesAreTorn", func() func() { return w.Swallow(most) })
}

func wireFault(name string, begin func() (end func())) Fault {
	var end func()
	return Fault{Name: name, Begin: func() { end = begin() }, End: func() { end() }}
}
