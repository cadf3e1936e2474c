package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/internal/gittest"
	"ramp.dev/ramp/internal/ports"
)

// follows has a server's configuration take its contracts from the repository, as one of
// several servers, and returns where it is.
func follows(in *installation, g *gittest.Repository, base []byte, name, listen string) string {
	in.Helper()
	var c map[string]any
	require.NoError(in, yaml.Unmarshal(base, &c))
	server := c["server"].(map[string]any)
	delete(server, "contracts")
	signers := []any{}
	for _, who := range []string{"alice", "bob"} {
		signers = append(signers, map[string]any{"name": who, "person": who, "ssh": []any{g.Key(who) + ".pub"}})
	}
	server["contractsGit"] = map[string]any{"repository": g.Dir, "ref": "main", "clone": "clone-" + name, "every": "10s", "signers": signers}
	server["listen"], server["checkpoint"] = listen, "checkpoint-"+name
	b, err := yaml.Marshal(c)
	require.NoError(in, err)
	path := filepath.Join(in.dir, name+".yaml")
	require.NoError(in, os.WriteFile(path, b, 0o600))
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
	g := gittest.New(t, "alice", "bob")
	first := g.Commit("bob", "c.yaml", proposable)
	other := ports.PortForTest(t)
	second := &installation{T: t, dir: in.dir, ports: map[string]int{"listen": other.Number}}
	in.start(nil, "worker", "--config", in.config())
	in.start(nil, "server", "--config", follows(in, g, base, "one", in.addr("listen"))).ready()
	second.start(nil, "server", "--config", follows(in, g, base, "two", second.addr("listen"))).ready()

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

	wider := g.Commit("bob", "c.yaml", strings.Replace(proposable, "max: 1h", "max: 2h", 1))
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

	better := g.Commit("alice", "c.yaml", strings.Replace(proposable, "max: 1h", "max: 90m", 1))
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
