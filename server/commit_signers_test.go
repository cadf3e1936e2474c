package server

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// newSigned is a server with a directory, in which bob and carol have some address, and a
// commit that bob signed.
func newSigned(t *testing.T, bob, carol string) (committing, uploaded) {
	scim := withSCIM(t)
	c := newCommitting(t, scim, func(conf *Config) { conf.SCIM.PeopleOnly = true })
	for person, address := range map[string]string{"bob": bob, "carol": carol} {
		res := c.scim("POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"`+person+`","active":true,"emails":[{"value":"`+address+`","primary":true}]}`)
		require.Equal(t, http.StatusCreated, res.status, "%v", res.body)
	}
	c.commit("bob", strings.Replace(changing, "max: 1h", "max: 2h", 1))
	u, status, body := c.uploadCommit("alice", "newest")
	require.Equal(t, http.StatusOK, status, body)
	return c, u.uploaded
}

// TestCase122SignersSecondAccount: whoever signed a commit approves it by none of their
// accounts, one that only shares their address among them, though the repository knows no
// more of a signer than an id. They can deny it.
func TestCase122SignersSecondAccount(t *testing.T) {
	c, u := newSigned(t, "bob@example.com", "Bob@Example.com")
	r, status, body := c.propose("alice", u)
	require.Equal(t, http.StatusCreated, status, body)
	require.Len(t, r.Plan.Rule.Authors, 2)
	require.Equal(t, "bob", r.Plan.Rule.Authors[1].ID)
	require.Equal(t, "bob@example.com", r.Plan.Rule.Authors[1].Email)
	before := c.temporal.messages.Load()
	status, body = c.decide("carol", r, "approve")
	require.Equal(t, http.StatusForbidden, status, "carol has bob's address: "+body)
	require.Contains(t, body, "own_work")
	require.Equal(t, before, c.temporal.messages.Load())
	status, body = c.decide("carol", r, "deny")
	require.Equal(t, http.StatusOK, status, body)
}

// TestCase122SignersLinkedAccount: an account that an operator has linked to the same human
// as the signer's is the signer's.
func TestCase122SignersLinkedAccount(t *testing.T) {
	c, u := newSigned(t, "bob@example.com", "carol@example.com")
	c.links("bob", "robin")
	c.links("carol", "robin")
	r, status, body := c.propose("alice", u)
	require.Equal(t, http.StatusCreated, status, body)
	require.Equal(t, []string{"robin"}, r.Plan.Rule.Authors[1].Accounts)
	status, body = c.decide("carol", r, "approve")
	require.Equal(t, http.StatusForbidden, status, "carol is robin, and so is bob: "+body)
	require.Contains(t, body, "own_work")
}

// TestCase122SignerInTheLedger: whoever writes to the ledger gets rid of what gives a signer's
// second account away: their commits are not proposed, or what a server signed of them counts.
func TestCase122SignerInTheLedger(t *testing.T) {
	t.Parallel()
	for name, statement := range map[string]string{
		"another record": `UPDATE directory_users SET record = (SELECT record FROM directory_users WHERE user_name_key = 'carol') WHERE user_name_key = 'bob'`,
		"no record":      `DELETE FROM directory_ids WHERE person_key = 'bob'`,
	} {
		t.Run(name, func(t *testing.T) {
			c, u := newSigned(t, "bob@example.com", "Bob@Example.com")
			c.sql(statement)
			_, status, body := c.propose("alice", u)
			require.NotEqual(t, http.StatusCreated, status, body)
			require.Contains(t, body, "signer_unproven")
		})
	}
	c, u := newSigned(t, "bob@example.com", "Bob@Example.com")
	c.sql(`UPDATE directory_users SET email = 'somebody@example.com' WHERE user_name_key = 'bob'`)
	r, status, body := c.propose("alice", u)
	require.Equal(t, http.StatusCreated, status, body)
	require.Equal(t, "bob@example.com", r.Plan.Rule.Authors[1].Email, "the column counts for nothing")
}

// TestOwnersWhoAllWroteIt: whoever proposes what nobody but its authors could approve learns
// it at once, and not when the time for decisions is over.
func TestOwnersWhoAllWroteIt(t *testing.T) {
	for name, c := range map[string]struct {
		owners []string
		want   string
	}{
		"the author alone":       {[]string{"bob"}, "everybody in the group approvers, which owns what changes, has written it (bob)"},
		"the author and another": {[]string{"bob", "carol"}, ""},
		"nobody":                 {nil, "nobody is in the group approvers"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newCommitting(t, withSCIM(t))
			ids := f.provisions("alice", "bob", "carol")
			f.group("engineering", ids["alice"])
			var owners []string
			for _, o := range c.owners {
				owners = append(owners, ids[o])
			}
			f.group("approvers", owners...)
			f.commit("bob", strings.Replace(changing, "max: 1h", "max: 2h", 1))
			u, status, body := f.uploadCommit("alice", "newest")
			require.Equal(t, http.StatusOK, status, body)
			if c.want == "" {
				require.Empty(t, u.Warnings)
				return
			}
			require.Len(t, u.Warnings, 1)
			require.Contains(t, u.Warnings[0], c.want)
		})
	}
}
