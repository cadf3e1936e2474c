package e2e

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var figuresOf = flag.Int("figures", 0, "how many requests of ten seconds TestFigures measures on each target; none is measured unless it is asked for")

// figures are what one request measured. What a target has not, is zero.
type figures struct {
	// From the decision as the server recorded it: until the worker is about to touch the
	// target, and until access is open, by the times in the log.
	begun, active time.Duration
	usable        time.Duration // from the approval until a first use, with looks every 50 ms at whether it is open
	lastUse       time.Duration // of a client that begins ten times a second, from the end
	cut           time.Duration // of a session that is in use, from the end
	closed        time.Duration // recorded as ended, from the return of the target's network
}

// targetClient is somebody's client of a target, with the credential of one request. What
// cannot be had of a target is nil.
type targetClient struct {
	uses    func(context.Context) error                   // begins, does one thing, and ends
	session func(context.Context) (ended <-chan struct{}) // begins, and goes on until it is cut
	copies  bool                                          // the service decides by copies, some milliseconds old
}

// TestFigures is a life on each kind of target, through everything of Ramp's and by a real
// client: no use after the end, and no session that goes on. The end is a release, so that
// nothing depends on how fast this machine is. With -figures it measures requests of ten
// seconds instead, which have to expire, on a machine that has nothing else to do; and one
// of each target with Ramp gone.
func TestFigures(t *testing.T) {
	t.Parallel()
	in := install(t)
	in.start(nil, "dev", "--without", "server,worker")
	in.configured()
	targets := measuredTargets(in)
	contracts, c := "", in.configuration()
	c.section("server", "identity")["claims"] = doc{"id": "email"}
	for _, of := range targets {
		contracts += of.contract()
		if of.config != nil {
			c.section("worker", "targets")[of.target] = of.config
		}
	}
	c.write(in.config())
	require.NoError(t, os.WriteFile(filepath.Join(in.dir, "contracts", "figures.yaml"), []byte(contracts), 0o644))
	worker := in.start(in.env, "worker", "--config", in.config())
	server := in.start(nil, "server", "--config", in.config()).ready()
	alice := in.as("alice")
	for _, of := range targets {
		in.eventually(3*time.Minute, of.target+" can be asked for", func() bool {
			status, _, err := alice.try("POST", "/api/v1/requests?dryRun=true", map[string]any{"contract": of.name(), "reason": "is everything there?"})
			return err == nil && status == http.StatusOK
		})
	}
	if *figuresOf == 0 {
		for _, of := range targets {
			t.Run(of.target, func(t *testing.T) {
				t.Parallel()
				in.within(t).releases(of)
			})
		}
		return
	}
	t.Run("Ramp is there", func(t *testing.T) {
		for _, of := range targets {
			t.Run(of.target, func(t *testing.T) {
				t.Parallel()
				all := make([]figures, *figuresOf)
				for i := range all {
					all[i] = in.within(t).measures(of)
				}
				shown(t, of, all, begun, active, usable, lastUse, cut)
			})
		}
	})
	t.Run("the target's network is gone", func(t *testing.T) {
		for _, of := range targets {
			if len(of.network) == 0 {
				continue
			}
			t.Run(of.target, func(t *testing.T) {
				t.Parallel()
				all := make([]figures, max(1, *figuresOf/2))
				for i := range all {
					all[i] = in.within(t).withoutNetwork(of)
				}
				shown(t, of, all, lastUse, cut, closed)
			})
		}
	})
	t.Run("Ramp is gone", func(t *testing.T) { in.within(t).gone(targets, worker, server) })
}

// shown writes the figures of a target: each, and the row of docs/targets/README.md, which has
// these columns of those figures.
func shown(t *testing.T, of measuredTarget, all []figures, columns ...column) {
	row := "| `" + of.target + "` |"
	for _, c := range columns {
		var list []time.Duration
		for _, f := range all {
			if d := c.figure(f).Round(time.Millisecond); d != 0 {
				list = append(list, d)
			}
		}
		n := len(list)
		if n == 0 {
			row += " – |"
			continue
		}
		slices.Sort(list)
		p50, p99 := list[n/2], list[min(n-1, n*99/100)]
		t.Logf("%s (%d): min %s, p50 %s, p99 %s, max %s", c.name, n, list[0], p50, p99, list[n-1])
		row += " " + readable(p50) + ", " + readable(p99) + " |"
	}
	t.Log(row)
}

// column is a figure of the tables in docs/targets/README.md.
type column struct {
	name   string
	figure func(figures) time.Duration
}

var (
	begun   = column{"approved to the call to the target", func(f figures) time.Duration { return f.begun }}
	active  = column{"approved to active", func(f figures) time.Duration { return f.active }}
	usable  = column{"approved to usable, ramp creds and a first use included", func(f figures) time.Duration { return f.usable }}
	lastUse = column{"last use that worked, from the end", func(f figures) time.Duration { return f.lastUse }}
	cut     = column{"session cut, from the end", func(f figures) time.Duration { return f.cut }}
	closed  = column{"recorded as ended, from the network's return", func(f figures) time.Duration { return f.closed }}
)

