package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"ramp": main}) }

// TestScripts runs the command line as a person or a script does, with a
// server that returns fixed responses.
func TestScripts(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(fixed))
	t.Cleanup(srv.Close)
	testscript.Run(t, testscript.Params{Dir: "testdata", Cmds: map[string]func(*testscript.TestScript, bool, []string){"code": code}, Setup: func(e *testscript.Env) error {
		e.Setenv("HOME", e.WorkDir)
		e.Setenv("TZ", "Europe/Berlin")
		e.Setenv("RAMP_SERVER", srv.URL)
		return nil
	}})
}

// code checks the exit code of `ramp show REQUEST`: code WANT REQUEST.
func code(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec("ramp", "show", args[1])
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("request %s ended with %d, not %s", args[1], got, args[0])
	}
}

// TestEveryCommandHelps: each command has a short help, and each that does
// something an example.
func TestEveryCommandHelps(t *testing.T) {
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		require.NotEmpty(t, c.Short, c.CommandPath())
		if !c.HasSubCommands() && c.Name() != "help" && c.Parent().Name() != "completion" {
			require.Contains(t, c.Example, c.CommandPath(), "%s has no example", c.CommandPath())
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	r := root()
	r.InitDefaultHelpCmd()
	walk(r)
}

const requestJSON = `{"id":"0123456789abcdef","state":"active","contract":"ssh-demo","requester":{"id":"alice","name":"Alice Ahn","kind":"human"},
"plan":{"digest":"sha256:0011","requestId":"0123456789abcdef","contract":"ssh-demo","contractVersion":"sha256:5c4e7dca9a6d0011",
"requester":{"id":"alice","kind":"human"},"principal":"alice","reason":"stuck order 4711\u202e \u001b[2J","duration":"30m","createdAt":"2026-01-31T13:00:00Z",
"pendingUntil":"2026-01-31T14:00:00Z","grants":[{"name":"ramp-0123456789abcdef-a","target":"ssh/demo","entitlement":{"user":"demo"},"scope":{"summary":"log in as demo"}}],
"rule":{"stages":[{"name":"team lead","from":["approvers"],"approvals":1}],"denyThreshold":1}},
"stages":[{"name":"team lead","from":["approvers"],"approvals":1,"approved":["bob"],"met":true}],"decisions":[],"createdAt":"2026-01-31T13:00:00Z",
"activeAt":"2026-01-31T13:01:00Z","expiresAt":"2026-01-31T13:31:00Z",
"timeline":[{"at":"2026-01-31T13:00:00Z","kind":"request.created","actor":"alice","message":"stuck order 4711"},{"at":"2026-01-31T13:01:00Z","kind":"access.active","actor":"ramp"}]}`

// refused is requestJSON as somebody refused it.
var refused = strings.NewReplacer(`"activeAt":"2026-01-31T13:01:00Z","expiresAt":"2026-01-31T13:31:00Z",`, "", `"id":"0123456789abcdef"`, `"id":"deadbeefdeadbeef"`,
	`"state":"active"`, `"state":"denied"`, `"approved":["bob"],"met":true`, `"met":false`,
	`"decisions":[]`, `"decisions":[{"decision":"deny","approver":{"id":"bob","kind":"human"},"comment":"use the\u202e replica","at":"2026-01-31T13:01:00Z"}]`,
	`{"at":"2026-01-31T13:01:00Z","kind":"access.active","actor":"ramp"}`, `{"at":"2026-01-31T13:01:00Z","kind":"request.denied","actor":"ramp"}`).Replace(requestJSON)

// released is requestJSON as it was extended and handed back.
var released = strings.NewReplacer(`"id":"0123456789abcdef"`, `"id":"feedfeedfeedfeed"`, `"state":"active"`, `"state":"ended","outcome":"released","extensions":2`,
	`"expiresAt":"2026-01-31T13:31:00Z"`, `"expiresAt":"2026-01-31T14:31:00Z","endedAt":"2026-01-31T13:20:00Z"`).Replace(requestJSON)

// broken is requestJSON as a use of break glass that was just submitted.
var broken = strings.NewReplacer(`"state":"active"`, `"state":"pending"`, `"activeAt":"2026-01-31T13:01:00Z","expiresAt":"2026-01-31T13:31:00Z",`, "",
	`"stages":[{"name":"team lead","from":["approvers"],"approvals":1,"approved":["bob"],"met":true}]`, `"stages":[]`,
	`"rule":{"stages":[{"name":"team lead","from":["approvers"],"approvals":1}],`, `"breakGlass":{"reviewers":["security"],"reviewBy":"2026-01-31T15:00:00Z"},"rule":{"auto":true,`).Replace(requestJSON)

// fixed returns, for a request whose id ends in a status, that status.
func fixed(w http.ResponseWriter, r *http.Request) {
	id := strings.TrimPrefix(r.URL.Path, "/api/v1/requests/")
	switch {
	case r.URL.Path == "/api/v1/requests" && r.URL.Query().Get("state") == "denied":
		fmt.Fprintf(w, `{"items":[%s]}`, refused)
	case r.Method == http.MethodPost && r.URL.Path == "/api/v1/requests":
		fmt.Fprint(w, broken)
	case id == "feedfeedfeedfeed":
		fmt.Fprint(w, released)
	case id == "deadbeefdeadbeef":
		fmt.Fprint(w, refused)
	case r.URL.Path == "/api/v1/requests":
		fmt.Fprintf(w, `{"items":[%s],"nextCursor":"MTIz"}`, requestJSON)
	case id == "0123456789abcdef":
		fmt.Fprint(w, requestJSON)
	case strings.HasPrefix(id, "0000000000000"):
		status, _ := strconv.Atoi(id[13:])
		kind := map[int]string{400: "invalid", 401: "unauthenticated", 403: "forbidden", 404: "not_found", 409: "conflict", 410: "too_late",
			413: "too_large", 429: "throttled", 500: "internal", 503: "unavailable"}[status]
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"status":%d,"kind":%q,"code":"some_code","detail":"in words","issues":[{"code":"some_code","message":"in words"}]}`, status, kind)
	default:
		w.WriteHeader(http.StatusTeapot)
	}
}
