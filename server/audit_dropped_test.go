package server

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
)

// drop drops a request as the servers' policy does, and returns the number of the event
// that tells of it.
func (f *fixture) drop(r access.Request) int64 {
	f.Helper()
	ctx := f.Context()
	r, err := f.ledger.Request(ctx, r.ID)
	require.NoError(f, err)
	events, err := f.ledger.EventsOf(ctx, []string{r.ID})
	require.NoError(f, err)
	// The fixture brings requests into states without the events of the way there.
	outline := access.RemovedRequest{ID: r.ID, State: r.State, Outcome: r.Outcome, Contract: r.Contract, Targets: []string{r.Plan.Grants[0].Target}, CreatedAt: r.CreatedAt, EndedAt: r.EndedAt}
	tree, err := f.ledger.Tree(ctx)
	require.NoError(f, err)
	removal := access.Removal{Log: tree.Origin, Policy: "Requests that ended more than 365 days ago.", At: time.Now().UTC().Add(access.LeastDropAge + time.Hour).Truncate(time.Microsecond), Requests: []access.RemovedRequest{outline}}
	d := ledger.Drop{At: removal.At, Requests: []string{r.ID}}
	for _, e := range events {
		removal.Remains, d.Seqs = append(removal.Remains, e.Remains()), append(d.Seqs, e.Seq)
	}
	record, digest, err := f.signer.SignRemoval(removal)
	require.NoError(f, err)
	d.Record = record
	d.Event = access.Event{At: removal.At, Kind: access.EventBodiesDropped, Actor: access.ActorRamp, Message: removal.Policy, Key: access.KeyRemoval(digest), Detail: map[string]string{access.DetailRemoval: digest}}
	require.NoError(f, f.ledger.Drop(ctx, d))
	last, err := f.ledger.LastSeq(ctx)
	require.NoError(f, err)
	return last
}

// TestDroppedIsShown: everything that shows a request, or the log, says that it was dropped,
// in the form that the API documents, and none of it says what was dropped.
func TestDroppedIsShown(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, v := f.document()
	r, kept := f.request(access.StateEnded), f.request(access.StatePending)
	event := f.drop(r)
	dropped, err := f.ledger.Request(t.Context(), r.ID)
	require.NoError(t, err)
	words := "dropped on " + dropped.Dropped.At.UTC().Format(time.DateOnly) + " by policy"
	for _, c := range []struct {
		who, path string
		status    int
		says      string
	}{
		{"oscar", "/api/v1/requests/" + r.ID, 200, fmt.Sprintf(`"event":%d`, event)},
		{"oscar", "/api/v1/requests?limit=5", 200, `"dropped":{`},
		{"alice", "/api/v1/requests/" + r.ID, 404, "you may not see it"},
		{"alice", "/api/v1/requests/" + kept.ID, 200, "for a request that is pending"},
		{"carol", "/api/v1/requests/" + r.ID + "/evidence", 410, words},
		{"carol", "/api/v1/audit?request=" + r.ID, 200, `"actor":"","dropped"`},
		{"carol", "/api/v1/audit/entries", 200, `"hash":"`},
		{"carol", fmt.Sprintf("/api/v1/audit/removals/%d", event), 200, "application/vnd.ramp.record.removal+json"},
		{"carol", "/api/v1/audit/tile/entries/000.p/1", 410, words},
		{"carol", "/api/v1/audit/export?request=" + r.ID, 200, words},
		{"carol", "/api/v1/audit/export?format=json&request=" + r.ID, 200, `"dropped":{`},
		{"carol", "/api/v1/audit/requests?contract=ssh-demo", 200, `"dropped":{`},
		{"carol", "/api/v1/audit/requests/export?contract=ssh-demo", 200, words},
		{"oscar", "/requests/" + r.ID, 200, words},
		{"oscar", "/requests", 200, words},
		{"carol", "/audit", 200, words},
		{"carol", "/audit?show=events&request=" + r.ID, 200, words},
		{"carol", "/audit/requests/" + r.ID, 410, words},
	} {
		t.Run(c.who+" "+c.path, func(t *testing.T) {
			w := f.call(f.token(c.who), "GET", c.path, "", "")
			require.Equal(t, c.status, w.Code, "%s", w.Body)
			require.Contains(t, w.Body.String(), c.says)
			require.NotContains(t, w.Body.String(), "for a request that is ended")
			if strings.HasPrefix(c.path, "/api/") && !strings.Contains(c.path, "/tile/") { // the validator knows no path of several segments
				valid, problems := v.ValidateHttpResponse(httptest.NewRequest("GET", "http://ramp.test"+c.path, nil), w.Result())
				for _, p := range problems {
					t.Error(p.Message, p.Reason, p.SchemaValidationErrors)
				}
				require.True(t, valid)
			}
		})
	}
	for _, act := range []string{"revoke", "extend", "decision", "credentials"} {
		w := f.call(f.token("oscar"), "POST", "/api/v1/requests/"+r.ID+"/"+act, jsonType, map[string]string{"extend": `{"for":"5m"}`,
			"decision": `{"decision":"deny","planDigest":"` + r.Plan.Digest + `"}`, "credentials": `{"recipient":"x"}`}[act])
		require.Contains(t, []int{400, 403, 409, 410}, w.Code, "%s: %s", act, w.Body)
		require.NotContains(t, w.Body.String(), "internal")
	}
}

