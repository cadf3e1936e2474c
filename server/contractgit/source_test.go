package contractgit

import (
	"context"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/internal/gittest"
)

const contract = `apiVersion: ramp/v1
kind: Contract
metadata: {name: c}
request: {who: 'true'}
duration: {default: 30m, max: MAX}
grants: [{target: t/t, entitlement: {a: b}}]
approval: {stages: [{name: a, from: [x]}]}
`

// fixture is a real repository, people who sign in it, and a source that follows it.
type fixture struct {
	*testing.T
	git    *gittest.Repository
	config Config
}

func newFixture(t *testing.T, people ...string) *fixture {
	f := &fixture{t, gittest.New(t, people...), Config{}}
	f.config = Config{Repository: f.git.Dir, Ref: "main", Path: "contracts", Clone: field.File(filepath.Join(t.TempDir(), "clone"))}
	for _, name := range people {
		f.config.Signers = append(f.config.Signers, Signer{Name: name, SSH: []field.FileOrText{field.FileOrText(f.git.Key(name) + ".pub")}})
	}
	return f
}

// on returns the fixture for a subtest.
func (f *fixture) on(t *testing.T) *fixture { return &fixture{t, f.git.With(t), f.config} }

// write changes the contract, and commit commits it.
func (f *fixture) write(text string) { f.Helper(); f.git.Write("contracts/c.yaml", text) }

func (f *fixture) commit(as, text string) string {
	f.Helper()
	return f.git.Commit(as, "contracts/c.yaml", text)
}

func of(max string) string { return strings.Replace(contract, "MAX", max, 1) }

func (f *fixture) open() *Source {
	f.Helper()
	require.Empty(f, f.config.Validate())
	s, err := Open(f.config)
	require.NoError(f, err)
	return s
}

// inForce fails unless s has the contracts of a commit in force, and the newest is
// refused with words; "" if it is not refused.
func (f *fixture) inForce(s *Source, commit, refused string) contracts.Snapshot {
	f.Helper()
	got, err := s.Read(f.Context())
	require.NoError(f, err)
	require.Equal(f, commit, got.Revision.Commit)
	if refused == "" {
		require.NoError(f, got.Refused)
	} else {
		require.ErrorContains(f, got.Refused, refused)
	}
	return got
}

// TestFollows: the newest commit is in force, unless it is broken, moved back or
// rewritten; then the last good one stays, for a process that starts again, too.
func TestFollows(t *testing.T) {
	f := newFixture(t)
	first := f.commit("", of("1h"))
	s := f.open()
	got := f.inForce(s, first, "")
	require.True(t, got.Revision.Unchecked)
	require.Equal(t, of("1h"), string(got.Files["c.yaml"]))
	second := f.commit("", of("2h"))
	f.inForce(s, second, "")

	f.commit("", of("soon"))
	f.inForce(s, second, "contracts: c.yaml:5")
	f.inForce(f.open(), second, "contracts: c.yaml:5")
	f.git.Git("", "rm", "-q", "contracts/c.yaml")
	f.git.Git("", "commit", "-q", "--allow-empty", "-m", "nothing")
	f.inForce(s, second, "has no directory contracts")
	f.write("# nothing\n")
	f.git.Git("", "add", "-A")
	f.git.Git("", "commit", "-q", "-m", "nothing")
	f.inForce(s, second, "holds no contract")
	third := f.commit("", of("3h"))
	f.inForce(s, third, "")

	f.git.Git("", "reset", "-q", "--hard", first)
	f.inForce(s, third, "was moved back")
	f.commit("", of("9h"))
	f.inForce(s, third, "was rewritten")
	f.inForce(f.open(), third, "was rewritten")
	f.git.Git("", "reset", "-q", "--hard", third)
	f.inForce(s, third, "")

	require.NoError(t, os.Symlink("c.yaml", filepath.Join(f.git.Dir, "contracts", "d.yaml")))
	f.git.Git("", "add", "-A")
	f.git.Git("", "commit", "-q", "-m", "link")
	f.inForce(s, third, "contracts/d.yaml is a link")

	require.NoError(t, os.RemoveAll(f.git.Dir))
	got = f.inForce(f.open(), third, "out of reach")
	require.Equal(t, access.CodeUnavailable, access.CodeOf(got.Refused))
	require.NoError(t, os.RemoveAll(string(f.config.Clone)))
	_, err := f.open().Read(t.Context())
	require.ErrorContains(t, err, "out of reach", "of nothing, nothing is in force")
}

