package sinks

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// Watch raises an alarm about sinks that are behind. It runs in every worker with control,
// without Temporal: a sink that nobody runs is behind too.
type Watch struct {
	Sinks  map[string]Config
	Ledger interface {
		Cursors(ctx context.Context) ([]ledger.Cursor, error)
		AppendEvent(ctx context.Context, e access.Event) error
	}
	Log   logrus.FieldLogger
	Now   func() time.Time
	Every time.Duration // a minute if zero
}

// Run looks until ctx ends.
func (w Watch) Run(ctx context.Context) {
	every := w.Every
	if every == 0 {
		every = time.Minute
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := w.look(ctx); err != nil && ctx.Err() == nil {
			w.Log.WithError(err).Error("whether sinks are behind cannot be known; it is tried again within a minute")
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// look records an event about each sink that is behind, once an hour, whichever workers
// look.
func (w Watch) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	all, err := w.Ledger.Cursors(ctx)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(w.Sinks)) {
		i := slices.IndexFunc(all, func(c ledger.Cursor) bool { return c.Name == CursorName(name) })
		if i < 0 {
			continue // no worker has begun with it yet
		}
		why := behind(all[i], w.Sinks[name], w.Now())
		if why == "" {
			continue
		}
		w.Log.WithFields(logrus.Fields{"sink": name, "after": all[i].Seq, "lag": all[i].Lag()}).Error("a sink is behind: " + why)
		err := w.Ledger.AppendEvent(ctx, access.Event{At: w.Now(), Kind: access.EventSinkBehind, Actor: access.ActorRamp, Message: fmt.Sprintf("The sink %s %s.", name, why),
			Detail: map[string]string{"sink": name, "after": fmt.Sprint(all[i].Seq)}, Key: fmt.Sprintf("sink %s behind %s", name, w.Now().UTC().Format("2006-01-02 15h"))})
		if err != nil {
			return err
		}
	}
	return nil
}

// behind returns why a sink is behind, "" if it is not. It names neither the receiver nor
// what the receiver said: it goes into the log for ever.
func behind(c ledger.Cursor, is Config, now time.Time) string {
	switch {
	case c.Gap():
		return fmt.Sprintf("stands after event %d, because the log has a gap there", c.Seq)
	case c.NextAt != nil && now.Sub(*c.NextAt) > is.alarmAfter():
		return fmt.Sprintf("has stood after event %d for longer than %s", c.Seq, is.alarmAfter())
	}
	return ""
}

var behindDesc = prometheus.NewDesc("ramp_sink_behind", "1 if the oldest event that a sink's receiver does not have is older than alarmAfter, or is missing from the log.", []string{"sink"}, nil)

// Describe implements prometheus.Collector.
func (Watch) Describe(to chan<- *prometheus.Desc) { to <- behindDesc }

// Collect implements prometheus.Collector. With no ledger there is no figure.
func (w Watch) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	all, err := w.Ledger.Cursors(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(behindDesc, err)
		return
	}
	for name, is := range w.Sinks {
		late := 0.0
		if i := slices.IndexFunc(all, func(c ledger.Cursor) bool { return c.Name == CursorName(name) }); i >= 0 && behind(all[i], is, w.Now()) != "" {
			late = 1
		}
		to <- prometheus.MustNewConstMetric(behindDesc, prometheus.GaugeValue, late, name)
	}
}
