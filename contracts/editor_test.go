package contracts_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// editor is an editor's side of the Language Server Protocol: it writes messages to a
// yaml-language-server and reads what that says.
type editor struct {
	*testing.T
	in  io.Writer
	out *bufio.Reader
	ids int
}

// startEditor starts the language server that tools/setup installs.
func startEditor(t *testing.T) *editor {
	bin, err := filepath.Abs("../tools/yaml-language-server/node_modules/yaml-language-server/bin/yaml-language-server")
	require.NoError(t, err)
	_, err = os.Stat(bin)
	require.NoError(t, err, "tools/setup installs it")
	cmd := exec.CommandContext(t.Context(), "node", bin, "--stdio")
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { in.Close(); _ = cmd.Wait() })
	e := &editor{T: t, in: in, out: bufio.NewReader(out)}
	e.ask("initialize", map[string]any{"processId": os.Getpid(), "rootUri": nil, "capabilities": map[string]any{"textDocument": map[string]any{"completion": map[string]any{}}}})
	e.send("initialized", map[string]any{})
	e.send("workspace/didChangeConfiguration", map[string]any{"settings": map[string]any{"yaml": map[string]any{"validate": true, "completion": true, "schemaStore": map[string]any{"enable": false}}}})
	return e
}

func (e *editor) write(message map[string]any) {
	message["jsonrpc"] = "2.0"
	b, err := json.Marshal(message)
	require.NoError(e, err)
	_, err = fmt.Fprintf(e.in, "Content-Length: %d\r\n\r\n%s", len(b), b)
	require.NoError(e, err)
}

func (e *editor) send(method string, params any) {
	e.write(map[string]any{"method": method, "params": params})
}

type said struct {
	ID     *int            `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
}

func (e *editor) read() (m said) {
	header, err := textproto.NewReader(e.out).ReadMIMEHeader()
	require.NoError(e, err)
	n, err := strconv.Atoi(header.Get("Content-Length"))
	require.NoError(e, err)
	b := make([]byte, n)
	_, err = io.ReadFull(e.out, b)
	require.NoError(e, err)
	require.NoError(e, json.Unmarshal(b, &m))
	if m.Method != "" && m.ID != nil { // the server asks; an editor without settings says so
		e.write(map[string]any{"id": *m.ID, "result": nil})
	}
	return m
}

// ask sends a request and returns its result.
func (e *editor) ask(method string, params any) json.RawMessage {
	e.ids++
	e.write(map[string]any{"id": e.ids, "method": method, "params": params})
	for {
		if m := e.read(); m.Method == "" && m.ID != nil && *m.ID == e.ids {
			return m.Result
		}
	}
}

// open opens a text that names the schema in its first line, and returns what is marked
// in it: the line and the words.
func (e *editor) open(uri, text string) (marked []string) {
	e.send("textDocument/didOpen", map[string]any{"textDocument": map[string]any{"uri": uri, "languageId": "yaml", "version": 1, "text": text}})
	for {
		m := e.read()
		if m.Method != "textDocument/publishDiagnostics" {
			continue
		}
		var got struct {
			URI         string
			Diagnostics []struct {
				Message string
				Range   struct{ Start struct{ Line int } }
			}
		}
		require.NoError(e, json.Unmarshal(m.Params, &got))
		if got.URI != uri {
			continue
		}
		for _, d := range got.Diagnostics {
			marked = append(marked, fmt.Sprintf("%d: %s", d.Range.Start.Line+1, d.Message))
		}
		return marked
	}
}

// TestInAnEditor: the language server that editors use marks nothing in the examples,
// marks a mistake where it is, and completes the fields with what they mean.
func TestInAnEditor(t *testing.T) {
	e := startEditor(t)
	schema, err := filepath.Abs("contract.schema.json")
	require.NoError(t, err)
	first := "# yaml-language-server: $schema=file://" + schema + "\n"
	for i, name := range exampleFiles(t) {
		b, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Empty(t, e.open(fmt.Sprintf("file:///good%d.yaml", i), first+string(b)), name)
	}
	wrong := strings.NewReplacer("who: '", "whom: '", "default: 30m", "default: [30m]").Replace(valid)
	marked := strings.Join(e.open("file:///wrong.yaml", first+wrong), "\n")
	require.Contains(t, marked, "whom is not allowed")
	require.Contains(t, marked, `Missing property "who"`)
	require.Contains(t, marked, `Expected "string"`)

	text := first + "apiVersion: ramp/v1\nkind: Contract\n\n"
	e.open("file:///new.yaml", text)
	completed := string(e.ask("textDocument/completion", map[string]any{"textDocument": map[string]any{"uri": "file:///new.yaml"},
		"position": map[string]any{"line": 3, "character": 0}}))
	for _, want := range []string{`"label":"grants"`, `"label":"approval"`, "what is opened, all of it or nothing"} {
		require.Contains(t, completed, want)
	}
}
