package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/config"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/evidence"
)

const top = "../.."

// TestCompose: docker-compose.yml cannot be run everywhere, so Compose itself
// checks whether it is valid.
func TestCompose(t *testing.T) {
	_, err := exec.LookPath("docker-compose")
	require.NoError(t, err, "docker-compose is missing: run make setup")
	cmd := exec.Command("docker-compose", "config")
	cmd.Dir = top
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	require.NoError(t, err, "%s", complaints.String())
	var c struct {
		Services map[string]struct {
			Image   string `yaml:"image"`
			Volumes []any  `yaml:"volumes"`
		} `yaml:"services"`
	}
	require.NoError(t, yaml.Unmarshal(out, &c))
	for _, name := range []string{"postgres", "temporal", "temporal-ui", "vault", "aws", "identity", "server", "worker"} {
		require.Contains(t, c.Services, name)
	}
	for name, s := range c.Services {
		for _, v := range s.Volumes {
			if from := mountedFrom(v); filepath.IsAbs(from) {
				_, err := os.Stat(from)
				require.NoError(t, err, "%s mounts it", name)
			}
		}
		if s.Image != "" {
			require.Regexp(t, `:[^:/]*[0-9]`, s.Image, "%s: an image without a version is another one tomorrow", name)
		}
	}
}

// mountedFrom returns what a volume mounts: Compose 1 prints source:target,
// and Compose 2 a mapping.
func mountedFrom(volume any) string {
	switch v := volume.(type) {
	case string:
		from, _, _ := strings.Cut(v, ":")
		return from
	case map[string]any:
		from, _ := v["source"].(string)
		return from
	}
	return ""
}

// TestDeployedConfiguration: the configuration that Compose mounts is valid.
func TestDeployedConfiguration(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(top, "deploy", "ramp.yaml"))
	require.NoError(t, err)
	// As in the containers, with paths of this machine.
	dir := t.TempDir()
	s, err := evidence.LoadOrCreateSigner(filepath.Join(dir, "server.key"))
	require.NoError(t, err)
	require.NoError(t, s.WritePublic(filepath.Join(dir, "server.pub")))
	local := strings.NewReplacer("/var/lib/ramp/keys", dir, "/etc/ramp/contracts", filepath.Join(abs(t, top), "deploy", "contracts")).Replace(string(text))
	path := filepath.Join(dir, "ramp.yaml")
	require.NoError(t, os.WriteFile(path, []byte(local), 0o600))
	t.Setenv("RAMP_LEDGER_PASSWORD", "ramp")
	c, err := config.Load(path)
	require.NoError(t, err)
	require.Empty(t, c.Validate(c.Parts()))
	require.Empty(t, c.ValidateContracts())
	set, err := contracts.LoadDir(string(c.Server.Contracts))
	require.NoError(t, err)
	for _, contract := range set.Contracts {
		for _, target := range contract.Targets {
			require.Contains(t, c.Worker.Targets, target, "contract %s asks for a target that no worker has", contract.Name)
		}
	}
}

// TestLeanBinary builds as the Dockerfile does, and tries the result.
func TestLeanBinary(t *testing.T) {
	dockerfile, err := os.ReadFile(filepath.Join(top, "Dockerfile"))
	require.NoError(t, err)
	require.Contains(t, string(dockerfile), "CGO_ENABLED=0 go build -tags lean")
	lean := filepath.Join(t.TempDir(), "ramp")
	build := exec.Command("go", "build", "-tags", "lean", "-ldflags", "-s -w", "-o", lean, "./cmd/ramp")
	build.Dir, build.Env = top, append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	for _, process := range []string{"server", "worker", "sweep"} {
		out, err := exec.Command(lean, process, "--help").CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Contains(t, string(out), "--config")
	}
	out, err = exec.Command(lean, "dev").CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "lean", "it says why it has no dev")
}

func abs(t *testing.T, path string) string {
	p, err := filepath.Abs(path)
	require.NoError(t, err)
	return p
}
