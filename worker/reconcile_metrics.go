package worker

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/reconcile"
)

// reconcileMetrics are the metrics of the third line and of endings.
type reconcileMetrics struct {
	findings *prometheus.CounterVec
	left     *prometheus.GaugeVec
	success  *prometheus.GaugeVec
	lag      *prometheus.HistogramVec
}

func newReconcileMetrics(registry *prometheus.Registry) *reconcileMetrics {
	f := &reconcileMetrics{
		findings: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "ramp_reconcile_findings_total",
			Help: "What the reconciler found wrong, by target and kind."}, []string{"target", "kind"}),
		left: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "ramp_reconcile_left",
			Help: "Findings of the last look that could not be put right."}, []string{"target"}),
		success: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "ramp_reconcile_last_success_timestamp_seconds",
			Help: "When a target was last looked at; an empty target is the requests."}, []string{"target"}),
		lag: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "ramp_expiry_to_gone_seconds",
			Help:    "How long after its end a grant was proven gone.",
			Buckets: []float64{.1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300, 1800, 3600}}, []string{"target"}),
	}
	registry.MustRegister(f.findings, f.left, f.success, f.lag)
	return f
}

func (f *reconcileMetrics) observeReport(r reconcile.Report) {
	for _, found := range r.Findings {
		f.findings.WithLabelValues(r.Target, string(found.Kind)).Inc()
	}
	f.left.WithLabelValues(r.Target).Set(float64(r.Unresolved()))
	f.success.WithLabelValues(r.Target).SetToCurrentTime()
}

func (f *reconcileMetrics) observeLag(target string, after time.Duration) {
	f.lag.WithLabelValues(target).Observe(after.Seconds())
}

// openGrantsCollector reads the ledger whenever it is scraped, so that every worker
// exports the same.
type openGrantsCollector struct{ ledger *ledger.Ledger }

var (
	openGrants = prometheus.NewDesc("ramp_grants_open", "Grants not closed, in the ledger.", []string{"target"}, nil)
	overdue    = prometheus.NewDesc("ramp_overdue", "Requests that have been ending for too long.", nil, nil)
)

// Describe implements prometheus.Collector.
func (s openGrantsCollector) Describe(to chan<- *prometheus.Desc) { to <- openGrants; to <- overdue }

// Collect implements prometheus.Collector. With no ledger it exports no value,
// rather than an old one.
func (s openGrantsCollector) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), askWithin)
	defer cancel()
	now, err := s.ledger.CountOpen(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(overdue, err)
		return
	}
	for target, n := range now.GrantsByTarget {
		to <- prometheus.MustNewConstMetric(openGrants, prometheus.GaugeValue, float64(n), target)
	}
	to <- prometheus.MustNewConstMetric(overdue, prometheus.GaugeValue, float64(now.OverdueRequests))
}
