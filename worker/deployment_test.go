package worker

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	logs "github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/worker/builds"
)

func (s *site) deployments() builds.Deployment { return builds.New(s.temporal, s.config.Deployment) }

// deploys stops the worker that runs, for ever, and starts another build.
func (s *site) deploys(build string) {
	s.Helper()
	s.stop()
	s.config.Deployment.BuildID = build
	s.start()
}

func (s *site) makesCurrent(build string) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), within)
	defer cancel()
	require.NoError(s, s.deployments().SetCurrent(ctx, build))
}

func (s *site) carries(old string) int {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), within)
	defer cancel()
	n, _, err := s.deployments().Move(ctx, old)
	require.NoError(s, err)
	return n
}

// running returns how many requests run on each build.
func (s *site) running() map[string]int64 {
	s.Helper()
	list, err := s.deployments().Builds(s.Context())
	require.NoError(s, err)
	out := map[string]int64{}
	for _, b := range list {
		out[b.ID] = b.Requests
	}
	return out
}

// builds are those that had a hand in a request, in order; "" is a worker
// without a build.
func (a asked) builds() []string {
	a.site.Helper()
	var out []string
	h := a.site.temporal.GetWorkflowHistory(context.Background(), a.id(), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for h.HasNext() {
		e, err := h.Next()
		require.NoError(a.site, err)
		if t := e.GetWorkflowTaskCompletedEventAttributes(); t != nil {
			out = append(out, t.GetDeploymentVersion().GetBuildId())
		}
	}
	return slices.Compact(out)
}

func (a asked) told(kind access.EventKind) bool {
	a.site.Helper()
	list, err := a.site.ledger.Events(context.Background(), eventsOf(a.id()))
	require.NoError(a.site, err)
	return slices.ContainsFunc(list, func(e access.Event) bool { return e.Kind == kind })
}

// TestCase37Deploys goes from workers without builds to builds 1, 2 and 3, each
// of which is gone for good when the next one starts. What lives is carried to
// its end, and no access outlives its bound where nobody carries it.
func TestCase37Deploys(t *testing.T) {
	t.Parallel() // it waits most of its time
	s := newSite(t, nil)
	s.config.Reconcile.Every = access.Duration(2 * time.Second)
	s.start()
	before := s.asks(time.Hour)
	before.awaits(access.StateActive)

	t.Log("versioning is switched on: what lived without a build lives on the current one")
	var hook *logs.Hook
	s.log, hook = logs.NewNullLogger()
	s.deploys("1")
	waiting := s.asks(time.Hour)
	s.eventually(func() bool {
		return slices.ContainsFunc(hook.AllEntries(), func(e *logrus.Entry) bool {
			return e.Level == logrus.WarnLevel && e.Message == "this build is not current and gets no new requests: make it current with `ramp deploy current 1`"
		})
	}, "the worker says that it gets no work")
	require.Equal(t, access.StatePending, waiting.row().State)
	s.makesCurrent("1")
	waiting.awaits(access.StateActive)
	require.Equal(t, []string{"1"}, waiting.builds())
	before.stops(access.EndRelease)
	before.awaits(access.StateEnded)
	require.Equal(t, []string{"", "1"}, before.builds())

	t.Log("build 1 is gone for ever while access is open; build 2 goes on with it")
	carried := s.asks(25 * time.Second)
	carried.awaits(access.StateActive)
	s.eventually(func() bool { return s.running()["1"] == 2 }, "two requests run on build 1")
	s.deploys("2")
	s.makesCurrent("2")
	after := s.asks(time.Hour)
	after.awaits(access.StateActive)
	require.Equal(t, []string{"2"}, after.builds())
	waiting.stops(access.EndRelease) // nobody hears it
	require.Equal(t, []string{"1"}, waiting.builds(), "a pinned request does not move by itself")
	require.Equal(t, 2, s.carries("1"))
	require.Zero(t, s.carries("1"))
	for _, a := range []asked{waiting, carried} {
		a.awaits(access.StateEnded)
		require.False(t, s.service.works(a.grant()))
		require.Equal(t, []string{"1", "2"}, a.builds())
		require.False(t, a.told(access.EventGrantSwept), "the workflow ended it, not the third line")
	}
	s.eventually(func() bool { n := s.running(); return n["1"] == 0 && n["2"] == 1 }, "only the newest lives, on build 2")

	t.Log("build 2 is gone and nobody carries: the closer ends the access on time")
	left := s.asks(5 * time.Second)
	s.eventually(func() bool { return len(s.granted(left)) > 0 }, "it is opened")
	s.deploys("3")
	s.makesCurrent("3")
	left.awaits(access.StateEnded)
	require.False(t, left.told(access.EventGrantSwept), "the third line was not needed")
	require.False(t, s.service.works(left.grant()))
	require.Equal(t, []string{"2"}, left.builds())
	s.carries("2")
	left.awaits(access.StateEnded)
	after.stops(access.EndRelease)
	after.awaits(access.StateEnded)
	require.Zero(t, s.service.open())
}

func TestDeploymentMistakes(t *testing.T) {
	require.Empty(t, builds.Config{}.Validate())
	require.Empty(t, builds.Config{Name: "ramp-eu", BuildID: "v1.2.3_7f3a"}.Validate())
	require.Len(t, builds.Config{Name: "a:b", BuildID: "it's"}.Validate(), 2)
}
