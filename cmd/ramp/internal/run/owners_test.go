package run

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/config"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/server/proposals"
)

const owned = `apiVersion: ramp/v1
kind: Contract
metadata: {name: c, owner: leads}
request: {who: '"engineering" in person.groups'}
duration: {default: 30m, max: 1h}
grants: [{target: ssh/demo, entitlement: {user: demo}}]
approval: {stages: [{name: leads, from: [leads]}]}
`

// TestOwnersThatNobodyIs: doctor says which contracts nobody can change by a proposal: by
// what the contracts name, and by the directory where there is one.
func TestOwnersThatNobodyIs(t *testing.T) {
	dir := t.TempDir()
	write := func(text string) { require.NoError(t, os.WriteFile(filepath.Join(dir, "c.yaml"), []byte(text), 0o600)) }
	address := "sqlite:" + filepath.Join(t.TempDir(), "ledger.db")
	l, err := ledger.Open(t.Context(), address)
	require.NoError(t, err)
	defer l.Close()
	signer, err := evidence.LoadOrCreateSigner(filepath.Join(dir, "server.key"))
	require.NoError(t, err)
	require.NoError(t, signer.WritePublic(filepath.Join(dir, "server.pub")))
	server, err := ledger.Open(t.Context(), address)
	require.NoError(t, err)
	defer server.Close()
	server.UseNotary(evidence.NewNotary(signer, evidence.NewKeyring(signer.Public())), nil)
	var c config.Config
	c.Keys.Trusted = []field.File{field.File(filepath.Join(dir, "server.pub"))}
	c.Server.Contracts = field.File(dir)
	write(strings.Replace(owned, "owner: leads", "owner: lead", 1))
	require.Empty(t, ownerIssues(t.Context(), c, l), "contracts do not change by proposals")
	c.Server.Proposals = proposals.Config{Contract: "change-contracts"}
	issues := ownerIssues(t.Context(), c, l)
	require.Len(t, issues, 1)
	require.Equal(t, "owner_unknown", issues[0].Code)
	require.Contains(t, issues[0].Message, `no contract names "lead" as a group of people`)
	require.Contains(t, issues[0].Message, `did you mean "leads"?`)
	write(owned)
	require.Empty(t, ownerIssues(t.Context(), c, l))

	// The directory knows better.
	require.NoError(t, server.SetDirectory(t.Context(), ledger.DirectoryMode{Enabled: true, Groups: true}))
	issues = ownerIssues(t.Context(), c, l)
	require.Len(t, issues, 1)
	require.Contains(t, issues[0].Message, `nobody is in the group "leads"`)
	u, err := server.AddUser(t.Context(), ledger.User{UserName: "bob", Active: true}, time.Now())
	require.NoError(t, err)
	_, err = server.AddGroup(t.Context(), ledger.Group{Name: "leads", Members: []string{u.ID}}, time.Now())
	require.NoError(t, err)
	require.Empty(t, ownerIssues(t.Context(), c, l))

	c.Server.Contracts = field.File(filepath.Join(dir, "gone"))
	require.Equal(t, "contracts_unreadable", ownerIssues(t.Context(), c, l)[0].Code)
}
