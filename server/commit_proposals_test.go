package server

import (
	"crypto/ed25519"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/internal/gittest"
	"ramp.dev/ramp/server/contractgit"
	"ramp.dev/ramp/server/proposals"
)

// committing is a server whose contracts are those of a real repository, of which people
// decide on commits. alice and bob sign.
type committing struct {
	proposing
	git *gittest.Repository
}

func newCommitting(t *testing.T, change ...func(*Config)) committing {
	c := committing{git: gittest.New(t, "alice", "bob")}
	git := contractgit.Config{Repository: c.git.Dir, Ref: "main", Clone: field.File(filepath.Join(t.TempDir(), "clone"))}
	for _, name := range []string{"alice", "bob"} {
		git.Signers = append(git.Signers, contractgit.Signer{Name: name + "'s key", Person: name, SSH: []field.FileOrText{field.FileOrText(c.git.Key(name) + ".pub")}})
	}
	c.commit("bob", changing)
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	c.worker = evidence.NewSigner(key)
	c.fixture = newFixtureWith(t, func(_ *fixture, d *Deps) {
		d.Workers = evidence.Keyring{}.With(key.Public(), "contracts")
	}, func(conf *Config) {
		conf.Proposals = proposals.Config{Contract: "change-contracts"}
		conf.Contracts, conf.ContractsGit = "", git
		for _, f := range change {
			f(conf)
		}
	})
	go c.contracts.Run(t.Context())
	return c
}

// commit commits contracts; as "" nobody signs.
func (c committing) commit(as, text string) string { return c.git.Commit(as, "ssh.yaml", text) }

type uploadedCommit struct {
	uploaded
	Commit   string
	Authors  []string
	Warnings []string
}

func (c committing) uploadCommit(who, id string) (out uploadedCommit, status int, body string) {
	c.Helper()
	status, body = c.send(who, "POST", "/api/v1/contract-sets", map[string]any{"commit": id}, &out)
	return out, status, body
}

func (c committing) decide(who string, r access.Request, verdict string) (int, string) {
	c.Helper()
	return c.send(who, "POST", "/api/v1/requests/"+r.ID+"/decision", map[string]string{"decision": verdict, "planDigest": r.Plan.Digest}, nil)
}

// TestCommitByProposal: a commit is in force once the owners have approved it, and not
// before; whoever signed it, or one that comes with it, does not count among them.
func TestCommitByProposal(t *testing.T) {
	c := newCommitting(t)
	first := c.status().Revision
	require.EqualValues(t, 1, first.Number)
	require.NotEmpty(t, first.Commit, "the first set is a commit's")

	second := c.commit("bob", strings.Replace(changing, "max: 1h", "max: 2h", 1))
	third := c.commit("alice", strings.Replace(changing, "max: 1h", "max: 3h", 1))
	_, status, body := c.uploadCommit("alice", second)
	require.Equal(t, http.StatusConflict, status, body)
	require.Contains(t, body, "commit_changed")
	u, status, body := c.uploadCommit("alice", third)
	require.Equal(t, http.StatusOK, status, body)
	require.Equal(t, third, u.Commit)
	require.Equal(t, []string{"alice", "bob"}, u.Authors)
	require.Empty(t, u.Warnings)

	// Somebody knows that it waits, and where.
	var now contracts.Status
	status, body = c.send("alice", "GET", "/api/v1/contracts", nil, &now)
	require.Equal(t, http.StatusOK, status, body)
	require.Equal(t, third, now.Waiting.Commit)
	require.Equal(t, []string{"alice", "bob"}, now.Waiting.Authors)
	require.Equal(t, "hosts", now.InForce[1].Name)
	page := c.call(c.token("carol"), "GET", "/contracts", "", "").Body.String()
	require.Contains(t, page, "--commit "+third)
	require.Contains(t, page, "approvers")

	r, status, body := c.propose("alice", u.uploaded)
	require.Equal(t, http.StatusCreated, status, body)
	require.Equal(t, third, r.Plan.Change.Commit)
	require.Len(t, r.Plan.Rule.Authors, 2)
	require.Contains(t, c.call(c.token("carol"), "GET", "/requests/"+r.ID, "", "").Body.String(), third)
	status, body = c.decide("bob", r, "approve")
	require.Equal(t, http.StatusForbidden, status, "bob signed a commit that comes with it: "+body)
	status, body = c.decide("carol", r, "approve")
	require.Equal(t, http.StatusOK, status, body)
	require.Equal(t, first, c.status().Revision, "a commit alone is not in force")

	require.NoError(t, c.opens(r, c.worker))
	c.reload()
	require.Equal(t, third, c.status().Revision.Commit)
	status, body = c.send("alice", "GET", "/api/v1/contracts", nil, &now)
	require.Equal(t, http.StatusOK, status, body)
	var files struct{ Files access.ContractFiles }
	status, body = c.send("alice", "GET", "/api/v1/contracts/files", nil, &files)
	require.Equal(t, http.StatusOK, status, body)
	require.Equal(t, u.Set, files.Files.Digest())
	status, body = c.send("dave", "GET", "/api/v1/contracts/files", nil, nil)
	require.Equal(t, http.StatusForbidden, status, body)
	_, status, body = c.uploadCommit("alice", "newest")
	require.Equal(t, http.StatusBadRequest, status, body)
	require.Contains(t, body, "nothing_changes")
}

