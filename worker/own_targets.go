package worker

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/internal/clock"
)

// ownEvery is how often a worker reads which keys the servers accept for which targets.
const ownEvery = 10 * time.Second

// ownTargets serves those of the configured targets that are this worker's own by what the
// servers have signed (keys.workers), and stops serving one that is not any more. The others
// are left to the workers whose they are: this one would take their closings from the queue,
// and look for the grants where they never were. It still closes what it has opened itself,
// so that nothing that servers sign, and nothing that somebody puts back in the ledger, keeps
// a worker from ending access that it gave.
type ownTargets struct {
	*serving
	latest access.WorkerKeys
	served map[string]*servedTarget
}

// servedTarget is one target while it is served, or while it is not this worker's own.
type servedTarget struct {
	misplaced string // why it is not served; "" where it is
	stop      func()
}

// start begins with every target: an error is that of starting to poll.
func (o *ownTargets) start(ctx context.Context) error {
	o.served = map[string]*servedTarget{}
	o.read(ctx)
	for _, name := range o.Broker.Names() {
		if err := o.turn(name, o.misplaced(name)); err != nil {
			return err
		}
	}
	return nil
}

// run reads again until the worker stops, and stops all targets then.
func (o *ownTargets) run(ctx context.Context) {
	tick := time.NewTicker(ownEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			o.stopAll()
			return
		case <-tick.C:
		}
		o.read(ctx)
		for _, name := range o.Broker.Names() {
			if why := o.misplaced(name); why != o.served[name].misplaced {
				if err := o.turn(name, why); err != nil {
					o.deps.Log.WithError(err).WithField("target", name).Error("a target's queues cannot be polled; it is tried again")
				}
			}
		}
	}
}

func (o *ownTargets) stopAll() {
	var stopping sync.WaitGroup
	for _, t := range o.served {
		stopping.Go(t.stop)
	}
	stopping.Wait()
}

// read takes over what a server has signed last, if it is newer. An error of the ledger, and
// what no server has signed, change nothing.
func (o *ownTargets) read(ctx context.Context) {
	if o.deps.Signer == nil {
		return // it has no key that could be another target's
	}
	ctx, cancel := context.WithTimeout(ctx, keepsWithin)
	defer cancel()
	b, err := o.deps.Ledger.WorkerKeys(ctx)
	if err != nil {
		if access.CodeOf(err) != access.CodeNotFound && ctx.Err() == nil {
			o.deps.Log.WithError(err).Warn("which workers' keys the servers accept cannot be read; it is tried again")
		}
		return
	}
	e, err := evidence.ReadEnvelope(b)
	if err != nil {
		return
	}
	keys, err := o.deps.Keyring.VerifyWorkerKeys(e)
	if err == nil && keys.At.After(o.latest.At) {
		o.latest = keys
	}
}

// misplaced says why a target is not this worker's own; "" if it is.
func (o *ownTargets) misplaced(name string) string {
	if o.deps.Signer == nil {
		return ""
	}
	targets, misplaced := o.latest.Misplaced(o.deps.Signer.KeyID(), name, clock.Now())
	if !misplaced {
		return ""
	}
	return access.Clip("the servers accept this worker's key for "+strings.Join(targets, ", ")+" only (keys.workers)", 250)
}

// turn serves a target from now on, or leaves it to others.
func (o *ownTargets) turn(name, misplaced string) error {
	if before := o.served[name]; before != nil {
		before.stop()
	}
	ctx, cancel := context.WithCancel(o.untilStop)
	beside := &sync.WaitGroup{}
	t := &servedTarget{misplaced: misplaced, stop: func() { cancel(); beside.Wait() }}
	o.served[name] = t
	if misplaced == "" {
		stop, err := o.serveTarget(ctx, name, beside)
		t.stop = func() { cancel(); stop(); beside.Wait() }
		if err != nil {
			t.stop()
			o.served[name] = &servedTarget{misplaced: "its queues cannot be polled", stop: func() {}}
		}
		return err
	}
	log := o.deps.Log.WithFields(logrus.Fields{"target": name, "reason": misplaced})
	log.Error("a target in this worker's configuration is not its own; its work is left to other workers")
	closer := o.closer(o.targets(), name)
	closer.Only = closer.OpenedHere
	beside.Go(func() { closer.Run(ctx) })
	keeper := &targetKeeper{serving: o.serving, name: name, log: log, misplaced: misplaced}
	beside.Go(func() { keeper.run(ctx) })
	return nil
}
