package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/internal/ports"
)

// repository is a git repository of contracts, and the keys of people who sign in it.
type repository struct {
	*testing.T
	dir, keys string
}

func newRepository(t *testing.T, people ...string) repository {
	g := repository{t, filepath.Join(t.TempDir(), "repo"), t.TempDir()}
	for _, name := range people {
		g.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", filepath.Join(g.keys, name))
	}
	g.run("git", "init", "-q", "-b", "main", g.dir)
	return g
}

func (g repository) run(name string, args ...string) string {
	g.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_AUTHOR_NAME=x", "GIT_AUTHOR_EMAIL=x@example.com", "GIT_COMMITTER_NAME=x", "GIT_COMMITTER_EMAIL=x@example.com")
	out, err := cmd.CombinedOutput()
	require.NoError(g, err, "%s %v: %s", name, args, out)
	return strings.TrimSpace(string(out))
}

// commit commits contracts, signed by somebody, and returns the commit's id.
func (g repository) commit(as, text string) string {
	g.Helper()
	require.NoError(g, os.WriteFile(filepath.Join(g.dir, "c.yaml"), []byte(text), 0o600))
	g.run("git", "-C", g.dir, "add", "-A")
	g.run("git", "-C", g.dir, "-c", "gpg.format=ssh", "-c", "commit.gpgSign=true", "-c", "user.signingKey="+filepath.Join(g.keys, as), "commit", "-q", "-m", "change")
	return g.run("git", "-C", g.dir, "rev-parse", "HEAD")
}

// follows has a server's configuration take its contracts from the repository, as one of
// several servers, and returns where it is.
func (g repository) follows(in *installation, base []byte, name, listen string) string {
	g.Helper()
	var c map[string]any
	require.NoError(g, yaml.Unmarshal(base, &c))
	server := c["server"].(map[string]any)
	delete(server, "contracts")
	signers := []any{}
	for _, who := range []string{"alice", "bob"} {
		signers = append(signers, map[string]any{"name": who, "person": who, "ssh": []any{filepath.Join(g.keys, who+".pub")}})
	}
	server["contractsGit"] = map[string]any{"repository": g.dir, "ref": "main", "clone": "clone-" + name, "every": "10s", "signers": signers}
	server["listen"], server["checkpoint"] = listen, "checkpoint-"+name
	b, err := yaml.Marshal(c)
	require.NoError(g, err)
	path := filepath.Join(in.dir, name+".yaml")
	require.NoError(g, os.WriteFile(path, b, 0o600))
	return path
}

// TestCommitByProposal: a commit is proposed; denied, nothing changes; approved by who owns
// what it changes and did not sign it, it is in force on every server.
func TestCommitByProposal(t *testing.T) {
	t.Parallel()
	in := install(t)
	in.start(nil, "dev", "--proposals", "--without", "server,worker")
	in.configured()
	base, err := os.ReadFile(in.config())
	require.NoError(t, err)
	g := newRepository(t, "alice", "bob")
	first := g.commit("bob", proposable)
	other := ports.PortForTest(t)
	second := &installation{T: t, dir: in.dir, ports: map[string]int{"listen": other.Number}}
	in.start(nil, "worker", "--config", in.config())
	in.start(nil, "server", "--config", g.follows(in, base, "one", in.addr("listen"))).ready()
	second.start(nil, "server", "--config", g.follows(in, base, "two", second.addr("listen"))).ready()

	alice, bob, carol, oscar := in.as("alice"), in.as("bob"), in.as("carol"), in.as("oscar")
	lead := in.person("lea", map[string]any{"groups": []string{"approvers"}})
	type status struct {
		Revision struct {
			Commit, Request string
			Number          int
		}
		Waiting *struct{ Commit, Error string }
	}
	inForce := func() (out [2]status) {
		for i, s := range []*installation{in, second} {
			require.Equal(t, http.StatusOK, (&person{in: s, name: "oscar", token: oscar.token}).call("GET", "/api/v1/contracts", nil, &out[i]))
		}
		return out
	}
	proposes := func(commit string) (r request) {
		t.Helper()
		out, err := alice.ramp("contracts", "propose", "--commit", commit, "--reason", "as the team has agreed", "-o", "json")
		require.NoError(t, err, out)
		require.NoError(t, json.Unmarshal([]byte(out), &r), out)
		return r
	}
	decides := func(p *person, r request, verdict string) int {
		return p.call("POST", "/api/v1/requests/"+r.ID+"/decision", map[string]any{"decision": verdict, "planDigest": r.Plan.Digest}, nil)
	}
	for _, s := range inForce() {
		require.Equal(t, first, s.Revision.Commit)
	}

	wider := g.commit("bob", strings.Replace(proposable, "max: 1h", "max: 2h", 1))
	in.eventually(time.Minute, "both servers say that a commit waits", func() bool {
		now := inForce()
		return now[0].Waiting != nil && now[0].Waiting.Commit == wider && now[1].Waiting != nil && now[1].Waiting.Commit == wider
	})
	in.eventually(time.Minute, "the worker serves the target", func() bool {
		_, err := alice.ramp("contracts", "propose", "--commit", wider, "--dry-run")
		return err == nil
	})
	r := proposes(wider)
	require.Equal(t, http.StatusForbidden, decides(bob, r, "approve"), "bob signed it")
	require.Equal(t, http.StatusOK, decides(carol, r, "deny"))
	alice.awaits(r.ID, "denied", time.Minute)
	for _, s := range inForce() {
		require.Equal(t, first, s.Revision.Commit)
	}

	better := g.commit("alice", strings.Replace(proposable, "max: 1h", "max: 90m", 1))
	r = proposes("newest")
	out, err := carol.ramp("show", r.ID)
	require.NoError(t, err, out)
	require.Contains(t, out, better)
	require.Equal(t, http.StatusForbidden, decides(bob, r, "approve"), "what bob signed comes with it")
	require.Equal(t, http.StatusOK, decides(carol, r, "approve"))
	require.Equal(t, http.StatusOK, decides(lead, r, "approve"))
	in.eventually(time.Minute, "the commit is in force on both servers", func() bool {
		now := inForce()
		return now[0].Revision.Commit == better && now[1].Revision.Commit == better && now[1].Revision.Request == r.ID
	})
	alice.asks("host", "90m")
	(&person{in: second, name: "alice", token: alice.token}).asks("host", "80m")
}
