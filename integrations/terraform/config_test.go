package terraform

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
)

func TestConfigValidate(t *testing.T) {
	t.Parallel()
	s := newSite(t, programs(t)["tofu"], map[string]string{"main.tf": door})
	require.Empty(t, s.config.Validate("terraform/doors"))
	module := func(change func(*Module)) func(*Config) {
		return func(c *Config) {
			m := c.Modules["door"]
			change(&m)
			c.Modules = map[string]Module{"door": m}
		}
	}
	variable := func(v Variable) func(*Config) {
		return module(func(m *Module) { m.Variables = map[string]Variable{"role": v} })
	}
	low, high := 1.0, 2.0
	for code, change := range map[string]func(*Config){
		"program_missing":     func(c *Config) { c.Program = "" },
		"program_malformed":   func(c *Config) { c.Program = "terraform" },
		"directory_missing":   func(c *Config) { c.Directory = "" },
		"providers_malformed": func(c *Config) { c.Providers = `/a"b` },
		"keys_missing":        func(c *Config) { c.Keys = nil },
		"keys_malformed":      func(c *Config) { c.Keys = []field.Secret{field.ParseSecret("hunter2")} },
		"environment_name":    func(c *Config) { c.Settings = map[string]string{"TF_LOG": "TRACE"} },
		"environment_twice":   func(c *Config) { c.Settings = map[string]string{"DOOR_SECRET": "x"} },
		"backend_unsupported": func(c *Config) { c.Backend = &Backend{Type: "local"} },
		"backend_malformed":   func(c *Config) { c.Backend = &Backend{Type: "s3 {"} },
		"timeout_long":        func(c *Config) { c.Timeout = access.Duration(3 * time.Hour) },
		"parallel_range":      func(c *Config) { c.Parallel = 1000 },
		"modules_missing":     func(c *Config) { c.Modules = nil },
		"module_source":       module(func(m *Module) { m.Git = &Git{} }),
		"git_commit":          module(func(m *Module) { m.Directory, m.Digest, m.Git = "", "", &Git{Repository: "/x", Commit: "main"} }),
		"digest_missing":      module(func(m *Module) { m.Digest = "" }),
		"digest_malformed":    module(func(m *Module) { m.Digest = "sha256:abc" }),
		"variable_twice":      module(func(m *Module) { m.Fixed = map[string]any{"role": "x"} }),
		"variable_open":       variable(Variable{Type: "string"}),
		"variable_type":       variable(Variable{Type: "object"}),
		"variable_pattern":    variable(Variable{Type: "string", Pattern: "("}),
		"variable_bounds":     variable(Variable{Type: "number", Min: &high, Max: &low}),
		"credential_kind":     module(func(m *Module) { m.Credential = &Credential{Kind: "root"} }),
		"credential_env":      module(func(m *Module) { m.Credential = &Credential{Kind: "aws", Env: map[string]string{"LD_PRELOAD": "key"}} }),
		"credential_files":    module(func(m *Module) { m.Credential = &Credential{Kind: "aws", Files: map[string]string{".bashrc": "key"}} }),
		"credential_outputs":  module(func(m *Module) { m.Credential = &Credential{} }),
		"ends_malformed":      module(func(m *Module) { m.Ends = "two\nlines" }),
	} {
		c := s.config
		change(&c)
		var codes []string
		for _, is := range c.Validate("terraform/doors") {
			codes = append(codes, is.Code)
			require.NotContains(t, is.Message, "hunter2")
		}
		require.Contains(t, codes, code)
		_, err := c.Open(t.Context(), "terraform/doors")
		require.Equal(t, access.CodeInvalid, access.CodeOf(err), code)
	}
}

// TestModulesThatCannotBePinned: what would run is not all in the module's own files, or the
// configuration does not fit it.
func TestModulesThatCannotBePinned(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		files  map[string]string
		change func(*Config)
		words  string
	}{
		"a module of a registry":     {files: map[string]string{"main.tf": door + "\nmodule \"x\" { source = \"a/b/c\" }"}, words: "copy it there"},
		"a module beside it":         {files: map[string]string{"main.tf": door + "\nmodule \"x\" { source = \"../x\" }"}, words: "copy it there"},
		"a provider that is not":     {files: map[string]string{"main.tf": door + "\nresource \"aws_iam_user\" \"x\" { name = \"x\" }"}, words: ".terraform.lock.hcl"},
		"one in a folder of it":      {files: map[string]string{"main.tf": door + "\nmodule \"x\" { source = \"./x\" }", "x/x.tf": "resource \"aws_iam_user\" \"x\" { name = \"x\" }"}, words: ".terraform.lock.hcl"},
		"no language":                {files: map[string]string{"main.tf": "variable {"}, words: "Unclosed configuration block"},
		"a variable that is not":     {files: map[string]string{"main.tf": strings.ReplaceAll(door, "role", "rule")}, words: `no variable "role"`},
		"a variable that is needed":  {files: map[string]string{"main.tf": door + "\nvariable \"more\" { type = string }"}, words: `needs the variable "more"`},
		"an output that is not":      {files: map[string]string{"main.tf": strings.ReplaceAll(door, `output "key"`, `output "lock"`)}, words: `no output "key"`},
		"not optional in the module": {files: map[string]string{"main.tf": door}, change: func(c *Config) { c.Modules["door"].Variables["role"] = Variable{Type: "bool", Optional: true} }, words: "no default"},
	} {
		s := newSite(t, programs(t)["tofu"], c.files)
		if c.change != nil {
			c.change(&s.config)
		}
		_, err := s.config.Open(t.Context(), "terraform/doors")
		require.Equal(t, access.CodeInvalid, access.CodeOf(err), what)
		require.ErrorContains(t, err, c.words, what)
	}
	s := newSite(t, programs(t)["tofu"], map[string]string{"main.tf": door})
	require.NoError(t, os.Symlink("/etc", filepath.Join(string(s.config.Modules["door"].Directory), "etc")))
	_, err := s.config.Open(t.Context(), "terraform/doors")
	require.Equal(t, access.CodeInvalid, access.CodeOf(err), "a link: %v", err)
	require.NoError(t, os.Chmod(string(s.script("true")), 0o777)) // #nosec G302 -- that is the mistake
	s.config.Program = s.script("true")
	require.NoError(t, os.Chmod(string(s.config.Program), 0o777)) // #nosec G302 -- that is the mistake
	_, err = s.config.Open(t.Context(), "terraform/doors")
	require.ErrorContains(t, err, "chmod go-w")
}

