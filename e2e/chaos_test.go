package e2e

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/require"
)

// The short form runs with the other tests; `make chaos` runs the long one.
var (
	chaosRequests = flag.Int("chaos.requests", 40, "how many requests")
	chaosFaults   = flag.Int("chaos.faults", 64, "how many faults; every kind comes before any comes again")
	chaosRestores = flag.Int("chaos.restores", 1, "how often TestChaosRestoredLedger puts an older ledger back")
	chaosFor      = flag.Duration("chaos.for", 90*time.Second, "the time over which requests and faults are spread")
	chaosSeed     = flag.Uint64("chaos.seed", 0, "what requests and faults are drawn from; 0 draws one")
)

// healed is how long after the last fault everything that should be gone may
// still be there: a workflow's longest pause between tries, the reconciler's
// interval, and a slow machine.
const healed = 3 * time.Minute

// TestChaos is the guarantee under fire: people ask, approve and use while
// processes die, networks break, targets lie and hands meddle. Afterwards the
// targets themselves are asked.
func TestChaos(t *testing.T) {
	t.Parallel()
	chaos(t, *chaosRequests, *chaosFaults, *chaosFor, 0)
}

// TestChaosRestoredLedger is the same, with fewer faults, and a ledger that is set
// back to what it was a quarter of a minute ago while requests are live. What was
// recorded since is lost, and people may have been told of it: what is open, and
// until when, must hold all the same.
func TestChaosRestoredLedger(t *testing.T) {
	t.Parallel()
	n := *chaosRestores
	chaos(t, 24*n, 6*n, time.Duration(n)*time.Minute, n)
}

func chaos(t *testing.T, howMany, howOften int, within time.Duration, restores int) {
	seed := *chaosSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	draw := rand.New(rand.NewPCG(seed, 0))
	t.Logf("chaos.seed is %d", seed)
	in := install(t)
	w := newChaosInstallation(in)
	victims := &live{ids: map[string]string{}}
	requests := drawRequests(draw, howMany, within)
	faults := append(drawFaults(draw, w.faultKinds(draw, victims), howOften, within), w.restores(restores, within)...)
	c := &crowd{w: w, alice: in.as("alice"), bob: in.as("bob"), oscar: in.as("oscar"), victims: victims}
	o := &watch{w: w, seen: map[string]*sighting{}}

	ctx, cancel := context.WithTimeout(context.Background(), within+2*time.Minute)
	defer cancel()
	watching, stopWatching := context.WithCancel(context.Background())
	defer stopWatching()
	var all, watcher sync.WaitGroup
	watcher.Go(func() { o.follow(watching) })
	began := time.Now()
	for n, s := range requests {
		all.Go(func() {
			select {
			case <-ctx.Done():
				return
			case <-time.After(s.after):
			}
			c.lives(ctx, n, s.contract, s.intent, s.seconds)
		})
	}
	survived := w.inflict(faults, began)
	w.heal()
	w.awaitReady()
	all.Wait()

	findings, lags := c.verdict(o, time.Now())
	findings = append(findings, w.audited()...)
	stopWatching()
	watcher.Wait()
	report(w, c, survived, findings, lags, seed, within)
	for _, f := range findings {
		t.Errorf("%s: %s", f.promise, f.what)
	}
}

// inflict does the faults at their times, one thing at a time, and counts
// those that found something to harm.
func (w *chaosInstallation) inflict(faults []fault, began time.Time) map[string]int {
	type step struct {
		at time.Duration
		do func()
	}
	done := map[string]int{}
	var steps []step
	for _, f := range faults {
		steps = append(steps, step{f.at, func() {
			if !f.begin() {
				return
			}
			done[f.kind]++
			if testing.Verbose() {
				w.Logf("%6.1fs %s, for %s", time.Since(began).Seconds(), f.kind, f.lasts.Round(time.Millisecond))
			}
		}})
		if f.lasts > 0 {
			steps = append(steps, step{f.at + f.lasts, f.end})
		}
	}
	slices.SortStableFunc(steps, func(a, b step) int { return int(a.at - b.at) })
	for _, s := range steps {
		time.Sleep(time.Until(began.Add(s.at)))
		s.do()
	}
	return done
}

// verdict waits, no longer than healed, until nothing is left to find.
func (c *crowd) verdict(o *watch, since time.Time) (findings []finding, lags []time.Duration) {
	for {
		var err error
		if findings, lags, err = c.look(o); err == nil && len(findings) == 0 {
			return findings, lags
		}
		if time.Since(since) > healed {
			require.NoError(c.w, err)
			return findings, lags
		}
		time.Sleep(2 * time.Second)
	}
}

