package gateway

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/worker"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/codec"
	"ramp.dev/ramp/dev/temporalserver"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/internal/sdklog"
	"ramp.dev/ramp/workflows"
)

// meanings is what is kept, by target and digest.
type meanings map[string][]byte

func (m meanings) Meaning(_ context.Context, target, entitlement string) ([]byte, error) {
	if b, ok := m[target+" "+entitlement]; ok {
		return b, nil
	}
	return nil, access.Errorf(access.CodeNotFound, "not kept")
}

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
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	signer := evidence.NewSigner(key)
	_, key, err = ed25519.GenerateKey(nil)
	require.NoError(t, err)
	other := evidence.NewSigner(key)
	for _, target := range []string{"one", "two"} {
		w := worker.New(c, workflows.TargetQueue(target), worker.Options{DisableWorkflowWorker: true})
		w.RegisterActivityWithOptions(func(_ context.Context, in api.ResolveScopesInput) (out api.ResolveScopesResult, err error) {
			for _, e := range in.Entitlements {
				if e["what"] == "nonsense" {
					return out, api.ToTemporal(&access.Error{Code: access.CodeInvalid, Issues: []access.Issue{{Code: "unknown_what", Field: "what"}}})
				}
				out.Scopes = append(out.Scopes, access.Scope{Summary: in.Target + " " + e["what"].(string)})
			}
			signed, err := signer.SignResolution(access.Resolution{Question: in.Question, Target: in.Target, Entitlements: in.Entitlements, Scopes: out.Scopes})
			out.Signed = &signed
			return out, err
		}, activity.RegisterOptions{Name: api.ResolveScopes})
		require.NoError(t, w.Start())
		t.Cleanup(w.Stop)
	}
	g := New(c, evidence.Keyring{}.With(signer.Public(), "one", "two"))
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
		require.ErrorContains(t, err, "two: what")
	})
	t.Run("a target that nobody serves fails when Temporal gives its activity up, which is before the call's own end", func(t *testing.T) {
		_, err := g.Resolve(t.Context(), []access.PlannedGrant{grant("one", "d"), grant("three", "a")})
		require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
		require.ErrorContains(t, err, "no worker serves the target three")
	})
	// Somebody with all rights on the namespace, even with the key of the payloads,
	// responds to questions about a target.
	t.Run("Case52 somebody responds in a worker's place", func(t *testing.T) {
		var lie func(api.ResolveScopesInput) api.ResolveScopesResult
		w := worker.New(c, workflows.TargetQueue("rogue"), worker.Options{DisableWorkflowWorker: true})
		w.RegisterActivityWithOptions(func(_ context.Context, in api.ResolveScopesInput) (api.ResolveScopesResult, error) {
			return lie(in), nil
		},
			activity.RegisterOptions{Name: api.ResolveScopes})
		require.NoError(t, w.Start())
		t.Cleanup(w.Stop)
		harmless := []access.Scope{{Summary: "read one table"}}
		signed := func(r access.Resolution) *evidence.Envelope {
			e, err := signer.SignResolution(r)
			require.NoError(t, err)
			return &e
		}
		honest := New(c, evidence.Keyring{}.With(signer.Public(), "rogue"))
		n := 0
		for what, c := range map[string]struct {
			gateway *Gateway
			lie     func(api.ResolveScopesInput) api.ResolveScopesResult
		}{
			"signed by nobody": {honest, func(api.ResolveScopesInput) api.ResolveScopesResult { return api.ResolveScopesResult{Scopes: harmless} }},
			"a worker's answer about something else": {honest, func(in api.ResolveScopesInput) api.ResolveScopesResult {
				return api.ResolveScopesResult{Scopes: harmless, Signed: signed(access.Resolution{Question: in.Question, Target: in.Target,
					Entitlements: []access.Entitlement{{"what": "one table"}}, Scopes: harmless})}
			}},
			"a worker's answer to an earlier question": {honest, func(in api.ResolveScopesInput) api.ResolveScopesResult {
				return api.ResolveScopesResult{Scopes: harmless, Signed: signed(access.Resolution{Question: "earlier", Target: in.Target,
					Entitlements: in.Entitlements, Scopes: harmless})}
			}},
			"a worker of other targets": {g, func(in api.ResolveScopesInput) api.ResolveScopesResult {
				return api.ResolveScopesResult{Scopes: harmless, Signed: signed(access.Resolution{Question: in.Question, Target: in.Target,
					Entitlements: in.Entitlements, Scopes: harmless})}
			}},
			"nothing": {New(g.temporal, evidence.Keyring{}), func(api.ResolveScopesInput) api.ResolveScopesResult { return api.ResolveScopesResult{} }},
			"what cannot be shown": {New(g.temporal, evidence.Keyring{}), func(api.ResolveScopesInput) api.ResolveScopesResult {
				return api.ResolveScopesResult{Scopes: []access.Scope{{Summary: "read \u202eelbat"}}}
			}},
		} {
			lie = c.lie
			n++
			out, err := c.gateway.Resolve(t.Context(), []access.PlannedGrant{grant("rogue", fmt.Sprint("everything ", n))})
			require.Equal(t, access.CodeEvidence, access.CodeOf(err), "%s: %v", what, err)
			require.Empty(t, out, what)
		}
	})
	t.Run("Case52 in clear, though payloads are encrypted", func(t *testing.T) {
		plain, err := client.Dial(client.Options{HostPort: e.Addr, Namespace: temporalserver.Namespace, Logger: sdklog.New(log)})
		require.NoError(t, err)
		t.Cleanup(plain.Close)
		var answer func() (api.ResolveScopesResult, error)
		w := worker.New(plain, workflows.TargetQueue("clear"), worker.Options{DisableWorkflowWorker: true})
		w.RegisterActivityWithOptions(func(_ context.Context, _ converter.RawValue) (api.ResolveScopesResult, error) { return answer() },
			activity.RegisterOptions{Name: api.ResolveScopes})
		require.NoError(t, w.Start())
		t.Cleanup(w.Stop)
		g := New(c, evidence.Keyring{})
		answer = func() (api.ResolveScopesResult, error) {
			return api.ResolveScopesResult{Scopes: []access.Scope{{Summary: "read one table"}}}, nil
		}
		_, err = g.Resolve(t.Context(), []access.PlannedGrant{grant("clear", "a")})
		require.ErrorContains(t, err, "a payload is not encrypted")
		answer = func() (out api.ResolveScopesResult, err error) {
			return out, api.ToTemporal(access.Errorf(access.CodeInvalid, "MARKED"))
		}
		_, err = g.Resolve(t.Context(), []access.PlannedGrant{grant("clear", "b")})
		require.Equal(t, access.CodeEvidence, access.CodeOf(err))
		require.NotContains(t, err.Error(), "MARKED")
	})
	t.Run("what a worker has kept needs no worker", func(t *testing.T) {
		workers := evidence.Keyring{}.With(signer.Public(), "three").With(other.Public(), "one")
		ask := func(kept meanings) ([]access.Scope, error) {
			return New(c, workers).UseMeanings(kept).Resolve(t.Context(), []access.PlannedGrant{grant("three", "a")})
		}
		keep := func(by *evidence.Signer, change func(*access.Resolution)) meanings {
			r := access.Resolution{Target: "three", Entitlements: []access.Entitlement{{"what": "a"}}, Scopes: []access.Scope{{Summary: "three a"}}, At: time.Now().UTC()}
			change(&r)
			e, err := by.SignResolution(r)
			require.NoError(t, err)
			b, err := json.Marshal(e)
			require.NoError(t, err)
			return meanings{"three " + access.Entitlement{"what": "a"}.Digest(): b}
		}
		unchanged := func(*access.Resolution) {}
		out, err := ask(keep(signer, unchanged))
		require.NoError(t, err)
		require.Equal(t, []access.Scope{{Summary: "three a"}}, out)
		// Where nothing counts, each waits for a worker; so they wait at the same time.
		var all sync.WaitGroup
		for what, kept := range map[string]meanings{
			"of another target":             keep(signer, func(r *access.Resolution) { r.Target = "one" }),
			"of another entitlement":        keep(signer, func(r *access.Resolution) { r.Entitlements[0]["what"] = "b" }),
			"the response to some question": keep(signer, func(r *access.Resolution) { r.Question = "q" }),
			"said long ago":                 keep(signer, func(r *access.Resolution) { r.At = r.At.Add(-access.MeaningLasts - time.Minute) }),
			"nothing that can be shown":     keep(signer, func(r *access.Resolution) { r.Scopes[0].Summary = "read \u202eelbat" }),
			"no scope":                      keep(signer, func(r *access.Resolution) { r.Scopes = nil }),
			"said by a worker of others":    keep(other, unchanged),
			"nothing":                       {},
		} {
			all.Go(func() {
				_, err := ask(kept)
				assert.Equal(t, access.CodeUnavailable, access.CodeOf(err), what)
			})
		}
		all.Wait()
	})
	t.Run("no workflow is started for it", func(t *testing.T) {
		res, err := c.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{})
		require.NoError(t, err)
		require.Empty(t, res.Executions)
	})
}
