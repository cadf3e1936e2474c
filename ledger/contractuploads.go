package ledger

import (
	"context"
	"fmt"
	"time"

	"ramp.dev/ramp/access"
)

const (
	// ContractUploads is how many sets of contracts a person may upload within
	// ContractUploadsIn.
	ContractUploads   = 50
	ContractUploadsIn = 24 * time.Hour
	// ContractsKept is how long a set that nobody proposes is kept after it was uploaded.
	ContractsKept = 7 * 24 * time.Hour
)

// lockContractUploads is of one person's uploads, and of the uploads of one set.
const lockContractUploads lockSpace = 0x63757064

// contractUpload is what a server signs of somebody who uploads a set.
type contractUpload struct {
	Digest string        `json:"digest"`
	Number int64         `json:"number"` // of those who uploaded the set, in this order, from 1
	Person access.Person `json:"person"`
	At     time.Time     `json:"at"`
}

func contractUploadID(digest string, number int64) string {
	return fmt.Sprintf("%s %d", digest, number)
}

// contractUploadKey is the key of the event of an upload: a row that was deleted shows by
// it.
func contractUploadKey(digest string, number int64) string {
	return eventKey(fmt.Sprintf("contracts uploaded %d %s", number, digest))
}

// KeepContracts keeps the files of a set of contracts for ContractsKept, so that it can be
// proposed, and that this person wrote it, signed by the server. The event is of the
// person's first upload of the set. Keeping them again changes nothing but until when.
// Errors are CodeThrottled for somebody who has uploaded ContractUploads others, and
// CodeEvidence where somebody has changed who uploaded the set before.
func (l *Ledger) KeepContracts(ctx context.Context, files access.ContractFiles, by access.Person, e access.Event) error {
	digest := files.Digest()
	return l.tx(ctx, func(q querier) error {
		for _, name := range []string{"by " + access.FoldID(by.ID), "of " + digest} {
			if err := q.lock(ctx, lockContractUploads, name); err != nil {
				return err
			}
		}
		if err := q.checkContractUploads(ctx, digest, by, e.At); err != nil {
			return err
		}
		earlier, err := q.contractUploads(ctx, digest)
		if err != nil {
			return err
		}
		if _, err := q.exec(ctx, `INSERT INTO contract_sets (digest, files, forget_at) VALUES (?, ?, ?)
			ON CONFLICT (digest) DO UPDATE SET files = excluded.files, forget_at = CASE WHEN contract_sets.forget_at IS NULL THEN NULL ELSE excluded.forget_at END`,
			digest, encodeJSON(files), micros(e.At.Add(ContractsKept))); err != nil {
			return err
		}
		for _, u := range earlier {
			if access.FoldID(u.Person.ID) == access.FoldID(by.ID) {
				_, err := q.exec(ctx, `UPDATE contract_uploads SET uploaded_at = ? WHERE id = ?`, micros(e.At), contractUploadID(digest, u.Number))
				return err
			}
		}
		return q.addContractUpload(ctx, contractUpload{Digest: digest, Number: int64(len(earlier)) + 1, Person: whoOnly(by), At: e.At.UTC()}, e)
	})
}

func (q querier) addContractUpload(ctx context.Context, u contractUpload, e access.Event) error {
	signed, err := signRecord(q.notary, access.RecordContractUpload, u)
	if err != nil {
		return err
	}
	// A row under this id that no server signed is somebody's own.
	if _, err := q.exec(ctx, `DELETE FROM contract_uploads WHERE id = ?`, contractUploadID(u.Digest, u.Number)); err != nil {
		return err
	}
	if _, err := q.exec(ctx, `INSERT INTO contract_uploads (id, digest, person_key, uploaded_at, record) VALUES (?, ?, ?, ?, ?)`,
		contractUploadID(u.Digest, u.Number), u.Digest, access.FoldID(u.Person.ID), micros(u.At), signed); err != nil {
		return err
	}
	e.Key = contractUploadKey(u.Digest, u.Number)
	return q.append(ctx, e)
}

// whoOnly returns a person as who they are, without what they may do.
func whoOnly(p access.Person) access.Person {
	p.Groups, p.Attributes, p.LoggedInAt = nil, nil, time.Time{}
	return p
}

