package e2e

import (
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// principals is the host's file of who may log in.
func (f *fleet) principals(h *fleetHost) string {
	return filepath.Join(h.dir, "ramp", "principals", f.login)
}

// admitted lists the grants that any host lets in, from the hosts' own files: of a host that
// is down too.
func (f *fleet) admitted() (names []string) {
	for _, h := range f.hosts {
		names = append(names, f.in.admittedIn(filepath.Dir(f.principals(h)))...)
	}
	return names
}

// fleetFaults are what happens to the hosts of the fleet: one crashes with all its processes
// and boots again, and somebody who is root there removes a grant's line, or prolongs it.
func (w *chaosInstallation) fleetFaults(r *rand.Rand, kinds map[string]func() fault, long func() time.Duration, once func(kind, prefix string, harm func(id string) error)) {
	down := map[*fleetHost]int{} // several faults may hold it down at once
	kinds["crash of a host"] = func() fault {
		h := w.fleet.hosts[r.IntN(len(w.fleet.hosts))]
		return fault{lasts: long(), begin: func() bool {
			if down[h]++; down[h] == 1 {
				h.crashes()
			}
			return true
		}, end: func() {
			if down[h]--; down[h] == 0 {
				w.fleet.boots(h)
			}
		}}
	}
	byHand := func(change func(string) string) func(id string) error {
		return func(id string) error {
			for _, n := range r.Perm(len(w.fleet.hosts)) {
				if w.editLine(w.fleet.principals(w.fleet.hosts[n]), id, change) == nil {
					return nil
				}
			}
			return errNoVictim
		}
	}
	once("removed by hand: a host", "chaos-fleet", byHand(func(string) string { return "" }))
	once("widened by hand: a host", "chaos-fleet", byHand(prolonged))
}

// opensHost reports whether a picked-up credential still opens any host of the fleet.
func (w *chaosInstallation) opensHost(k key) bool {
	var opens atomic.Bool
	var all sync.WaitGroup
	for _, h := range w.fleet.hosts {
		all.Go(func() {
			if k.worksOn(h.name) {
				opens.Store(true)
			}
		})
	}
	all.Wait()
	return opens.Load()
}
