package e2e

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"

	"ramp.dev/ramp/ledger/ledgertest"
)

var chaosEndings = flag.Int("chaos.endings", 30, "how many requests end in TestChaosEndingsWithNoTemporal while Temporal is down")

// vaultBound is the bound of ending of Vault (docs/guarantee.md).
const vaultBound = 30 * time.Second

// TestChaosEndingsWithNoTemporal: Temporal is killed before many requests end, and comes
// back afterwards. The target is asked itself: all are gone within its bound. All are
// recorded while Temporal is down, each once, and afterwards every workflow finds that
// its request has ended. `make chaos` has a thousand.
func TestChaosEndingsWithNoTemporal(t *testing.T) {
	t.Parallel()
	n := *chaosEndings
	s := newSite(t, siteOptions{ledger: ledgertest.Postgres(t), crowd: true, reconcile: time.Minute})
	// The first ends when all are surely open; the others come over spread.
	first := time.Now().Add(30*time.Second + time.Duration(n)*300*time.Millisecond)
	spread := max(5*time.Second, time.Duration(n)*60*time.Millisecond)
	ids := s.opensMany(n, func(i int) time.Time { return first.Add(spread * time.Duration(i) / time.Duration(n)) })

	s.engine.kill()
	require.True(t, time.Now().Before(first), "the machine is too slow: some ended before Temporal was killed")
	gone := s.untilGone(first.Add(spread + 2*vaultBound))
	var lags []time.Duration
	for _, id := range ids {
		r := s.recorded(id)
		lags = append(lags, gone[grantOf(id)].Sub(ends(r)))
	}
	slices.Sort(lags)
	t.Logf("%d ended over %s with no Temporal; from the end to gone: p50 %s, p99 %s, max %s", n, spread,
		lags[n/2].Round(time.Millisecond), lags[min(n-1, n*99/100)].Round(time.Millisecond), lags[n-1].Round(time.Millisecond))
	require.Greater(t, lags[0], -time.Second, "one ended early")
	require.Less(t, lags[n-1], vaultBound)

	s.engine = s.start(nil, "dev", "--without", "server,worker")
	s.eventually(5*time.Minute, "every workflow is over", func() bool {
		list, err := s.admin.Temporal.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{
			Namespace: "default", Query: `WorkflowType = "AccessRequest" AND ExecutionStatus = "Running"`})
		return err == nil && list.GetCount() == 0
	})
	for _, id := range ids {
		s.recorded(id)
	}
	require.Empty(t, s.onVault(), "something is left")
	in := *s.installation
	out, err := (&trial{s, &in}).person("oscar").ramp("sweep", "--config", s.targetsConfig())
	require.NoError(t, err, "%s", out)
}

// opensMany has requests for Vault opened, each until its time, and returns their ids when
// all are open.
func (s *site) opensMany(n int, end func(int) time.Time) []string {
	s.Helper()
	ids := make([]string, n)
	var all sync.WaitGroup
	slots := make(chan struct{}, 8)
	for i := range n {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			ids[i] = s.opensUntil(i, end(i))
		})
	}
	all.Wait()
	require.NotContains(s, ids, "", "some were not opened in time")
	s.eventually(time.Until(end(0)), "all are open", func() bool { return len(s.onVault()) == n })
	for _, id := range ids { // the ledger has the end of each
		s.people["alice"].awaits(id, "active", time.Until(end(0)))
	}
	return ids
}

// opensUntil returns the id of a request that was approved and lasts about until end; ""
// if it is not there in time.
func (s *site) opensUntil(i int, end time.Time) string {
	made := func(p *person, path string, body map[string]any, out any) bool {
		for time.Now().Before(end) {
			status, raw, err := p.try("POST", path, body)
			if err == nil && status < 300 {
				return out == nil || json.Unmarshal(raw, out) == nil
			}
			time.Sleep(100 * time.Millisecond)
		}
		return false
	}
	var r request
	if !made(s.people["alice"], "/api/v1/requests", map[string]any{"contract": "vault", "reason": fmt.Sprintf("chaos ending number %d of this run", i),
		"duration": fmt.Sprintf("%ds", int(time.Until(end).Seconds()))}, &r) {
		return ""
	}
	if !made(s.people["bob"], "/api/v1/requests/"+r.ID+"/decision", map[string]any{"decision": "approve", "planDigest": r.Plan.Digest, "comment": "go"}, nil) {
		return ""
	}
	return r.ID
}

// onVault are the grants that Vault has.
func (s *site) onVault() map[string]bool {
	s.Helper()
	names := map[string]bool{}
	roles, err := s.vault.Root.Logical().List("auth/token/roles")
	require.NoError(s, err)
	if roles == nil {
		return names
	}
	for _, k := range roles.Data["keys"].([]any) {
		if name := k.(string); strings.HasPrefix(name, "ramp-") {
			names[name[:min(len(name), len(grantOf("0123456789abcdef")))]] = true
		}
	}
	return names
}

// untilGone looks until Vault has no grant any more, and returns when each was first found
// gone.
func (s *site) untilGone(deadline time.Time) map[string]time.Time {
	s.Helper()
	gone := map[string]time.Time{}
	before := s.onVault()
	for len(before) > 0 {
		require.True(s, time.Now().Before(deadline), "%d are open long after their end", len(before))
		time.Sleep(50 * time.Millisecond)
		now := s.onVault()
		for name := range before {
			if !now[name] {
				gone[name] = time.Now()
			}
		}
		before = now
	}
	return gone
}

// recorded is a request that is recorded as over, with every step told once.
func (s *site) recorded(id string) request {
	s.Helper()
	var r request
	s.eventually(time.Minute, id+" is recorded as ended", func() bool {
		status, raw, err := s.people["oscar"].try("GET", "/api/v1/requests/"+id, nil)
		return err == nil && status == http.StatusOK && json.Unmarshal(raw, &r) == nil && r.State == "ended"
	})
	require.Equal(s, "expired", r.Outcome)
	told := map[string]int{}
	for _, e := range r.Timeline {
		told[e.Kind]++
	}
	for _, kind := range []string{"request.created", "request.approved", "grant.intended", "grant.opened", "access.active",
		"access.ending", "grant.closed", "access.ended"} {
		require.Equal(s, 1, told[kind], "%s in the timeline of %s: %v", kind, id, told)
	}
	return r
}
