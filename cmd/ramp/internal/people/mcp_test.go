package people

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/cmd/ramp/internal/version"
)

// TestMCPBridge: an agent on this machine has the server's tools, with the token of whoever
// is logged in; of access that is open it is told the command, and no credential.
func TestMCPBridge(t *testing.T) {
	state := "pending"
	var tokens []string
	server := mcp.NewServer(&mcp.Implementation{Name: "ramp"}, &mcp.ServerOptions{Instructions: "as the server says"})
	type id struct {
		ID string `json:"id"`
	}
	mcp.AddTool(server, &mcp.Tool{Name: "show_request"}, func(_ context.Context, _ *mcp.CallToolRequest, in id) (*mcp.CallToolResult, map[string]any, error) {
		return nil, map[string]any{"id": in.ID, "state": state, "next": "as the server says"}, nil
	})
	mcp.AddTool(server, &mcp.Tool{Name: "use_access"}, func(context.Context, *mcp.CallToolRequest, id) (*mcp.CallToolResult, any, error) {
		t.Error("a credential was picked up for a model to read")
		return nil, nil, nil
	})
	handler := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, &mcp.StreamableHTTPOptions{Stateless: true, JSONResponse: true})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tokens = append(tokens, r.Header.Get("Authorization"))
		handler.ServeHTTP(w, r)
	}))
	defer s.Close()
	here, there := mcp.NewInMemoryTransports()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- bridge(ctx, s.URL, "t0ken", there) }()
	agent, err := mcp.NewClient(&mcp.Implementation{Name: "agent"}, nil).Connect(t.Context(), here, nil)
	require.NoError(t, err)
	require.Equal(t, "as the server says", agent.InitializeResult().Instructions)
	calls := func(tool, id string) (out map[string]any, failed bool) {
		r, err := agent.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: map[string]any{"id": id}})
		require.NoError(t, err)
		said, err := json.Marshal(r.Meta[mcp.MetaKeyServerInfo])
		require.NoError(t, err)
		require.Contains(t, string(said), `"version":"`+version.String()+`"`, "the bridge is the agent's server, with a version, whatever the one behind it says")
		b, err := json.Marshal(r.StructuredContent)
		require.NoError(t, err)
		_ = json.Unmarshal(b, &out)
		return out, r.IsError
	}
	const request = "0123456789abcdef"
	out, _ := calls("show_request", request)
	require.Equal(t, "pending", out["state"])
	out, _ = calls("use_access", request)
	require.NotContains(t, out, "command")
	state = "active"
	out, _ = calls("use_access", request)
	require.Equal(t, []any{"ramp", "exec", request, "--server", s.URL, "--"}, out["command"])
	_, failed := calls("use_access", "x; rm -rf ~")
	require.True(t, failed)
	for _, got := range tokens {
		require.Equal(t, "Bearer t0ken", got)
	}
	stop()
	<-ended
}
