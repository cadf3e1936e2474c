package arch

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "ramp.dev/ramp"

type pkg struct {
	ImportPath, Dir, Doc, Name string
	Imports                    []string
	Deps                       []string
	GoFiles                    []string
	TestGoFiles, XTestGoFiles  []string
}

func packages(t *testing.T, args ...string) []pkg {
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Dir,Doc,Name,Imports,Deps,GoFiles,TestGoFiles,XTestGoFiles"}, args...)...)
	cmd.Dir = "../.."
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	var all []pkg
	d := json.NewDecoder(bytes.NewReader(out))
	for {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			require.NotEmpty(t, all)
			return all
		} else {
			require.NoError(t, err)
		}
		all = append(all, p)
	}
}

// room is the folder of a package within the module: "server/api".
func room(importPath string) (string, bool) {
	return strings.CutPrefix(importPath, module+"/")
}

// top is the first folder.
func top(room string) string {
	first, _, _ := strings.Cut(room, "/")
	return first
}

// mayImport says which rooms a room may import, beside itself and internal. A row
// for a folder within a room stands before the room's own, and then also bounds
// what the folder imports of its own room. CONTRIBUTING.md shows this table.
var mayImport = map[string]struct {
	rooms  []string
	reason string
}{
	"access":                  {nil, "the vocabulary knows nobody"},
	"contracts":               {[]string{"access"}, "policy is a pure function of a question"},
	"facts":                   {[]string{"access", "config/field", "integrations/jsonhttp"}, "what the world outside says is asked in one way, no matter who asks or which service knows"},
	"passkey":                 {[]string{"access"}, "whose keys are whose is told by a file, and by nothing that a server could reach"},
	"evidence":                {[]string{"access", "passkey"}, "proof depends on nothing that could be wrong"},
	"codec":                   {[]string{"access", "config/field"}, "what Temporal may read is decided in one place, by nobody who reads it"},
	"signers":                 {[]string{"access", "evidence"}, "a signing key that lives elsewhere needs its keeper's client, and proof must not depend on one"},
	"ledger":                  {[]string{"access"}, "the record knows what is recorded, not who records"},
	"ledger/verified":         {[]string{"access", "evidence", "ledger"}, "what people are shown, and who has left, is read as it was signed, in one place"},
	"directorysync":           {[]string{"access", "feed", "ledger"}, "what a change of the directory means for requests does not depend on who runs it"},
	"feed":                    {[]string{"access", "ledger"}, "it says what happened, no matter who wants to know"},
	"feed/webhooks":           {[]string{"access", "config/field", "feed", "integrations/jsonhttp", "ledger"}, "other programs are told what happens by nobody who could act on it"},
	"sinks":                   {[]string{"access", "config/field", "evidence", "feed", "integrations/awsapi", "integrations/jsonhttp", "ledger"}, "what leaves for a SIEM is sent by nobody who could act on it"},
	"notices/service":         {[]string{"access", "config/field", "integrations/jsonhttp", "notices/channel"}, "a channel of a chat service is written to by what knows no request"},
	"notices":                 {[]string{"access", "config/field", "facts", "feed", "ledger", "review"}, "who hears of what is decided by nobody who could act on it"},
	"chat":                    {[]string{"access", "config/field"}, "a chat service is usable without the rest of Ramp, and decides nothing"},
	"integrations":            {[]string{"access", "config/field"}, "a target is usable without the rest of Ramp"},
	"integrations/awsapi":     {[]string{"access", "integrations"}, "what AWS's errors and policies mean is the same for every target on AWS"},
	"integrations/vaultapi":   {[]string{"integrations/jsonhttp"}, "how Vault is spoken to is the same for all that ask it for something"},
	"integrations/jsonhttp":   {[]string{"access", "config/field", "integrations"}, "how Ramp calls a service with its own credentials is decided once"},
	"integrations/counted":    {[]string{"access", "integrations"}, "the last of several grants to leave removes what they share, in one way for every service"},
	"integrations/membership": {[]string{"access", "integrations", "integrations/counted"}, "what a membership in one role is, and whose, is the same for every service"},
	"integrations/pacing":     {[]string{"access"}, "how fast a target may be called is one limiter, and no target's own"},
	"integrations/program":    {[]string{"access", "integrations"}, "what a customer's program is asked and believed does not depend on how messages reach it"},
	"integrations/faketarget": {[]string{"access", "integrations"}, "it is used as any target is, so it may know no other"},
	"review":                  {[]string{"access"}, "what is found in requests depends on nothing but them, so that anybody can make the same report"},
	"review/change":           {[]string{"access", "contracts", "review"}, "a change of a contract is an edit of its file and is believed when the contracts are valid again"},
	"review/record":           {[]string{"access", "contracts", "evidence", "ledger", "review"}, "requests are read for a review in one place, by the log and as they were signed"},
	"internal":                {[]string{"access"}, "what everybody may import knows nobody"},
	"reconcile":               {[]string{"access", "integrations", "ledger"}, "the third line works without Temporal, so it knows nothing of it"},
	"activities":              {[]string{"access", "evidence", "integrations", "ledger", "reconcile"}, "what workflows may do to the world"},
	"workflows":               {[]string{"access", "evidence", "activities/api"}, "workflows know activities by name, so that nothing in them can touch the world"},
	"worker":                  {[]string{"access", "activities", "config/field", "directorysync", "evidence", "feed", "integrations", "ledger", "notices", "reconcile", "sinks", "workflows"}, "the only place that knows every integration"},
	"witness":                 {[]string{"access", "config/field", "evidence", "integrations/jsonhttp"}, "who cosigns the log's checkpoints is asked by nobody who could act on it"},
	"server":                  {[]string{"access", "activities/api", "chat", "codec", "config/field", "contracts", "evidence", "facts", "feed", "ledger", "passkey", "review", "witness", "workflows"}, "what faces people holds no target's credentials and does not know the worker; it opens payloads for the operators who read workflows"},
	"dev":                     {[]string{"access", "integrations/sshcert/hostfiles"}, "Temporal, an identity provider and an SSH host in one process are for development; nothing of production depends on them"},
	"config/field":            {[]string{"access"}, "what a field may hold is the same for every part and every target, so it knows none of them"},
	"config":                  {[]string{"access", "codec", "contracts", "evidence", "ledger", "passkey", "server", "signers", "witness", "worker", "workflows"}, "one file for all processes: it knows what each of them can be told, and no process"},
	"client":                  {[]string{"access", "contracts", "evidence", "review"}, "a client speaks HTTP only"},
	"e2e":                     {nil, "the tests from outside use what users use"},
	"tools":                   {[]string{"access", "activities", "codec", "contracts", "dev", "evidence", "integrations", "ledger", "review", "server", "worker", "workflows"}, "for those who work on Ramp; it puts parts together as a test does, and nothing but the bench depends on it"},
	"bench":                   {[]string{"access", "chat", "codec", "contracts", "dev", "evidence", "feed", "integrations", "ledger", "notices", "review", "server", "sinks", "tools/year", "worker", "workflows", "activities"}, "it measures the parts"},
}

