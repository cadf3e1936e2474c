// Package ledgertest starts a real, throw-away Postgres for tests.
package ledgertest

import (
	"os"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx", for tests that look into the database

	"ramp.dev/ramp/internal/localpostgres"
	"ramp.dev/ramp/internal/ports"
)

// Postgres starts a server on a free loopback port and returns its address.
// Without Postgres on the machine the test fails: it never passes by skipping.
func Postgres(t testing.TB) string {
	t.Helper()
	// Not t.TempDir: as root, the server runs as another user, who must be able
	// to reach its directory.
	dir, err := os.MkdirTemp("", "ramp-postgres-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s, err := localpostgres.Start(t.Context(), localpostgres.Config{Dir: dir, Addr: ports.ForTest(t), User: "ramp"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Kill)
	return s.URL("ramp", "", "postgres")
}
