package sinks_test

import (
	"crypto/ed25519"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/sinks"
	"ramp.dev/ramp/sinks/file"
	"ramp.dev/ramp/sinks/s3"
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
	c, err := sinks.New("s", sinks.Config{File: &file.Config{Path: field.File(path)}}, l, evidence.Keyring{})
	require.NoError(t, err)
	_, err = sinks.Resend(t.Context(), c.Send, l, 2, 3)
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

// TestCase114ForgedCheckpoint: a checkpoint that no trusted server has signed is kept
// beside no events.
func TestCase114ForgedCheckpoint(t *testing.T) {
	l := open(t)
	require.NoError(t, l.AppendEvent(t.Context(), access.Event{At: time.Now(), Kind: access.EventActRefused, Actor: "dave"}))
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	signed, err := evidence.NewSigner(key).SignCheckpoint(evidence.Checkpoint{Origin: "log", Size: 1})
	require.NoError(t, err)
	require.NoError(t, l.KeepCheckpoint(t.Context(), "log", 1, signed, time.Now()))
	archive := &s3.Config{Bucket: "none", Region: "eu-central-1", Endpoint: "http://127.0.0.1:1", Lock: s3.Lock{Mode: "compliance", Days: 1}}
	c, err := sinks.New("s", sinks.Config{S3: archive}, l, evidence.NewKeyring())
	require.NoError(t, err)
	_, err = sinks.Resend(t.Context(), c.Send, l, 1, 1)
	require.EqualError(t, err, "the checkpoint is not signed by a trusted key")
}