// TestSigned: where people sign, a commit that none of them signed is not in force.
func TestSigned(t *testing.T) {
	f := newFixture(t, "alice", "bob", "mallory")
	mallory := f.config.Signers[2]
	f.config.Signers = f.config.Signers[:2]
	first := f.commit("alice", of("1h"))
	s := f.open()
	require.Equal(t, []string{"alice"}, f.inForce(s, first, "").Revision.Signers)
	f.commit("", of("2h"))
	f.inForce(s, first, "is not signed")
	f.commit("mallory", of("3h"))
	f.inForce(s, first, "no SSH signature of anybody")
	// Somebody who signs what follows signs all that it holds.
	next := f.commit("bob", of("3h")+"# seen\n")
	require.Equal(t, []string{"bob"}, f.inForce(s, next, "").Revision.Signers)

	// A signature does not move to another commit.
	text := f.git.Git("", "cat-file", "commit", next)
	forged := exec.Command("git", "-C", f.git.Dir, "hash-object", "-t", "commit", "-w", "--stdin")
	forged.Env = gittest.Environ()
	forged.Stdin = strings.NewReader(strings.Replace(text, "\nparent ", "\nparent "+next+"\nparent ", 1) + "\n")
	out, err := forged.Output()
	require.NoError(t, err)
	f.git.Git("", "reset", "-q", "--hard", strings.TrimSpace(string(out)))
	f.inForce(s, next, "no SSH signature of anybody")

	// What somebody signed who may no longer sign does not come into force again.
	f.git.Git("", "reset", "-q", "--hard", next)
	f.config.Signers = []Signer{f.config.Signers[0], mallory}
	_, err = f.open().Read(t.Context())
	require.ErrorContains(t, err, "no SSH signature of anybody")
}

// TestOpenPGP: OpenPGP signatures count as SSH's do.
func TestOpenPGP(t *testing.T) {
	f := newFixture(t, "alice")
	home := t.TempDir()
	require.NoError(t, os.Chmod(home, 0o700))
	t.Setenv("GNUPGHOME", home)
	f.git.Exec("gpg", "--batch", "--quiet", "--passphrase", "", "--quick-gen-key", "carol@example.com", "ed25519", "sign")
	t.Cleanup(func() { _ = exec.Command("gpgconf", "--kill", "all").Run() })
	ring := filepath.Join(home, "carol.asc")
	require.NoError(t, os.WriteFile(ring, []byte(f.git.Exec("gpg", "--armor", "--export", "carol@example.com")), 0o600))
	f.commit("alice", of("1h"))
	f.git.Git("", "-c", "gpg.format=openpgp", "-c", "user.signingKey=carol@example.com", "commit", "-q", "-S", "--allow-empty", "-m", "approved")
	head := f.git.Git("", "rev-parse", "HEAD")
	_, err := f.open().Read(t.Context())
	require.ErrorContains(t, err, "no OpenPGP signature of anybody")
	f.config.Signers = append(f.config.Signers, Signer{Name: "carol", PGP: []field.File{field.File(ring)}})
	f.twoSigners(head)
	require.ElementsMatch(t, []string{"alice", "carol"}, f.inForce(f.open(), head, "").Revision.Signers)
}

// TestOverHTTP: a repository behind an address is read with its token, which no error shows.
func TestOverHTTP(t *testing.T) {
	f := newFixture(t)
	first := f.commit("", of("1h"))
	core := f.git.Git("", "--exec-path")
	server := httptest.NewServer(&cgi.Handler{Path: filepath.Join(core, "git-http-backend"), Dir: f.git.Dir, Env: []string{"GIT_PROJECT_ROOT=" + filepath.Dir(f.git.Dir), "GIT_HTTP_EXPORT_ALL=1"}})
	defer server.Close()
	f.config.Repository = server.URL + "/repo"
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte("of-a-token\n"), 0o600))
	f.config.Token = field.SecretFile(token)
	s := f.open()
	f.inForce(s, first, "")
	server.Close()
	got := f.inForce(s, first, "out of reach")
	require.NotContains(t, got.Refused.Error(), "of-a-token")
	gone, leave := context.WithCancel(t.Context())
	leave()
	late, err := s.Read(gone)
	require.NoError(t, err)
	require.Error(t, late.Refused)
}
