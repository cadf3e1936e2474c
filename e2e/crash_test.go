package e2e

import (
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// endingBound is how long after its expiry access may still be there, counting
// the restart of everything on a slow machine.
const endingBound = 60 * time.Second

// complete checks what must hold of every request that was opened, whatever
// died meanwhile: one grant, ended in time, nothing left, every step told once.
func (in *installation) complete(p *person, id string) {
	in.Helper()
	in.onTime(p, id, "expired")
	require.Empty(in, in.admitted(), "something is left on the host")
}

// onTime checks the same of one request beside others.
func (in *installation) onTime(p *person, id, outcome string) {
	in.Helper()
	r := p.awaits(id, "ended", time.Minute+endingBound)
	require.Equal(in, outcome, r.Outcome)
	expires, err := time.Parse(time.RFC3339, r.ExpiresAt)
	require.NoError(in, err)
	ended, err := time.Parse(time.RFC3339, r.EndedAt)
	require.NoError(in, err)
	require.True(in, ended.Before(expires.Add(endingBound)), "expired at %s, ended at %s", expires, ended)
	require.Len(in, r.Plan.Grants, 1)
	told := map[string]int{}
	for _, e := range r.Timeline {
		told[e.Kind]++
	}
	for _, kind := range []string{"request.created", "decision.recorded", "request.approved", "grant.intended",
		"grant.opened", "access.active", "access.ending", "grant.closed", "access.ended"} {
		require.Equal(in, 1, told[kind], "%s in the timeline: %v", kind, told)
	}
}

// moment is when a process dies.
type moment struct {
	name  string
	point string // "" is while access is active, and is no failpoint
	lasts string // the access: long enough to notice the loss and go on
}

func moments() []moment {
	return []moment{
		{"after the approval, before Temporal has responded", "decision.recorded", "30s"},
		{"between ledger and target", "open.intended", "30s"},
		{"after the effect, before its reply", "open.granted", "30s"},
		{"while active", "", "20s"},
		{"in the middle of revoking", "close.revoked", "8s"},
	}
}

// approving decides without waiting for the response, which may be lost too.
func (p *person) approving(r request) {
	go func() {
		_, _, _ = p.try("POST", "/api/v1/requests/"+r.ID+"/decision",
			map[string]any{"decision": "approve", "planDigest": r.Plan.Digest, "comment": "go"})
	}()
}

// isActive waits until the one grant is there and lets its user in.
func (in *installation) isActive(p *person, r request) key {
	in.Helper()
	p.awaits(r.ID, "active", 60*time.Second)
	require.Len(in, in.admitted(), 1)
	return p.picksUp(r.ID)
}

// TestCrashOfEverything kills all of `ramp dev` at each moment of a request's
// life (docs/threats.md, cases 24 and 25), starts it again, and asks the host what is left.
func TestCrashOfEverything(t *testing.T) {
	t.Parallel()
	for _, m := range moments() {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			in := install(t)
			f := in.failpoint(m.point)
			dev := in.start(f.dies(), "dev").ready()
			alice, bob := in.as("alice"), in.as("bob")
			r := alice.asks("ssh-demo", m.lasts)
			bob.approving(r)
			var k *key
			if m.point == "" {
				active := in.isActive(alice, r)
				k = &active
				dev.kill()
			} else {
				f.died(dev)
			}
			in.start(nil, "dev").ready()
			in.complete(alice, r.ID)
			require.False(t, k != nil && k.works(), "the credential outlived its access")
		})
	}
}

// apart runs engine, server and worker as processes of their own, as in
// production, until access can be asked for.
func (in *installation) apart(serverEnv, workerEnv []string) (server, worker *process) {
	in.start(nil, "dev", "--without", "server,worker")
	in.configured()
	worker = in.start(workerEnv, "worker", "--config", in.config())
	server = in.start(serverEnv, "server", "--config", in.config()).ready()
	alice := in.as("alice")
	in.eventually(60*time.Second, "the worker serves its target", func() bool {
		status, _, err := alice.try("POST", "/api/v1/requests?dryRun=true", map[string]any{"contract": "ssh-demo", "reason": "is everything there?"})
		return err == nil && status == http.StatusOK
	})
	return server, worker
}

func (in *installation) config() string { return filepath.Join(in.dir, "ramp.yaml") }

// TestCrashOfWorker kills the process that holds the targets' credentials.
func TestCrashOfWorker(t *testing.T) {
	t.Parallel()
	for _, m := range moments() {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			in := install(t)
			f := in.failpoint(m.point)
			_, worker := in.apart(nil, f.dies())
			alice, bob := in.as("alice"), in.as("bob")
			r := alice.asks("ssh-demo", m.lasts)
			bob.approving(r)
			if m.point == "" {
				in.isActive(alice, r)
				worker.kill()
			} else {
				f.died(worker)
			}
			in.start(nil, "worker", "--config", in.config())
			in.complete(alice, r.ID)
		})
	}
}

// TestCrashOfServer kills the process that faces people, at the same moments of
// the worker and at one of its own. Access goes on and ends without it.
func TestCrashOfServer(t *testing.T) {
	t.Parallel()
	for _, m := range moments() {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			in := install(t)
			f := in.failpoint(m.point)
			server, _ := in.apart(nil, f.waits())
			alice, bob := in.as("alice"), in.as("bob")
			r := alice.asks("ssh-demo", m.lasts)
			bob.approving(r)
			if m.point == "" {
				cut := in.isActive(alice, r).session()
				server.kill()
				select {
				case <-cut:
				case <-time.After(endingBound):
					t.Fatal("the live session was not cut")
				}
			} else {
				f.reached()
				server.kill()
				f.goOn()
			}
			in.start(nil, "server", "--config", in.config()).ready()
			in.complete(alice, r.ID)
		})
	}
	t.Run("between ledger and Temporal", func(t *testing.T) {
		t.Parallel()
		in := install(t)
		f := in.failpoint("request.written")
		server, _ := in.apart(f.dies(), nil)
		alice, bob := in.as("alice"), in.as("bob")
		go func() {
			_, _, _ = alice.try("POST", "/api/v1/requests", map[string]any{
				"contract": "ssh-demo", "duration": "8s", "reason": "fix the stuck order of the night"})
		}()
		f.died(server)
		in.start(nil, "server", "--config", in.config()).ready()
		var list struct {
			Items []request `json:"items"`
		}
		require.Equal(t, 200, alice.call("GET", "/api/v1/requests?mine=true", nil, &list))
		require.Len(t, list.Items, 1, "what was written down is not lost")
		// The workflow is started by the new server, soon; before, nobody can decide.
		in.eventually(60*time.Second, "the approval is taken", func() bool {
			status, _, err := bob.try("POST", "/api/v1/requests/"+list.Items[0].ID+"/decision",
				map[string]any{"decision": "approve", "planDigest": list.Items[0].Plan.Digest})
			return err == nil && status == 200
		})
		in.complete(alice, list.Items[0].ID)
	})
}
