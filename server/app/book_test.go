package app

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"ramp.dev/ramp/ledger"
)

// newBook returns a real ledger, and its database as somebody has it who owns that.
func newBook(t *testing.T) (*ledger.Ledger, *sql.DB) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	book, err := ledger.Open(t.Context(), "sqlite:"+path)
	require.NoError(t, err)
	t.Cleanup(func() { book.Close() })
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	return book, db
}
