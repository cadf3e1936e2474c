package opponents

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	_ "modernc.org/sqlite"             // driver "sqlite"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// Writer writes the ledger's database as its owner, past Ramp: triggers do not
// hold it. Its statements are SQL that both databases understand, with ? for
// parameters.
type Writer struct {
	db       *sql.DB
	postgres bool
}

// OpenWriter opens the ledger at an address as in Ramp's configuration:
// sqlite:PATH or postgres://….
func OpenWriter(ctx context.Context, address string) (*Writer, error) {
	w, err := openDatabase(address)
	if err != nil {
		return nil, err
	}
	if err := w.dropTriggers(ctx); err != nil {
		w.db.Close()
		return nil, err
	}
	return w, nil
}

func openDatabase(address string) (*Writer, error) {
	w := &Writer{}
	var err error
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok {
		w.db, err = sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?_pragma=busy_timeout(10000)&_txlock=immediate")
	} else {
		w.postgres = true
		w.db, err = sql.Open("pgx", address)
	}
	if err != nil {
		return nil, err
	}
	w.db.SetMaxOpenConns(1)
	return w, nil
}

// SignedPlan returns a request's signed plan, which Temporal does not have: from a backup
// of the ledger, or from an evidence pack.
func SignedPlan(ctx context.Context, address, requestID string) (e evidence.Envelope, err error) {
	w, err := openDatabase(address)
	if err != nil {
		return e, err
	}
	defer w.Close()
	text, err := w.Text(ctx, `SELECT plan_envelope FROM requests WHERE id = ?`, requestID)
	if err != nil {
		return e, err
	}
	return evidence.ReadEnvelope([]byte(text))
}

// ForgetMeanings deletes what workers have kept of what entitlements mean, so that servers
// ask again.
func ForgetMeanings(ctx context.Context, address string) error {
	w, err := openDatabase(address)
	if err != nil {
		return err
	}
	defer w.Close()
	_, err = w.Exec(ctx, `DELETE FROM meanings`)
	return err
}

// dropTriggers takes away what keeps the log append-only.
func (w *Writer) dropTriggers(ctx context.Context) error {
	find := `SELECT 'DROP TRIGGER ' || name FROM sqlite_master WHERE type = 'trigger'`
	if w.postgres {
		find = `SELECT 'DROP TRIGGER ' || tgname || ' ON ' || tgrelid::regclass FROM pg_trigger WHERE NOT tgisinternal`
	}
	rows, err := w.db.QueryContext(ctx, find)
	if err != nil {
		return err
	}
	var drops []string
	for rows.Next() {
		var drop string
		if err := rows.Scan(&drop); err != nil {
			return err
		}
		drops = append(drops, drop)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, drop := range drops {
		if _, err := w.db.ExecContext(ctx, drop); err != nil {
			return err
		}
	}
	return nil
}

// Close closes the connection.
func (w *Writer) Close() { w.db.Close() }

// Exec runs a statement, and returns how many rows it changed.
func (w *Writer) Exec(ctx context.Context, statement string, args ...any) (int64, error) {
	res, err := w.db.ExecContext(ctx, w.rebind(statement), args...)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", statement, err)
	}
	return res.RowsAffected()
}

// Text returns the first column of the first row, as text.
func (w *Writer) Text(ctx context.Context, query string, args ...any) (out string, err error) {
	if err = w.db.QueryRowContext(ctx, w.rebind(query), args...).Scan(&out); err != nil {
		err = fmt.Errorf("%s: %w", query, err)
	}
	return out, err
}

func (w *Writer) rebind(statement string) string {
	if !w.postgres {
		return statement
	}
	var b strings.Builder
	n := 0
	for _, r := range statement {
		if r == '?' {
			n++
			b.WriteString("$" + strconv.Itoa(n))
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// SignIn writes a session of anybody's, and returns the cookie that belongs to it
// (docs/threats.md, case 50).
func (w *Writer) SignIn(ctx context.Context, p access.Person) (cookie string, err error) {
	cookie = "opponent-" + access.NewRequestID() + access.NewRequestID()
	now := time.Now()
	data, err := json.Marshal(map[string]any{"deadline": now.Add(8 * time.Hour).UTC(), "person": p})
	if err != nil {
		return "", err
	}
	_, err = w.Exec(ctx, `INSERT INTO sessions (token_digest, person_id, person_key, data, address, user_agent, created_at, seen_at, expires_at) VALUES (?, ?, ?, ?, '127.0.0.1', 'a browser', ?, ?, ?)`,
		SessionDigest(cookie), p.ID, p.ID, data, now.UnixMicro(), now.UnixMicro(), now.Add(8*time.Hour).UnixMicro())
	return cookie, err
}

// SessionDigest returns the key under which the ledger keeps a cookie's session.
func SessionDigest(cookie string) string {
	sum := sha256.Sum256([]byte(cookie))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// EditDocument changes a document of one row of a table; key is the row's primary
// key, of the column id or name.
func (w *Writer) EditDocument(ctx context.Context, table, column, keyColumn, key string, change func(map[string]any)) error {
	text, err := w.Text(ctx, `SELECT `+column+` FROM `+table+` WHERE `+keyColumn+` = ?`, key)
	if err != nil {
		return err
	}
	var doc map[string]any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		return err
	}
	change(doc)
	b, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	_, err = w.Exec(ctx, `UPDATE `+table+` SET `+column+` = ? WHERE `+keyColumn+` = ?`, string(b), key)
	return err
}

// MoveEnd moves the end of a grant, and of its request, as the ledger has them.
func (w *Writer) MoveEnd(ctx context.Context, requestID string, by time.Duration) error {
	if _, err := w.Exec(ctx, `UPDATE grants SET expires_at = expires_at + ? WHERE request_id = ?`, by.Microseconds(), requestID); err != nil {
		return err
	}
	_, err := w.Exec(ctx, `UPDATE requests SET expires_at = expires_at + ? WHERE id = ?`, by.Microseconds(), requestID)
	return err
}

// CutTail deletes the latest n events (docs/threats.md, case 66).
func (w *Writer) CutTail(ctx context.Context, n int64) error {
	text, err := w.Text(ctx, `SELECT CAST(MAX(seq) AS TEXT) FROM events`)
	if err != nil {
		return err
	}
	size, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return err
	}
	return w.CutAfter(ctx, size-n)
}

// CutAfter deletes what follows the first n events, together with the hashes that the log
// keeps of it.
func (w *Writer) CutAfter(ctx context.Context, n int64) error {
	if _, err := w.Exec(ctx, `DELETE FROM events WHERE seq > ?`, n); err != nil {
		return err
	}
	_, err := w.Exec(ctx, `DELETE FROM log_hashes WHERE idx >= ?`, storedHashes(n))
	return err
}

// storedHashes returns how many hashes a log of n leaves keeps: one for each leaf,
// and one for each complete subtree (golang.org/x/mod/sumdb/tlog).
func storedHashes(n int64) (count int64) {
	for level := n; level > 0; level /= 2 {
		count += level
	}
	return count
}
