package config

import (
	"bytes"
	"crypto"
	"encoding/base64"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts/examples"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/worker"
)

// check loads a file and returns everything that is wrong with it, as
// `ramp config check` does.
func check(path string) error {
	c, err := Load(path)
	if err != nil {
		return err
	}
	issues := c.Validate(c.Parts())
	if c.Server.Contracts != "" {
		issues = append(issues, c.ValidateContracts()...)
	}
	if len(issues) > 0 {
		return access.Invalid(issues...)
	}
	return nil
}

// shown is the file as `ramp config show` prints it.
func shown(t *testing.T, path string) string {
	t.Helper()
	c, err := Load(path)
	require.NoError(t, err)
	b, err := yaml.Marshal(c)
	require.NoError(t, err)
	return string(b)
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
      token: env:VAULT_TOKEN_RAMP
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
	require.NoError(t, os.WriteFile(filepath.Join(dir, "contracts", "ssh.yaml"), bytes.ReplaceAll(b, []byte("ssh/demo"), []byte("vault/main.eu")), 0o644))
	path := filepath.Join(dir, DefaultName)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestValidate(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		require.NoError(t, check(configFile(t, goodConfig)))
	})
	t.Run("no file", func(t *testing.T) {
		t.Chdir(t.TempDir())
		_, err := Load(DefaultName)
		require.Equal(t, access.CodeInvalid, access.CodeOf(err))
		require.ErrorContains(t, err, "name the file with --config")
	})
	t.Run("keys that a process reads when it starts", func(t *testing.T) {
		path := configFile(t, strings.Replace(goodConfig, "keys:\n", "keys:\n  payload: [\"file:none.key\", \"file:short.key\", \"file:open.key\", \"file:good.key\"]\n  session: [\"file:none.key\"]\n", 1))
		good := base64.StdEncoding.EncodeToString(make([]byte, 32))
		for name, text := range map[string]string{"short.key": "YWJj", "open.key": good, "good.key": good} {
			require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(path), name), []byte(text), 0o600))
		}
		require.NoError(t, os.Chmod(filepath.Join(filepath.Dir(path), "open.key"), 0o644))
		err := check(path)
		for _, want := range []string{"keys.payload[0]: ", "keys.payload[1]: ", "is not 32 bytes in base64", "keys.payload[2]: ", "keys.session[0]: "} {
			require.ErrorContains(t, err, want)
		}
		require.Len(t, access.IssuesOf(err), 4, "%v", err)
	})
	t.Run("the key of the worker in the same file", func(t *testing.T) {
		dir := func(more string) (string, Config) {
			path := configFile(t, strings.Replace(goodConfig, "keys:\n", "keys:\n  worker: worker.key\n  workers: [{public: worker.pub, targets: [\"*\"]}"+more+"]\n", 1))
			c, err := Load(path)
			require.NoError(t, err)
			return filepath.Dir(path), c
		}
		at, c := dir("")
		require.Empty(t, c.Validate(Parts{Server: true}), "the worker awaits the server's key, and would never make its own")
		require.NoFileExists(t, filepath.Join(at, "worker.key"), "who looks at a file makes nothing")
		ring, err := c.Keys.WorkerKeyring(t.Context())
		require.NoError(t, err)
		made, err := c.Keys.WorkerSigner(t.Context())
		require.NoError(t, err)
		require.Equal(t, []crypto.PublicKey{made.Public()}, ring.Keys())

		at, c = dir(", {public: another.pub, targets: [ssh/a]}")
		require.Len(t, c.Validate(Parts{Server: true}), 1)
		_, err = c.Keys.WorkerKeyring(t.Context())
		require.ErrorContains(t, err, filepath.Join(at, "another.pub"))
	})
	t.Run("not one contract", func(t *testing.T) {
		path := configFile(t, goodConfig)
		require.NoError(t, os.Remove(filepath.Join(filepath.Dir(path), "contracts", "ssh.yaml")))
		err := check(path)
		require.ErrorContains(t, err, ":10:3: server.contracts: ")
		require.ErrorContains(t, err, "holds no contract")
	})
	for _, c := range []struct {
		name, old, new string
		want           []string // of the issues: line:column, then words
	}{
		{"unknown fields, all of them", "url: https://ramp.example.com\n", "ulr: https://ramp.example.com\n  operator: [a]\n",
			[]string{`:9:3: unknown field "server.ulr"; did you mean "url"?`, `:10:3: unknown field "server.operator"; did you mean "operators"?`}},
		{"unknown field of a target", "token: env", "tokenn: env", []string{`:19:7: unknown field "worker.targets.vault/main.eu.tokenn"; did you mean "token"?`}},
		{"unknown field of every target", "      kind: vault\n", "      kind: vault\n      rate: {perSecnd: 1}\n", []string{`unknown field "worker.targets.vault/main.eu.rate.perSecnd"; did you mean "perSecond"?`}},
		{"a secret in a list that is a mapping", "keys:\n", "keys:\n  payload: [file: payload.key]\n",
			[]string{`unknown field "keys.payload.file"; a secret is one text: put it in quotes, without a blank after the colon, such as "file:NAME"`}},
		{"wrong type", "control: true", "control: [1]", []string{":14:"}},
		{"not YAML", "keys:\n", "keys: [\n", []string{DefaultName + ":"}},
		{"wrong values, with their places", "https://vault.example.com:8200", "http://vault.example.com:8200",
			[]string{":18:7: worker.targets.vault/main.eu.address: https is needed"}},
		{"a missing field points at its parent", "      address: https://vault.example.com:8200\n", "", []string{":16:5: worker.targets.vault/main.eu.address"}},
		{"unknown kind", "kind: vault", "kind: vualt", []string{`unknown kind "vualt"; known are aws, `}},
		{"issuer in clear", "https://login.example.com", "http://login.example.com", []string{":12:5: server.identity.issuer: "}},
		{"no ledger", "postgres://ramp:hunter2@", "mysql://", []string{":2:3: ledger.url: the address must be sqlite:PATH or postgres://"}},
		{"no Temporal", "address: temporal:7233, ", "", []string{":3:1: temporal.address"}},
		{"no trusted key", "[server.pub]", "[]", []string{":6:3: keys.trusted: "}},
		{"workers' keys without their targets", "keys:\n", "keys:\n  workers: [{public: server.pub}, {public: server.pub, targets: [\"*\", ssh/a]}, {targets: [ssh/a]}]\n",
			[]string{"keys.workers[0].targets: the targets of this key's workers are needed", `keys.workers[1].targets: "*" is all targets`, "keys.workers[2].public: the file"}},
		{"no contracts", "contracts: contracts", "contracts: elsewhere", []string{":10:3: server.contracts: "}},
		{"two passwords", "temporal:", "  password: env:RAMP_NO_SUCH_VARIABLE\ntemporal:", []string{":2:3: ledger.url: the password is in the address already"}},
		{"a password that is nowhere", "url: postgres://ramp:hunter2@", "password: env:RAMP_NO_SUCH_VARIABLE\n  url: postgres://ramp@", []string{":2:3: ledger.password: env:RAMP_NO_SUCH_VARIABLE: the environment has no such variable"}},
		{"a password that is written", "url: postgres://ramp:hunter2@", "password: hunter2\n  url: postgres://ramp@", []string{":2:3: ledger.password: a secret is named here and never written"}},
		{"a target's token that is written", "env:VAULT_TOKEN_RAMP", "hvs.hunter2", []string{":19:7: worker.targets.vault/main.eu.token: a secret is named here and never written"}},
		{"a rate that is none", "      kind: vault\n", "      kind: vault\n      rate: {perSecond: -1}\n", []string{":18:7: worker.targets.vault/main.eu.rate: "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Contains(t, goodConfig, c.old)
			err := check(configFile(t, strings.Replace(goodConfig, c.old, c.new, 1)))
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

// TestOperateExplainsEveryField: docs/operate.md has a row for every field of the
// configuration, and for no other.
func TestOperateExplainsEveryField(t *testing.T) {
	b, err := os.ReadFile("../docs/operate.md")
	require.NoError(t, err)
	_, reference, found := strings.Cut(string(b), "## Configuration")
	require.True(t, found)
	reference, _, _ = strings.Cut(reference, "\n## ")
	documented := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([A-Za-z./<>]+)` \\|").FindAllStringSubmatch(reference, -1) {
		documented[m[1]] = true
	}
	for _, f := range leaves() {
		if !documented[f.path] {
			t.Errorf("docs/operate.md has no row for `%s`", f.path)
		}
		delete(documented, f.path)
	}
	require.Empty(t, documented, "docs/operate.md explains fields that there are not")
}

// leaf is a field of the configuration that has no fields below it. Those of a
// target are named after its kind.
type leaf struct {
	path string
	kind reflect.Type
}

func leaves() (out []leaf) {
	for _, part := range []any{Config{}, worker.TargetFields{}} {
		out = append(out, leavesOf(reflect.TypeOf(part), "")...)
	}
	for kind, c := range worker.Kinds() {
		out = append(out, leavesOf(reflect.TypeOf(c), kind)...)
	}
	// The field `kind` is explained in prose.
	return slices.DeleteFunc(out, func(f leaf) bool { return f.path == "kind" })
}

func leavesOf(t reflect.Type, path string) (out []leaf) {
	for t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() == reflect.Struct {
		for i := range t.NumField() {
			name, options, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
			switch {
			case name != "":
				out = append(out, leavesOf(t.Field(i).Type, strings.TrimPrefix(path+"."+name, "."))...)
			case options == "inline" && t.Field(i).Type.Kind() == reflect.Struct:
				out = append(out, leavesOf(t.Field(i).Type, path)...)
			}
		}
	}
	if len(out) == 0 {
		return []leaf{{path, t}}
	}
	return out
}