// TestDroppedVerifiesByAnother verifies a log of which bodies were dropped with nothing of
// Ramp but what it serves, and the server's public key: RFC 6962, DSSE and the note are read
// here by hand. It asks the server nothing once it has the files.
func TestDroppedVerifiesByAnother(t *testing.T) {
	f := newFixture(t)
	web := httptest.NewServer(f.handler)
	defer web.Close()
	first, second, kept := f.request(access.StateEnded), f.request(access.StateDenied), f.request(access.StateActive)
	f.drop(first)
	f.drop(second)
	keys := evidence.NewKeyring(f.signer.Public())
	auditor := client.New(web.URL, f.token("carol"))
	signed, err := auditor.Checkpoint(t.Context())
	require.NoError(t, err)
	at, err := keys.VerifyCheckpoint(signed)
	require.NoError(t, err)
	report, err := evidence.VerifyLog(t.Context(), keys, at, nil, auditor, nil)
	require.NoError(t, err)
	require.Positive(t, report.Dropped)

	get := func(path string) []byte {
		w := f.call(f.token("carol"), "GET", "/api/v1/audit"+path, "", "")
		require.Equal(t, http.StatusOK, w.Code, "%s", w.Body)
		b, err := io.ReadAll(w.Body)
		require.NoError(t, err)
		return b
	}
	a := another{key: f.signer.Public().(ed25519.PublicKey), checkpoint: string(get("/checkpoint")), entries: get("/entries"), removals: map[int64][]byte{}}
	a.hashes = get(fmt.Sprintf("/tile/0/000.p/%d", at.Size))
	for _, n := range a.told(t) {
		a.removals[n] = get(fmt.Sprintf("/removals/%d", n))
	}
	require.Equal(t, int(report.Dropped), a.verify(t))
	whole := a
	for what, change := range map[string]func(a *another){
		"a removal is missing": func(a *another) { a.removals = map[int64][]byte{} },
		"a removal is another's": func(a *another) {
			n := slices.Sorted(maps.Keys(a.removals))
			a.removals = map[int64][]byte{n[0]: a.removals[n[1]], n[1]: a.removals[n[0]]}
		},
		"one more body is missing": func(a *another) {
			a.entries = bytes.Replace(a.entries, []byte(`"actor":"alice"`), []byte(`"actor":"","dropped":{"at":"2026-01-01T00:00:00Z","event":1}`), 1)
		},
		"another kind remains": func(a *another) {
			a.entries = bytes.Replace(a.entries, []byte(`"kind":"request.created","actor":""`), []byte(`"kind":"request.lapsed","actor":""`), 1)
		},
	} {
		a := whole
		change(&a)
		require.Negative(t, a.verify(t), what)
	}
	require.Contains(t, string(a.entries), kept.ID)
}

// another is what somebody who knows the formats, and no code of Ramp, has of a log.
type another struct {
	key        ed25519.PublicKey
	checkpoint string
	entries    []byte
	hashes     []byte
	removals   map[int64][]byte
}

type anotherEntry struct {
	Leaf  int64  `json:"leaf"`
	Hash  []byte `json:"hash"`
	Event struct {
		Seq       int64             `json:"seq"`
		At        time.Time         `json:"at"`
		RequestID string            `json:"requestId"`
		Kind      string            `json:"kind"`
		Actor     string            `json:"actor"`
		Message   string            `json:"message"`
		Key       string            `json:"key"`
		Detail    map[string]string `json:"detail"`
		Dropped   *struct {
			Event int64 `json:"event"`
		} `json:"dropped"`
	} `json:"event"`
}

