package contractgit

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
)

// twoSigners has the configuration ask for two, from a commit on.
func (f *fixture) twoSigners(from string) { f.config.TwoSigners, f.config.From = true, from }

// mergeAs merges parents with the contracts of one commit.
func (f *fixture) mergeAs(who, contracts string, parents ...string) {
	f.Helper()
	args := []string{"commit-tree", "-S", "-m", "merge"}
	for _, p := range parents {
		args = append(args, "-p", p)
	}
	f.git.Git("", "reset", "-q", "--hard", f.git.Git(who, append(args, f.git.Git("", "rev-parse", contracts+"^{tree}"))...))
}

// copied returns a copy of a commit whose signature holds, and whose id is another: the
// lines of its signature are broken elsewhere.
func (f *fixture) copied(commit string) string {
	f.Helper()
	lines := strings.Split(f.git.Git("", "cat-file", "commit", commit), "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, "gpgsig ") {
			lines[i+1] = lines[i+1][:20] + "\n " + lines[i+1][20:]
			break
		}
	}
	path := filepath.Join(f.TempDir(), "commit")
	require.NoError(f, os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	out := f.git.Git("", "hash-object", "-t", "commit", "-w", path)
	require.NotEqual(f, commit, out)
	return out
}

// TestTwoSigners: with twoSigners, contracts come into force only if two people signed
// the same, to the byte.
func TestTwoSigners(t *testing.T) {
	f := newFixture(t, "alice", "bob")
	f.twoSigners(f.commit("alice", of("1h")))
	s := f.open()
	_, err := s.Read(t.Context())
	require.ErrorContains(t, err, "signed by alice alone")
	f.git.Git("alice", "commit", "-q", "--allow-empty", "-m", "again")
	_, err = s.Read(t.Context())
	require.ErrorContains(t, err, "signed by alice alone", "twice is once")
	f.git.Git("bob", "commit", "-q", "--allow-empty", "-m", "approved")
	first := f.git.Git("", "rev-parse", "HEAD")
	require.ElementsMatch(t, []string{"alice", "bob"}, f.inForce(s, first, "").Revision.Signers)

	// A branch that is merged as it is.
	f.git.Git("", "checkout", "-q", "-b", "change")
	f.commit("alice", of("2h"))
	f.git.Git("", "checkout", "-q", "main")
	f.git.Git("bob", "merge", "-q", "--no-ff", "-m", "merge", "change")
	second := f.git.Git("", "rev-parse", "HEAD")
	f.inForce(s, second, "")

	// One that is merged with something else in it.
	f.git.Git("", "checkout", "-q", "change")
	f.git.Git("", "reset", "-q", "--hard", second)
	f.commit("alice", of("3h"))
	f.git.Git("", "checkout", "-q", "main")
	f.git.Git("", "merge", "-q", "--no-ff", "--no-commit", "change")
	f.write(of("99h"))
	f.git.Git("", "add", "-A")
	f.git.Git("bob", "commit", "-q", "-m", "merge")
	f.inForce(s, second, "signed by bob alone")

	// One person with the other's name in the commit, or with what was signed before.
	f.git.Git("", "reset", "-q", "--hard", second)
	f.commit("alice", of("1h"))
	f.inForce(s, second, "signed by alice alone")
	f.git.Git("", "reset", "-q", "--hard", second)
	f.write(of("5h"))
	f.git.Git("bob", "commit", "-q", "-a", "--author", "alice <alice@example.com>", "-m", "x")
	f.inForce(s, second, "signed by bob alone")
	f.git.Git("", "reset", "-q", "--hard", second)
	f.inForce(f.open(), second, "")

	// What leaves the contracts as both signed them needs one.
	require.NoError(t, os.WriteFile(filepath.Join(f.git.Dir, "README"), []byte("x"), 0o600))
	f.git.Git("", "add", "-A")
	f.git.Git("bob", "commit", "-q", "-m", "README")
	second = f.git.Git("", "rev-parse", "HEAD")
	require.ElementsMatch(t, []string{"alice", "bob"}, f.inForce(s, second, "").Revision.Signers)

	// A branch from before what is in force counts once it holds that, too.
	f.git.Git("", "checkout", "-q", "-B", "change", first)
	f.commit("alice", of("4h"))
	f.git.Git("", "checkout", "-q", "main")
	f.git.Git("", "merge", "-q", "--no-commit", "--no-ff", "-X", "theirs", "change")
	f.git.Git("bob", "commit", "-q", "-m", "merge")
	f.inForce(s, second, "signed by bob alone")
	merged := f.git.Git("", "rev-parse", "HEAD")
	f.git.Git("", "reset", "-q", "--hard", second)
	f.git.Git("", "checkout", "-q", "change")
	f.git.Git("alice", "merge", "-q", "--no-ff", "-X", "ours", "-m", "merge main", second)
	f.git.Git("", "checkout", "-q", "main")
	f.git.Git("bob", "merge", "-q", "--no-ff", "-m", "merge", "change")
	require.Equal(t, f.git.Git("", "rev-parse", merged+"^{tree}"), f.git.Git("", "rev-parse", "HEAD^{tree}"))
	f.inForce(s, f.git.Git("", "rev-parse", "HEAD"), "")
}

