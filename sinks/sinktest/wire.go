package sinktest

import (
	"fmt"
	"strings"
	"testing"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/internal/ports"
)

// Wire is the network before a receiver.
type Wire struct {
	t     testing.TB
	proxy *toxiproxy.Proxy
}

// NewWire returns a network before an address.
func NewWire(t testing.TB, to string) *Wire {
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	p := toxiproxy.NewProxy(server, "receiver", ports.ForTest(t), to)
	require.NoError(t, p.Start())
	t.Cleanup(p.Stop)
	return &Wire{t: t, proxy: p}
}

// Address is where the receiver is reached through the network.
func (w *Wire) Address() string { return w.proxy.Listen }

// Faults are what networks do.
func (w *Wire) Faults() []Fault {
	return []Fault{
		{Name: "NetworkIsCut", Begin: w.proxy.Stop, End: func() { require.NoError(w.t, w.proxy.Start()) }},
		w.toxic("RepliesAreReset", "reset_peer", "downstream", `{"timeout":0}`),
		w.toxic("RepliesAreTorn", "limit_data", "downstream", `{"bytes":40}`),
	}
}

// Tear is a proxy that delivers some bytes of each connection, fewer than thirty events have,
// and acknowledges them all.
func (w *Wire) Tear(most int) Fault {
	return w.toxic("MessagesAreTorn", "limit_data", "upstream", fmt.Sprintf(`{"bytes":%d}`, most))
}

func (w *Wire) toxic(name, kind, stream, attributes string) Fault {
	return Fault{Name: name, Begin: func() {
		_, err := w.proxy.Toxics.AddToxicJson(strings.NewReader(`{"name":"fault","type":"` + kind + `","stream":"` + stream + `","attributes":` + attributes + `}`))
		require.NoError(w.t, err)
	}, End: func() { require.NoError(w.t, w.proxy.Toxics.RemoveToxic(w.t.Context(), "fault")) }}
}
