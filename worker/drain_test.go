package worker

import (
	"context"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/awsiam"
	"ramp.dev/ramp/integrations/pacing"
	"ramp.dev/ramp/internal/strictyaml"
	"ramp.dev/ramp/ledger"
)

// TestCase25BacklogDrainsOldestFirst: the worker is dead while many grants
// expire. When it is back they go at the target's rate, those that expired
// first before the others, and who asks meanwhile is served meanwhile.
func TestCase25BacklogDrainsOldestFirst(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.service.rate = pacing.Rate{PerSecond: 200}
	s.start()
	all := s.askMany(60, 18*time.Second)
	for _, a := range all {
		s.eventually(func() bool { return len(s.granted(a)) > 0 }, "%s is opened", a.id())
	}
	s.stop()
	backlog := s.stillOpen()
	require.Greater(t, len(backlog), 20, "the machine is too slow: most were closed before the worker was stopped")
	s.eventually(func() bool { return backlog[len(backlog)-1].ExpiresAt.Before(time.Now()) }, "all expire")
	s.service.forget()

	s.service.rate = pacing.Rate{PerSecond: 10, Burst: 1}
	s.config.Metrics = "127.0.0.1:0"
	s.start()
	s.eventually(func() bool { return len(s.service.asked("revoke")) > 5 }, "draining has begun")
	require.Contains(t, s.metrics(), `ramp_target_waiting{class="closing",target="memory/one"}`)
	late := s.asks(time.Hour)
	s.eventually(func() bool { return len(s.granted(late)) > 0 }, "a new request is opened")
	closed := len(s.service.asked("revoke"))
	require.Less(t, closed, len(backlog), "the new request waited for the whole backlog")
	for _, a := range all {
		a.awaits(access.StateEnded)
	}
	require.Equal(t, 1, s.service.open(), "only the new one is open")
	require.Contains(t, s.metrics(), `ramp_activity_schedule_to_start_seconds_count{activity="CloseGrant",queue="ramp-close-memory/one"}`)

	place := map[string]int{}
	for i, e := range s.service.asked("revoke") {
		if _, seen := place[e.grant]; !seen {
			place[e.grant] = i
		}
	}
	mean := func(rows []ledger.GrantRecord) (sum int) {
		for _, r := range rows {
			sum += place[r.Name]
		}
		return sum / len(rows)
	}
	// The first few go before the rest has arrived. In the mean half of all
	// places lie between the two halves.
	half := len(backlog) / 2
	require.Less(t, mean(backlog[:half])+half/2, mean(backlog[half:]), "the oldest expiry goes first")
}

func (s *site) askMany(n int, d time.Duration) (out []asked) {
	for i := range n {
		out = append(out, s.asks(d+time.Duration(i/8)*time.Second))
	}
	return out
}

// stillOpen are the grants that nobody has closed, the earliest end first.
func (s *site) stillOpen() []ledger.GrantRecord {
	s.Helper()
	rows, err := s.ledger.Grants(context.Background(), ledger.GrantFilter{NotClosed: true})
	require.NoError(s, err)
	return rows
}

func (s *site) granted(a asked) []entry {
	return slices.DeleteFunc(s.service.asked("grant"), func(e entry) bool { return e.grant != a.grant() })
}

func (s *site) metrics() string {
	s.Helper()
	res, err := http.Get("http://" + s.worker.metricsListener.Addr().String() + "/metrics")
	require.NoError(s, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	require.NoError(s, err)
	return string(b)
}

func TestFewAreClosedAtOnceWhereTheRateIsLow(t *testing.T) {
	require.Equal(t, 4, closeSlots(pacing.Rate{PerSecond: 0.1}))
	require.Equal(t, 20, closeSlots(pacing.Rate{PerSecond: 4}))
	require.Equal(t, defaultSlots, closeSlots(pacing.Rate{PerSecond: 5000}))
}

func TestRateInTheConfiguration(t *testing.T) {
	configured := func(text string) Config {
		var c Config
		require.NoError(t, yaml.Unmarshal([]byte(text), &c))
		return c
	}
	c := configured("control: true\ntargets:\n  aws/prod:\n    kind: aws\n    rate: {perSecond: 20, burst: 40}\n    region: eu-west-1\n")
	require.Equal(t, pacing.Rate{PerSecond: 20, Burst: 40}, c.Targets["aws/prod"].Rate)
	require.Equal(t, "eu-west-1", c.Targets["aws/prod"].Config.(awsiam.Config).Region)
	written, err := yaml.Marshal(c)
	require.NoError(t, err)
	require.Equal(t, c, configured(string(written)), "it is read as it is written")
	file, err := parser.ParseBytes([]byte("targets: {aws/prod: {kind: aws, rate: {perSecnd: 20}}}"), 0)
	require.NoError(t, err)
	unknown := strictyaml.UnknownFields(file.Docs[0].Body, Config{})
	require.Len(t, unknown, 1)
	require.Equal(t, "targets.aws/prod.rate.perSecnd", unknown[0].Path)
	require.Equal(t, access.CodeInvalid, access.CodeOf(pacing.Rate{PerSecond: -2}.Validate()))
}
