package auth_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/server/auth"
)

// TestCase06GroupsAtTheAct: a token says approvers; what counts when its bearer
// acts is what the provider says then.
func TestCase06GroupsAtTheAct(t *testing.T) {
	i := newIssuer(t)
	says := func(status int, body string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { w.WriteHeader(status); fmt.Fprint(w, body) }
	}
	for name, row := range map[string]struct {
		info   func(http.ResponseWriter)
		status int
		want   string
	}{
		"still in the group":   {says(200, `{"sub":"alice","groups":["approvers"]}`), 200, "alice approvers"},
		"lost the group":       {says(200, `{"sub":"alice","groups":["others"]}`), 200, "alice others"},
		"has none":             {says(200, `{"sub":"alice"}`), 200, "alice"},
		"token revoked":        {says(401, `{}`), 401, "token_revoked"},
		"somebody else":        {says(200, `{"sub":"bob","groups":["approvers"]}`), 401, "token_invalid"},
		"groups in one string": {says(200, `{"sub":"alice","groups":"approvers"}`), 401, "identity_incomplete"},
		"does not answer":      {says(500, ``), 503, "unavailable"},
	} {
		t.Run(name, func(t *testing.T) {
			i.info = row.info
			s := newSite(t, i.url, func(c *auth.Config) { c.UserInfo = true })
			p := s.browser().do("POST", "/groups", nil, "Authorization", "Bearer "+i.bearer(nil))
			require.Equal(t, row.status, p.status, p.body)
			require.Contains(t, p.body, row.want)
			require.Equal(t, "alice approvers", s.browser().do("GET", "/whoami", nil, "Authorization", "Bearer "+i.bearer(nil)).body, "reading asks nobody")
		})
	}
	i.info = says(500, "")
	p := newSite(t, i.url).browser().do("POST", "/groups", nil, "Authorization", "Bearer "+i.bearer(nil))
	require.Equal(t, "alice approvers", p.body, "where it is not configured the token says all")
}
