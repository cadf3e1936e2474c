package pages

import (
	"encoding/json"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestCase54PageBelievesLittle: what a page shows and writes of a credential is what
// its kind may bring, no matter who made it; the ssh configuration is the page's own.
func TestCase54PageBelievesLittle(t *testing.T) {
	node, err := exec.LookPath("node")
	require.NoError(t, err, "node runs the page's script; make setup installs it")
	kinds, err := json.Marshal(access.CredentialKinds())
	require.NoError(t, err)
	believed := func(change func(*access.Credential)) (access.Credential, string) {
		useConfig := []string{"-F", "{{dir}}/config"}
		c := access.Credential{Kind: "ssh", Hint: "for deploy", Command: []string{"ssh", "demo"}, Arguments: map[string][]string{"ssh": useConfig},
			Files: map[string]string{"id": "key", "config": "Host demo\n  HostName 192.0.2.7\n  Port 2222\n  User deploy\n"}}
		change(&c)
		b, err := json.Marshal(c)
		require.NoError(t, err)
		out, err := exec.Command(node, "--input-type=module", "-e", `const [c, kinds] = process.argv.slice(1).map((s) => JSON.parse(s));
			const { believed } = await import(process.cwd() + "/static/believe.js");
			try { console.log(JSON.stringify({ c: believed(c, kinds) })); } catch (e) { console.log(JSON.stringify({ error: e.message })); }`,
			string(b), string(kinds)).CombinedOutput()
		require.NoError(t, err, "%s", out)
		var said struct {
			C     access.Credential
			Error string
		}
		require.NoError(t, json.Unmarshal(out, &said), "%s", out)
		return said.C, said.Error
	}
	good, problem := believed(func(*access.Credential) {})
	require.Empty(t, problem)
	require.Contains(t, good.Files["config"], "HostName 192.0.2.7\n  Port 2222\n  User deploy\n  IdentityFile \"{{dir}}/id\"\n")
	evil, problem := believed(func(c *access.Credential) {
		c.Files["config"] += "  ProxyCommand evil\nMatch exec evil\nInclude evil\n"
	})
	require.Empty(t, problem)
	require.Equal(t, good.Files["config"], evil.Files["config"])
	_, problem = believed(func(c *access.Credential) {
		*c = access.Credential{Kind: "vault", Env: map[string]string{"VAULT_TOKEN": "$(evil)"}}
	})
	require.Empty(t, problem)
	for name, change := range map[string]func(*access.Credential){
		"a kind":             func(c *access.Credential) { c.Kind = "constructor" },
		"a variable":         func(c *access.Credential) { c.Env = map[string]string{"LD_PRELOAD": "evil"} },
		"a name that acts":   func(c *access.Credential) { c.Env = map[string]string{"X; evil; Y": ""} },
		"a file":             func(c *access.Credential) { c.Files["../../.bashrc"] = "evil" },
		"arguments":          func(c *access.Credential) { c.Arguments["ssh"] = []string{"-o", "ProxyCommand=evil"} },
		"another program":    func(c *access.Credential) { c.Arguments["sh"] = []string{"-c", "evil"} },
		"a command":          func(c *access.Credential) { c.Command = []string{"sh", "-c", "evil"} },
		"an option":          func(c *access.Credential) { c.Command = []string{"ssh", "-oProxyCommand=evil"} },
		"a hint of lines":    func(c *access.Credential) { c.Hint = "a\nb" },
		"a host that acts":   func(c *access.Credential) { c.Files["config"] = "Host demo\nHostName -oX\nPort 22\nUser deploy\n" },
		"a user that acts":   func(c *access.Credential) { c.Files["config"] = "Host demo\nHostName a\nPort 22\nUser a;evil\n" },
		"two hosts":          func(c *access.Credential) { c.Files["config"] += "Host b\n" },
		"no configuration":   func(c *access.Credential) { delete(c.Files, "config") },
		"a port beyond them": func(c *access.Credential) { c.Files["config"] = "Host demo\nHostName a\nPort 99999\nUser deploy\n" },
	} {
		_, problem := believed(change)
		require.Contains(t, problem, "it was not used", name)
	}
}