// TestModuleAtACommit: a commit pins a module; what is checked out does not count.
func TestModuleAtACommit(t *testing.T) {
	t.Parallel()
	s := newSite(t, programs(t)["tofu"], map[string]string{"main.tf": door})
	directory := t.TempDir()
	repository, err := git.PlainInit(directory, false)
	require.NoError(t, err)
	tree, err := repository.Worktree()
	require.NoError(t, err)
	commit := func(content string) string {
		require.NoError(t, os.MkdirAll(filepath.Join(directory, "modules/door"), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(directory, "modules/door/main.tf"), []byte(content), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(directory, "README"), []byte("of all"), 0o600))
		_, err := tree.Add(".")
		require.NoError(t, err)
		id, err := tree.Commit("a module", &git.CommitOptions{Author: &object.Signature{Name: "t", Email: "t@example.com", When: time.Now()}})
		require.NoError(t, err)
		return id.String()
	}
	first := commit(door)
	commit("variable {")
	s.change(func(m *Module) {
		m.Directory, m.Digest, m.Git = "", "", &Git{Repository: field.File(directory), Commit: first, Path: "modules/door"}
	})
	target, g := s.guarded(), s.grant()
	shown, err := target.Resolve(t.Context(), g.Entitlement)
	require.NoError(t, err)
	require.Equal(t, first, shown.Facts["commit"])
	require.NoError(t, target.Grant(t.Context(), g))
	require.NoError(t, target.Revoke(t.Context(), g))
	s.nothing(g)

	for code, change := range map[access.Code]func(*Git){
		access.CodeUnavailable: func(g *Git) { g.Commit = strings.Repeat("0", 40) },
		access.CodeInvalid:     func(g *Git) { g.Path = "modules/window" },
	} {
		bad := *s.config.Modules["door"].Git
		change(&bad)
		s.change(func(m *Module) { m.Git = &bad })
		_, err := s.config.Open(t.Context(), "terraform/doors")
		require.Equal(t, code, access.CodeOf(err), "%v", err)
		s.change(func(m *Module) { m.Git.Commit, m.Git.Path = first, "modules/door" })
	}
}

func TestVariableValues(t *testing.T) {
	t.Parallel()
	low, high := 1.0, 10.0
	days := Variable{Type: "number", Min: &low, Max: &high}
	hosts := Variable{Type: "list", Pattern: `[a-z]+`}
	for _, c := range []struct {
		v     Variable
		given any
		want  any
	}{
		{days, "7", 7.0}, {days, uint64(7), 7.0}, {days, 7, 7.0}, {days, 1.5, 1.5}, {days, "11", nil}, {days, "NaN", nil}, {days, "", nil}, {days, true, nil},
		{Variable{Type: "bool"}, "true", true}, {Variable{Type: "bool"}, false, false}, {Variable{Type: "bool"}, "yes", nil},
		{hosts, []any{"a", "b"}, []string{"a", "b"}}, {hosts, []string{"a"}, []string{"a"}}, {hosts, []any{}, nil}, {hosts, []any{"A"}, nil}, {hosts, []any{1}, nil}, {hosts, "a", nil},
	} {
		got, wrong := c.v.value(c.given)
		if c.want == nil {
			require.NotEmpty(t, wrong, "%v", c.given)
		} else {
			require.Empty(t, wrong, "%v", c.given)
			require.Equal(t, c.want, got)
		}
	}
}

// TestOwnLock: a lock is taken off only where it is this machine's, of this grant's run that
// did not end.
func TestOwnLock(t *testing.T) {
	t.Parallel()
	words := func(who, created string) string {
		return "Error: Error acquiring the state lock\n\nLock Info:\n  ID:        6f1d\n  Path:      b/ramp\n  Operation: OperationTypeApply\n  Who:       " + who + "\n  Version:   1.11.4\n  Created:   " + created + "\n  Info:      \n"
	}
	since := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	require.Equal(t, "6f1d", ownLock(words("root@a", "2026-01-02 03:04:06.123456789 +0000 UTC"), "root@a", since))
	require.Equal(t, "6f1d", ownLock(words("root@a", "2026-01-02 03:04:05.000000001 +0000 UTC"), "root@a", since), "in the same second")
	require.Empty(t, ownLock(words("root@b", "2026-01-02 03:04:06 +0000 UTC"), "root@a", since), "of another machine")
	require.Empty(t, ownLock(words("root@a", "2026-01-02 03:04:04 +0000 UTC"), "root@a", since), "of before the run")
	require.Empty(t, ownLock(words("root@a", "2026-01-02 03:04:06 +0000 UTC"), "root@a", time.Time{}), "no run did not end")
	require.Empty(t, ownLock(strings.Replace(words("root@a", "2026-01-02 03:04:06 +0000 UTC"), "acquiring", "releasing", 1), "root@a", since))
}
