package e2e

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// rewritesLedger changes the ledger's database, whatever guards it against mistakes.
func (in *installation) rewritesLedger(statement string) {
	in.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(in.dir, "ledger.db")+"?_pragma=busy_timeout(10000)&_pragma=foreign_keys(0)")
	require.NoError(in, err)
	defer db.Close()
	for _, s := range []string{`DROP TRIGGER IF EXISTS events_no_update`, statement} {
		_, err := db.Exec(s)
		require.NoError(in, err, s)
	}
}

// rezip writes an archive again with other files: those whose content is "" are left out.
func rezip(t *testing.T, from, to string, change func(name, content string) (string, string), add ...string) {
	t.Helper()
	in, err := zip.OpenReader(from)
	require.NoError(t, err)
	defer in.Close()
	var b bytes.Buffer
	out := zip.NewWriter(&b)
	put := func(name, content string) {
		w, err := out.Create(name)
		require.NoError(t, err)
		_, err = io.WriteString(w, content)
		require.NoError(t, err)
	}
	for _, f := range in.File {
		r, err := f.Open()
		require.NoError(t, err)
		content, err := io.ReadAll(r)
		require.NoError(t, err)
		if name, changed := change(f.Name, string(content)); changed != "" {
			put(name, changed)
		}
	}
	for i := 0; i+1 < len(add); i += 2 {
		put(add[i], add[i+1])
	}
	require.NoError(t, out.Close())
	require.NoError(t, os.WriteFile(to, b.Bytes(), 0o600))
}

// TestAuditSample takes an auditor's sample, as auditors do: out of the log, verified
// offline, and not to be changed unseen; what was removed from the ledger is in it all
// the same.
func TestAuditSample(t *testing.T) {
	t.Parallel()
	in := install(t)
	in.start(nil, "dev").ready()
	alice, bob, carol := in.as("alice"), in.as("bob"), in.as("carol")
	first := alice.asks("ssh-demo", "5s")
	bob.approves(first)
	alice.awaits(first.ID, "ended", 60*time.Second)
	second := alice.asks("ssh-demo", "30m")

	keys := []string{"--key", filepath.Join(in.dir, "keys", "server.pub"), "--worker-key", filepath.Join(in.dir, "keys", "worker.pub")}
	archive, changed := filepath.Join(t.TempDir(), "sample.zip"), filepath.Join(t.TempDir(), "changed.zip")
	pack := func(more ...string) (string, error) {
		return carol.ramp(slices.Concat([]string{"audit", "pack", "--since", "1h", "--into", archive}, keys, more)...)
	}
	verify := func(path string) (string, error) {
		return alice.ramp(append([]string{"evidence", "verify", path}, keys...)...)
	}
	_, err := in.as("oscar").ramp(slices.Concat([]string{"audit", "pack", "--into", archive}, keys)...)
	require.Error(t, err, "operators are not auditors")
	require.NoFileExists(t, archive)
	out, err := pack()
	require.NoError(t, err, out)
	for _, id := range []string{first.ID, second.ID} {
		require.Contains(t, out, id)
	}
	out, err = verify(archive)
	require.NoError(t, err, out)
	require.Contains(t, out, "PROVEN. 2 requests")

	z, err := zip.OpenReader(archive)
	require.NoError(t, err)
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
		r, err := f.Open()
		require.NoError(t, err)
		b, err := io.ReadAll(r)
		require.NoError(t, err)
		if strings.HasSuffix(f.Name, ".html") {
			require.Contains(t, string(b), "default-src 'none'", "a page opens offline, and loads nothing")
			require.NotRegexp(t, `(?i)<script|src=|https?://|javascript:`, string(b), f.Name)
		}
		if strings.HasPrefix(f.Name, "packs/") {
			one := filepath.Join(t.TempDir(), "pack.json")
			require.NoError(t, os.WriteFile(one, b, 0o600))
			out, err := verify(one)
			require.NoError(t, err, out)
		}
	}
	z.Close()
	require.Equal(t, []string{"packs/" + first.ID + ".json", "requests/" + first.ID + ".html", "packs/" + second.ID + ".json", "requests/" + second.ID + ".html", "sample.json", "index.html"}, names)

	same := func(name, content string) (string, string) { return name, content }
	rezip(t, archive, changed, same)
	_, err = verify(changed)
	require.NoError(t, err)
	for says, change := range map[string]func(name, content string) (string, string){
		"its page says something else than the pack proves": func(name, content string) (string, string) {
			return name, strings.Replace(content, "Approved</b> by", "Denied</b> by", 1)
		},
		"index.html says something else": func(name, content string) (string, string) {
			if name == "index.html" {
				content = strings.Replace(content, "2 proven", "3 proven", 1)
			}
			return name, content
		},
		"there is no pack": func(name, content string) (string, string) {
			if name == "packs/"+second.ID+".json" {
				content = ""
			}
			return name, content
		},
		"not the one that was put into the sample": func(name, content string) (string, string) {
			if name == "packs/"+second.ID+".json" {
				content += "\n"
			}
			return name, content
		},
		"the pack is of another request": func(name, content string) (string, string) {
			if name == "sample.json" {
				content = strings.Replace(content, `"requester": "alice"`, `"requester": "dave"`, 1)
			}
			return name, content
		},
		"not one of those that were to be chosen": func(name, content string) (string, string) {
			if name == "sample.json" {
				content = strings.Replace(content, `"choice": {`, `"choice": {"people": ["dave"],`, 1)
			}
			return name, content
		},
		"not signed by a trusted key": func(name, content string) (string, string) {
			if name == "sample.json" {
				content = strings.Replace(content, `"checkpoint": "ramp`, `"checkpoint": "Ramp`, 1)
			}
			return name, content
		},
		"of the log is not as it is here": func(name, content string) (string, string) {
			return name, strings.Replace(content, `"actor":"bob"`, `"actor":"eve"`, 1)
		},
	} {
		rezip(t, archive, changed, change)
		out, err := verify(changed)
		require.Error(t, err, says)
		require.Contains(t, out, says)
		require.NotContains(t, out, "\nPROVEN", says)
	}
	rezip(t, archive, changed, same, "run-me.html", "<script>")
	out, err = verify(changed)
	require.Error(t, err)
	require.Contains(t, out, "belongs to no sample")

	// The log still has what somebody removed from the ledger.
	in.rewritesLedger(`DELETE FROM requests WHERE id = '` + first.ID + `'`)
	out, err = pack()
	require.Error(t, err)
	require.Contains(t, out, first.ID)
	require.Contains(t, out, "the ledger no longer does")
	out, err = verify(archive)
	require.Error(t, err)
	require.Contains(t, out, "NOT PROVEN")
	out, err = pack("--person", "dave")
	require.NoError(t, err, out)
	require.Contains(t, out, "No request of the log fits")
}

