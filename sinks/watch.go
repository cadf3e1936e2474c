package sinks

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// Watch raises an alarm about sinks that are behind. It runs in every worker with control,
// without Temporal: a sink that nobody runs is behind too, also one that nobody ever ran,
// because Temporal was down or its file could not be opened.
type Watch struct {
	Sinks  []Watched
	Since  time.Time // when this worker began to watch: a sink with no cursor has been behind since
	Ledger interface {
		Cursors(ctx context.Context) ([]ledger.Cursor, error)
		AppendEvent(ctx context.Context, e access.Event) error
	}
	Log   logrus.FieldLogger
	Now   func() time.Time
	Every time.Duration // a minute if zero
}

// Watched is one receiver of events, by its name and its cursor's.
type Watched struct {
	Name       string
	Cursor     string
	AlarmAfter time.Duration // how old the oldest event may be that it does not have yet; 15 minutes if zero
}

// Watched returns a sink as it is watched.
func (c Config) Watched(name string) Watched {
	return Watched{Name: name, Cursor: CursorName(name), AlarmAfter: c.AlarmAfter.Std()}
}

// cursor returns the receiver's cursor among all.
func (w Watched) cursor(all []ledger.Cursor) (c ledger.Cursor, ok bool) {
	i := slices.IndexFunc(all, func(c ledger.Cursor) bool { return c.Name == w.Cursor })
	if i < 0 {
		return c, false // no worker has begun with it yet
	}
	return all[i], true
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
	for _, sink := range w.Sinks {
		c, begun := sink.cursor(all)
		why := w.behind(sink, c, begun)
		if why == "" {
			continue
		}
		name := sink.Name
		w.Log.WithFields(logrus.Fields{"sink": name, "after": c.Seq, "lag": c.Lag()}).Error("a receiver of events is behind: it " + why)
		err := w.Ledger.AppendEvent(ctx, access.Event{At: w.Now(), Kind: access.EventSinkBehind, Actor: access.ActorRamp, Message: fmt.Sprintf("The receiver of events %s %s.", name, why),
			Detail: map[string]string{"sink": name, "after": fmt.Sprint(c.Seq)}, Key: fmt.Sprintf("sink %s behind %s", name, w.Now().UTC().Format("2006-01-02 15h"))})
		if err != nil {
			return err
		}
	}
	return nil
}

// behind returns why a sink is behind, "" if it is not; begun: it has a cursor. It names
// neither the receiver nor what the receiver said: it goes into the log for ever.
func (w Watch) behind(sink Watched, c ledger.Cursor, begun bool) string {
	most, now := sink.AlarmAfter, w.Now()
	if most == 0 {
		most = defaultAlarmAfter
	}
	switch {
	case !begun && now.Sub(w.Since) > most:
		return fmt.Sprintf("has been sent nothing for longer than %s: no worker has begun with it", most)
	case !begun:
		return ""
	case c.Gap():
		return fmt.Sprintf("stands after event %d, because the log has a gap there", c.Seq)
	case c.NextAt != nil && now.Sub(*c.NextAt) > most:
		return fmt.Sprintf("has stood after event %d for longer than %s", c.Seq, most)
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
	for _, sink := range w.Sinks {
		late := 0.0
		if c, begun := sink.cursor(all); w.behind(sink, c, begun) != "" {
			late = 1
		}
		to <- prometheus.MustNewConstMetric(behindDesc, prometheus.GaugeValue, late, sink.Name)
	}
}
