package people

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
	"ramp.dev/ramp/cmd/ramp/internal/sample"
	"ramp.dev/ramp/evidence"
)

// TestCase127SampleTakesNoOtherEvidence: a server that lies returns another request's
// evidence, or that of another log that it has signed as well; neither is put into a sample
// as the request's own.
func TestCase127SampleTakesNoOtherEvidence(t *testing.T) {
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	signer := evidence.NewSigner(key)
	servers := evidence.NewKeyring(signer.Public())
	at := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	read, other := evidence.Checkpoint{Origin: "test/log", Size: 3, Root: [32]byte{1}}, evidence.Checkpoint{Origin: "test/log", Size: 3, Root: [32]byte{2}}
	signed := func(c evidence.Checkpoint) string {
		s, err := signer.SignCheckpoint(c)
		require.NoError(t, err)
		return s
	}
	pack := func(id string, of evidence.Checkpoint) evidence.Pack {
		return evidence.Pack{Version: evidence.PackVersion, RequestID: id, Checkpoint: signed(of), Statements: []evidence.Envelope{},
			Events: []evidence.LoggedEvent{{Leaf: 1, Event: access.Event{At: at, Kind: access.EventRequestCreated, Actor: "alice", RequestID: id, Detail: map[string]string{"contract": "orders-db"}}}}}
	}
	var returned evidence.Pack
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if returned.RequestID == "" {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(`{"kind":"evidence","status":403,"title":"Forbidden","detail":"no server has signed the plan"}`))
			return
		}
		_ = json.NewEncoder(w).Encode(returned) // the client's error would be the test's
	}))
	t.Cleanup(s.Close)
	const id = "0123456789abcdef"
	own := pack(id, read)
	add := func(p evidence.Pack) (sample.Item, error) {
		returned = p
		var out bytes.Buffer
		w := sample.NewWriter(&out, sample.Manifest{Version: sample.Version, Checkpoint: signed(read)})
		err := (&packer{}).add(t.Context(), client.New(s.URL, "token"), w, sample.ItemOf(1, own.Events[0].Event), read, servers, servers)
		if err != nil {
			return sample.Item{}, err
		}
		m, err := w.Close()
		require.NoError(t, err)
		require.Len(t, m.Requests, 1)
		return m.Requests[0], nil
	}
	item, err := add(own)
	require.NoError(t, err)
	require.NotEmpty(t, item.Digest, "it is in the sample, whatever it proves")

	moved := pack(id, read)
	moved.Events[0].Leaf = 2
	empty := pack(id, read)
	empty.Events = []evidence.LoggedEvent{}
	for _, p := range []evidence.Pack{pack("fedcba9876543210", read), moved, empty} {
		item, err = add(p)
		require.NoError(t, err)
		require.Equal(t, "the server returned the evidence of another request than the log has", item.Problem)
		require.Empty(t, item.Digest)
		require.False(t, item.Proven())
	}
	item, err = add(evidence.Pack{})
	require.NoError(t, err)
	require.Contains(t, item.Problem, "no server has signed the plan")
	require.False(t, item.Proven())
	_, err = add(pack(id, other))
	require.Equal(t, access.CodeEvidence, access.CodeOf(err))
	require.ErrorContains(t, err, "the log is not consistent")
}
