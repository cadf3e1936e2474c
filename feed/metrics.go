package feed

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ramp.dev/ramp/ledger"
)

// Metrics tells from the ledger, when it is asked, how far each consumer has
// got, so that the figures are true whichever process is asked.
type Metrics struct {
	Ledger interface {
		Cursors(ctx context.Context) ([]ledger.Cursor, error)
	}
	Now func() time.Time // nil: the real clock
}

var (
	lagEvents  = prometheus.NewDesc("ramp_feed_lag_events", "Events that a consumer has not handled yet.", []string{"consumer"}, nil)
	lagSeconds = prometheus.NewDesc("ramp_feed_lag_seconds", "Age of the oldest event that a consumer has not handled yet; 0 if it has handled all.", []string{"consumer"}, nil)
	failing    = prometheus.NewDesc("ramp_feed_failing_seconds", "How long a consumer has been failing; 0 while it works.", []string{"consumer"}, nil)
	gap        = prometheus.NewDesc("ramp_feed_gap", "1 if the next event of a consumer is missing from the log: somebody removed it from the database.", []string{"consumer"}, nil)
)

// collectWithin bounds the query of the ledger.
const collectWithin = 10 * time.Second

// Describe implements prometheus.Collector.
func (m Metrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{lagEvents, lagSeconds, failing, gap} {
		to <- d
	}
}

// Collect implements prometheus.Collector. With no ledger there is no figure,
// rather than an old one.
func (m Metrics) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), collectWithin)
	defer cancel()
	cursors, err := m.Ledger.Cursors(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(lagEvents, err)
		return
	}
	now := time.Now()
	if m.Now != nil {
		now = m.Now()
	}
	for _, c := range cursors {
		gauge := func(d *prometheus.Desc, v float64) {
			to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, c.Name)
		}
		gauge(lagEvents, float64(c.Lag()))
		gauge(lagSeconds, since(now, c.NextAt))
		gauge(failing, since(now, c.FailingSince))
		missing := 0.0
		if c.Gap() {
			missing = 1
		}
		gauge(gap, missing)
	}
}

func since(now time.Time, t *time.Time) float64 {
	if t == nil {
		return 0
	}
	return max(0, now.Sub(*t).Seconds())
}