func TestImportsPointOneWay(t *testing.T) {
	for _, p := range packages(t, "./...") {
		here, ok := room(p.ImportPath)
		if !ok || top(here) == "cmd" {
			continue
		}
		rule, own := mayImport[here]
		own = own && here != top(here)
		known := own
		if !own {
			rule, known = mayImport[top(here)]
		}
		if !known {
			t.Errorf("%s: a new room needs a rule here, with its reason", here)
			continue
		}
		for _, imp := range p.Imports {
			there, ours := room(imp)
			if !ours || top(there) == top(here) && !own || top(there) == "internal" {
				continue
			}
			if !slices.ContainsFunc(rule.rooms, func(r string) bool { return there == r || strings.HasPrefix(there, r+"/") }) {
				t.Errorf("%s imports %s: %s", here, there, rule.reason)
			}
		}
	}
}

// layerRow is a row of CONTRIBUTING.md's table of rooms.
var layerRow = regexp.MustCompile("(?m)^\\| `([a-z0-9/]+)` \\| ([^|]*) \\| ([^|]*) \\|$")

// TestContributingShowsTheLayers: the table that people read is the one above.
func TestContributingShowsTheLayers(t *testing.T) {
	b, err := os.ReadFile("../../CONTRIBUTING.md")
	require.NoError(t, err)
	_, section, _ := strings.Cut(string(b), "\n## Layers\n")
	section, _, _ = strings.Cut(section, "\n## ")
	shown := map[string]bool{}
	for _, row := range layerRow.FindAllStringSubmatch(section, -1) {
		room, rule := row[1], mayImport[row[1]]
		shown[room] = true
		rooms := "nothing"
		if len(rule.rooms) > 0 {
			rooms = "`" + strings.Join(rule.rooms, "`, `") + "`"
		}
		require.Equal(t, []string{rooms, rule.reason}, row[2:], "CONTRIBUTING.md's row of %s", room)
	}
	for room := range mayImport {
		require.True(t, shown[room], "CONTRIBUTING.md has no row of %s", room)
	}
}

