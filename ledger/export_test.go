package ledger

import "fmt"

// LimitPages bounds how large the SQLite database may grow, for tests of those who
// may not mount a small disk; it never shrinks it.
func (l *Ledger) LimitPages(n int) error {
	_, err := l.writer.database().Exec(fmt.Sprintf("PRAGMA max_page_count = %d", n))
	return err
}
