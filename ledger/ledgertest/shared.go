package ledgertest

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"sync"
	"testing"

	"ramp.dev/ramp/internal/localpostgres"
	"ramp.dev/ramp/internal/ports"
)

// Shared is one Postgres for all tests of a package that need a database and not a server
// of their own: to make and start a server takes seconds, a database a tenth of one. The
// server starts with the first database, and the package's TestMain ends it by Run.
type Shared struct {
	mu     sync.Mutex
	server *localpostgres.Server
	port   *ports.Port
	dir    string
	made   int
}

// Run runs the tests of a package, ends the server, and returns the exit code.
func (s *Shared) Run(m *testing.M) int {
	defer func() {
		if s.server != nil {
			s.server.Kill()
			s.port.Release()
		}
		if s.dir != "" {
			_ = os.RemoveAll(s.dir)
		}
	}()
	return m.Run()
}

// Database makes a database for one test and returns its address. The server's roles and
// settings are the same for all tests: one that changes them calls Postgres.
func (s *Shared) Database(t testing.TB) string {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("pgx", s.server.URL("ramp", "", "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s.made++
	name := fmt.Sprintf("test%d", s.made)
	if _, err := db.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	return s.server.URL("ramp", "", name)
}

func (s *Shared) start() (err error) {
	if s.server != nil {
		return nil
	}
	if s.port == nil {
		if s.port, err = ports.Reserve("127.0.0.1"); err != nil {
			return err
		}
	}
	if s.dir == "" {
		if s.dir, err = os.MkdirTemp("", "ramp-postgres-"); err != nil {
			return err
		}
	}
	// Not the context of the test that is the first: the server outlives it.
	s.server, err = localpostgres.Start(context.Background(), localpostgres.Config{Dir: s.dir, Addr: s.port.Addr(), User: "ramp"})
	return err
}
