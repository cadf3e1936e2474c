package worker

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// metrics are the metrics of one worker and its queues.
type metrics struct {
	interceptor.WorkerInterceptorBase
	registry *prometheus.Registry
	waited   *prometheus.HistogramVec
}

func newMetrics(b *integrations.Broker) *metrics {
	m := &metrics{registry: prometheus.NewRegistry(), waited: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "ramp_activity_schedule_to_start_seconds",
		Help:    "How long activities waited in their task queue for this worker.",
		Buckets: prometheus.ExponentialBuckets(0.01, 4, 10), // 10 ms to 44 min
	}, []string{"queue", "activity"})}
	m.registry.MustRegister(m.waited, queues{b})
	return m
}

// serve serves /metrics on addr until the listener is closed.
func (m *metrics) serve(addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, access.Errorf(access.CodeConflict, "worker: cannot listen on %s for metrics: %w", addr, err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	s := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = s.Serve(l) }() // it ends when the listener does
	return l, nil
}

// queues collects how many operations wait for a target, whenever it is scraped.
type queues struct{ broker *integrations.Broker }

var (
	waitingDesc = prometheus.NewDesc("ramp_target_waiting",
		"Operations that wait for their turn under the target's rate.", []string{"target", "class"}, nil)
	oldestDesc = prometheus.NewDesc("ramp_target_oldest_wait_seconds",
		"How long the operation that waits longest has waited; 0 when nobody waits.", []string{"target", "class"}, nil)
)

// Describe implements prometheus.Collector.
func (queues) Describe(out chan<- *prometheus.Desc) { out <- waitingDesc; out <- oldestDesc }

// Collect implements prometheus.Collector.
func (q queues) Collect(out chan<- prometheus.Metric) {
	for _, l := range q.broker.Queues() {
		age := 0.0
		if !l.Oldest.IsZero() {
			age = time.Since(l.Oldest).Seconds()
		}
		out <- prometheus.MustNewConstMetric(waitingDesc, prometheus.GaugeValue, float64(l.Waiting), l.Target, string(l.Class))
		out <- prometheus.MustNewConstMetric(oldestDesc, prometheus.GaugeValue, age, l.Target, string(l.Class))
	}
}

// InterceptActivity measures how long each activity had waited when it started.
func (m *metrics) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &waits{ActivityInboundInterceptorBase: interceptor.ActivityInboundInterceptorBase{Next: next}, m: m}
}

type waits struct {
	interceptor.ActivityInboundInterceptorBase
	m *metrics
}

// ExecuteActivity implements interceptor.ActivityInboundInterceptor.
func (w *waits) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	info := activity.GetInfo(ctx)
	if info.IsLocalActivity { // it waited in no queue
		return w.Next.ExecuteActivity(ctx, in)
	}
	w.m.waited.WithLabelValues(info.TaskQueue, info.ActivityType.Name).
		Observe(info.StartedTime.Sub(info.ScheduledTime).Seconds())
	return w.Next.ExecuteActivity(ctx, in)
}
