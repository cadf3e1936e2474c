package notices

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ramp.dev/ramp/ledger"
)

// Metrics exports how many notices have not arrived, by the ledger.
type Metrics struct {
	Ledger interface {
		NoticeCounts(ctx context.Context) (ledger.NoticeCounts, error)
	}
}

var (
	waiting = prometheus.NewDesc("ramp_notices_waiting", "Notices that are to be sent and were not yet, without those that wait for the morning.", nil, nil)
	failing = prometheus.NewDesc("ramp_notices_urgent_failing", "Urgent notices, as of break glass, that could not be sent yet.", nil, nil)
	givenUp = prometheus.NewDesc("ramp_notices_given_up", "Notices of the last seven days that could not be sent and are tried no more.", nil, nil)
)

// collectWithin bounds the query of the ledger.
const collectWithin = 10 * time.Second

// Describe implements prometheus.Collector.
func (m Metrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{waiting, failing, givenUp} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (m Metrics) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), collectWithin)
	defer cancel()
	c, err := m.Ledger.NoticeCounts(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(waiting, err)
		return
	}
	for d, v := range map[*prometheus.Desc]int64{waiting: c.Waiting, failing: c.Urgent, givenUp: c.GivenUp} {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v))
	}
}