// TestCase118CommitsOfOthers: contracts come from the repository alone, where it is known
// who wrote them, and from what its people signed.
func TestCase118CommitsOfOthers(t *testing.T) {
	c := newCommitting(t)
	wider := strings.Replace(changing, "max: 1h", "max: 2h", 1)

	// Who hands the files of a commit to a friend does not get rid of its authors.
	_, status, body := c.upload("alice", wider)
	require.Equal(t, http.StatusBadRequest, status, body)
	require.Contains(t, body, "commit_needed")

	commit := c.commit("bob", wider)
	u, status, body := c.uploadCommit("alice", "newest")
	require.Equal(t, http.StatusOK, status, body)

	// What was uploaded and is no longer the newest cannot be asked for.
	c.commit("bob", strings.Replace(changing, "max: 1h", "max: 4h", 1))
	other, status, body := c.uploadCommit("alice", "newest")
	require.Equal(t, http.StatusOK, status, body)
	_, status, body = c.propose("alice", u.uploaded)
	require.Equal(t, http.StatusConflict, status, body)
	require.Contains(t, body, "commit_changed")
	r, status, body := c.propose("alice", other.uploaded)
	require.Equal(t, http.StatusCreated, status, body)
	require.Equal(t, "bob", r.Plan.Rule.Authors[1].ID)

	// Unsigned, and moved back.
	c.commit("", strings.Replace(changing, "max: 1h", "max: 5h", 1))
	_, status, body = c.uploadCommit("alice", "newest")
	require.GreaterOrEqual(t, status, 400, body)
	require.NotContains(t, body, "differences")
	c.git.Git("", "reset", "-q", "--hard", commit)
	c.git.Git("", "commit", "-q", "--amend", "-m", "rewritten")
	_, status, body = c.uploadCommit("alice", "newest")
	require.GreaterOrEqual(t, status, 400, body)

	_, status, body = c.uploadCommit("dave", "newest")
	require.Equal(t, http.StatusForbidden, status, body)
	status, body = c.send("alice", "POST", "/api/v1/contract-sets", map[string]any{"commit": "newest", "files": map[string]string{}}, nil)
	require.Equal(t, http.StatusBadRequest, status, body)
	require.Contains(t, body, "files_and_commit")
}

// TestAsideAndOwners: where people propose from a directory, the status says that the
// server's own differs, and a proposal that its owner can never approve says so.
func TestAsideAndOwners(t *testing.T) {
	p := newProposing(t)
	var now contracts.Status
	status, body := p.send("oscar", "GET", "/api/v1/contracts", nil, &now)
	require.Equal(t, http.StatusOK, status, body)
	require.Empty(t, now.Aside)
	require.NoError(t, os.WriteFile(filepath.Join(p.dir, "contracts", "ssh.yaml"), []byte(strings.Replace(changing, "max: 1h", "max: 2h", 1)), 0o600))
	status, body = p.send("oscar", "GET", "/api/v1/contracts", nil, &now)
	require.Equal(t, http.StatusOK, status, body)
	require.Contains(t, now.Aside, "differs from what is in force, as it may where contracts change by proposals")

	var u uploadedCommit
	status, body = p.send("alice", "POST", "/api/v1/contract-sets", map[string]any{"files": map[string]string{"ssh.yaml": strings.Replace(changing, "owner: approvers", "owner: team-platform", 1)}}, &u)
	require.Equal(t, http.StatusOK, status, body)
	require.Len(t, u.Warnings, 1)
	require.Contains(t, u.Warnings[0], "no contract names team-platform as a group of people")

	// Nobody types digests: the contract for proposals is in no catalogue, and its form says
	// how contracts are proposed.
	require.NotContains(t, p.call(p.token("alice"), "GET", "/api/v1/catalog", "", "").Body.String(), "change-contracts")
	form := p.call(p.token("alice"), "GET", "/ask/change-contracts", "", "").Body.String()
	require.Contains(t, form, "ramp contracts propose")
	require.NotContains(t, form, `name="params.set"`)
}

// TestProposedCommitsNeedPeople: a server does not start where people decide on commits and
// it is not known who writes them.
func TestProposedCommitsNeedPeople(t *testing.T) {
	codes := func(signers ...contractgit.Signer) (out []string) {
		c := Config{Proposals: proposals.Config{Contract: "change-contracts"}, ContractsGit: contractgit.Config{Repository: "/srv/contracts", Ref: "main", Clone: "clone", Signers: signers}}
		for _, i := range c.Validate() {
			out = append(out, i.Code)
		}
		return out
	}
	require.Contains(t, codes(), "signers_missing")
	require.Contains(t, codes(contractgit.Signer{Name: "alice"}), "person_missing")
	require.NotContains(t, codes(contractgit.Signer{Name: "alice", Person: "alice"}), "person_missing")
}
