package e2e

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/internal/ports"
)

// TestPostgresOfDev is a person's access to the demo's database, from asking to its end:
// psql by variables and by the service file, one table and no other, a session that is
// cut at the end, and after `ramp dev` was killed and started again.
func TestPostgresOfDev(t *testing.T) {
	t.Parallel()
	in := install(t)
	at := ports.ForTest(t)
	dev := in.start(nil, "dev", "--postgres", at).ready()
	r := in.as("alice").asks("database-demo", "10m")
	in.as("bob").approves(r)
	in.as("alice").awaits(r.ID, "active", time.Minute)
	id := r.ID
	out, err := in.psql(id, "-Atc", "SELECT count(*) FROM sales.orders")
	require.NoError(t, err, "%s", out)
	require.Equal(t, "3", strings.TrimSpace(out))
	out, err = in.psql(id, "-At", "service=ramp", "-c", "SELECT current_user LIKE 'ramp-"+id+"-a-%'")
	require.NoError(t, err, "%s", out)
	require.Equal(t, "t", strings.TrimSpace(out))
	for _, more := range []string{"SELECT * FROM sales.customers", "DELETE FROM sales.orders", "SELECT * FROM pg_authid", "CREATE ROLE mallory"} {
		out, err = in.psql(id, "-v", "ON_ERROR_STOP=1", "-Atc", more)
		require.Error(t, err, more)
		require.Contains(t, out, "permission denied", more)
	}

	dev.kill()
	in.start(nil, "dev", "--postgres", at).ready()
	out, err = in.psql(id, "-Atc", "SELECT count(*) FROM sales.orders")
	require.NoError(t, err, "access is open after a restart: %s", out)

	// Without `ramp exec`, which would end it as well: the server is what cuts.
	began, ended := make(chan struct{}), make(chan string, 1)
	cmd := exec.Command("psql", "-X", "-v", "ON_ERROR_STOP=1", "-Atc", "SELECT 'in'", "-c", "SELECT pg_sleep(600)")
	cmd.Env = os.Environ()
	for name, value := range in.credential(context.Background(), id) {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	go func() {
		seen := &beginning{began: began}
		cmd.Stdout, cmd.Stderr = seen, seen
		_ = cmd.Run()
		ended <- seen.tail(2000)
	}()
	select {
	case <-began:
	case said := <-ended:
		t.Fatalf("psql ended before it began: %s", said)
	}
	out, err = in.as("alice").ramp("release", id)
	require.NoError(t, err, "%s", out)
	require.Contains(t, <-ended, "terminating connection", "the session went on")
	in.as("alice").awaits(id, "ended", time.Minute)
	out, err = in.psql(id, "-Atc", "SELECT 1")
	require.Error(t, err, "%s", out)
}

// psqlCommand is psql under `ramp exec`.
func (in *installation) psqlCommand(id string, args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	in.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, binary, slices.Concat([]string{"exec", id, "--server", in.url(), "--", "psql", "-X"}, args)...)
	cmd.Env = append(os.Environ(), "RAMP_TOKEN="+in.as("alice").token, "PGUSER=mine", "PGSERVICE=mine")
	return cmd
}

func (in *installation) psql(id string, args ...string) (string, error) {
	out, err := in.psqlCommand(id, args...).CombinedOutput()
	return string(out), err
}

// beginning closes began when something is written.
type beginning struct {
	lockedBuffer
	began chan struct{}
	is    bool
}

func (b *beginning) Write(p []byte) (int, error) {
	if !b.is {
		b.is = true
		close(b.began)
	}
	return b.lockedBuffer.Write(p)
}
