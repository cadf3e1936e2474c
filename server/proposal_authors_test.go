package server

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestCase106AuthorIsTakenOut: an owner writes a change, has a friend upload and propose it
// too, and takes their own row out of the ledger, to approve it: it is not proposed.
func TestCase106AuthorIsTakenOut(t *testing.T) {
	p := newProposing(t)
	wider := strings.Replace(changing, "max: 1h", "max: 2h", 1)
	_, status, body := p.upload("bob", wider)
	require.Equal(t, http.StatusOK, status, body)
	u, status, body := p.upload("alice", wider)
	require.Equal(t, http.StatusOK, status, body)
	p.sql(`DELETE FROM contract_uploads WHERE person_key = 'bob'`)
	_, status, body = p.propose("alice", u)
	require.NotEqual(t, http.StatusCreated, status, body)
	require.Contains(t, body, "contracts_author_missing")

	// Others are proposed as ever, and their author is in the rule.
	u, status, body = p.upload("alice", wider+"# another set\n")
	require.Equal(t, http.StatusOK, status, body)
	r, status, body := p.propose("alice", u)
	require.Equal(t, http.StatusCreated, status, body)
	require.Equal(t, "alice", r.Plan.Rule.Authors[0].ID)
}

// TestCase106OwnerIsMadeAuthor: whoever writes to the ledger keeps no owner from denying, be
// it that a row calls them an author, or that they are one.
func TestCase106OwnerIsMadeAuthor(t *testing.T) {
	p := newProposing(t)
	wider := strings.Replace(changing, "max: 1h", "max: 2h", 1)
	u, status, body := p.upload("alice", wider)
	require.Equal(t, http.StatusOK, status, body)
	p.sql(`INSERT INTO contract_uploads (id, digest, person_key, uploaded_at, record) VALUES (?, ?, 'bob', 0, '{"digest":"x","number":2,"person":{"id":"bob","kind":"human"}}')`, u.Set+" 2", u.Set)
	r, status, body := p.propose("alice", u)
	require.Equal(t, http.StatusCreated, status, body)
	require.Len(t, r.Plan.Rule.Authors, 1)
	status, body = p.decide("bob", r, access.Approve)
	require.Equal(t, http.StatusOK, status, body)

	// Bob owns what changes, and has written it himself: he can stop it.
	_, status, body = p.upload("bob", wider+"# by both\n")
	require.Equal(t, http.StatusOK, status, body)
	u, status, body = p.upload("alice", wider+"# by both\n")
	require.Equal(t, http.StatusOK, status, body)
	r, status, body = p.propose("alice", u)
	require.Equal(t, http.StatusCreated, status, body)
	require.Len(t, r.Plan.Rule.Authors, 2)
	page := p.call(p.token("bob"), "GET", "/requests/"+r.ID, "", "").Body.String()
	require.Contains(t, page, `id="deny"`)
	require.NotContains(t, page, `id="approve"`)
	require.Contains(t, page, "You wrote this")
	require.NotContains(t, p.call(p.token("bob"), "GET", "/api/v1/requests?toDecide=true", "", "").Body.String(), r.ID, "it does not wait for him")
	status, body = p.decide("bob", r, access.Approve)
	require.Equal(t, http.StatusForbidden, status, body)
	require.Contains(t, body, "own_work")
	status, body = p.decide("bob", r, access.Deny)
	require.Equal(t, http.StatusOK, status, body)
}

// TestCase107DeniedProposalOfAWorkersKey: a proposal that an owner denied comes into force by no
// record of the worker's, and the server says so.
func TestCase107DeniedProposalOfAWorkersKey(t *testing.T) {
	p := newProposing(t)
	first := p.status().Revision
	u, _, _ := p.upload("alice", strings.Replace(changing, "max: 1h", "max: 2h", 1))
	r, status, body := p.propose("alice", u)
	require.Equal(t, http.StatusCreated, status, body)
	p.decides(r, access.Deny, access.Person{ID: "bob", Kind: access.KindHuman, Groups: []string{"approvers"}})
	require.NoError(t, p.opens(r, p.worker), "the ledger takes what it is given")
	require.Eventually(t, func() bool { return p.status().Error != "" }, 30*time.Second, 10*time.Millisecond)
	require.Equal(t, first, p.status().Revision)
	require.Contains(t, p.status().Error, "denied")
}
