package sinks_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/sinks"
	"ramp.dev/ramp/sinks/file"
)

func read(t *testing.T, path string) []byte {
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return text
}

// TestWhoseAccess: an event that a worker caused names the requester, also where the sink
// begins in the middle of a request.
func TestWhoseAccess(t *testing.T) {
	l := open(t)
	for _, e := range []access.Event{
		{Kind: access.EventRequestCreated, RequestID: "r", Actor: "alice"},
		{Kind: access.EventGrantOpened, RequestID: "r", Actor: access.ActorRamp, Detail: map[string]string{"grant": "ramp-r-a", "target": "ssh/demo"}},
		{Kind: access.EventGrantSwept, RequestID: "lost", Actor: access.ActorReconciler, Detail: map[string]string{"grant": "ramp-lost-a", "target": "ssh/demo"}},
	} {
		e.At = time.Now()
		require.NoError(t, l.AppendEvent(t.Context(), e))
	}
	path := filepath.Join(t.TempDir(), "events")
	c, err := sinks.New("s", sinks.Config{File: &file.Config{Path: field.File(path)}}, l)
	require.NoError(t, err)
	_, err = sinks.Resend(t.Context(), c, l, 2, 3)
	require.NoError(t, err)
	var users []string
	for line := range strings.Lines(string(read(t, path))) {
		var e struct {
			Data struct{ User struct{ UID string } }
		}
		require.NoError(t, json.Unmarshal([]byte(line), &e))
		users = append(users, e.Data.User.UID)
	}
	require.Equal(t, []string{"alice", "ramp-reconciler"}, users)
}