// readable is a time as the tables have it: milliseconds, or seconds with one decimal.
func readable(d time.Duration) string {
	if d.Abs() < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// opens returns a request of a target that was approved and is active, with its client.
func (in *installation) opens(ctx context.Context, of measuredTarget, duration string) (request, targetClient, figures) {
	alice := in.as("alice")
	r := alice.asks(of.name(), duration)
	in.as("bob").approves(r)
	approved := time.Now()
	r = alice.awaits(r.ID, "active", 3*time.Minute)
	decided, touched := r.at(in, "decision.recorded"), r.at(in, "grant.intended")
	f := figures{begun: touched.Sub(decided), active: r.at(in, "access.active").Sub(decided)}
	client := of.picksUp(in, ctx, r.ID)
	if client.uses != nil {
		require.NoError(in, client.uses(ctx), of.target)
	}
	f.usable = time.Since(approved)
	return r, client, f
}

// at returns when an event of a kind was recorded first.
func (r request) at(in *installation, kind string) time.Time {
	in.Helper()
	for _, e := range r.Timeline {
		if e.Kind == kind {
			return e.At
		}
	}
	require.Fail(in, "no event in the timeline", kind)
	return time.Time{}
}

// releases is one request that is released while a session is in use.
func (in *installation) releases(of measuredTarget) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	r, client, _ := in.opens(ctx, of, "10m")
	var ended <-chan struct{}
	if client.session != nil {
		ended = client.session(ctx)
	}
	out, err := in.as("alice").ramp("release", r.ID)
	require.NoError(in, err, "%s", out)
	in.as("alice").awaits(r.ID, "ended", 3*time.Minute)
	if ended != nil {
		select {
		case <-ended:
		case <-ctx.Done():
			require.Fail(in, "a session outlived its access", of.target)
		}
	}
	if client.copies {
		in.eventually(time.Minute, of.target+" refuses", func() bool { return client.uses(ctx) != nil })
	}
	if client.uses != nil {
		require.Error(in, client.uses(ctx), "%s: a use after the end", of.target)
	}
	require.NoError(in, ctx.Err())
}

// measures is one request, from its approval until a while after its end.
func (in *installation) measures(of measuredTarget) figures {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	r, client, f := in.opens(ctx, of, "10s")
	require.Less(in, f.watches(ctx, in, r, client, 5*time.Second), 5*time.Second, "%s: a use long after the end", of.target)
	return f
}

// watches uses the access ten times a second and a session all the time, until a while
// after the end, and returns when the last use was that worked. A session that still
// goes on then is not cut.
func (f *figures) watches(ctx context.Context, in *installation, r request, client targetClient, after time.Duration) time.Duration {
	end, err := time.Parse(time.RFC3339, r.ExpiresAt)
	require.NoError(in, err)
	var both sync.WaitGroup
	if client.session != nil {
		ended := client.session(ctx)
		both.Go(func() {
			select {
			case <-ended:
				if ctx.Err() == nil {
					f.cut = time.Since(end)
				}
			case <-ctx.Done():
			case <-time.After(time.Until(end) + after):
			}
		})
	}
	if client.uses != nil {
		both.Go(func() {
			for time.Since(end) < after && ctx.Err() == nil {
				began := time.Now()
				if client.uses(ctx) == nil {
					f.lastUse = began.Sub(end)
				}
				time.Sleep(100*time.Millisecond - time.Since(began))
			}
		})
	}
	both.Wait()
	return f.lastUse
}

// outage is how long a target's network stays away after the end.
const outage = 10 * time.Second

// withoutNetwork measures one request: from before its end until outage after it, what the
// worker sends to the target vanishes and nobody says so. Its client has a network.
func (in *installation) withoutNetwork(of measuredTarget) figures {
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	r, client, f := in.opens(ctx, of, "15s")
	end, err := time.Parse(time.RFC3339, r.ExpiresAt)
	require.NoError(in, err)
	back := of.deaf()
	defer back()
	require.True(in, time.Now().Before(end), "it took too long to open")
	watching, stop := context.WithCancel(ctx)
	defer stop()
	var watch sync.WaitGroup
	watch.Go(func() { f.watches(watching, in, r, client, 3*time.Minute) })
	time.Sleep(time.Until(end.Add(outage)))
	back()
	returned := time.Now()
	in.as("alice").awaits(r.ID, "ended", 2*time.Minute)
	closed := time.Since(returned)
	time.Sleep(time.Second) // what decides by copies
	stop()
	watch.Wait()
	f.closed = closed
	return f
}

// gone measures one request of each target that is open when the worker and the server
// die, with nobody to start them again.
func (in *installation) gone(targets []measuredTarget, processes ...*process) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	type open struct {
		of     measuredTarget
		r      request
		client targetClient
		f      figures
	}
	all := make([]*open, len(targets))
	var opening, watching sync.WaitGroup
	for i, of := range targets {
		opening.Go(func() {
			r, client, f := in.opens(ctx, of, "20s")
			all[i] = &open{of, r, client, f}
		})
	}
	opening.Wait()
	all = slices.DeleteFunc(all, func(one *open) bool { return one == nil }) // for these the test has failed already
	for _, p := range processes {
		p.kill()
	}
	for _, one := range all {
		watching.Go(func() { one.f.watches(ctx, in, one.r, one.client, 10*time.Second) })
	}
	watching.Wait()
	for _, one := range all {
		shown(in.T, one.of, []figures{one.f}, lastUse, cut)
	}
}
