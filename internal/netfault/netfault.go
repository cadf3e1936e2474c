// Package netfault is a network between a test and a service, and what happens on networks.
package netfault

import (
	"context"
	"fmt"
	"strings"
	"testing"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
)

// Wire is the network before a service.
type Wire struct {
	t     testing.TB
	proxy *toxiproxy.Proxy
	n     int // faults so far: each has a name of its own
}

// New returns a network before an address. It listens on the address listen, such as
// 127.0.0.1:0, until the test ends.
func New(t testing.TB, listen, to string) *Wire {
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	p := toxiproxy.NewProxy(server, "wire", listen, to)
	require.NoError(t, p.Start())
	t.Cleanup(p.Stop)
	return &Wire{t: t, proxy: p}
}

// Address is where the service is reached through the network.
func (w *Wire) Address() string { return w.proxy.Listen }

// Refuse ends every connection, and lets no other be made.
func (w *Wire) Refuse() { w.proxy.Stop() }

// Serve takes connections again, at the same address.
func (w *Wire) Serve() { require.NoError(w.t, w.proxy.Start()) }

// Silent lets requests through and no responses, and says nothing.
func (w *Wire) Silent() func() { return w.fault("timeout", "downstream", `{"timeout":0}`) }

// Deaf lets responses through, and no requests: one half of the connection is gone, and
// nobody says so.
func (w *Wire) Deaf() func() { return w.fault("timeout", "upstream", `{"timeout":0}`) }

// Reset lets requests through and tears the connection down at the response: the effect
// has happened.
func (w *Wire) Reset() func() { return w.fault("reset_peer", "downstream", `{"timeout":0}`) }

// Torn ends connections after some bytes of responses.
func (w *Wire) Torn(bytes int) func() {
	return w.fault("limit_data", "downstream", fmt.Sprintf(`{"bytes":%d}`, bytes))
}

// Swallow delivers some bytes of the requests of each connection, and acknowledges them all.
func (w *Wire) Swallow(bytes int) func() {
	return w.fault("limit_data", "upstream", fmt.Sprintf(`{"bytes":%d}`, bytes))
}

// Slow delays responses by as many milliseconds, half more or less.
func (w *Wire) Slow(ms int) func() {
	return w.fault("latency", "downstream", fmt.Sprintf(`{"latency":%d,"jitter":%d}`, ms, ms/2))
}

// Heal ends all faults.
func (w *Wire) Heal() { w.proxy.Toxics.ResetToxics(context.Background()) }

// fault begins one fault, and returns what ends it.
func (w *Wire) fault(kind, stream, attributes string) func() {
	w.n++
	name := fmt.Sprintf("%s-%d", kind, w.n)
	_, err := w.proxy.Toxics.AddToxicJson(strings.NewReader(fmt.Sprintf(`{"name":%q,"type":%q,"stream":%q,"attributes":%s}`, name, kind, stream, attributes)))
	require.NoError(w.t, err)
	return func() { _ = w.proxy.Toxics.RemoveToxic(context.Background(), name) } // Heal may have ended it
}
