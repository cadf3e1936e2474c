package people

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
	"ramp.dev/ramp/cmd/ramp/internal/sample"
	"ramp.dev/ramp/evidence"
)

// TestCase129SampleOfWhatWasDropped: a request that was dropped by policy is in a sample with
// the removal that a server signed, and the sample is not verified with another one, with one
// that is of something else, or without.
func TestCase129SampleOfWhatWasDropped(t *testing.T) {
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	_, stranger, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	signer := evidence.NewSigner(key)
	servers := evidence.NewKeyring(signer.Public())
	at := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	const id = "0123456789abcdef"
	log := evidence.Checkpoint{Origin: "test/log", Size: 3, Root: [32]byte{1}}
	checkpoint, err := signer.SignCheckpoint(log)
	require.NoError(t, err)
	dropped := &access.Dropped{At: at.Add(access.LeastDropAge), Event: 3}
	created := access.Event{Seq: 1, At: at, RequestID: id, Kind: access.EventRequestCreated, Dropped: dropped}
	removal := func(by *evidence.Signer, change func(r *access.Removal)) []byte {
		r := access.Removal{Log: log.Origin, At: dropped.At, Remains: []access.Remains{created.Remains()},
			Requests: []access.RemovedRequest{{ID: id, State: access.StateEnded, Contract: "orders-db", Targets: []string{}, CreatedAt: at}}}
		change(&r)
		stored, _, err := by.SignRemoval(r)
		require.NoError(t, err)
		return stored
	}
	none := func(*access.Removal) {}
	var returned []byte
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(returned) })) // the client's error would be the test's
	t.Cleanup(s.Close)
	make := func(p packer, stored []byte) ([]byte, error) {
		returned = stored
		var out bytes.Buffer
		w := sample.NewWriter(&out, sample.Manifest{Version: sample.Version, Ramp: "test", Checkpoint: checkpoint, Choice: p.choice})
		item := sample.ItemOf(0, created)
		item.Dropped = created.Dropped
		err := p.add(t.Context(), client.New(s.URL, "token"), w, item, log, servers, servers)
		if err == nil {
			_, err = w.Close()
		}
		return out.Bytes(), err
	}
	verify := func(archive []byte) sample.Report {
		report, err := sample.Verify(bytes.NewReader(archive), int64(len(archive)), "test", servers, servers, func(int, int) {})
		require.NoError(t, err)
		return report
	}
	archive, err := make(packer{}, removal(signer, none))
	require.NoError(t, err)
	report := verify(archive)
	require.True(t, report.Proven(), "%+v", report)
	require.Equal(t, "orders-db", report.Requests[0].Contract)
	require.Contains(t, strings.Join(itemRow(report.Requests[0].Item, ""), " "), "dropped on 2026-12-28 by policy")
	other, err := make(packer{choice: sample.Choice{Contracts: []string{"another"}}}, removal(signer, none))
	require.NoError(t, err)
	require.Empty(t, verify(other).Requests, "by its contract, which the removal names")
	_, err = make(packer{}, removal(evidence.NewSigner(stranger), none))
	require.Equal(t, access.CodeEvidence, access.CodeOf(err))
	unnamed, err := make(packer{}, removal(signer, func(r *access.Removal) { r.Requests = nil }))
	require.NoError(t, err)
	require.False(t, verify(unnamed).Proven())

	for what, stored := range map[string][]byte{
		"a stranger's":      removal(evidence.NewSigner(stranger), none),
		"of another log":    removal(signer, func(r *access.Removal) { r.Log = "another" }),
		"of another event":  removal(signer, func(r *access.Removal) { r.Remains[0].Seq = 2 }),
		"of another time":   removal(signer, func(r *access.Removal) { r.At = at }),
		"of another's":      removal(signer, func(r *access.Removal) { r.Requests[0].ID = "fedcba9876543210" }),
		"of other contract": removal(signer, func(r *access.Removal) { r.Requests[0].Contract = "harmless" }),
		"none":              nil,
	} {
		require.False(t, verify(withRemoval(t, archive, stored)).Proven(), what)
	}
}

// withRemoval is a sample with another removal, or without one.
func withRemoval(t *testing.T, archive, stored []byte) []byte {
	t.Helper()
	in, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	require.NoError(t, err)
	var b bytes.Buffer
	out := zip.NewWriter(&b)
	for _, f := range in.File {
		r, err := f.Open()
		require.NoError(t, err)
		content, err := io.ReadAll(r)
		require.NoError(t, err)
		if f.Name == "sample.json" {
			var m map[string]any
			require.NoError(t, json.Unmarshal(content, &m))
			delete(m, "removals")
			if stored != nil {
				m["removals"] = map[string]json.RawMessage{fmt.Sprint(3): stored}
			}
			content, err = json.Marshal(m)
			require.NoError(t, err)
		}
		w, err := out.Create(f.Name)
		require.NoError(t, err)
		_, err = w.Write(content)
		require.NoError(t, err)
	}
	require.NoError(t, out.Close())
	return b.Bytes()
}

// TestARemovalThatCannotBeRead for now says nothing against the log; one that is not there
// does.
func TestARemovalThatCannotBeRead(t *testing.T) {
	events := []client.LoggedEvent{{Event: access.Event{Seq: 1, Dropped: &access.Dropped{Event: 2}}}}
	for kind, want := range map[access.Code]access.Code{access.CodeUnavailable: access.CodeUnavailable, access.CodeNotFound: access.CodeEvidence} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusServiceUnavailable) // the client goes by the body
			fmt.Fprintf(w, `{"kind":%q,"detail":"no"}`, kind)
		}))
		t.Cleanup(s.Close)
		_, _, err := whole(t.Context(), client.New(s.URL, "token"), evidence.Keyring{}, events)
		require.Equal(t, want, access.CodeOf(err), "%s: %v", kind, err)
	}
}

// TestCase129ARemovalOfAnotherLog says nothing of this one, though the same key signed both:
// a copy of the log, or one for trials, has other events under the same numbers.
func TestCase129ARemovalOfAnotherLog(t *testing.T) {
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	signer := evidence.NewSigner(key)
	servers := evidence.NewKeyring(signer.Public())
	checkpoint, err := signer.SignCheckpoint(evidence.Checkpoint{Origin: "test/log", Size: 3, Root: [32]byte{1}})
	require.NoError(t, err)
	at := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	created := access.Event{Seq: 1, At: at, RequestID: "0123456789abcdef", Kind: access.EventRequestCreated, Dropped: &access.Dropped{At: at.Add(access.LeastDropAge), Event: 3}}
	for log, want := range map[string]access.Code{"test/log": "", "test/copy": access.CodeEvidence} {
		stored, _, err := signer.SignRemoval(access.Removal{Log: log, At: created.Dropped.At, Remains: []access.Remains{created.Remains()},
			Requests: []access.RemovedRequest{{ID: created.RequestID, State: access.StateEnded, Contract: "orders-db", Targets: []string{}, CreatedAt: at}}})
		require.NoError(t, err)
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			out := stored
			if strings.HasSuffix(r.URL.Path, "/checkpoint") {
				out = []byte(checkpoint)
			}
			_, _ = w.Write(out) // the client's error would be the test's
		}))
		t.Cleanup(s.Close)
		_, _, err = whole(t.Context(), client.New(s.URL, "token"), servers, []client.LoggedEvent{{Event: created}})
		if want == "" {
			require.NoError(t, err)
			continue
		}
		require.Equal(t, want, access.CodeOf(err), "%s: %v", log, err)
	}
}
