package contractgit

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// proposing is a fixture in which everybody who signs is a person.
func proposing(t *testing.T, people ...string) *fixture {
	f := newFixture(t, people...)
	for i := range f.config.Signers {
		f.config.Signers[i].Person = people[i] + "@example.com"
	}
	return f
}

// proposes fails unless the newest commit may be proposed after another, and is by people.
func (f *fixture) proposes(s *Source, after, commit string, people ...string) {
	f.Helper()
	got, err := s.Newest(f.Context(), after)
	require.NoError(f, err)
	require.Equal(f, commit, got.ID)
	require.Equal(f, people, got.Authors)
}

func (f *fixture) refuses(s *Source, after string, code access.Code, why string) {
	f.Helper()
	_, err := s.Newest(f.Context(), after)
	require.ErrorContains(f, err, why)
	require.Equal(f, code, access.CodeOf(err))
}

// TestNewest: the newest commit is proposed with everybody who signed it or a commit since
// the one in force, and is put in force by nobody here.
func TestNewest(t *testing.T) {
	f := proposing(t, "alice", "bob")
	first := f.commit("alice", of("1h"))
	s := f.open()
	f.proposes(s, "", first, "alice@example.com")
	second := f.commit("alice", of("2h"))
	third := f.commit("bob", of("3h"))
	f.proposes(s, first, third, "alice@example.com", "bob@example.com")
	f.proposes(s, second, third, "bob@example.com")
	f.proposes(s, third, third)
	got, err := s.Newest(t.Context(), first)
	require.NoError(t, err)
	require.Equal(t, of("3h"), string(got.Files["c.yaml"]))
	f.inForce(s, third, "") // for a server that goes by the repository alone
}

// TestCase118WhoWroteACommit: nobody has somebody else sign what they wrote, so that it
// counts as not theirs, and nobody leads a proposal back.
func TestCase118WhoWroteACommit(t *testing.T) {
	f := proposing(t, "alice", "bob", "mallory")
	first := f.commit("alice", of("1h"))
	s := f.open()

	// Mallory writes in a branch; bob merges it, and changes nothing.
	f.git.Git("", "checkout", "-q", "-b", "branch")
	f.commit("mallory", of("9h"))
	f.git.Git("", "checkout", "-q", "main")
	f.git.Git("bob", "merge", "-q", "--no-ff", "-m", "merge", "branch")
	merged := f.git.Git("", "rev-parse", "HEAD")
	f.proposes(s, first, merged, "bob@example.com", "mallory@example.com")

	// The same without a signature on what mallory wrote.
	f.git.Git("", "reset", "-q", "--hard", first)
	f.git.Git("", "branch", "-q", "-D", "branch")
	f.git.Git("", "checkout", "-q", "-b", "branch")
	f.commit("", of("8h"))
	f.git.Git("", "checkout", "-q", "main")
	f.git.Git("bob", "merge", "-q", "--no-ff", "-m", "merge", "branch")
	f.refuses(s, first, access.CodeEvidence, "it changes the contracts, and whoever wrote them")

	// A commit on top that changes nothing, by somebody who read nothing.
	f.git.Git("bob", "commit", "-q", "--allow-empty", "-m", "on top")
	f.refuses(s, first, access.CodeEvidence, "it changes the contracts, and whoever wrote them")

	// What is not about contracts needs a signature of the newest only.
	f.git.Git("", "reset", "-q", "--hard", first)
	f.git.Git("", "commit", "-q", "--allow-empty", "-m", "something else")
	f.refuses(s, first, access.CodeEvidence, "is not signed")
	top := f.commit("bob", of("2h"))
	f.proposes(s, first, top, "bob@example.com")

	// Moved back, rewritten.
	f.git.Git("", "reset", "-q", "--hard", first)
	f.refuses(s, top, access.CodeEvidence, "moved back or rewritten")
	f.commit("mallory", of("7h"))
	f.refuses(s, top, access.CodeEvidence, "moved back or rewritten")

	// Where the contracts in force are of no commit, From says where to begin.
	f.git.Git("", "reset", "-q", "--hard", top)
	f.config.From = first
	f.proposes(f.open(), "", top, "bob@example.com")
}

// TestProposedCommitsNeedPeople: commits are proposed only where it is known of each signer
// who that is.
func TestProposedCommitsNeedPeople(t *testing.T) {
	f := newFixture(t, "alice")
	issues := f.config.ValidateProposed()
	require.Len(t, issues, 1)
	require.Equal(t, "server.contractsGit.signers[0].person", issues[0].Field)
	require.Equal(t, "signers_missing", Config{}.ValidateProposed()[0].Code)
	require.Empty(t, proposing(t, "alice").config.ValidateProposed())
}

// TestCase118LeftOutStaysOut: Mallory's signed branch was merged without taking anything of
// it, and that is in force. An unsigned merge that brings her contracts back is refused: it
// has a parent that holds the same, and nobody signed that they come back.
func TestCase118LeftOutStaysOut(t *testing.T) {
	f := proposing(t, "alice", "bob", "mallory")
	first := f.commit("alice", of("1h"))
	s := f.open()
	f.git.Git("", "checkout", "-q", "-b", "branch")
	left := f.commit("mallory", of("9h"))
	f.git.Git("", "checkout", "-q", "main")
	f.git.Git("bob", "merge", "-q", "--no-ff", "-s", "ours", "-m", "left out", "branch")
	one := f.git.Git("", "rev-parse", "HEAD")
	f.proposes(s, first, one, "bob@example.com", "mallory@example.com")
	two := f.commit("bob", of("2h"))
	f.proposes(s, one, two, "bob@example.com")

	back := f.git.Git("", "commit-tree", "-p", two, "-p", left, "-m", "merge", f.git.Git("", "rev-parse", left+"^{tree}"))
	f.git.Git("", "reset", "-q", "--hard", back)
	f.git.Git("bob", "commit", "-q", "--allow-empty", "-m", "on top")
	_, err := s.Newest(t.Context(), two)
	require.Equal(t, access.CodeEvidence, access.CodeOf(err))
	require.ErrorContains(t, err, "it changes the contracts")
}
