package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// provider is the identity provider's end of SCIM.
type provider struct {
	in    *installation
	token string
}

func (in *installation) provider() provider {
	in.Helper()
	b, err := os.ReadFile(filepath.Join(in.dir, "scim.token"))
	require.NoError(in, err)
	return provider{in, strings.TrimSpace(string(b))}
}

// says sends one message and returns the id of what it was about.
func (p provider) says(method, path, body string) string {
	p.in.Helper()
	req, err := http.NewRequest(method, p.in.url()+"/scim/v2"+path, strings.NewReader(body))
	require.NoError(p.in, err)
	req.Header.Set("Authorization", "Bearer "+p.token)
	req.Header.Set("Content-Type", "application/scim+json")
	res, err := http.DefaultClient.Do(req)
	require.NoError(p.in, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	require.NoError(p.in, err)
	require.Less(p.in, res.StatusCode, 300, "%s", b)
	var doc struct{ ID string }
	require.NoError(p.in, json.Unmarshal(b, &doc))
	return doc.ID
}

const deactivated = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Replace","path":"active","value":"False"}]}`

// TestOffboarding: the moment the identity provider says that somebody has
// left, their live session is cut, their requests end, their token is worth
// nothing; and their votes are counted away.
func TestOffboarding(t *testing.T) {
	t.Parallel()
	in := install(t)
	in.start(nil, "dev", "--scim").ready()
	idp := in.provider()
	users := map[string]string{}
	for _, name := range []string{"alice", "bob", "erin"} {
		users[name] = idp.says("POST", "/Users", `{"userName":"`+name+`","active":true}`)
	}
	members := func(names ...string) string {
		for i, n := range names {
			names[i] = `{"value":"` + users[n] + `"}`
		}
		return "[" + strings.Join(names, ",") + "]"
	}
	idp.says("POST", "/Groups", `{"displayName":"engineering","members":`+members("alice", "bob", "erin")+`}`)
	approvers := idp.says("POST", "/Groups", `{"displayName":"approvers","members":`+members("bob")+`}`)
	alice, bob, erin, oscar := in.as("alice"), in.as("bob"), in.as("erin"), in.as("oscar")

	live := alice.asks("ssh-demo", "30m")
	bob.approves(live)
	alice.awaits(live.ID, "active", 60*time.Second)
	k := alice.picksUp(live.ID)
	require.True(t, k.works())
	cut := k.session()
	waiting := alice.asks("ssh-demo", "20m")
	hers := erin.asks("ssh-demo", "20m")

	t.Run("Case06 an approver who lost the group decides nothing", func(t *testing.T) {
		idp.says("PATCH", "/Groups/"+approvers, `{"Operations":[{"op":"remove","path":"members[value eq \"`+users["bob"]+`\"]"}]}`)
		status := bob.call("POST", "/api/v1/requests/"+hers.ID+"/decision", map[string]any{"decision": "approve", "planDigest": hers.Plan.Digest}, nil)
		require.Equal(t, http.StatusNotFound, status, "like everybody who is not an approver")
		require.Equal(t, "pending", erin.sees(hers.ID).State)
	})

	left := time.Now()
	idp.says("PATCH", "/Users/"+users["alice"], deactivated)
	require.Equal(t, http.StatusForbidden, alice.call("GET", "/api/v1/me", nil, nil), "a token that was good a moment ago")
	select {
	case <-cut:
		t.Logf("the session was cut %s after the provider's message", time.Since(left).Round(time.Millisecond))
	case <-time.After(60 * time.Second):
		t.Fatal("the live session was not cut (case 31)")
	}
	ended := oscar.awaits(live.ID, "ended", 60*time.Second)
	require.Equal(t, "offboarded", ended.Outcome)
	oscar.awaits(waiting.ID, "cancelled", 60*time.Second)
	require.False(t, k.works())
	require.Empty(t, in.admitted())
	require.Equal(t, "pending", oscar.sees(hers.ID).State, "nobody else's is touched")
}
