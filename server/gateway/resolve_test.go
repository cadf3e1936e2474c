package gateway

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/codec"
	"ramp.dev/ramp/dev/temporalserver"
	"ramp.dev/ramp/internal/sdklog"
	"ramp.dev/ramp/workflows"
)

// TestResolve asks workers through a real Temporal, with encrypted payloads.
func TestResolve(t *testing.T) {
	e, err := temporalserver.Start(t.Context(), temporalserver.Config{Dir: t.TempDir(), Addr: "127.0.0.1:0", SearchAttributes: workflows.SearchAttributes()})
	require.NoError(t, err)
	t.Cleanup(func() { _ = e.Stop() })
	payloads, err := codec.New(codec.Key{1})
	require.NoError(t, err)
	log := logrus.New()
	log.SetOutput(io.Discard)
	options := client.Options{HostPort: e.Addr, Namespace: temporalserver.Namespace, Logger: sdklog.New(log)}
	options.DataConverter, options.FailureConverter = payloads.Converters()
	c, err := client.Dial(options)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	for _, target := range []string{"one", "two"} {
		w := worker.New(c, workflows.TargetQueue(target), worker.Options{DisableWorkflowWorker: true})
		w.RegisterActivityWithOptions(func(_ context.Context, in api.ResolveScopesInput) (out api.ResolveScopesResult, err error) {
			for _, e := range in.Entitlements {
				if e["what"] == "nonsense" {
					return out, api.ToTemporal(&access.Error{Code: access.CodeInvalid, Issues: []access.Issue{{Code: "unknown_what", Field: "what"}}})
				}
				out.Scopes = append(out.Scopes, access.Scope{Summary: in.Target + " " + e["what"].(string)})
			}
			return out, nil
		}, activity.RegisterOptions{Name: api.ResolveScopes})
		require.NoError(t, w.Start())
		t.Cleanup(w.Stop)
	}
	g := New(c)
	grant := func(target, what string) access.PlannedGrant {
		return access.PlannedGrant{Target: target, Entitlement: access.Entitlement{"what": what}}
	}
	t.Run("several targets, in the order of the question", func(t *testing.T) {
		out, err := g.Resolve(t.Context(), []access.PlannedGrant{grant("one", "a"), grant("two", "b"), grant("one", "c")})
		require.NoError(t, err)
		require.Equal(t, []access.Scope{{Summary: "one a"}, {Summary: "two b"}, {Summary: "one c"}}, out)
	})
	t.Run("a refusal comes back with its issues", func(t *testing.T) {
		_, err := g.Resolve(t.Context(), []access.PlannedGrant{grant("two", "nonsense")})
		require.Equal(t, access.CodeInvalid, access.CodeOf(err))
		require.Equal(t, "unknown_what", access.IssuesOf(err)[0].Code)
	})
	t.Run("a target that nobody serves fails within seconds", func(t *testing.T) {
		began := time.Now()
		_, err := g.Resolve(t.Context(), []access.PlannedGrant{grant("one", "d"), grant("three", "a")})
		require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
		require.ErrorContains(t, err, "no worker serves this target")
		require.Less(t, time.Since(began), callTimeout)
	})
	t.Run("no workflow is started for it", func(t *testing.T) {
		res, err := c.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{})
		require.NoError(t, err)
		require.Empty(t, res.Executions)
	})
}
