package server

import (
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"ramp.dev/ramp/contracts"
)

// newRegistry returns a registry of one server: two in one process do not get
// into each other's way.
func newRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// logBroken tells whether the log still holds what was signed.
func logBroken(a interface{ LogBroken() bool }) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "ramp_log_broken",
		Help: "1 if the log no longer holds what was signed before: it was cut off, rewritten or replaced."}, func() float64 {
		if a.LogBroken() {
			return 1
		}
		return 0
	})
}

// reviewOverdue tells whether the last week has its review.
func reviewOverdue(a interface{ ReviewOverdue() bool }) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "ramp_review_overdue",
		Help: "1 if the review of the last week could not be made a day after the week's end."}, func() float64 {
		if a.ReviewOverdue() {
			return 1
		}
		return 0
	})
}

// contractMetrics export which contracts are in force, and whether the newest are.
type contractMetrics struct{ store *contracts.Store }

var (
	contractsInForce = prometheus.NewDesc("ramp_contracts_in_force", "How many contracts are in force, by the digest of the set and the commit it came from.", []string{"version", "commit"}, nil)
	contractsBroken  = prometheus.NewDesc("ramp_contracts_broken", "1 if the newest contracts are not in force: they are wrong, unsigned or out of reach.", nil, nil)
	contractsRead    = prometheus.NewDesc("ramp_contracts_last_read_timestamp_seconds", "When the contracts' source was last in reach.", nil, nil)
)

// Describe implements prometheus.Collector.
func (contractMetrics) Describe(to chan<- *prometheus.Desc) {
	to <- contractsInForce
	to <- contractsBroken
	to <- contractsRead
}

// Collect implements prometheus.Collector.
func (m contractMetrics) Collect(to chan<- prometheus.Metric) {
	s := m.store.Status()
	broken := 0.0
	if s.Error != "" {
		broken = 1
	}
	to <- prometheus.MustNewConstMetric(contractsInForce, prometheus.GaugeValue, float64(s.Contracts), s.Version, s.Revision.Commit)
	to <- prometheus.MustNewConstMetric(contractsBroken, prometheus.GaugeValue, broken)
	to <- prometheus.MustNewConstMetric(contractsRead, prometheus.GaugeValue, float64(s.ReadAt.Unix()))
}

// requestMetrics measures requests.
type requestMetrics struct{ duration *prometheus.HistogramVec }

func newRequestMetrics(r prometheus.Registerer) requestMetrics {
	m := requestMetrics{prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "ramp_http_request_duration_seconds", Help: "How long requests took, by method, route and status code.",
		Buckets: []float64{.005, .02, .05, .1, .25, .5, 1, 2.5, 5, 15},
	}, []string{"method", "route", "code"})}
	r.MustRegister(m.duration)
	return m
}

// observe takes the route, not the path, so that callers cannot make labels.
func (m requestMetrics) observe(c echo.Context, took time.Duration) {
	route := c.Path()
	if route == "" {
		route = "none"
	}
	m.duration.WithLabelValues(c.Request().Method, route, strconv.Itoa(c.Response().Status)).Observe(took.Seconds())
}

func metricsHandler(r *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(r, promhttp.HandlerOpts{}))
	return mux
}
