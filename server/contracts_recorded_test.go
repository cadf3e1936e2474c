package server

import (
	"crypto/ed25519"
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/internal/gittest"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/server/contractgit"
)

// TestCase102RecordedCommit: which commit was in force is what a server signed, of the same
// source; a record that nobody signed or that is gone is an error, and no "nothing was".
func TestCase102RecordedCommit(t *testing.T) {
	f := newFixture(t)
	servers := evidence.NewKeyring(f.signer.Public())
	recorded := recordedCommit(f.ledger, servers)
	commit, err := recorded(t.Context(), "repo main")
	require.NoError(t, err)
	require.Empty(t, commit)
	now := contracts.Status{Source: "repo main", Version: "sha256:one", Since: time.Now(), Revision: contracts.Revision{Commit: "c0ffee"}}
	require.NoError(t, f.recordSource(t.Context(), now))
	commit, err = recorded(t.Context(), "repo main")
	require.NoError(t, err)
	require.Equal(t, "c0ffee", commit)
	commit, err = recorded(t.Context(), "repo other")
	require.NoError(t, err)
	require.Empty(t, commit, "the operator has named another ref")

	_, other, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	forged := access.ContractsInForce{Set: "sha256:two", Source: "repo main", Commit: "bad", At: time.Now().UTC()}
	require.NoError(t, f.ledger.TakeSource(t.Context(), ledger.LineSource, forged, nil, evidence.NewSigner(other).SignContracts,
		access.Event{At: forged.At, Kind: access.EventContractsInForce, Actor: access.ActorRamp}))
	_, err = recorded(t.Context(), "repo main")
	require.Equal(t, access.CodeEvidence, access.CodeOf(err), "nobody signed it")
}

// TestCase102ServerThatLostItsClone: it does not start with contracts from before those
// that are recorded, and starts once the ref holds them again.
func TestCase102ServerThatLostItsClone(t *testing.T) {
	dir := t.TempDir()
	repo, clone := filepath.Join(dir, "repo"), filepath.Join(dir, "clone")
	require.NoError(t, os.MkdirAll(repo, 0o700))
	git := func(args ...string) string {
		cmd := exec.Command("git", append([]string{"-C", repo}, args...)...)
		cmd.Env = gittest.Environ()
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return strings.TrimSpace(string(out))
	}
	good, err := os.ReadFile(example)
	require.NoError(t, err)
	git("init", "-q", "-b", "main")
	commit := func(text string) string {
		require.NoError(t, os.WriteFile(filepath.Join(repo, "c.yaml"), []byte(text), 0o600))
		git("add", "-A")
		git("commit", "-q", "-m", "change")
		return git("rev-parse", "HEAD")
	}
	wide := commit(string(good))
	narrow := commit(string(good) + "# narrower\n")
	f := newFixture(t, func(c *Config) {
		c.Contracts, c.ContractsGit = "", contractgit.Config{Repository: repo, Ref: "main", Clone: field.File(clone)}
	})
	require.NoError(t, f.recordSource(t.Context(), f.contracts.Status()))
	start := func() (*Server, error) {
		require.NoError(t, os.RemoveAll(clone))
		return build(f.config, Deps{Ledger: f.ledger, Signer: f.signer, Sealer: f.sealer, Log: f.log}, f.temporal)
	}
	git("reset", "-q", "--hard", wide)
	_, err = start()
	require.ErrorContains(t, err, "does not follow "+narrow[:12])
	git("reset", "-q", "--hard", narrow)
	s, err := start()
	require.NoError(t, err)
	require.Equal(t, narrow, s.contracts.Status().Revision.Commit)
}
