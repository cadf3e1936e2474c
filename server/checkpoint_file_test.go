package server

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/evidence"
)

// TestCase66KeptBesideTheKey: a server keeps what it signed where its configuration
// says, or beside its key; also when it stops.
func TestCase66KeptBesideTheKey(t *testing.T) {
	for name, configured := range map[string]bool{"by configuration": true, "beside the key": false} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "server.checkpoint")
			f := newFixtureWith(t, func(_ *fixture, d *Deps) { d.Checkpoint = path + ".of-the-key" }, func(c *Config) {
				if configured {
					c.Checkpoint = field.File(path)
				}
			})
			f.request(access.StatePending)
			ctx, stop := context.WithCancel(t.Context())
			stop()
			f.app.KeepCheckpoint(ctx) // as a server that is just stopped
			if !configured {
				path += ".of-the-key"
			}
			b, err := os.ReadFile(path)
			require.NoError(t, err)
			kept, err := evidence.NewKeyring(f.signer.Public()).VerifyCheckpoint(string(b))
			require.NoError(t, err)
			tree, err := f.ledger.Tree(t.Context())
			require.NoError(t, err)
			require.Equal(t, evidence.Checkpoint{Origin: tree.Origin, Size: tree.Size, Root: tree.Root}, kept)
		})
	}
}
