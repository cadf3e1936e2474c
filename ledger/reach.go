package ledger

import (
	"context"
	"strings"
)

// Reach asks a database whether it can be used, and makes no tables in it. A file
// of SQLite is not looked at: it is made when it is first opened. Errors are
// CodeInvalid for a malformed address, and CodeUnavailable.
func Reach(ctx context.Context, address string) error {
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok && path != "" {
		return nil
	}
	l, err := connect(address)
	if err != nil {
		return err
	}
	defer l.Close()
	if err := l.read.PingContext(ctx); err != nil {
		return unavailable(err)
	}
	return nil
}
