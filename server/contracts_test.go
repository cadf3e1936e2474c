package server

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/internal/gittest"
	"ramp.dev/ramp/server/contractgit"
)

// TestContractsOfARepository: API, page, readiness and metrics say which commit is in
// force, and that the newest is not; why, a page says to operators and auditors only.
func TestContractsOfARepository(t *testing.T) {
	repo := filepath.Join(t.TempDir(), "repo")
	git := func(args ...string) string {
		cmd := exec.Command("git", append([]string{"-C", repo}, args...)...)
		cmd.Env = gittest.Environ()
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return strings.TrimSpace(string(out))
	}
	commit := func(text string) string {
		require.NoError(t, os.WriteFile(filepath.Join(repo, "c.yaml"), []byte(text), 0o600))
		git("add", "-A")
		git("commit", "-q", "-m", "change")
		return git("rev-parse", "HEAD")
	}
	require.NoError(t, os.MkdirAll(repo, 0o700))
	git("init", "-q", "-b", "main")
	good, err := os.ReadFile(example)
	require.NoError(t, err)
	first := commit(string(good))
	clone := field.File(filepath.Join(t.TempDir(), "clone"))
	start := func() (*fixture, contracts.Status, string) {
		f := newFixture(t, func(c *Config) {
			c.Contracts, c.ContractsGit = "", contractgit.Config{Repository: repo, Ref: "main", Clone: clone}
		})
		w := f.call(f.token(operator), "GET", "/api/v1/contracts", "", "")
		require.Equal(t, http.StatusOK, w.Code)
		var got contracts.Status
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got))
		metrics := httptest.NewRecorder()
		metricsHandler(f.registry).ServeHTTP(metrics, httptest.NewRequest("GET", "/metrics", nil))
		return f, got, metrics.Body.String()
	}
	f, got, metrics := start()
	require.Equal(t, first, got.Revision.Commit)
	require.Empty(t, got.Error)
	require.Equal(t, http.StatusOK, f.call("", "GET", "/readyz", "", "").Code)
	require.Contains(t, metrics, "ramp_contracts_broken 0")
	require.Contains(t, metrics, `commit="`+first+`"`)

	require.Empty(t, got.Lacks)
	good = []byte(strings.Replace(string(good), "\nrequest:\n", "\nrequest:\n  ticket: {system: jira, required: true}\n", 1))
	first = commit(string(good))
	f, got, _ = start()
	require.Equal(t, first, got.Revision.Commit)
	require.Len(t, got.Lacks, 1)
	require.Contains(t, got.Lacks[0], `asks the source "jira"`)
	require.Contains(t, f.call(f.token(security), "GET", "/contracts", "", "").Body.String(), "Contracts ask what this server cannot know")
	first = commit(strings.Replace(string(good), "\nrequest:\n", "\nrequest:\n  params: {extra: {type: string, choices: {from: aws/elsewhere, list: users}}}\n", 1))
	_, got, _ = start()
	require.Equal(t, first, got.Revision.Commit)
	require.Len(t, got.Lacks, 2)
	require.Contains(t, got.Lacks[1], "takes \"extra\" from the users of aws/elsewhere, and keys.workers has no key")

	commit("broken")
	f, got, metrics = start()
	require.Equal(t, first, got.Revision.Commit)
	require.Contains(t, got.Error, "c.yaml:1")
	ready := f.call("", "GET", "/readyz", "", "")
	require.Equal(t, http.StatusServiceUnavailable, ready.Code)
	require.NotContains(t, ready.Body.String(), repo)
	require.Contains(t, ready.Body.String(), "the newest contracts are not in force")
	require.Contains(t, metrics, "ramp_contracts_broken 1")
	require.Contains(t, f.call(f.token(security), "GET", "/contracts", "", "").Body.String(), "The newest contracts are not in force")
	require.Equal(t, http.StatusForbidden, f.call(f.token(requester), "GET", "/contracts", "", "").Code)
}
