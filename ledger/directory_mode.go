package ledger

import (
	"context"
	"time"

	"ramp.dev/ramp/access"
)

// DirectoryMode says what the people and groups that a provider provisioned here
// are used for. The zero value uses nothing.
type DirectoryMode struct {
	Enabled  bool
	Groups   bool // the directory says who is in which group; otherwise tokens do
	Required bool // a human who is not in the directory is refused
}

// directoryRecord is what a server signs of the mode.
type directoryRecord struct {
	Version int64         `json:"version"`
	Mode    DirectoryMode `json:"mode"`
}

// SetDirectory sets the mode, for this process and for all others that have this
// ledger, and records it.
func (l *Ledger) SetDirectory(ctx context.Context, m DirectoryMode) error {
	return l.tx(ctx, func(q querier) error {
		if err := q.lock(ctx, lockDirectory, ""); err != nil {
			return err
		}
		if now, err := q.directory(ctx); err == nil && now == m {
			return nil
		}
		version, err := q.nextVersion(ctx, 0, directoryKey)
		if err != nil {
			return err
		}
		signed, err := signRecord(q.notary, access.RecordDirectory, directoryRecord{version, m})
		if err != nil {
			return err
		}
		if _, err := q.exec(ctx, `UPDATE directory_mode SET enabled = ?, groups = ?, required = ?, version = ?, record = ? WHERE id = 1`,
			boolInt(m.Enabled), boolInt(m.Groups), boolInt(m.Required), version, signed); err != nil {
			return err
		}
		detail := map[string]string{}
		for name, on := range map[string]bool{"enabled": m.Enabled, "groups": m.Groups, "required": m.Required} {
			detail[name] = map[bool]string{true: "true", false: "false"}[on]
		}
		return q.append(ctx, access.Event{At: time.Now().UTC(), Kind: access.EventDirectoryChanged, Actor: access.ActorRamp, Key: directoryKey(version), Detail: detail})
	})
}

// Directory returns the mode that is in force. Errors are also CodeEvidence for one
// that no server set as it stands: somebody who writes to the database must not turn
// off-boarding off.
func (l *Ledger) Directory(ctx context.Context) (m DirectoryMode, err error) {
	m, err = l.reader().directory(ctx)
	if access.CodeOf(err) == access.CodeEvidence {
		l.report(err.Error())
	}
	return m, wrapError(err)
}

func (q querier) directory(ctx context.Context) (DirectoryMode, error) {
	var version int64
	var signed string
	var isNewer int
	err := q.row(ctx, `SELECT version, record, `+newer(`'directory '`, `version`)+` FROM directory_mode WHERE id = 1`).Scan(&version, &signed, &isNewer)
	if err != nil {
		return DirectoryMode{}, err
	}
	record, ok := directoryRecord{}, version == 0 && signed == "" // as the ledger was made
	if !ok {
		record, ok = readRecord[directoryRecord](q.notary, access.RecordDirectory, signed)
	}
	if !ok || record.Version != version || isNewer != 0 {
		return DirectoryMode{}, access.Errorf(access.CodeEvidence, "whether the directory counts is not recorded as a server set it (table directory_mode); a server with server.scim.replace sets it again")
	}
	return record.Mode, nil
}
