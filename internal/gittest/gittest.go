// Package gittest is a git repository in a test, and people who sign in it.
package gittest

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Repository is a repository with a branch main, and the SSH keys of some people.
type Repository struct {
	Dir string

	t    testing.TB
	keys string
}

// New returns an empty repository, and makes a key for each of the people. It needs git and
// ssh-keygen.
func New(t testing.TB, people ...string) *Repository {
	r := &Repository{Dir: filepath.Join(t.TempDir(), "repo"), t: t, keys: t.TempDir()}
	for _, name := range people {
		r.Exec("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", r.Key(name))
	}
	r.Exec("git", "init", "-q", "-b", "main", r.Dir)
	return r
}

// Key is the file with somebody's private key; the public one is beside it, in NAME.pub.
func (r *Repository) Key(name string) string { return filepath.Join(r.keys, name) }

// Git runs git in the repository. What it commits is signed by as; "" signs nothing. The
// settings of whoever runs the test do not count.
func (r *Repository) Git(as string, args ...string) string {
	r.t.Helper()
	settings := []string{"-C", r.Dir, "-c", "gpg.format=ssh"}
	if as != "" {
		settings = append(settings, "-c", "commit.gpgSign=true", "-c", "user.signingKey="+r.Key(as))
	}
	return r.Exec("git", append(settings, args...)...)
}

// Commit writes a file, commits all that there is as somebody, and returns the commit's id.
func (r *Repository) Commit(as, file, text string) string {
	r.t.Helper()
	r.Write(file, text)
	r.Git("", "add", "-A")
	r.Git(as, "commit", "-q", "-m", "change")
	return r.Git("", "rev-parse", "HEAD")
}

// Write writes a file, and commits nothing.
func (r *Repository) Write(file, text string) {
	r.t.Helper()
	path := filepath.Join(r.Dir, file)
	require.NoError(r.t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(r.t, os.WriteFile(path, []byte(text), 0o600))
}

// With returns the repository for a subtest, whose failures are its own.
func (r *Repository) With(t testing.TB) *Repository { return &Repository{r.Dir, t, r.keys} }

// Exec runs a program, as somebody of whom git knows nothing but a name, and returns what
// it says.
func (r *Repository) Exec(name string, args ...string) string {
	r.t.Helper()
	cmd := exec.Command(name, args...) // #nosec G204 -- programs that tests name
	cmd.Env = Environ()
	out, err := cmd.CombinedOutput()
	require.NoError(r.t, err, "%s %v: %s", name, args, out)
	return strings.TrimSpace(string(out))
}

// Environ returns the environment of the test's process for a git that reads nobody's
// settings, neither in files nor in variables, and commits as x.
func Environ() []string {
	own := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "GIT_") })
	return append(own, "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_AUTHOR_NAME=x", "GIT_AUTHOR_EMAIL=x@example.com",
		"GIT_COMMITTER_NAME=x", "GIT_COMMITTER_EMAIL=x@example.com")
}
