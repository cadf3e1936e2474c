package access

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestMisplaced: a worker leaves a target to others if the servers accept its key for others
// alone, and have said so lately; a key that they do not know, and one for all, serve.
func TestMisplaced(t *testing.T) {
	now := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	said := WorkerKeys{At: now, Keys: []WorkerKey{{ID: "prod", Targets: []string{"db/prod", "ssh/prod"}}, {ID: "prod", Targets: []string{"k8s/prod"}}, {ID: "all"}}}
	for _, c := range []struct {
		id, target string
		after      time.Duration
		misplaced  []string
	}{
		{"prod", "db/prod", 0, nil},
		{"prod", "k8s/prod", 0, nil},
		{"all", "db/staging", 0, nil},
		{"new", "db/prod", 0, nil},
		{"prod", "db/staging", 0, []string{"db/prod", "k8s/prod", "ssh/prod"}},
		{"prod", "db/staging", WorkerKeysLast, []string{"db/prod", "k8s/prod", "ssh/prod"}},
		{"prod", "db/staging", WorkerKeysLast + time.Second, nil},
		{"prod", "db/staging", -WorkerKeysLast - time.Second, nil},
	} {
		targets, misplaced := said.Misplaced(c.id, c.target, now.Add(c.after))
		require.Equal(t, len(c.misplaced) > 0, misplaced, "%v", c)
		require.Equal(t, len(c.misplaced), len(targets), "%v", c)
		if misplaced {
			require.Equal(t, c.misplaced, targets)
		}
	}
	_, misplaced := WorkerKeys{At: now}.Misplaced("prod", "db/prod", now)
	require.False(t, misplaced, "servers without keys.workers believe every worker")
}
