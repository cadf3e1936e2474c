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
	c.commit(t, "bob", strings.Replace(changing, "max: 1h", "max: 2h", 1))
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

// TestCase122SignerInTheLedger: whoever writes to the ledger gives a signer another address
// to get rid of the one that gives them away: their commits are not proposed.
func TestCase122SignerInTheLedger(t *testing.T) {
	c, u := newSigned(t, "bob@example.com", "carol@example.com")
	c.sql(`UPDATE directory_users SET email = 'somebody@example.com' WHERE user_name_key = 'bob'`)
	_, status, body := c.propose("alice", u)
	require.NotEqual(t, http.StatusCreated, status, body)
	require.Contains(t, body, "signer_unproven")
}
