package e2e

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// endingBound is how long after its expiry access may still be there, counting
// the restart of everything on a slow machine.
const endingBound = 60 * time.Second

// complete checks what must hold of every request that was opened, whatever
// died meanwhile: one grant, ended, nothing left, every step told once.
func (in *installation) complete(p *person, id string) {
	in.Helper()
	r := p.awaits(id, "ended", endingBound)
	require.Empty(in, in.admitted(), "something is left on the host")
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

// TestCrashOfEverything kills all of `ramp dev` at each moment of a request's
// life (CASES 24, 25), starts it again, and asks the host what is left.
func TestCrashOfEverything(t *testing.T) {
	for _, point := range []string{"open.intended", "open.granted", "close.revoked"} {
		t.Run(point, func(t *testing.T) {
			in := install(t)
			p := in.start([]string{"RAMP_FAILPOINT=" + point, "RAMP_FAILPOINT_ONCE=" + filepath.Join(in.dir, "died")}, "dev").ready()
			alice, bob := in.as("alice"), in.as("bob")
			r := alice.asks("ssh-demo", "20s") // long enough for a lost worker to be noticed and the opening to go on
			_, _, _ = bob.try("POST", "/api/v1/requests/"+r.ID+"/decision",
				map[string]any{"decision": "approve", "planDigest": r.Plan.Digest}) // its answer may die too
			p.died()
			in.start(nil, "dev").ready()
			in.complete(alice, r.ID)
		})
	}
	t.Run("after the approval, and while active", func(t *testing.T) {
		in := install(t)
		p := in.start(nil, "dev").ready()
		alice, bob := in.as("alice"), in.as("bob")
		r := alice.asks("ssh-demo", "20s")
		bob.approves(r)
		p.kill()
		p = in.start(nil, "dev").ready()
		alice.awaits(r.ID, "active", 30*time.Second)
		require.Len(t, in.admitted(), 1)
		k := alice.picksUp(r.ID)
		require.True(t, k.works())
		p.kill()
		in.start(nil, "dev").ready()
		in.complete(alice, r.ID)
		require.False(t, k.works())
	})
}

// TestCrashOfOneProcess runs server and worker beside the engine, as in
// production, and kills each at its worst moment.
func TestCrashOfOneProcess(t *testing.T) {
	run := func(t *testing.T, point string) (*installation, *process, *process) {
		in := install(t)
		in.start(nil, "dev", "--without", "server,worker")
		in.eventually(60*time.Second, "the configuration is written", func() bool {
			m, _ := filepath.Glob(filepath.Join(in.dir, "ramp.yaml"))
			return len(m) == 1
		})
		config := filepath.Join(in.dir, "ramp.yaml")
		env := []string{"RAMP_FAILPOINT=" + point, "RAMP_FAILPOINT_ONCE=" + filepath.Join(in.dir, "died")}
		w := in.start(env, "worker", "--config", config)
		s := in.start(nil, "server", "--config", config).ready()
		return in, s, w
	}
	for _, point := range []string{"open.intended", "open.granted", "close.revoked"} {
		t.Run("worker at "+point, func(t *testing.T) {
			in, _, w := run(t, point)
			alice, bob := in.as("alice"), in.as("bob")
			r := alice.asks("ssh-demo", "20s") // long enough for a lost worker to be noticed and the opening to go on
			bob.approves(r)
			w.died()
			in.start(nil, "worker", "--config", filepath.Join(in.dir, "ramp.yaml"))
			in.complete(alice, r.ID)
		})
	}
	t.Run("server while active: access ends without it", func(t *testing.T) {
		in, s, _ := run(t, "")
		alice, bob := in.as("alice"), in.as("bob")
		r := alice.asks("ssh-demo", "6s")
		bob.approves(r)
		alice.awaits(r.ID, "active", 30*time.Second)
		k := alice.picksUp(r.ID)
		cut := k.session()
		s.kill()
		select {
		case <-cut:
		case <-time.After(endingBound):
			t.Fatal("the live session was not cut")
		}
		in.start(nil, "server", "--config", filepath.Join(in.dir, "ramp.yaml")).ready()
		in.complete(alice, r.ID)
	})
}