func (a another) read(t *testing.T) (out []anotherEntry) {
	t.Helper()
	var page struct{ Items []anotherEntry }
	require.NoError(t, json.Unmarshal(a.entries, &page))
	return page.Items
}

// told are the numbers of the events that tell of removals.
func (a another) told(t *testing.T) (out []int64) {
	t.Helper()
	for _, e := range a.read(t) {
		if e.Event.Kind == "bodies.dropped" {
			out = append(out, e.Event.Seq)
		}
	}
	return out
}

// verify returns how many bodies are missing, each covered; -1 if the log is not whole.
func (a another) verify(t *testing.T) int {
	t.Helper()
	parts := strings.SplitAfterN(a.checkpoint, "\n\n", 2)
	body := parts[0][:len(parts[0])-1]
	fields := strings.Fields(parts[1])
	sig, err := base64.StdEncoding.DecodeString(fields[2])
	require.NoError(t, err)
	lines := strings.Split(body, "\n")
	if !ed25519.Verify(a.key, []byte(body), sig[4:]) {
		return -1
	}
	missing, covered := map[int64]anotherEntry{}, 0
	var leaves [][]byte
	for i, e := range a.read(t) {
		if e.Leaf != int64(i) {
			return -1
		}
		if e.Event.Dropped != nil {
			missing[e.Event.Seq] = e
			leaves = append(leaves, e.Hash)
			continue
		}
		var leaf bytes.Buffer
		put := func(s string) { fmt.Fprintf(&leaf, "%d:%s,", len(s), s) }
		for _, s := range []string{"ramp event 1", fmt.Sprint(e.Event.Seq), fmt.Sprint(e.Event.At.UnixMicro()), e.Event.RequestID, e.Event.Kind, e.Event.Actor, e.Event.Message, e.Event.Key} {
			put(s)
		}
		for _, name := range slices.Sorted(maps.Keys(e.Event.Detail)) {
			put(name)
			put(e.Event.Detail[name])
		}
		sum := sha256.Sum256(append([]byte{0}, leaf.Bytes()...))
		leaves = append(leaves, sum[:])
		if e.Event.Kind != "bodies.dropped" {
			continue
		}
		n := a.covers(e, missing, lines[0])
		if n < 0 {
			return -1
		}
		covered += n
	}
	if len(missing) > 0 || !bytes.Equal(bytes.Join(leaves, nil), a.hashes) || fmt.Sprint(len(leaves)) != lines[1] || base64.StdEncoding.EncodeToString(treeRoot(leaves)) != lines[2] {
		return -1
	}
	return covered
}

// covers takes what a removal covers out of what is missing, and returns how many that
// were; -1 if it is not the one that the event tells of, or is of something else.
func (a another) covers(e anotherEntry, missing map[int64]anotherEntry, origin string) int {
	var envelope struct {
		PayloadType string
		Payload     []byte
		Signatures  []struct{ Sig []byte }
	}
	var removal struct {
		Log     string
		Remains []struct {
			Seq       int64
			At        time.Time
			RequestID string
			Kind      string
		}
	}
	if json.Unmarshal(a.removals[e.Event.Seq], &envelope) != nil || json.Unmarshal(envelope.Payload, &removal) != nil {
		return -1
	}
	sum := sha256.Sum256(envelope.Payload)
	pae := fmt.Sprintf("DSSEv1 %d %s %d %s", len(envelope.PayloadType), envelope.PayloadType, len(envelope.Payload), envelope.Payload)
	if !ed25519.Verify(a.key, []byte(pae), envelope.Signatures[0].Sig) || "sha256:"+hex.EncodeToString(sum[:]) != e.Event.Detail["removal"] || removal.Log != origin {
		return -1
	}
	for _, r := range removal.Remains {
		was, ok := missing[r.Seq]
		if !ok || was.Event.Dropped.Event != e.Event.Seq || !was.Event.At.Equal(r.At) || was.Event.Kind != r.Kind || was.Event.RequestID != r.RequestID {
			return -1
		}
		delete(missing, r.Seq)
	}
	return len(removal.Remains)
}

// treeRoot is RFC 6962's Merkle tree hash of leaf hashes.
func treeRoot(leaves [][]byte) []byte {
	if len(leaves) == 1 {
		return leaves[0]
	}
	k := 1
	for k*2 < len(leaves) {
		k *= 2
	}
	sum := sha256.Sum256(slices.Concat([]byte{1}, treeRoot(leaves[:k]), treeRoot(leaves[k:])))
	return sum[:]
}
