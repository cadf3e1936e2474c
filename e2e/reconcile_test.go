package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
)

// temporal is Temporal's own client: what anybody who has write access to the
// namespace can do.
func (in *installation) temporal() client.Client {
	in.Helper()
	c, err := client.Dial(client.Options{HostPort: in.addr("temporal"), Namespace: "default"})
	require.NoError(in, err)
	in.Cleanup(c.Close)
	return c
}

// activeFor opens access for long, with a credential and a live session.
func (in *installation) activeFor(duration string) (r request, k key, cut chan struct{}) {
	in.Helper()
	alice, bob := in.as("alice"), in.as("bob")
	r = alice.asks("ssh-demo", duration)
	bob.approves(r)
	r = alice.awaits(r.ID, "active", 60*time.Second)
	k = alice.picksUp(r.ID)
	require.True(in, k.works())
	return r, k, k.session()
}

// swept wants a request to have ended, early and completely, and its timeline to
// say by whom.
func (in *installation) swept(r request, k key, cut chan struct{}) request {
	in.Helper()
	ended := in.as("alice").awaits(r.ID, "ended", 60*time.Second)
	require.Empty(in, in.admitted(), "something is left on the host")
	require.False(in, k.works(), "the credential is dead")
	select {
	case <-cut:
	case <-time.After(30 * time.Second):
		in.Fatal("the live session was not cut (case 31)")
	}
	told := map[string]int{}
	for _, e := range ended.Timeline {
		told[e.Kind]++
	}
	for _, kind := range []string{"access.ending", "grant.closed", "grant.swept", "access.ended"} {
		require.Equal(in, 1, told[kind], "%s in the timeline: %v", kind, told)
	}
	return ended
}

// TestCase38 is somebody with write access to Temporal, or a Temporal that lost
// its memory: the workflow that would have ended access is no more.
func TestCase38(t *testing.T) {
	t.Parallel()
	t.Run("terminated while active", func(t *testing.T) {
		t.Parallel()
		in := install(t)
		in.start(nil, "dev", "--reconcile-every", "1s").ready()
		r, k, cut := in.activeFor("10m")
		require.NoError(t, in.temporal().TerminateWorkflow(context.Background(), r.ID, "", "a slip of the hand"))
		require.Equal(t, "revoked", in.swept(r, k, cut).Outcome)
	})
	t.Run("terminated while pending", func(t *testing.T) {
		t.Parallel()
		in := install(t)
		in.start(nil, "dev", "--reconcile-every", "1s").ready()
		alice := in.as("alice")
		r := alice.asks("ssh-demo", "10m")
		require.NoError(t, in.temporal().TerminateWorkflow(context.Background(), r.ID, "", "a slip of the hand"))
		alice.awaits(r.ID, "failed", 60*time.Second)
	})
	t.Run("reset to before the grant", func(t *testing.T) {
		t.Parallel()
		in := install(t)
		in.start(nil, "dev", "--reconcile-every", "1s").ready()
		r, k, cut := in.activeFor("40s")
		time.Sleep(1100 * time.Millisecond) // a new clock would end in another second
		before := in.admittedUntil()
		c := in.temporal()
		_, err := c.ResetWorkflowExecution(context.Background(), &workflowservice.ResetWorkflowExecutionRequest{
			Namespace: "default", WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: r.ID}, Reason: "again",
			RequestId: "once", WorkflowTaskFinishEventId: in.firstTask(c, r.ID)})
		require.NoError(t, err)
		in.eventually(60*time.Second+endingBound, "nothing is open for longer than before", func() bool {
			for name, until := range in.admittedUntil() {
				require.Equal(t, before[name], until, "the end moved")
			}
			return in.as("alice").sees(r.ID).State == "ended"
		})
		require.Empty(t, in.admitted())
		require.False(t, k.works())
		<-cut
	})
	t.Run("Temporal's database is lost while everything is down", func(t *testing.T) {
		t.Parallel()
		in := install(t)
		p := in.start(nil, "dev", "--reconcile-every", "2s").ready()
		r, k, cut := in.activeFor("10m")
		pending := in.as("alice").asks("ssh-demo", "10m")
		p.kill()
		require.NoError(t, os.RemoveAll(filepath.Join(in.dir, "temporal")))
		in.start(nil, "dev", "--reconcile-every", "2s").ready()
		in.swept(r, k, cut)
		in.as("alice").awaits(pending.ID, "failed", 60*time.Second)
	})
}