// audited asks Ramp's own two checks: the sweep, from ledger and targets alone,
// and the log's proof of itself.
func (w *chaosInstallation) audited() (out []finding) {
	for promise, args := range map[string][]string{
		"orphans":                            {"sweep", "--config", filepath.Join(w.dir, "chaos.yaml")},
		"acts acknowledged and not recorded": {"audit", "verify", "--key", filepath.Join(w.dir, "keys", "server.pub"), "--server", w.url()},
	} {
		if args[0] == "audit" && w.postgres.restored() {
			args = append(args, "--against", w.checkpoint())
		}
		cmd := exec.Command(binary, args...)
		cmd.Env = append(slices.Concat(os.Environ(), w.env), "RAMP_TOKEN="+w.as("carol").token)
		said, err := cmd.CombinedOutput()
		if args[0] == "audit" && w.postgres.restored() {
			// The record has lost what was signed before, and must say so.
			if err == nil {
				out = append(out, finding{promise, fmt.Sprintf("the log is said to be whole after an older one was put back: %s", said)})
			}
			continue
		}
		if err != nil {
			out = append(out, finding{promise, fmt.Sprintf("ramp %s: %v: %s", args[0], err, said)})
		}
	}
	return out
}

func (c *crowd) look(o *watch) (findings []finding, lags []time.Duration, err error) {
	w := c.w
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	left, err := o.look(ctx)
	if err != nil {
		return nil, nil, err
	}
	known := map[string]bool{}
	for _, m := range c.made {
		lost := w.postgres.lostSome(m.from, m.to)
		known[grantOf(m.id)] = true
		var r request
		if status := c.until(ctx, c.oscar, "GET", "/api/v1/requests/"+m.id, nil, &r, ""); status != http.StatusOK {
			if lost && status == http.StatusNotFound {
				findings = append(findings, judgeTarget(m, "not in the ledger", left)...)
				continue
			}
			return nil, nil, fmt.Errorf("request %s answers %d", m.id, status)
		}
		if lost {
			if _, final := once[r.State]; !final {
				findings = append(findings, finding{"requests that never end", m.id + " is " + r.State})
			}
			findings = append(findings, judgeTarget(m, r.State, left)...)
			continue
		}
		findings = append(findings, judge(m, r, left, w.rogue.heard(m.from, m.to))...)
		if expires, err := time.Parse(time.RFC3339, r.ExpiresAt); err == nil && r.Outcome == "expired" {
			if last, seen := o.lastSeen(grantOf(m.id)); seen {
				lags = append(lags, last.Sub(expires))
			}
		}
	}
	for _, n := range left {
		if !known[n] {
			findings = append(findings, finding{"orphans", n + " is on a target and belongs to no request"})
		}
	}
	slices.Sort(lags)
	return findings, lags, nil
}

// report prints what was done to Ramp, and what it kept.
func report(w *chaosInstallation, c *crowd, survived map[string]int, findings []finding, lags []time.Duration, seed uint64, within time.Duration) {
	tw := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(tw, "\nChaos, seed %d: %d requests in %s\n\nfault\ttimes\n", seed, len(c.made), within)
	kinds := make([]string, 0, len(survived))
	for k := range survived {
		kinds = append(kinds, k)
	}
	slices.Sort(kinds)
	total := 0
	for _, k := range kinds {
		fmt.Fprintf(tw, "%s\t%d\n", k, survived[k])
		total += survived[k]
	}
	fmt.Fprintf(tw, "all\t%d\n", total)
	asked := map[string]int{}
	for _, m := range c.made {
		asked[m.contract]++
	}
	for _, contract := range slices.Sorted(maps.Keys(asked)) {
		fmt.Fprintf(tw, "requests under %s\t%d\n", contract, asked[contract])
	}
	for _, name := range []string{"vault", "aws"} {
		for k, n := range w.fronts[name].met {
			fmt.Fprintf(tw, "calls met by %q: %s\t%d\n", k, name, n)
		}
	}
	for k, n := range w.rogue.told {
		fmt.Fprintf(tw, "answered by the rogue worker: %s\t%d\n", k, n)
	}
	fmt.Fprintf(tw, "calls by people\t%d\nof which unanswered or unavailable\t%d\n\npromise\tbroken\n", c.tried, c.unavailable)
	for _, p := range promises {
		n := 0
		for _, f := range findings {
			if f.promise == p {
				n++
			}
		}
		fmt.Fprintf(tw, "%s\t%d\n", p, n)
	}
	if n := len(lags); n > 0 {
		fmt.Fprintf(tw, "\nexpiry to gone, faults and all (%d)\tp50 %s\tp99 %s\tmax %s\n", n,
			lags[n/2].Round(100*time.Millisecond), lags[min(n-1, n*99/100)].Round(100*time.Millisecond), lags[n-1].Round(100*time.Millisecond))
	}
	fmt.Fprintln(tw)
	tw.Flush()
}