// TestHeavyThings: what is large, or powerful, is in one room only.
func TestHeavyThings(t *testing.T) {
	only := map[string][]string{
		"go.temporal.io/server":               {"dev"},
		"github.com/temporalio/ui-server":     {"dev"},
		"github.com/zitadel/oidc":             {"dev"},
		"github.com/hashicorp/vault/api":      {"integrations", "signers", "internal"},
		"k8s.io":                              {"integrations"},
		"github.com/aws/aws-sdk-go-v2":        {"integrations", "signers", "sinks"},
		"github.com/labstack/echo/v4":         {"server", "bench"}, // the bench serves one surface of the server alone
		"github.com/spf13/cobra":              {"cmd"},
		"database/sql":                        {"ledger", "integrations", "tools", "bench"}, // MariaDB's driver has no other interface; an opponent of tools/opponents writes the ledger past it; the bench asks how large databases are
		"github.com/go-sql-driver/mysql":      {"integrations"},
		"github.com/google/cel-go":            {"contracts", "integrations/gcpiam/gcptest"},                         // the conditions of Google's stand-in
		"go.temporal.io/sdk/client":           {"server", "worker", "config", "cmd", "bench", "tools", "workflows"}, // of workflows one file, see below
		"github.com/secure-systems-lab":       {"evidence"},
		"crypto/hpke":                         {"evidence"},
		"github.com/go-webauthn/webauthn":     {"passkey", "internal"},
		"github.com/alexedwards/scs/v2":       {"server"},
		"github.com/go-git/go-git/v5":         {"server", "integrations"},
		"github.com/hashicorp/terraform-exec": {"integrations"},
		"github.com/prometheus/client_golang": {"feed", "notices", "sinks", "server", "worker", "internal"},
		"github.com/modelcontextprotocol":     {"server", "cmd"},
		"github.com/wneessen/go-mail":         {"notices"},
		"github.com/nicholas-fedor/shoutrrr":  {"notices"},
		"github.com/emersion/go-smtp":         {"notices", "dev"}, // a mail server for tests, and one for development
	}
	for _, p := range packages(t, "./...") {
		here, _ := room(p.ImportPath)
		for _, imp := range p.Imports {
			for what, rooms := range only {
				if (imp == what || strings.HasPrefix(imp, what+"/")) && !slices.Contains(rooms, top(here)) && !slices.Contains(rooms, here) {
					t.Errorf("%s imports %s, which is for %s", here, imp, strings.Join(rooms, ", "))
				}
			}
		}
	}
}

// TestWorkflowsReachTemporalInOneFile: start.go is for servers and workers, which
// start a request and ask it to end. No workflow may have a client of Temporal's.
func TestWorkflowsReachTemporalInOneFile(t *testing.T) {
	files, err := filepath.Glob("../../workflows/*.go")
	require.NoError(t, err)
	var with []string
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		require.NoError(t, err)
		for _, imp := range file.Imports {
			if imp.Path.Value == `"go.temporal.io/sdk/client"` {
				with = append(with, filepath.Base(path))
			}
		}
	}
	require.Equal(t, []string{"start.go"}, with)
}

// TestProductionLeavesDevelopmentOut: the production binary, which is built with
// the tag lean, holds nothing of the wing dev, neither Temporal's server, and
// nothing that is for tests. No room but those that work on Ramp imports dev.
func TestProductionLeavesDevelopmentOut(t *testing.T) {
	for _, p := range packages(t, "-tags", "lean", "./cmd/ramp") {
		for _, dep := range p.Deps {
			if forDevelopment(dep) {
				t.Errorf("the lean binary depends on %s", dep)
			}
		}
	}
	for _, p := range packages(t, "./...") {
		here, _ := room(p.ImportPath)
		if slices.Contains([]string{"dev", "cmd", "tools", "bench"}, top(here)) || forDevelopment(p.ImportPath) {
			continue
		}
		for _, imp := range p.Imports {
			if forDevelopment(imp) {
				t.Errorf("%s imports %s, which is for development and tests", here, imp)
			}
		}
	}
}

// forDevelopment reports whether a package has no place in production.
func forDevelopment(importPath string) bool {
	here, ours := room(importPath)
	if !ours {
		return strings.HasPrefix(importPath, "go.temporal.io/server") || strings.HasPrefix(importPath, "github.com/temporalio/ui-server")
	}
	return top(here) == "dev" || strings.HasSuffix(here, "test") || here == "integrations/faketarget"
}

func TestPackagesSayWhatTheyAre(t *testing.T) {
	for _, p := range packages(t, "./...") {
		if p.Doc == "" && len(p.GoFiles) > 0 {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
	}
}

const longest = 400 // lines; a longer file holds more than one noun

func TestFilesAreShort(t *testing.T) {
	for _, p := range packages(t, "./...") {
		for _, name := range slices.Concat(p.GoFiles, p.TestGoFiles, p.XTestGoFiles) {
			b, err := os.ReadFile(filepath.Join(p.Dir, name))
			require.NoError(t, err)
			if n := bytes.Count(b, []byte("\n")); n > longest {
				t.Errorf("%s/%s has %d lines", p.ImportPath, name, n)
			}
		}
	}
}

// TestNoMachinesPaths: nothing in the project depends on where it was written.
func TestNoMachinesPaths(t *testing.T) {
	out, err := exec.Command("git", "-C", "../..", "ls-files").Output()
	require.NoError(t, err)
	// Built here so that this file does not match itself.
	forbidden := regexp.MustCompile(`/(wo` + `rk|ho` + `me)/[a-z]+/|farm` + `-|\.libr` + `ary`)
	for _, name := range strings.Fields(string(out)) {
		if strings.HasSuffix(name, "go.sum") || strings.HasSuffix(name, "package-lock.json") {
			continue
		}
		b, err := os.ReadFile(filepath.Join("../..", name))
		if err == nil && forbidden.Match(b) {
			t.Errorf("%s names a path of one machine: %q", name, forbidden.Find(b))
		}
	}
}