// CheckContractUploads returns nil if a person may upload a set at a time; errors are
// KeepContracts' own. It spares comparing what would not be kept.
func (l *Ledger) CheckContractUploads(ctx context.Context, digest string, by access.Person, now time.Time) error {
	return wrapError(l.reader().checkContractUploads(ctx, digest, by, now))
}

// checkContractUploads counts by the rows' columns: whoever writes to the database gains
// no more than uploads by changing them.
func (q querier) checkContractUploads(ctx context.Context, digest string, by access.Person, now time.Time) error {
	var n int
	err := q.row(ctx, `SELECT count(*) FROM contract_uploads WHERE person_key = ? AND uploaded_at > ? AND digest <> ?`,
		access.FoldID(by.ID), micros(now.Add(-ContractUploadsIn)), digest).Scan(&n)
	if err == nil && n >= ContractUploads {
		err = access.Refuse(access.CodeThrottled, "too_many_uploads", "you have uploaded %d sets of contracts within %s, and may upload %d; propose one of them, or try again later", n, access.Duration(ContractUploadsIn), ContractUploads)
	}
	return err
}

// ContractAuthors returns who uploaded a set, in that order, as a server signed it. Errors
// are CodeEvidence where the log tells of somebody of whom there is no signed record: an
// author was taken out, and nobody knows who else may not approve.
func (l *Ledger) ContractAuthors(ctx context.Context, digest string) (out []access.Person, err error) {
	for range 3 { // an upload may be committed between rows and log
		var uploads []contractUpload
		if uploads, err = l.reader().contractUploads(ctx, digest); err == nil {
			for _, u := range uploads {
				out = append(out, u.Person)
			}
			return out, nil
		}
		if access.CodeOf(err) != access.CodeEvidence {
			return nil, wrapError(err)
		}
	}
	l.report(err.Error())
	return nil, err
}

type contractUploadRow struct{ id, record string }

func scanContractUpload(row scanner) (x contractUploadRow, err error) {
	err = row.Scan(&x.id, &x.record)
	return x, err
}

// contractUploads returns the uploads of a set that a server signed. A row that no server
// signed makes nobody an author.
func (q querier) contractUploads(ctx context.Context, digest string) (out []contractUpload, err error) {
	rows, err := collect(ctx, q, scanContractUpload, `SELECT id, record FROM contract_uploads WHERE digest = ?`, digest)
	if err != nil {
		return nil, err
	}
	signed := map[int64]contractUpload{}
	for _, x := range rows {
		if u, ok := readRecord[contractUpload](q.notary, access.RecordContractUpload, x.record); ok && u.Digest == digest && x.id == contractUploadID(digest, u.Number) {
			signed[u.Number] = u
		}
	}
	for n := int64(1); ; n++ {
		logged, err := q.hasEvent(ctx, contractUploadKey(digest, n))
		if err != nil {
			return nil, err
		}
		u, ok := signed[n]
		switch {
		case ok:
			out = append(out, u)
		case logged || len(out) < len(signed):
			return nil, access.Refuse(access.CodeEvidence, "contracts_author_missing", "who uploaded the contracts %s is no longer in the ledger as a server signed it (upload %d): propose others, which may differ in a comment alone", access.ShortDigest(digest), n)
		default:
			return out, nil
		}
	}
}

// ForgetContracts deletes the files of sets that nobody proposed in time, and returns how
// many. Who uploaded them is kept.
func (l *Ledger) ForgetContracts(ctx context.Context, now time.Time) (forgotten int64, err error) {
	err = l.tx(ctx, func(q querier) error {
		forgotten, err = q.exec(ctx, `DELETE FROM contract_sets WHERE forget_at < ?`, micros(now))
		return err
	})
	return forgotten, err
}

// proposeContracts has a set kept for ever, since a request proposes it. Errors are
// CodeNotFound for a set that is not there.
func (q querier) proposeContracts(ctx context.Context, change *access.ContractChange) error {
	if change == nil {
		return nil
	}
	n, err := q.exec(ctx, `UPDATE contract_sets SET forget_at = NULL WHERE digest = ?`, change.Set)
	if err == nil && n == 0 {
		err = unknownContracts(change.Set)
	}
	return err
}

func unknownContracts(digest string) error {
	return access.Refuse(access.CodeNotFound, "unknown_contracts", "the ledger keeps no contracts %s; upload them first", access.ShortDigest(digest))
}