// firstTask is the event that a reset begins again from.
func (in *installation) firstTask(c client.Client, id string) int64 {
	in.Helper()
	for it := c.GetWorkflowHistory(context.Background(), id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); it.HasNext(); {
		e, err := it.Next()
		require.NoError(in, err)
		if e.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			return e.GetEventId()
		}
	}
	in.Fatal("no workflow task was completed")
	return 0
}

var lineEnd = regexp.MustCompile(`expiry-time="([0-9]+Z)".* (ramp-\S+)$`)

// admittedUntil is the end of each grant, from the host's own file.
func (in *installation) admittedUntil() map[string]string {
	in.Helper()
	out := map[string]string{}
	b, err := os.ReadFile(in.principals())
	require.NoError(in, err)
	for line := range strings.Lines(string(b)) {
		if m := lineEnd.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
			out[m[2]] = m[1]
		}
	}
	return out
}

func (in *installation) principals() string {
	return filepath.Join(in.dir, "ssh", "principals", "demo")
}

// edit changes the host's own file by hand, whole, as an administrator would.
func (in *installation) edit(change func(string) string) {
	in.Helper()
	b, err := os.ReadFile(in.principals())
	require.NoError(in, err)
	require.NoError(in, os.WriteFile(in.principals()+".hand", []byte(change(string(b))), 0o644))
	require.NoError(in, os.Rename(in.principals()+".hand", in.principals()))
}

// TestByHand is somebody with the host's own rights, past Ramp.
func TestByHand(t *testing.T) {
	t.Parallel()
	in := install(t)
	in.start(nil, "dev", "--reconcile-every", "1s").ready()
	r, k, cut := in.activeFor("10m")
	kinds := func(kind string) (n int) {
		for _, e := range in.as("alice").sees(r.ID).Timeline {
			if e.Kind == kind {
				n++
			}
		}
		return n
	}
	t.Run("Case36 a healthy grant stays as it is", func(t *testing.T) {
		time.Sleep(4 * time.Second) // several looks
		require.True(t, k.works())
		require.Zero(t, kinds("grant.drifted")+kinds("grant.swept"))
	})
	t.Run("an object that no ledger row explains is closed", func(t *testing.T) {
		const planted = "ramp-zzzzzzzzzzzzzzzz-a"
		in.edit(func(s string) string { return s + fmt.Sprintf("expiry-time=%q %s\n", "20991231235959Z", planted) })
		in.eventually(60*time.Second, "it is gone", func() bool { return !strings.Contains(strings.Join(in.admitted(), " "), planted) })
		require.Len(t, in.admitted(), 1, "and nothing else is")
		require.True(t, k.works())
	})
	t.Run("Case32 widened by hand is narrowed again, and what began on it ends", func(t *testing.T) {
		before := in.admittedUntil()
		in.edit(func(s string) string { return lineUntil.ReplaceAllString(s, `expiry-time="20991231235959Z"`) })
		in.eventually(60*time.Second, "its end is what was granted", func() bool {
			return fmt.Sprint(in.admittedUntil()) == fmt.Sprint(before)
		})
		in.eventually(60*time.Second, "the timeline tells", func() bool { return kinds("grant.drifted") > 0 })
		select {
		case <-cut:
		case <-time.After(30 * time.Second):
			t.Fatal("a session from before goes on")
		}
		require.True(t, k.works(), "the requester still has what was granted")
	})
	t.Run("Case33 taken away by hand is told, and not opened again", func(t *testing.T) {
		told := kinds("grant.drifted")
		require.NoError(t, os.RemoveAll(filepath.Join(in.dir, "ssh", "issued", r.Plan.Grants[0].Name)))
		in.edit(func(string) string { return "" })
		in.eventually(60*time.Second, "the timeline tells", func() bool { return kinds("grant.drifted") > told })
		require.Empty(t, in.admitted())
		require.False(t, k.works())
	})
}

var lineUntil = regexp.MustCompile(`expiry-time="[0-9]+Z"`)