// TestOldSignature: what somebody signed counts for nobody else once other contracts
// came after it, on whichever way it is brought back, and for a server that has lost its
// clone as for one that has not.
func TestOldSignature(t *testing.T) {
	for name, bring := range map[string]func(f *fixture, wide, inForce string){
		"written again": func(f *fixture, _, _ string) { f.commit("alice", of("99h")) },
		"merged": func(f *fixture, wide, inForce string) {
			f.mergeAs("alice", wide, inForce, wide)
		},
		"merged as first parent": func(f *fixture, wide, inForce string) {
			f.mergeAs("alice", wide, wide, inForce)
		},
		"merged as a copy with another id": func(f *fixture, wide, inForce string) {
			f.mergeAs("alice", wide, inForce, f.copied(wide))
		},
		"built upon, then merged": func(f *fixture, wide, inForce string) {
			f.git.Git("", "reset", "-q", "--hard", wide)
			f.git.Git("alice", "commit", "-q", "--allow-empty", "-m", "mine, too")
			f.mergeAs("alice", wide, inForce, "HEAD")
		},
		"merged with a commit of other contracts between": func(f *fixture, wide, inForce string) {
			f.git.Git("", "reset", "-q", "--hard", wide)
			f.mergeAs("alice", inForce, inForce, wide)
			f.commit("alice", of("99h"))
		},
		"of a branch that was never merged": func(f *fixture, wide, inForce string) {
			f.git.Git("", "reset", "-q", "--hard", wide+"~2")
			branch := f.commit("bob", of("99h")+"# of a branch\n")
			f.mergeAs("alice", branch, inForce, branch)
		},
		"taken back before it was in force": func(f *fixture, _, _ string) {
			f.commit("bob", of("99h"))
			f.commit("bob", of("2h"))
			f.commit("alice", of("99h"))
		},
		"taken back before it was in force, and merged": func(f *fixture, _, _ string) {
			old := f.commit("bob", of("99h"))
			f.mergeAs("alice", old, f.commit("bob", of("2h")), old)
		},
		"taken back by a commit without contracts": func(f *fixture, _, _ string) {
			old := f.commit("bob", of("99h"))
			f.git.Git("", "rm", "-q", "contracts/c.yaml")
			f.git.Git("bob", "commit", "-q", "-m", "none")
			f.mergeAs("alice", old, "HEAD", old)
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, "alice", "bob")
			f.twoSigners(f.commit("alice", of("30h")))
			f.commit("alice", of("99h"))
			f.git.Git("bob", "commit", "-q", "--allow-empty", "-m", "approved")
			wide := f.git.Git("", "rev-parse", "HEAD")
			s := f.open()
			f.inForce(s, wide, "")
			f.commit("alice", of("1h"))
			f.git.Git("bob", "commit", "-q", "--allow-empty", "-m", "approved")
			narrow := f.git.Git("", "rev-parse", "HEAD")
			f.inForce(s, narrow, "")
			bring(f, wide, narrow)
			f.inForce(s, narrow, "signed by alice alone")
			f.config.Clone = field.File(filepath.Join(t.TempDir(), "lost"))
			_, err := f.open().Read(t.Context())
			require.ErrorContains(t, err, "signed by alice alone")
			require.Equal(t, access.CodeEvidence, access.CodeOf(err))

			// Bob signs it knowingly.
			f.git.Git("bob", "commit", "-q", "--allow-empty", "-m", "approved")
			again := f.git.Git("", "rev-parse", "HEAD")
			f.inForce(s, again, "")
			f.inForce(f.open(), again, "")
		})
	}
}

// TestFrom: a server that has lost its clone puts nothing in force that does not follow
// the commit that the configuration names, nor does one whose clone says otherwise.
func TestFrom(t *testing.T) {
	f := newFixture(t, "alice", "bob")
	f.commit("alice", of("99h"))
	f.git.Git("bob", "commit", "-q", "--allow-empty", "-m", "approved")
	wide := f.git.Git("", "rev-parse", "HEAD")
	f.twoSigners(wide)
	f.inForce(f.open(), wide, "")
	f.commit("alice", of("1h"))
	f.git.Git("bob", "commit", "-q", "--allow-empty", "-m", "approved")
	narrow := f.git.Git("", "rev-parse", "HEAD")
	f.git.Git("", "reset", "-q", "--hard", wide)
	f.config.From = narrow
	_, err := f.open().Read(t.Context())
	require.ErrorContains(t, err, "commit "+wide[:12]+" does not follow "+narrow[:12], "its clone has it in force")
	f.config.Clone = field.File(filepath.Join(t.TempDir(), "lost"))
	_, err = f.open().Read(t.Context())
	require.ErrorContains(t, err, "does not follow")
	require.Equal(t, access.CodeEvidence, access.CodeOf(err))
	f.git.Git("", "reset", "-q", "--hard", narrow)
	f.inForce(f.open(), narrow, "")

	f.config.From = ""
	require.Equal(t, "server.contractsGit.from", f.config.Validate()[0].Field, "two signers need it")
	f.config.From = narrow[:12]
	require.Equal(t, "server.contractsGit.from", f.config.Validate()[0].Field)
}
