package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/strictjson"
)

// Notary signs what must not be believed for being in the database, and verifies it
// (docs/threats.md, case 51): who there is, who is in which group, which accounts are
// one human's, and whether any of this counts. Servers sign; workers verify.
type Notary interface {
	// Sign returns a signed record. Errors are CodeForbidden for a process that
	// signs nothing, and CodeUnavailable for a key that does not sign.
	Sign(kind access.RecordKind, record []byte) (signed string, err error)
	// Verify returns the record of that kind that a server signed. Errors are
	// CodeEvidence.
	Verify(kind access.RecordKind, signed string) (record []byte, err error)
	// Own reports whether a signed record names this process's own key.
	Own(signed string) bool
}

// UseNotary sets who signs and verifies; report is told of each record that is not
// believed, and may be nil. Without a notary nothing is signed, and no record is
// believed. It is called before the ledger is used.
func (l *Ledger) UseNotary(n Notary, report func(what string)) {
	l.notary = n
	if report != nil {
		l.report = report
	}
}

// noNotary is the notary of a ledger that has none.
type noNotary struct{}

func (noNotary) Sign(access.RecordKind, []byte) (string, error) {
	return "", access.Errorf(access.CodeForbidden, "this process signs no records")
}

func (noNotary) Verify(access.RecordKind, string) ([]byte, error) {
	return nil, access.Errorf(access.CodeEvidence, "this process has no keys to verify records with")
}

func (noNotary) Own(string) bool { return true }

func signRecord(n Notary, kind access.RecordKind, record any) (string, error) {
	b, err := json.Marshal(record)
	if err != nil {
		return "", err
	}
	return n.Sign(kind, b)
}

// readRecord returns a record that a server signed; false for anything else.
func readRecord[T any](n Notary, kind access.RecordKind, signed string) (record T, ok bool) {
	b, err := n.Verify(kind, signed)
	return record, err == nil && strictjson.Unmarshal(b, &record) == nil
}

// A signed record that is put back after it was replaced is signed still. So each
// change of a record has a version, and an event with a key that names it, in the
// transaction of the change: a record is the latest while the log has no event of the
// version after it. An attacker who puts an older one back must cut the log too, which
// shows (docs/threats.md, case 42).

func userKey(id string, version int64) string {
	return fmt.Sprintf("directory user %s %d", id, version)
}
func groupKey(id string, version int64) string {
	return fmt.Sprintf("directory group %s %d", id, version)
}
func directoryKey(version int64) string { return fmt.Sprintf("directory %d", version) }

// linkKey is of an account, by FoldID.
func linkKey(account string, version int64) string {
	return eventKey(fmt.Sprintf("account link %d %s", version, account))
}

// knownKey is the key of the first event that tells of a person by an id, by FoldID:
// one whose record is gone from the database stays known by it.
func knownKey(person string) string { return eventKey("directory knows " + person) }

// eventKey is a key as the log keeps it.
func eventKey(key string) string { return access.Event{Key: key}.Normalized().Key }

// newer is an SQL expression: whether the log has an event of the version after a
// row's. prefix is an SQL expression of what stands before the version in its key.
func newer(prefix, version string) string {
	return `CASE WHEN EXISTS (SELECT 1 FROM events e WHERE e.request_id = '' AND e.idempotency_key <> '' AND e.idempotency_key = ` +
		prefix + ` || (` + version + ` + 1)) THEN 1 ELSE 0 END`
}

// nextVersion returns the version that follows all that the log has events of.
func (q querier) nextVersion(ctx context.Context, version int64, key func(version int64) string) (int64, error) {
	for version++; ; version++ {
		has, err := q.hasEvent(ctx, key(version))
		if err != nil || !has {
			return version, err
		}
	}
}

// hasEvent reports whether the log has an event with a key that is about no request.
func (q querier) hasEvent(ctx context.Context, key string) (bool, error) {
	return q.exists(ctx, `SELECT 1 FROM events WHERE request_id = '' AND idempotency_key <> '' AND idempotency_key = ?`, key)
}

// haveEvents returns those of the keys of which the log has events that are about no
// request.
func (q querier) haveEvents(ctx context.Context, keys []string) (map[string]bool, error) {
	found := map[string]bool{}
	for some := range slices.Chunk(keys, maxNames) {
		marks, args := inList(some)
		list, err := collect(ctx, q, scanText, `SELECT idempotency_key FROM events WHERE request_id = '' AND idempotency_key <> '' AND idempotency_key IN `+marks, args...)
		if err != nil {
			return nil, err
		}
		for _, key := range list {
			found[key] = true
		}
	}
	return found, nil
}

// recordTables are where signed records are, with the column that names each. Codes that
// link a user of a chat service are signed too, and are not here: they live ten minutes.
var recordTables = map[access.RecordKind]struct{ table, id string }{
	access.RecordDirectory: {"directory_mode", "id"}, access.RecordUser: {"directory_users", "id"},
	access.RecordGroup: {"directory_groups", "id"}, access.RecordLink: {"linked_accounts", "id"},
	access.RecordExternalLink: {"external_links", "id"}, access.RecordContractUpload: {"contract_uploads", "id"},
	access.RecordRemoval: {"removals", "seq"},
}

// SignRecords signs again every record that another key signed, so that the key can be
// replaced: until all are signed with the new one, the old one must be trusted. A
// record that cannot be verified is left as it is. It returns how many it signed.
func (l *Ledger) SignRecords(ctx context.Context) (signed int, err error) {
	for _, kind := range slices.Sorted(maps.Keys(recordTables)) {
		at := recordTables[kind]
		last := ""
		for {
			type row struct{ id, record string }
			rows, err := collect(ctx, l.reader(), func(s scanner) (r row, err error) {
				err = s.Scan(&r.id, &r.record)
				return r, err
			}, `SELECT CAST(`+at.id+` AS TEXT), record FROM `+at.table+` WHERE CAST(`+at.id+` AS TEXT) > ? ORDER BY 1 LIMIT 200`, last)
			if err != nil {
				return signed, err
			}
			if len(rows) == 0 {
				break
			}
			for _, r := range rows {
				last = r.id
				b, err := l.notary.Verify(kind, r.record)
				if err != nil || l.notary.Own(r.record) {
					continue
				}
				again, err := l.notary.Sign(kind, b)
				if err != nil {
					return signed, err
				}
				err = l.tx(ctx, func(q querier) error {
					// Unless it was changed meanwhile, and signed with that.
					_, err := q.exec(ctx, `UPDATE `+at.table+` SET record = ? WHERE CAST(`+at.id+` AS TEXT) = ? AND record = ?`, again, r.id, r.record)
					return err
				})
				if err != nil {
					return signed, err
				}
				signed++
			}
		}
	}
	return signed, nil
}
