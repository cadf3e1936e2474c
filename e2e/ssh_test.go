package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
)

// key is a picked-up SSH credential, placed in files as its user would.
type key struct {
	in  *installation
	dir string
}

// picksUp fetches a credential with the command-line client, which seals it to
// a key of its own.
func (p *person) picksUp(id string) key {
	p.in.Helper()
	out, err := p.creds(context.Background(), id)
	require.NoError(p.in, err)
	var c struct {
		Files map[string]string `json:"files"`
	}
	require.NoError(p.in, json.Unmarshal(out, &c))
	require.NotEmpty(p.in, c.Files)
	k := key{in: p.in, dir: p.in.TempDir()}
	require.NoError(p.in, k.write(c.Files))
	return k
}

// creds is `ramp creds`, as JSON.
func (p *person) creds(ctx context.Context, id string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, binary, "creds", id, "-o", "json", "--server", p.in.url())
	cmd.Env = append(os.Environ(), "RAMP_TOKEN="+p.token)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("creds: %w: %s", err, errs.String())
	}
	return out, nil
}

// write places a credential's files.
func (k key) write(files map[string]string) error {
	if err := os.MkdirAll(k.dir, 0o700); err != nil {
		return err
	}
	for name, content := range files {
		content = strings.ReplaceAll(content, "{{dir}}", k.dir)
		if err := os.WriteFile(filepath.Join(k.dir, name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// works reports whether the real ssh client gets in with the key.
func (k key) works() bool { return k.worksOn("demo") }

// worksOn is works for a host.
func (k key) worksOn(host string) bool {
	cmd := exec.Command("ssh", "-F", filepath.Join(k.dir, "config"), "-o", "BatchMode=yes", "-o", "ConnectTimeout=5", host, "whoami")
	out, err := cmd.CombinedOutput()
	return err == nil && strings.TrimSpace(string(out)) != ""
}

// session holds a live login open; ended is closed when the host cuts it.
func (k key) session() (ended chan struct{}) { return k.sessionOn("demo") }

// sessionOn is session for a host, where it runs a command, or a shell if there is none.
func (k key) sessionOn(host string, command ...string) (ended chan struct{}) {
	cmd := exec.Command("ssh", slices.Concat([]string{"-tt", "-F", filepath.Join(k.dir, "config"), "-o", "BatchMode=yes", host}, command)...)
	in, err := cmd.StdinPipe()
	require.NoError(k.in, err)
	out := &lockedBuffer{}
	cmd.Stdout, cmd.Stderr = out, out
	require.NoError(k.in, cmd.Start())
	ended = make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	k.in.Cleanup(func() { in.Close(); _ = cmd.Process.Kill() })
	k.in.eventually(60*time.Second, "the shell greets", func() bool { return len(out.tail(1000)) > 20 })
	return ended
}

// admitted lists the grants that the demo host lets in, from the host's own files. Hidden
// ones are no login's: a killed worker leaves what it was writing.
func (in *installation) admitted() []string {
	in.Helper()
	return in.admittedIn(filepath.Join(in.dir, "ssh", "principals"))
}

// admittedIn is admitted for a host with these files.
func (in *installation) admittedIn(principals string) []string {
	in.Helper()
	files, _ := filepath.Glob(filepath.Join(principals, "[^.]*"))
	var names []string
	for _, f := range files {
		b, err := os.ReadFile(f)
		if errors.Is(err, os.ErrNotExist) {
			continue // it was on its way to another name
		}
		require.NoError(in, err)
		for _, line := range strings.Split(string(b), "\n") {
			if fields := strings.Fields(line); len(fields) > 0 && strings.HasPrefix(fields[len(fields)-1], "ramp-") {
				names = append(names, fields[len(fields)-1])
			}
		}
	}
	return names
}
