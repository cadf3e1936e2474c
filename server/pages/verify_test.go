package pages

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// memoryHashes are the hashes of a log.
type memoryHashes []tlog.Hash

func (h memoryHashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, n := range indexes {
		out[i] = h[n]
	}
	return out, nil
}

// logged returns a log of events with proofs of all of them, signed.
func logged(t *testing.T, sign func(evidence.Checkpoint) string, events ...access.Event) evidence.LogProofs {
	t.Helper()
	var hashes memoryHashes
	for i := range events {
		events[i] = events[i].Normalized()
		events[i].Seq = int64(i + 1)
		more, err := tlog.StoredHashes(int64(i), events[i].Leaf(), hashes)
		require.NoError(t, err)
		hashes = append(hashes, more...)
	}
	size := int64(len(events))
	root, err := tlog.TreeHash(size, hashes)
	require.NoError(t, err)
	out := evidence.LogProofs{Checkpoint: sign(evidence.Checkpoint{Origin: "ramp-log-test", Size: size, Root: root})}
	for i, e := range events {
		proof, err := tlog.ProveRecord(size, int64(i), hashes)
		require.NoError(t, err)
		out.Items = append(out.Items, evidence.LoggedEvent{Leaf: int64(i), Event: e, Proof: proof})
	}
	return out
}

func spki(t *testing.T, pub any) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(pub)
	require.NoError(t, err)
	return base64.StdEncoding.EncodeToString(der)
}

// kmsKey signs as KMS does.
type kmsKey struct{ key *ecdsa.PrivateKey }

func (k kmsKey) Public() crypto.PublicKey { return k.key.Public() }

func (k kmsKey) Sign(_ context.Context, data []byte) ([]byte, error) {
	sum := sha256.Sum256(data)
	return ecdsa.SignASN1(rand.Reader, k.key, sum[:])
}

// row is what a page shows of an event.
type row struct {
	Leaf  int64          `json:"leaf"`
	Shown map[string]any `json:"shown"`
}

func rowsOf(p evidence.LogProofs) (out []row) {
	for _, e := range p.Items {
		detail := e.Event.Detail
		if detail == nil {
			detail = map[string]string{}
		}
		out = append(out, row{e.Leaf, map[string]any{"seq": fmt.Sprint(e.Event.Seq), "at": e.Event.At.Format(time.RFC3339), "actor": e.Event.Actor, "kind": string(e.Event.Kind),
			"message": e.Event.Message, "requestId": e.Event.RequestID, "detail": detail}})
	}
	return out
}

// inBrowser runs the page's verification: for each row why it is not verified, or why
// nothing is.
func inBrowser(t *testing.T, rows []row, proofs any, keys ...string) (results []string, problem string) {
	t.Helper()
	node, err := exec.LookPath("node")
	require.NoError(t, err, "node runs the page's script; make setup installs it")
	b, err := json.Marshal(map[string]any{"rows": rows, "proofs": proofs, "keys": keys})
	require.NoError(t, err)
	cmd := exec.Command(node, "--no-warnings", "--input-type=module", "-e", `let text = ""; for await (const chunk of process.stdin) text += chunk;
		const { rows, proofs, keys } = JSON.parse(text);
		const { verifyRows } = await import(process.cwd() + "/static/verify.js");
		try { console.log(JSON.stringify({ results: (await verifyRows(rows, proofs, keys)).results })); } catch (e) { console.log(JSON.stringify({ problem: e.message })); }`)
	cmd.Stdin = strings.NewReader(string(b))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	var said struct {
		Results []string
		Problem string
	}
	require.NoError(t, json.Unmarshal(out, &said), "%s", out)
	return said.Results, said.Problem
}

