package people

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/cmd/ramp/internal/version"
	"ramp.dev/ramp/internal/strictjson"
)

func mcpCommand() *cobra.Command {
	var s session
	c := &cobra.Command{
		Use: "mcp", Short: "Let an agent on this machine use Ramp (Model Context Protocol)", Args: cobra.NoArgs,
		Long: "Serves the Model Context Protocol on standard input and output, for an agent that starts it. Its tools are the\n" +
			"server's: see the catalogue, ask, wait, use, release. The agent acts on behalf of whoever is logged in, and is\n" +
			"never them: it approves nothing. It uses access through `ramp exec`, so that it reads no credential.",
		Example: "  ramp mcp --server https://ramp.example.com",
		RunE: func(cmd *cobra.Command, _ []string) error {
			token, err := s.token()
			if err != nil {
				return err
			}
			return bridge(cmd.Context(), s.server, token, &mcp.StdioTransport{})
		},
	}
	s.flags(c)
	return c
}

// bearer sends the token of whoever is logged in. It goes to the server alone: no redirect
// is followed.
type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	r.Header.Set("User-Agent", "ramp-cli/"+version.String())
	return http.DefaultTransport.RoundTrip(r)
}

// bridge serves the server's tools on a transport until it ends. Of use_access it does the
// half that must happen on this machine.
func bridge(ctx context.Context, server, token string, to mcp.Transport) error {
	remote, err := mcp.NewClient(&mcp.Implementation{Name: "ramp mcp", Version: version.String()}, nil).Connect(ctx, &mcp.StreamableClientTransport{
		Endpoint: strings.TrimSuffix(server, "/") + "/mcp", DisableStandaloneSSE: true, MaxRetries: -1,
		HTTPClient: &http.Client{Transport: bearer(token), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}, nil)
	if err != nil {
		return access.Errorf(access.CodeUnavailable, "%s serves no agents, or not you: %w", server, err)
	}
	defer remote.Close()
	tools, err := remote.ListTools(ctx, nil)
	if err != nil {
		return access.Errorf(access.CodeUnavailable, "the tools of %s: %w", server, err)
	}
	local := mcp.NewServer(&mcp.Implementation{Name: "ramp", Version: version.String()}, &mcp.ServerOptions{Instructions: remote.InitializeResult().Instructions})
	for _, tool := range tools.Tools {
		if tool.Name == useTool {
			continue
		}
		local.AddTool(tool, func(ctx context.Context, r *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			result, err := remote.CallTool(ctx, &mcp.CallToolParams{Name: tool.Name, Arguments: r.Params.Arguments})
			if err == nil {
				delete(result.Meta, mcp.MetaKeyServerInfo) // the agent's server is this one, as it said at the beginning
			}
			return result, err
		})
	}
	mcp.AddTool(local, &mcp.Tool{Name: useTool, Annotations: &mcp.ToolAnnotations{ReadOnlyHint: true, OpenWorldHint: new(false)},
		Description: "Say how to use access that is open: the command that runs another one with its credential. No credential passes through you."}, accessTool{remote, server}.use)
	return local.Run(ctx, to)
}

const useTool = "use_access"

// accessTool tells an agent on this machine how to use access.
type accessTool struct {
	remote *mcp.ClientSession
	server string
}

type useInput struct {
	ID    string `json:"id" jsonschema:"the request's id"`
	Grant string `json:"grant,omitempty" jsonschema:"which, where the request has several"`
}

type useOutput struct {
	State   string   `json:"state"`
	Command []string `json:"command,omitempty" jsonschema:"run this, with the command that needs the access behind it"`
	Next    string   `json:"next"`
}

// use leads to `ramp exec`, which picks the credential up, hands it to one command and
// leaves nothing behind: a credential in what a model reads would be in its transcript, and
// with whoever keeps that.
func (u accessTool) use(ctx context.Context, _ *mcp.CallToolRequest, in useInput) (*mcp.CallToolResult, useOutput, error) {
	r, err := u.remote.CallTool(ctx, &mcp.CallToolParams{Name: "show_request", Arguments: map[string]any{"id": in.ID}})
	if err != nil || r.IsError {
		return r, useOutput{}, err
	}
	b, err := json.Marshal(r.StructuredContent)
	if err != nil {
		return nil, useOutput{}, err
	}
	var shown struct {
		ID    string `json:"id"`
		State string `json:"state"`
		Next  string `json:"next"`
	}
	if err := strictjson.UnmarshalOpen(b, &shown); err != nil || shown.ID != in.ID || !access.IsRequestID(shown.ID) {
		return nil, useOutput{}, access.Errorf(access.CodeUnavailable, "the server does not say how the request is")
	}
	out := useOutput{State: shown.State, Next: shown.Next}
	if shown.State == string(access.StateActive) {
		out.Command = []string{"ramp", "exec", shown.ID, "--server", u.server}
		if in.Grant != "" {
			out.Command = append(out.Command, "--grant", in.Grant)
		}
		out.Command = append(out.Command, "--")
		out.Next = "run the command with the one that needs the access behind it, and release_access as soon as you are done"
	}
	return nil, out, nil
}
