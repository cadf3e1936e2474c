package pages

import (
	"encoding/json"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/passkey"
)

// TestCase53PageHashesWhatItShows: the page's script compares what the page shows with
// the bytes that were signed, and takes their digest itself.
func TestCase53PageHashesWhatItShows(t *testing.T) {
	node, err := exec.LookPath("node")
	require.NoError(t, err, "node runs the page's script; make setup installs it")
	plan := access.Plan{RequestID: "0123456789abcdef", Requester: access.Person{ID: "alice"}, Principal: "alice", Reason: "lock \u00e9 <b>",
		Duration: access.Duration(26*time.Hour + 30*time.Minute), Grants: []access.PlannedGrant{{Name: "n", Target: "ssh/demo",
			Scope: access.Scope{Summary: "log in as root", Facts: map[string]string{"user": "root"}}}}}
	payload, err := json.Marshal(plan)
	require.NoError(t, err)
	type shown struct {
		Path []any  `json:"path"`
		Text string `json:"text"`
	}
	page := func() []shown {
		return []shown{{[]any{"requester", "id"}, "alice"}, {[]any{"principal"}, "alice"}, {[]any{"reason"}, "lock \u00e9 <b>"},
			{[]any{"duration"}, words(plan.Duration)}, {[]any{"grants", 0, "target"}, "ssh/demo"},
			{[]any{"grants", 0, "scope", "summary"}, "log in as root"}, {[]any{"grants", 0, "scope", "facts", "user"}, "root"}}
	}
	out, err := exec.Command(node, "--input-type=module", "-e", `const { challengeOf } = await import(process.cwd() + "/static/shown.js");
		process.stdout.write(await challengeOf("0123456789abcdef", "sha256:00"));`).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Equal(t, passkey.Base64URL(passkey.Challenge(plan.RequestID, "sha256:00", access.Approve)), string(out))
	check := func(id string, texts []shown) (wrong []string, digest string) {
		b, err := json.Marshal(texts)
		require.NoError(t, err)
		out, err := exec.Command(node, "--input-type=module", "-e", `const [payload, id, texts] = process.argv.slice(1);
			const { differences, digestOf } = await import(process.cwd() + "/static/shown.js");
			console.log(JSON.stringify({ wrong: differences(JSON.parse(payload), id, JSON.parse(texts)), digest: await digestOf(new TextEncoder().encode(payload)) }));`,
			string(payload), id, string(b)).CombinedOutput()
		require.NoError(t, err, "%s", out)
		var said struct {
			Wrong  []string
			Digest string
		}
		require.NoError(t, json.Unmarshal(out, &said), "%s", out)
		return said.Wrong, said.Digest
	}
	wrong, digest := check(plan.RequestID, page())
	require.Empty(t, wrong)
	require.Equal(t, evidence.DigestOf(payload), digest)
	wrong, _ = check("fedcba9876543210", page())
	require.NotEmpty(t, wrong, "another request's plan")
	for i := range page() {
		texts := page()
		texts[i].Text += "x"
		wrong, _ = check(plan.RequestID, texts)
		require.Len(t, wrong, 1, "%v", texts[i].Path)
		wrong, _ = check(plan.RequestID, append(page()[:i:i], page()[i+1:]...))
		require.Len(t, wrong, 1, "%v is left out", page()[i].Path)
	}
	wrong, _ = check(plan.RequestID, append(page(), shown{[]any{"grants", 1, "target"}, "ssh/other"}, shown{[]any{"constructor", "name"}, "Object"}))
	require.Len(t, wrong, 2, "what is in no signed plan")
}
