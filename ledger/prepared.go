package ledger

import (
	"context"
	"database/sql"
	"sync"
)

// preparer is what *sql.DB and *sql.Conn have in common.
type preparer interface {
	handle
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

// prepared runs statements and keeps them compiled. SQLite compiles a statement each
// time it is run otherwise, which for the ledger's short ones takes as long as running
// them.
type prepared struct {
	preparer
	mu   sync.Mutex
	kept map[string]*sql.Stmt
}

var _ handle = (*prepared)(nil)

// maxPrepared bounds what is kept: the texts of some statements depend on how many
// values they are given.
const maxPrepared = 200

func newPrepared(p preparer) *prepared { return &prepared{preparer: p, kept: map[string]*sql.Stmt{}} }

// statement returns a statement compiled, or nil where it is to be run as it is.
func (p *prepared) statement(ctx context.Context, query string) *sql.Stmt {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s, ok := p.kept[query]; ok {
		return s
	}
	if len(p.kept) >= maxPrepared {
		return nil
	}
	s, err := p.PrepareContext(ctx, query)
	if err != nil {
		return nil // running it returns the error
	}
	p.kept[query] = s
	return s
}

// ExecContext implements handle.
func (p *prepared) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if s := p.statement(ctx, query); s != nil {
		return s.ExecContext(ctx, args...)
	}
	return p.preparer.ExecContext(ctx, query, args...)
}

// QueryContext implements handle.
func (p *prepared) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if s := p.statement(ctx, query); s != nil {
		return s.QueryContext(ctx, args...)
	}
	return p.preparer.QueryContext(ctx, query, args...)
}

// QueryRowContext implements handle.
func (p *prepared) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if s := p.statement(ctx, query); s != nil {
		return s.QueryRowContext(ctx, args...)
	}
	return p.preparer.QueryRowContext(ctx, query, args...)
}
