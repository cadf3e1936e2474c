package main

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts/examples"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/worker"
)

// run runs ramp as the shell would.
func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	c := root()
	c.SetArgs(args)
	c.SetOut(&out)
	c.SetErr(&out)
	err := c.ExecuteContext(t.Context())
	return out.String(), err
}

const goodConfig = `ledger:
  url: postgres://ramp:hunter2@db.example.com/ramp?sslmode=verify-full
temporal: {address: temporal:7233, namespace: default}
keys:
  signer: server.key
  trusted: [server.pub]
server:
  listen: 127.0.0.1:8080
  url: https://ramp.example.com
  contracts: contracts
  identity:
    issuer: https://login.example.com
worker:
  control: true
  targets:
    vault/main.eu:
      kind: vault
      address: https://vault.example.com:8200
      tokenEnv: VAULT_TOKEN_RAMP
      policies: [orders-read]
`

func configFile(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	s, err := evidence.LoadOrCreateSigner(filepath.Join(dir, "server.key"))
	require.NoError(t, err)
	require.NoError(t, s.WritePublic(filepath.Join(dir, "server.pub")))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "contracts"), 0o755))
	b, err := examples.Demo.ReadFile("ssh.yaml")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "contracts", "ssh.yaml"), b, 0o644))
	path := filepath.Join(dir, configName)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestConfigCheck(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		out, err := run(t, "config", "check", "--config", configFile(t, goodConfig))
		require.NoError(t, err)
		require.Contains(t, out, "is right")
	})
	t.Run("not one contract", func(t *testing.T) {
		path := configFile(t, goodConfig)
		require.NoError(t, os.Remove(filepath.Join(filepath.Dir(path), "contracts", "ssh.yaml")))
		_, err := run(t, "config", "check", "--config", path)
		require.ErrorContains(t, err, ":10:3: server.contracts: ")
		require.ErrorContains(t, err, "holds no contract")
	})
	for _, c := range []struct {
		name, old, new string
		want           []string // of the issues: line:column, then words
	}{
		{"unknown fields, all of them", "url: https://ramp.example.com\n", "ulr: https://ramp.example.com\n  operator: [a]\n",
			[]string{`:9:3: unknown field "server.ulr"; did you mean "url"?`, `:10:3: unknown field "server.operator"; did you mean "operators"?`}},
		{"unknown field of a target", "tokenEnv: V", "tokenEnvv: V", []string{`:19:7: unknown field "worker.targets.vault/main.eu.tokenEnvv"; did you mean "tokenEnv"?`}},
		{"wrong type", "control: true", "control: [1]", []string{":14:"}},
		{"not YAML", "keys:\n", "keys: [\n", []string{configName + ":"}},
		{"wrong values, with their places", "https://vault.example.com:8200", "http://vault.example.com:8200",
			[]string{":18:7: worker.targets.vault/main.eu.address: https is needed"}},
		{"a missing field points at its parent", "      address: https://vault.example.com:8200\n", "", []string{":16:5: worker.targets.vault/main.eu.address"}},
		{"unknown kind", "kind: vault", "kind: vualt", []string{`unknown kind "vualt"; known are aws, `}},
		{"issuer in clear", "https://login.example.com", "http://login.example.com", []string{":12:5: server.identity.issuer: "}},
		{"no ledger", "postgres://ramp:hunter2@", "mysql://", []string{":2:3: ledger.url: the address must be sqlite:PATH or postgres://"}},
		{"no Temporal", "address: temporal:7233, ", "", []string{":3:1: temporal.address"}},
		{"no trusted key", "[server.pub]", "[]", []string{":6:3: keys.trusted: "}},
		{"no contracts", "contracts: contracts", "contracts: elsewhere", []string{":10:3: server.contracts: "}},
		{"a password that is nowhere", "temporal:", "  passwordEnv: RAMP_NO_SUCH_VARIABLE\ntemporal:", []string{":2:3: ledger.url: the password is in the address already"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Contains(t, goodConfig, c.old)
			_, err := run(t, "config", "check", "--config", configFile(t, strings.Replace(goodConfig, c.old, c.new, 1)))
			require.Error(t, err)
			require.Equal(t, access.CodeInvalid, access.CodeOf(err))
			var all []string
			for _, i := range access.IssuesOf(err) {
				all = append(all, i.String())
			}
			for _, want := range c.want {
				require.Contains(t, strings.Join(all, "\n"), want)
			}
			require.Len(t, all, len(c.want))
			require.NotContains(t, err.Error(), "hunter2")
		})
	}
}

// TestConfigShowMasks: whatever way a password got into the file, showing the
// file does not show it.
func TestConfigShowMasks(t *testing.T) {
	for _, url := range []string{
		"postgres://ramp:hunter2@db/ramp", "postgres://db/ramp?user=ramp&password=hunter2",
		"postgres://ramp:hunter2@db:bad port/ramp", "'host=db password=hunter2 user=ramp'", "\"postgres://ramp:hunter2@\\u007f/ramp\"",
	} {
		text := regexp.MustCompile(`url: postgres.*`).ReplaceAllLiteralString(goodConfig, "url: "+url)
		out, err := run(t, "config", "show", "--config", configFile(t, text))
		require.NoError(t, err)
		require.NotContains(t, out, "hunter2", url)
		require.Contains(t, out, "VAULT_TOKEN_RAMP", "references are shown")
	}
}

// TestConfigHoldsNoSecrets: a field whose name says secret must be a reference
// to one. A new field with a secret in it would need masking.
func TestConfigHoldsNoSecrets(t *testing.T) {
	secret := regexp.MustCompile(`(?i)(secret|password|token|key)`)
	reference := regexp.MustCompile(`(File|Env)$`)
	for _, f := range configFields() {
		name := f[strings.LastIndexByte(f, '.')+1:]
		if secret.MatchString(name) && !reference.MatchString(name) && !strings.HasSuffix(name, "hostKey") && name != "keys" &&
			name != "passkeys" && name != "requirePasskey" && name != "passkeyApprovals" {
			t.Errorf("%s may hold a secret: let it name a file or a variable, or mask it", f)
		}
	}
}

// TestOperateExplainsEveryField holds docs/operate.md to the configuration.
func TestOperateExplainsEveryField(t *testing.T) {
	b, err := os.ReadFile("../../docs/operate.md")
	require.NoError(t, err)
	_, reference, found := strings.Cut(string(b), "## Configuration")
	require.True(t, found)
	reference, _, _ = strings.Cut(reference, "\n## ")
	documented := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([A-Za-z./<>]+)` \\|").FindAllStringSubmatch(reference, -1) {
		documented[m[1]] = true
	}
	for _, f := range configFields() {
		if !documented[f] {
			t.Errorf("docs/operate.md has no row for `%s`", f)
		}
		delete(documented, f)
	}
	require.Empty(t, documented, "docs/operate.md explains fields that there are not")
}

// configFields are the paths of every leaf of the configuration, those of a
// target after its kind.
func configFields() []string {
	var out []string
	var walk func(t reflect.Type, path string)
	walk = func(t reflect.Type, path string) {
		for t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct {
			out = append(out, path)
			return
		}
		for i := range t.NumField() {
			if name, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ","); name != "" {
				walk(t.Field(i).Type, strings.TrimPrefix(path+"."+name, "."))
			}
		}
	}
	walk(reflect.TypeFor[config](), "")
	walk(reflect.TypeFor[integrations.Rate](), "rate")
	out = append(out, "requirePasskey", "passkeyApprovals")
	for kind, c := range worker.TargetKinds() {
		walk(reflect.TypeOf(c), kind)
	}
	return out
}
