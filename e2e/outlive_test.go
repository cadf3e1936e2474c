package e2e

import (
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
)

// forgets deletes everything that Temporal has of a request, as its retention does, and
// waits until it is gone.
func (in *installation) forgets(id string) {
	in.Helper()
	c := in.temporal()
	_, err := c.WorkflowService().DeleteWorkflowExecution(in.Context(), &workflowservice.DeleteWorkflowExecutionRequest{
		Namespace: "default", WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: id}})
	require.NoError(in, err)
	in.eventually(60*time.Second, "Temporal has forgotten "+id, func() bool {
		_, err := c.DescribeWorkflowExecution(in.Context(), id, "")
		var gone *serviceerror.NotFound
		return errors.As(err, &gone)
	})
}

// finishes waits until the workflow of a request has ended, which then records nothing more.
func (in *installation) finishes(id string) {
	in.Helper()
	c := in.temporal()
	in.eventually(60*time.Second, "the workflow of "+id+" has ended", func() bool {
		d, err := c.DescribeWorkflowExecution(in.Context(), id, "")
		return err == nil && d.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
	})
}

// TestCase45RequestsOutliveTemporal: once Temporal keeps nothing of a request any more, its
// page, the API, the command line, the auditors' search and its evidence have all of it, and
// what cannot be done to it says why.
func TestCase45RequestsOutliveTemporal(t *testing.T) {
	t.Parallel()
	in := install(t)
	dev := in.start(nil, "dev").ready()
	alice, bob := in.as("alice"), in.as("bob")
	ended, denied := alice.asks("ssh-demo", "5s"), alice.asks("ssh-demo", "30m")
	bob.approves(ended)
	require.Equal(t, http.StatusOK, bob.call("POST", "/api/v1/requests/"+denied.ID+"/decision", map[string]any{"decision": "deny", "planDigest": denied.Plan.Digest, "comment": "not tonight"}, nil))
	alice.awaits(ended.ID, "ended", 60*time.Second)
	alice.awaits(denied.ID, "denied", 60*time.Second)
	in.finishes(ended.ID)
	in.finishes(denied.ID)
	whole := func(id string) (out map[string]any) {
		status, raw, err := alice.try("GET", "/api/v1/requests/"+id, nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, status, "%s", raw)
		require.NoError(t, json.Unmarshal(raw, &out))
		delete(out, "timelineCheck") // of when it was read
		return out
	}
	before := map[string]map[string]any{ended.ID: whole(ended.ID), denied.ID: whole(denied.ID)}
	for _, id := range []string{ended.ID, denied.ID} {
		in.forgets(id)
	}
	dev.kill() // nothing is remembered by a process either
	in.start(nil, "dev").ready()
	alice, bob = in.as("alice"), in.as("bob")
	carol, oscar := in.as("carol"), in.as("oscar")
	for id, was := range before {
		require.Equal(t, was, whole(id))
		reason := was["plan"].(map[string]any)["reason"].(string)
		out, err := alice.ramp("show", id)
		require.NoError(t, err, out)
		require.Contains(t, out, reason)
		status, page, err := alice.try("GET", "/requests/"+id, nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, status)
		require.Contains(t, string(page), reason)
		out, err = carol.ramp("audit", "requests", "--person", "alice", "-o", "json")
		require.NoError(t, err, out)
		require.Contains(t, out, id)
		out, err = carol.ramp("audit", "search", "--request", id, "--key", filepath.Join(in.dir, "keys", "server.pub"))
		require.NoError(t, err, out)
		require.Contains(t, out, "asked for access")
		pack := filepath.Join(t.TempDir(), "pack.json")
		out, err = alice.ramp("evidence", "get", id, "--into", pack)
		require.NoError(t, err, out)
		out, err = alice.ramp("evidence", "verify", pack, "--key", filepath.Join(in.dir, "keys", "server.pub"), "--worker-key", filepath.Join(in.dir, "keys", "worker.pub"))
		require.NoError(t, err, out)
		for act, body := range map[string]map[string]any{"extend": {"for": "5m"}, "release": {}, "cancel": {}, "credentials": {"recipient": "x"}} {
			status, raw, err := alice.try("POST", "/api/v1/requests/"+id+"/"+act, body)
			require.NoError(t, err)
			require.Contains(t, []int{http.StatusBadRequest, http.StatusForbidden, http.StatusConflict, http.StatusGone}, status, "%s: %s", act, raw)
			require.Contains(t, string(raw), `"detail"`, act)
		}
		status, raw, err := oscar.try("POST", "/api/v1/requests/"+id+"/revoke", map[string]any{"reason": "to be sure"})
		require.NoError(t, err)
		require.Equal(t, http.StatusConflict, status, "%s", raw)
		require.Contains(t, string(raw), was["state"])
		status, raw, err = bob.try("POST", "/api/v1/requests/"+id+"/decision", map[string]any{"decision": "deny", "planDigest": was["plan"].(map[string]any)["digest"]})
		require.NoError(t, err)
		require.Contains(t, []int{http.StatusConflict, http.StatusGone}, status, "%s", raw)
	}
}
