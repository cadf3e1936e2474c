package server

import (
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ramp.dev/ramp/server/app"
)

// witnesses opens the clients of the configured witnesses, which call nothing yet.
func (c Config) witnesses() (app.WitnessConfig, error) {
	out := app.WitnessConfig{Quorum: c.Witnesses.Quorum, AlarmAfter: c.Witnesses.Alarm()}
	for _, name := range c.Witnesses.Names() {
		w, err := c.Witnesses.Open(name)
		if err != nil {
			return out, err
		}
		out.Members = append(out.Members, w)
	}
	return out, nil
}

// witnessMetrics export how far the log is witnessed.
type witnessMetrics struct {
	log   interface{ WitnessFigures() app.WitnessFigures }
	names []string
}

var (
	unwitnessedDesc = prometheus.NewDesc("ramp_log_unwitnessed", "1 if the log has grown for longer than alarmAfter without the cosignatures of a quorum, or a witness disputes it.", nil, nil)
	witnessedDesc   = prometheus.NewDesc("ramp_log_witnessed_events", "How many events, from the first, a quorum of witnesses has cosigned.", nil, nil)
	cosignedDesc    = prometheus.NewDesc("ramp_witness_last_cosignature_timestamp_seconds", "When a witness has last cosigned, by its own clock; 0 if it never has.", []string{"witness"}, nil)
	disputedDesc    = prometheus.NewDesc("ramp_witness_disputed", "1 if a witness has seen another log under this log's name, or says that it has cosigned more than there is.", []string{"witness"}, nil)
)

// Describe implements prometheus.Collector.
func (witnessMetrics) Describe(to chan<- *prometheus.Desc) {
	to <- unwitnessedDesc
	to <- witnessedDesc
	to <- cosignedDesc
	to <- disputedDesc
}

// Collect implements prometheus.Collector.
func (m witnessMetrics) Collect(to chan<- prometheus.Metric) {
	f := m.log.WitnessFigures()
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	gauge(unwitnessedDesc, oneIf(f.Problem != ""))
	gauge(witnessedDesc, float64(f.Witnessed))
	disputed := map[string]bool{}
	for _, name := range slices.Concat(f.Disputed, f.Ahead) {
		disputed[name] = true
	}
	for _, name := range m.names {
		gauge(cosignedDesc, seconds(f.Cosigned[name]), name)
		gauge(disputedDesc, oneIf(disputed[name]), name)
	}
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

func seconds(at time.Time) float64 {
	if at.IsZero() {
		return 0
	}
	return float64(at.Unix())
}
