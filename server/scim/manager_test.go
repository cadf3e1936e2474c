package scim_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestManager: the manager of SCIM's enterprise extension, written as providers write it,
// is known to Ramp by the id that the manager has in tokens.
func TestManager(t *testing.T) {
	const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	s := newSite(t)
	mia := s.must(http.StatusCreated, "POST", "/Users", `{"userName":"mia@example.com","active":true}`)
	manager := func(userName string) *string {
		roll, err := s.ledger.DirectorySnapshot(t.Context(), userName)
		require.NoError(t, err)
		m, known := roll.Members[access.FoldID(userName)]
		require.True(t, known)
		return m.Manager
	}
	ann := s.must(http.StatusCreated, "POST", "/Users", `{"userName":"ann@example.com","active":true,"`+enterprise+`":{"manager":{"value":"`+mia.id()+`","$ref":"../Users/`+mia.id()+`"}}}`)
	require.Equal(t, "mia@example.com", *manager("ann@example.com"))
	s.must(http.StatusOK, "PATCH", "/Users/"+ann.id(), `{"Operations":[{"op":"Remove","path":"`+enterprise+`:manager"}]}`)
	require.Nil(t, manager("ann@example.com"))
	s.must(http.StatusOK, "PATCH", "/Users/"+ann.id(), `{"Operations":[{"op":"Add","path":"`+enterprise+`:manager","value":"`+mia.id()+`"}]}`)
	require.Equal(t, "mia@example.com", *manager("ann@example.com"), "as Entra ID writes it")
	s.must(http.StatusOK, "PATCH", "/Users/"+mia.id(), `{"Operations":[{"op":"Replace","path":"active","value":"False"}]}`)
	require.Empty(t, *manager("ann@example.com"), "who has left is nobody's manager")
}
