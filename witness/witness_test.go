package witness_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/witness"
	"ramp.dev/ramp/witness/witnesstest"
)

// tree is a log's hashes in memory.
type tree []tlog.Hash

func (t tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, idx := range indexes {
		out[i] = t[idx]
	}
	return out, nil
}

// logOf is a log of so many leaves, each of which says so.
func logOf(t *testing.T, size int, leaf string) (hashes tree, at evidence.Checkpoint) {
	for i := range size {
		h, err := tlog.StoredHashes(int64(i), fmt.Append(nil, leaf, i), hashes)
		require.NoError(t, err)
		hashes = append(hashes, h...)
	}
	root, err := tlog.TreeHash(int64(size), hashes)
	require.NoError(t, err)
	return hashes, evidence.Checkpoint{Origin: "ramp-log-test", Size: int64(size), Root: root}
}

func newSigner(t *testing.T) *evidence.Signer {
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	return evidence.NewSigner(key)
}

func signed(t *testing.T, s *evidence.Signer, at evidence.Checkpoint) string {
	note, err := s.SignCheckpoint(at)
	require.NoError(t, err)
	return note
}

func open(t *testing.T, c witness.Config) *witness.Client {
	require.Empty(t, c.Validate("server.witnesses"))
	client, err := c.Open("one")
	require.NoError(t, err)
	return client
}

// TestReferenceWitness: the protocol as the reference implementation has it. It remembers,
// and wants its proof from what it has.
func TestReferenceWitness(t *testing.T) {
	signer := newSigner(t)
	keys := evidence.NewKeyring(signer.Public())
	w := witnesstest.Start(t, "witness.example/one", signer.LogKey("ramp-log-test"))
	client := open(t, witnesstest.Config(1, w))
	require.NoError(t, client.Ping(t.Context()))
	var last int64
	for _, size := range []int{1, 2, 7, 7, 300, 1000} {
		hashes, at := logOf(t, size, "leaf")
		note := signed(t, signer, at)
		line, when, err := client.Cosign(t.Context(), note, last, hashes)
		require.NoError(t, err, size)
		require.WithinDuration(t, time.Now(), when, time.Hour)
		c, by, err := keys.VerifyCosigned(note+line, w.Verifier(t))
		require.NoError(t, err)
		require.Equal(t, at, c)
		require.Equal(t, []evidence.Cosignature{{Witness: "witness.example/one", At: when}}, by)
		last = int64(size)
	}
	// A caller that knows nothing, or something wrong, is told the size.
	hashes, at := logOf(t, 1003, "leaf")
	_, _, err := client.Cosign(t.Context(), signed(t, signer, at), 0, hashes)
	require.NoError(t, err)
	hashes, at = logOf(t, 1010, "leaf")
	_, _, err = client.Cosign(t.Context(), signed(t, signer, at), 5, hashes)
	require.NoError(t, err)
	// It does not go back.
	hashes, at = logOf(t, 1009, "leaf")
	_, _, err = client.Cosign(t.Context(), signed(t, signer, at), 0, hashes)
	var ahead *witness.Ahead
	require.ErrorAs(t, err, &ahead)
	require.EqualValues(t, 1010, ahead.Size)

	// Another server's key, and another log.
	hashes, at = logOf(t, 1011, "leaf")
	_, _, err = client.Cosign(t.Context(), signed(t, newSigner(t), at), 1010, hashes)
	require.Error(t, err)
	require.NotEqual(t, access.CodeEvidence, access.CodeOf(err), "it disputes nothing that nobody signed")
	at.Origin = "ramp-log-other"
	_, _, err = client.Cosign(t.Context(), signed(t, signer, at), 0, hashes)
	require.Equal(t, access.CodeNotFound, access.CodeOf(err))
}

