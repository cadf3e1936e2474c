package worker

import (
	"context"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/reconcile"
)

// lastLooks is when this worker last reconciled each target; "" is the requests.
type lastLooks struct {
	mu sync.Mutex
	at map[string]time.Time
}

func (l *lastLooks) note(target string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.at[target] = time.Now()
}

func (l *lastLooks) since(target string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Since(l.at[target])
}

// missedLooks is after how many intervals without a look of its own a worker looks
// by itself.
const missedLooks = 3

// watch reconciles one target, or the requests, by itself when Temporal has not had
// this worker do it for some intervals: because another worker does it, or because
// somebody who may write to Temporal's namespace keeps all workers from it (docs/threats.md, case
// 59). So the third line does not depend on Temporal or on another worker; several looks at
// once are safe.
type watch struct {
	target  string
	every   time.Duration
	looks   *lastLooks
	with    reconcile.Reconciler
	look    func(context.Context, *reconcile.Reconciler) (reconcile.Report, error)
	observe func(reconcile.Report)
	// now is a clock that is neither this worker's nor Temporal's: a wrong clock must
	// not end access early (docs/threats.md, case 34).
	now func(context.Context) (time.Time, error)
	log logrus.FieldLogger
}

func (w watch) run(ctx context.Context) {
	tick := time.NewTicker(w.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if w.looks.since(w.target) < missedLooks*w.every {
			continue
		}
		if err := w.lookOnce(ctx); err != nil && ctx.Err() == nil {
			w.log.WithError(err).WithField("target", w.target).Warn("this worker could not reconcile by itself; it tries again")
		}
	}
}

func (w watch) lookOnce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	began, err := w.now(ctx)
	if err != nil {
		return err
	}
	here, with := time.Now(), w.with
	with.Now = func() time.Time { return began.Add(time.Since(here)) }
	report, err := w.look(ctx, &with)
	if err == nil {
		w.observe(report)
	}
	return err
}

// lookWithin bounds one look that a worker does by itself.
const lookWithin = 5 * time.Minute