// TestAuditTail follows the log, and goes on where a program that was away had ended.
func TestAuditTail(t *testing.T) {
	t.Parallel()
	in := install(t)
	in.start(nil, "dev").ready()
	alice, carol := in.as("alice"), in.as("carol")
	key := filepath.Join(in.dir, "keys", "server.pub")
	r := alice.asks("ssh-demo", "5s")
	out, err := carol.ramp("audit", "search", "--request", r.ID, "--key", key)
	require.NoError(t, err, out)
	require.Contains(t, out, "Verified: 1 event in the log")
	out, err = carol.ramp("audit", "requests", "--person", "alice", "--since", "1h")
	require.NoError(t, err, out)
	require.Contains(t, out, r.ID)
	out, err = carol.ramp("audit", "tail", "--kind", "request.created", "--key", key)
	require.NoError(t, err, out)
	require.Contains(t, out, "alice")
	require.Contains(t, out, "Verified: 1 event in the log")

	for _, verified := range []bool{true, false} {
		ctx, cancel := context.WithCancel(t.Context())
		args := []string{"audit", "tail", "-f", "--after", "0", "-o", "json"}
		if verified {
			args = append(args, "--key", key)
		}
		cmd := exec.CommandContext(ctx, binary, args...)
		cmd.Env = slices.Concat(os.Environ(), in.env, []string{"RAMP_TOKEN=" + carol.token, "RAMP_SERVER=" + in.url()})
		pipe, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		lines := bufio.NewScanner(pipe)
		next, seen := int64(1), ""
		r := alice.asks("ssh-demo", "30m")
		for !strings.Contains(seen, r.ID) {
			require.True(t, lines.Scan(), "%v", lines.Err())
			var e struct {
				Seq  int64
				Leaf int64
			}
			require.NoError(t, json.Unmarshal(lines.Bytes(), &e), lines.Text())
			require.Equal(t, next, e.Seq, "each event, in order, once")
			require.Equal(t, next-1, e.Leaf)
			next, seen = next+1, lines.Text()
		}
		cancel()
		_ = cmd.Wait()
		require.Equal(t, 200, alice.call("POST", "/api/v1/requests/"+r.ID+"/cancel", nil, nil))
	}
	// Somebody rewrites what was recorded: nothing of it is shown as verified.
	in.rewritesLedger(`UPDATE events SET actor = 'mallory' WHERE seq = 1`)
	for _, args := range [][]string{{"audit", "search", "--actor", "mallory", "--key", key}, {"audit", "tail", "--after", "0", "--key", key}, {"audit", "tail", "--actor", "mallory", "--key", key}} {
		out, err := carol.ramp(args...)
		require.Error(t, err)
		require.NotContains(t, out, "mallory")
		require.NotContains(t, out, "Verified")
	}
	out, err = carol.ramp("audit", "tail", "--after", "1000000")
	require.Error(t, err)
	require.Contains(t, out, "cut off")
}