// TestCase128ReferenceWitnessRefusesASplitView: the second of two logs of one name is
// refused, whichever size it has.
func TestCase128ReferenceWitnessRefusesASplitView(t *testing.T) {
	signer := newSigner(t)
	w := witnesstest.Start(t, "witness.example/one", signer.LogKey("ramp-log-test"))
	client := open(t, witnesstest.Config(1, w))
	hashes, at := logOf(t, 100, "leaf")
	_, _, err := client.Cosign(t.Context(), signed(t, signer, at), 0, hashes)
	require.NoError(t, err)
	for _, size := range []int{100, 101, 200} {
		hashes, at := logOf(t, size, "another leaf")
		line, _, err := client.Cosign(t.Context(), signed(t, signer, at), 100, hashes)
		require.Equal(t, access.CodeEvidence, access.CodeOf(err), "%d: %v", size, err)
		require.Empty(t, line)
	}
}

// byHand is a witness whose responses are what a test wants.
type byHand struct {
	*httptest.Server
	key     ed25519.PrivateKey
	respond func(w http.ResponseWriter, body string)
}

func startByHand(t *testing.T) *byHand {
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	h := &byHand{key: key}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/prefix/add-checkpoint" {
			http.NotFound(w, r)
			return
		}
		body, _ := io.ReadAll(r.Body)
		h.respond(w, string(body))
	}))
	t.Cleanup(h.Close)
	return h
}

const handName = "witness.example/hand"

func (h *byHand) config() witness.Config {
	raw := append([]byte{4}, h.key.Public().(ed25519.PublicKey)...)
	sum := sha256.Sum256(append([]byte(handName+"\n"), raw...))
	return witness.Config{Quorum: 1, Members: map[string]witness.Member{"one": {URL: h.URL + "/prefix/", Key: fmt.Sprintf("%s+%x+%s", handName, sum[:4], base64.StdEncoding.EncodeToString(raw))}}}
}

// line cosigns a signed checkpoint by a key, as the witness of this name.
func (h *byHand) line(signed string, key ed25519.PrivateKey, at time.Time) string {
	text, _, _ := strings.Cut(signed, "\n\n")
	raw := append([]byte{4}, h.key.Public().(ed25519.PublicKey)...)
	sum := sha256.Sum256(append([]byte(handName+"\n"), raw...))
	sig := ed25519.Sign(key, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s\n", at.Unix(), text))
	return "— " + handName + " " + base64.StdEncoding.EncodeToString(append(binary.BigEndian.AppendUint64(bytes.Clone(sum[:4]), uint64(at.Unix())), sig...)) + "\n"
}

// TestWhatIsAsked: the request is, to the byte, the protocol's.
func TestWhatIsAsked(t *testing.T) {
	signer, h := newSigner(t), startByHand(t)
	hashes, at := logOf(t, 7, "leaf")
	note := signed(t, signer, at)
	var asked string
	h.respond = func(w http.ResponseWriter, body string) {
		asked = body
		_, _ = io.WriteString(w, "— stranger.example/x AAAAAAAA\n"+h.line(note, h.key, time.Now()))
	}
	line, _, err := open(t, h.config()).Cosign(t.Context(), note, 3, hashes)
	require.NoError(t, err)
	require.NotContains(t, line, "stranger", "a line of somebody unknown is left out")
	proof, err := tlog.ProveTree(7, 3, hashes)
	require.NoError(t, err)
	want := "old 3\n"
	for _, p := range proof {
		want += base64.StdEncoding.EncodeToString(p[:]) + "\n"
	}
	require.Equal(t, want+"\n"+note, asked)
}

// TestCase128ForgedAndOldCosignaturesAreRefused: so is all that is no response of a
// witness.
func TestCase128ForgedAndOldCosignaturesAreRefused(t *testing.T) {
	signer, h := newSigner(t), startByHand(t)
	hashes, at := logOf(t, 7, "leaf")
	note := signed(t, signer, at)
	_, younger := logOf(t, 6, "leaf")
	_, stranger, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	say := func(status int, kind, text string) func(http.ResponseWriter, string) {
		return func(w http.ResponseWriter, _ string) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, text)
		}
	}
	ok := func(text string) func(http.ResponseWriter, string) { return say(http.StatusOK, "text/plain", text) }
	for name, c := range map[string]struct {
		respond func(http.ResponseWriter, string)
		want    access.Code
	}{
		"by another key":           {ok(h.line(note, stranger, time.Now())), access.CodeEvidence},
		"of an earlier checkpoint": {ok(h.line(signed(t, signer, younger), h.key, time.Now())), access.CodeEvidence},
		"of yesterday":             {ok(h.line(note, h.key, time.Now().Add(-24*time.Hour))), access.CodeEvidence},
		"of tomorrow":              {ok(h.line(note, h.key, time.Now().Add(24*time.Hour))), access.CodeEvidence},
		"of a time beyond all":     {ok(h.line(note, h.key, time.Unix(-1, 0))), access.CodeEvidence},
		"nothing":                  {ok(""), access.CodeEvidence},
		"a page":                   {ok("<html>log in</html>"), access.CodeEvidence},
		"another note":             {ok("\n\n" + h.line(note, h.key, time.Now())), access.CodeEvidence},
		"without an end":           {ok(strings.Repeat("x", 1<<20)), access.CodeUnavailable},
		"another root":             {say(http.StatusConflict, "text/plain", "7\n"), access.CodeEvidence},
		"no proof":                 {say(http.StatusUnprocessableEntity, "", ""), access.CodeEvidence},
		"the size that it had":     {say(http.StatusConflict, "text/x.tlog.size", "3\n"), access.CodeUnavailable},
		"half a size":              {say(http.StatusConflict, "text/x.tlog.size", "5"), access.CodeUnavailable},
		"no size":                  {say(http.StatusConflict, "text/x.tlog.size", "-5\n"), access.CodeUnavailable},
		"another key of the log":   {say(http.StatusForbidden, "", ""), access.CodeForbidden},
		"no such log":              {say(http.StatusNotFound, "", ""), access.CodeNotFound},
		"a redirect":               {say(http.StatusFound, "", ""), access.CodeUnavailable},
		"too much":                 {say(http.StatusTooManyRequests, "", ""), access.CodeUnavailable},
	} {
		h.respond = c.respond
		line, _, err := open(t, h.config()).Cosign(t.Context(), note, 3, hashes)
		require.Equal(t, c.want, access.CodeOf(err), "%s: %v", name, err)
		require.Empty(t, line, name)
		require.Equal(t, name == "another root" || name == "no proof", errors.Is(err, witness.ErrOtherLog), name)
	}
	sizes := []string{"1\n", "2\n", "4\n", "5\n"}
	h.respond = func(w http.ResponseWriter, _ string) {
		say(http.StatusConflict, "text/x.tlog.size", sizes[0])(w, "")
		sizes = sizes[1:]
	}
	_, _, err = open(t, h.config()).Cosign(t.Context(), note, 3, hashes)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "one that names another size each time is not asked for ever")
	require.Len(t, sizes, 1)
	h.Close()
	_, _, err = open(t, h.config()).Cosign(t.Context(), note, 3, hashes)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
	require.NotContains(t, err.Error(), "127.0.0.1")
}

