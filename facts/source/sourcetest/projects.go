package sourcetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/facts/source"
)

// Tickets returns a function that asks a source about tickets, without a fault.
func Tickets(t *testing.T, src source.Service) func(key string) source.Reply {
	require.NoError(t, src.Ping(t.Context()))
	return func(key string) source.Reply {
		reply, err := src.Ask(t.Context(), access.FactTicket, key)
		require.NoError(t, err, key)
		return reply
	}
}

// Hidden asks a source about an issue of a project that its token does not show: that is
// not known, as opposed to absent, and Ping names the project by what the service calls it,
// such as "the repository".
func Hidden[S source.Service](t *testing.T, open func(source.Config) (S, error), c source.Config, what string) {
	const project = "acme/hidden"
	c.Projects = append(c.Projects, project)
	src, err := open(c)
	require.NoError(t, err)
	_, err = src.Ask(t.Context(), access.FactTicket, project+"#1")
	require.ErrorContains(t, err, "does not show "+what+" "+project)
	require.ErrorContains(t, src.Ping(t.Context()), "does not show "+what+" "+project)
}
