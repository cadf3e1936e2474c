package terraform

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/targettest"
	"ramp.dev/ramp/internal/testtools"
)

// door is a module that needs no provider but the program's own. What it opens is a door: a
// file in a directory, with a key in it that an output hands out. seal is how the program
// sees that somebody changed the file.
const door = `
variable "doors" { type = string }
variable "role" { type = string }
variable "note" {
  type    = string
  default = "none"
}
variable "ramp" { type = object({ grant = string, principal = string, expires_at = string }) }

resource "terraform_data" "door" {
  input = { file = "${var.doors}/${var.ramp.grant}", role = var.role }
  provisioner "local-exec" {
    command     = "umask 077; printf '%s %s' \"$KEY\" \"$ROLE\" >\"$FILE\""
    environment = { FILE = self.output.file, ROLE = self.output.role, KEY = self.id }
  }
  provisioner "local-exec" {
    when        = destroy
    command     = "rm -f \"$FILE\""
    environment = { FILE = self.output.file }
  }
}
resource "terraform_data" "seal" { input = try(filesha256(terraform_data.door.output.file), "gone") }
resource "terraform_data" "plate" { input = "${var.ramp.principal} until ${var.ramp.expires_at}: ${var.note}" }
output "key" {
  value     = terraform_data.door.id
  sensitive = true
}
`

const marker = "MARKED-secret-of-the-provider"

// programs returns the programs that are tried, by name: OpenTofu, which tools/setup
// builds, and Terraform where the machine has it.
func programs(t testing.TB) map[string]string {
	t.Helper()
	all := map[string]string{"tofu": testtools.Binary(t, "tofu")}
	if path, err := exec.LookPath("terraform"); err == nil {
		all["terraform"] = path
	}
	return all
}

// eachProgram runs a test with each program, beside each other.
func eachProgram(t *testing.T, test func(t *testing.T, program string)) {
	for name, program := range programs(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, program)
		})
	}
}

// site is the service of a test: a directory of doors, and a target's configuration.
type site struct {
	testing.TB
	doors  string
	config Config
}

func newSite(t testing.TB, program string, files map[string]string, change ...func(*Config)) *site {
	t.Helper()
	dir := t.TempDir()
	s := &site{TB: t, doors: filepath.Join(dir, "doors")}
	for _, one := range []string{s.doors, filepath.Join(dir, "source")} {
		require.NoError(t, os.Mkdir(one, 0o700))
	}
	for name, content := range map[string]string{"key": base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32))), "secret": marker} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	s.config = configIn(dir, program)
	s.write(files)
	for _, one := range change {
		one(&s.config)
	}
	return s
}

// configIn returns the configuration of a site, also for another process.
func configIn(dir, program string) Config {
	return Config{
		Program: field.File(program), Directory: field.File(filepath.Join(dir, "ramp")), Keys: []field.Secret{field.SecretFile(filepath.Join(dir, "key"))},
		Environment: map[string]field.Secret{"DOOR_SECRET": field.SecretFile(filepath.Join(dir, "secret"))}, Parallel: 8,
		Modules: map[string]Module{"door": {
			Directory: field.File(filepath.Join(dir, "source")),
			Variables: map[string]Variable{"role": {Type: "string", Allowed: []string{"reader", "writer"}}},
			Fixed:     map[string]any{"doors": filepath.Join(dir, "doors")}, GrantVariable: "ramp",
			Credential: &Credential{Outputs: []string{"key"}},
		}},
	}
}

// change changes the configuration of the module.
func (s *site) change(to func(*Module)) {
	m := s.config.Modules["door"]
	to(&m)
	s.config.Modules["door"] = m
}

// write replaces the module's files, and pins them.
func (s *site) write(files map[string]string) {
	s.Helper()
	directory := string(s.config.Modules["door"].Directory)
	for name, content := range files {
		at := filepath.Join(directory, name)
		require.NoError(s, os.MkdirAll(filepath.Dir(at), 0o700))
		require.NoError(s, os.WriteFile(at, []byte(content), 0o600))
	}
	digest, err := Digest(directory)
	require.NoError(s, err)
	s.change(func(m *Module) { m.Digest = digest })
}

func (s *site) open() integrations.Target {
	s.Helper()
	t, err := s.config.Open(context.Background(), "terraform/doors")
	require.NoError(s, err)
	return t
}

func (s *site) guarded() *integrations.Guarded { return integrations.Guard(s.open()) }

func (s *site) door(name string) string { return filepath.Join(s.doors, name) }

// grant returns a grant that is not opened yet.
func (s *site) grant(variables ...any) access.Grant {
	id := access.NewRequestID()
	set := map[string]any{"role": "reader"}
	for i := 0; i+1 < len(variables); i += 2 {
		set[variables[i].(string)] = variables[i+1]
	}
	return access.Grant{Name: access.GrantName(id, 0), RequestID: id, Target: "terraform/doors", Principal: "alice@example.com",
		Entitlement: access.Entitlement{"module": "door", "variables": set}, ExpiresAt: time.Now().UTC().Add(10 * time.Minute).Truncate(time.Second)}
}

// use opens a door with the key of a credential.
func (s *site) use(_ context.Context, g access.Grant, c access.Credential) error {
	var outputs struct{ Key string }
	if err := json.Unmarshal([]byte(c.Files[outputsFile]), &outputs); err != nil {
		return err
	}
	b, err := os.ReadFile(s.door(g.Name))
	if errors.Is(err, fs.ErrNotExist) {
		return targettest.ErrRefused
	}
	if err != nil {
		return err
	}
	if !strings.HasPrefix(string(b), outputs.Key+" ") {
		return targettest.ErrRefused
	}
	return nil
}

// names returns whatever there is of Ramp's: doors, records, locks, working directories.
func (s *site) names(context.Context) (names []string, err error) {
	seen := map[string]bool{}
	for _, directory := range []string{s.doors, s.below("grants"), s.below("locks"), s.below("run"), s.runtime()} {
		entries, err := os.ReadDir(directory)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, e := range entries {
			name, _, _ := strings.Cut(e.Name(), ".")
			if _, ours := access.RequestIDFromGrantName(name); ours && !seen[name] {
				seen[name] = true
				names = append(names, name)
				if s.TB != nil {
					s.Logf("there is %s in %s", e.Name(), directory)
				}
			}
		}
	}
	return names, nil
}

// runtime is the target's part of the directory of runs.
func (s *site) runtime() string {
	return folderOf(string(s.config.withDefaults().Runtime), "terraform/doors")
}

func (s *site) below(folder string) string { return filepath.Join(string(s.config.Directory), folder) }

// script writes a program that stands in front of the real one.
func (s *site) script(body string) field.File {
	s.Helper()
	path := filepath.Join(s.TempDir(), "program")
	// A process that begins meanwhile would inherit the open file, and a file that is open for
	// writing cannot be run.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	require.NoError(s, os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o600))
	require.NoError(s, os.Chmod(path, 0o700)) // #nosec G302 -- it is run
	return field.File(path)
}