// TestCase127PageVerifies: the browser itself computes from what the page shows that the
// signed log holds it, and takes nobody's word for it.
func TestCase127PageVerifies(t *testing.T) {
	pub, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	signer := evidence.NewSigner(key)
	sign := func(c evidence.Checkpoint) string {
		signed, err := signer.SignCheckpoint(c)
		require.NoError(t, err)
		return signed
	}
	at := time.Date(2026, 11, 26, 8, 47, 58, 0, time.UTC)
	events := []access.Event{
		{At: at, RequestID: "0123456789abcdef", Kind: access.EventRequestCreated, Actor: "alice", Message: "löck \U0001F511 <b>\r\nsecond line", Key: "created", Detail: map[string]string{"planDigest": "sha256:00", "contract": "orders", "\uffee": "1", "\U0001F511": "2"}},
		{At: at.Add(500 * time.Microsecond), Kind: access.EventActRefused, Actor: "dave"},
		{At: at.Add(time.Second / 2), Kind: access.EventActRefused, Actor: "dave", Message: "no"},
		{At: time.Date(1969, 12, 31, 23, 59, 59, 999999000, time.UTC), Kind: access.EventActRefused, Actor: "before all times"},
		{At: at, Kind: access.EventActRefused, Actor: "5:alice,"},
	}
	for n := 1; n <= len(events); n++ {
		proofs := logged(t, sign, events[:n]...)
		results, problem := inBrowser(t, rowsOf(proofs), proofs, spki(t, pub))
		require.Empty(t, problem, n)
		require.Equal(t, make([]string, n), results)
	}
	whole := func() evidence.LogProofs { return logged(t, sign, events...) }
	rows := rowsOf(whole())
	verified := func(change func(p *evidence.LogProofs)) []string {
		p := whole()
		change(&p)
		results, problem := inBrowser(t, rows, p, spki(t, pub))
		require.Empty(t, problem)
		return results
	}
	for name, change := range map[string]func(p *evidence.LogProofs){
		"an event that was changed": func(p *evidence.LogProofs) { p.Items[2].Event.Message = "yes" },
		"another time of it":        func(p *evidence.LogProofs) { p.Items[2].Event.At = at.Add(time.Second/2 + time.Microsecond) },
		"one that is gone":          func(p *evidence.LogProofs) { p.Items = append(p.Items[:2:2], p.Items[3:]...) },
		"another in its place":      func(p *evidence.LogProofs) { p.Items[2].Event = p.Items[1].Event },
		"a proof of another place":  func(p *evidence.LogProofs) { p.Items[2].Proof = p.Items[1].Proof },
		"a shorter proof":           func(p *evidence.LogProofs) { p.Items[2].Proof = p.Items[2].Proof[1:] },
		"no proof":                  func(p *evidence.LogProofs) { p.Items[2].Proof = nil },
	} {
		results := verified(change)
		for i, why := range results {
			require.Equal(t, i == 2, why != "", "%s: %v", name, results)
		}
	}
	for _, field := range []string{"seq", "at", "actor", "kind", "message", "requestId"} {
		p := whole()
		shown := rowsOf(p)
		shown[0].Shown[field] = "x"
		results, _ := inBrowser(t, shown, p, spki(t, pub))
		require.Contains(t, results[0], field)
		delete(shown[0].Shown, field)
		results, _ = inBrowser(t, shown, p, spki(t, pub))
		require.Contains(t, results[0], field, "what the page leaves out")
	}
	for _, detail := range []map[string]string{{}, {"contract": "orders"}, {"planDigest": "sha256:01", "contract": "orders", "\uffee": "1", "\U0001F511": "2"}} {
		p := whole()
		shown := rowsOf(p)
		shown[0].Shown["detail"] = detail
		results, _ := inBrowser(t, shown, p, spki(t, pub))
		require.Contains(t, results[0], "planDigest")
	}

	_, otherKey, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	none := func(p evidence.LogProofs, keys ...string) {
		t.Helper()
		results, problem := inBrowser(t, rows, p, keys...)
		require.NotEmpty(t, problem)
		require.Nil(t, results)
	}
	none(whole(), spki(t, otherKey.Public()))
	none(whole())
	none(whole(), "AAAA")
	for _, change := range []func(string) string{
		func(s string) string { return strings.Replace(s, "\n5\n", "\n6\n", 1) },
		func(s string) string { return strings.Replace(s, "ramp-log-test", "ramp-log-tesT", 2) },
		func(s string) string { return s + s[strings.Index(s, "— "):] },
		func(s string) string { return "x\n" + s },
		func(string) string { return "" },
	} {
		p := whole()
		p.Checkpoint = change(p.Checkpoint)
		none(p, spki(t, pub))
	}

	t.Run("ECDSA, as of KMS", func(t *testing.T) {
		kms, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		require.NoError(t, err)
		for range 20 { // r and s have other lengths each time
			p := logged(t, func(c evidence.Checkpoint) string {
				signed, err := evidence.NewSignerWithKey(kmsKey{kms}).SignCheckpoint(c)
				require.NoError(t, err)
				return signed
			}, events...)
			_, err := evidence.NewKeyring(kms.Public()).VerifyCheckpoint(p.Checkpoint)
			require.NoError(t, err)
			results, problem := inBrowser(t, rows, p, spki(t, pub), spki(t, kms.Public()))
			require.Empty(t, problem)
			require.Equal(t, make([]string, len(events)), results)
			none(p, spki(t, pub))
		}
	})
}
