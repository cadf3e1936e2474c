package chatops

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ramp.dev/ramp/ledger"
)

// Metrics counts what waits for the chat service, when it is asked.
type Metrics struct {
	Ledger interface {
		ChatCounts(ctx context.Context) (ledger.ChatCounts, error)
	}
	Connected func() bool // Workspace.Connected
}

var (
	waitingDesc   = prometheus.NewDesc("ramp_chat_waiting", "Messages in chat that are out of date.", nil, nil)
	failingDesc   = prometheus.NewDesc("ramp_chat_failing", "Of them, those that could not be sent when it was tried last.", nil, nil)
	urgentDesc    = prometheus.NewDesc("ramp_chat_urgent_failing", "Of them, those that are to say something urgent, as of break glass, and could not be sent yet.", nil, nil)
	repliesDesc   = prometheus.NewDesc("ramp_chat_replies", "What people are to be told of what they did in chat, and were not yet.", nil, nil)
	connectedDesc = prometheus.NewDesc("ramp_chat_connected", "1 if what people do in chat arrives here: 0 where this server's connection to it is down.", nil, nil)
	actsDesc      = prometheus.NewDesc("ramp_chat_acts", "What people did in chat that is not done yet.", nil, nil)
)

// Describe implements prometheus.Collector.
func (m Metrics) Describe(c chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{waitingDesc, failingDesc, urgentDesc, actsDesc, repliesDesc, connectedDesc} {
		c <- d
	}
}

// Collect implements prometheus.Collector.
func (m Metrics) Collect(c chan<- prometheus.Metric) {
	connected := 0.0
	if m.Connected() {
		connected = 1
	}
	c <- prometheus.MustNewConstMetric(connectedDesc, prometheus.GaugeValue, connected)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	n, err := m.Ledger.ChatCounts(ctx)
	if err != nil {
		c <- prometheus.NewInvalidMetric(waitingDesc, err)
		return
	}
	c <- prometheus.MustNewConstMetric(waitingDesc, prometheus.GaugeValue, float64(n.Waiting))
	c <- prometheus.MustNewConstMetric(failingDesc, prometheus.GaugeValue, float64(n.Failing))
	c <- prometheus.MustNewConstMetric(actsDesc, prometheus.GaugeValue, float64(n.Acts))
	c <- prometheus.MustNewConstMetric(urgentDesc, prometheus.GaugeValue, float64(n.Urgent))
	c <- prometheus.MustNewConstMetric(repliesDesc, prometheus.GaugeValue, float64(n.Replies))
}