func TestValidate(t *testing.T) {
	h := startByHand(t)
	for want, change := range map[string]func(*witness.Config){
		"":                 func(*witness.Config) {},
		"quorum_malformed": func(c *witness.Config) { c.Quorum = 2 },
		"alarm_malformed":  func(c *witness.Config) { c.AlarmAfter = access.Duration(3 * time.Hour) },
		"members_missing":  func(c *witness.Config) { c.Members = nil },
		"key_malformed": func(c *witness.Config) {
			c.Members = map[string]witness.Member{"one": {URL: "https://w.example", Key: "x"}}
		},
		"address_malformed": func(c *witness.Config) {
			c.Members = map[string]witness.Member{"one": {URL: "https://user:hunter2@w.example", Key: c.Members["one"].Key}}
		},
		"address_insecure": func(c *witness.Config) {
			c.Members = map[string]witness.Member{"one": {URL: "http://w.example", Key: c.Members["one"].Key}}
		},
		"witness_name": func(c *witness.Config) { c.Members = map[string]witness.Member{"ONE": c.Members["one"]} },
		"key_twice":    func(c *witness.Config) { c.Members["two"] = c.Members["one"] },
	} {
		c := h.config()
		change(&c)
		var got []string
		for _, is := range c.Validate("server.witnesses") {
			got = append(got, is.Code)
			require.NotContains(t, is.Message, "hunter2")
		}
		require.Equal(t, want, strings.Join(got, ","))
	}
	require.Empty(t, witness.Config{}.Validate("server.witnesses"))
}
