package people

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// offering is a server with one contract and two accounts to choose from.
func offering(t *testing.T) (url string) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		offer := contracts.Offer{Contract: "account-read", Description: "Read an account.", Params: []contracts.OfferParam{
			{Name: "account", Type: "string", Description: "which one", Required: true, Choices: &contracts.OfferChoices{Target: "aws/prod", List: "accounts"}},
			{Name: "region", Type: "string", Enum: []string{"eu", "us"}}}}
		switch r.URL.Path {
		case "/api/v1/catalog":
			_ = json.NewEncoder(w).Encode(map[string]any{"items": []any{offer}})
		case "/api/v1/catalog/account-read":
			_ = json.NewEncoder(w).Encode(offer)
		case "/api/v1/catalog/account-read/params/account/choices":
			require.Equal(t, "Bearer token", r.Header.Get("Authorization"))
			page := contracts.ChoicePage{Items: []access.Choice{{Value: "4711", Label: "Orders\u202e \u001b[2J", Attributes: map[string]string{"team": "orders"}}, {Value: "4712"}}, NextCursor: "4712", Inventory: "sha256:x"}
			if r.URL.Query().Get("q") == "old" {
				page = contracts.ChoicePage{Items: []access.Choice{}, Unknown: "no worker has said what there is", ByPattern: true}
			}
			_ = json.NewEncoder(w).Encode(page)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

func run(t *testing.T, url string, args ...string) string {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "RAMP_TEST_BE_RAMP=1", "RAMP_SERVER="+url, "RAMP_TOKEN=token")
	out, err := cmd.Output()
	require.NoError(t, err)
	return string(out)
}

// TestChoicesAreListed: values, names and attributes, without what moves a terminal's cursor,
// and why nothing can be listed.
func TestChoicesAreListed(t *testing.T) {
	url := offering(t)
	out := run(t, url, "choices", "account-read", "account")
	require.Regexp(t, `(?m)^4711 +Orders.* +team=orders *$`, out)
	require.Contains(t, out, "There are more: --cursor '4712'")
	require.NotContains(t, out, "\u202e")
	require.NotContains(t, out, "\x1b")
	require.Contains(t, run(t, url, "choices", "account-read", "account", "old"), "Nothing can be listed: no worker has said what there is. A value that fits")
	require.JSONEq(t, `{"items":[],"unknown":"no worker has said what there is","byPattern":true}`, run(t, url, "choices", "account-read", "account", "old", "-o", "json"))
}

// TestParamsAreCompleted: a shell is given contracts, params and values that may be chosen,
// and nothing where the server cannot be reached.
func TestParamsAreCompleted(t *testing.T) {
	url := offering(t)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"acc"}, "account-read\tRead an account.\n:4\n"},
		{[]string{"account-read", "--param", "a"}, "account=\twhich one\n:6\n"},
		{[]string{"account-read", "--param", ""}, "account=\twhich one\nregion=\n:6\n"},
		{[]string{"account-read", "--param", "region="}, "region=eu\nregion=us\n:4\n"},
		{[]string{"account-read", "--param", "region=u"}, "region=us\n:4\n"},
		{[]string{"account-read", "--param", "account=4712"}, "account=4712\n:4\n"},
		{[]string{"account-read", "--param", "other="}, ":4\n"},
		{[]string{"unknown", "--param", "a"}, ":4\n"},
	} {
		require.Equal(t, c.want, run(t, url, append([]string{"__complete", "request"}, c.args...)...), "%v", c.args)
	}
	require.Equal(t, ":4\n", run(t, "http://127.0.0.1:1", "__complete", "request", "account-read", "--param", "a"))
}
