package ledger

import (
	"context"

	"ramp.dev/ramp/access"
)

// MaxContracts bounds the files of one set of contracts, in bytes.
const MaxContracts = 1 << 20

// KeepContracts keeps the files of a set of contracts, so that it can be proposed, and
// that this person wrote it. Keeping them again changes nothing.
func (l *Ledger) KeepContracts(ctx context.Context, files access.ContractFiles, by access.Person, e access.Event) error {
	digest := files.Digest()
	return l.tx(ctx, func(q querier) error {
		if err := q.keepContracts(ctx, digest, files); err != nil {
			return err
		}
		n, err := q.exec(ctx, `INSERT INTO contract_authors (digest, person_id, person) VALUES (?, ?, ?) ON CONFLICT (digest, person_id) DO NOTHING`,
			digest, by.ID, encodeJSON(by))
		if err != nil || n == 0 {
			return err
		}
		return q.append(ctx, e)
	})
}

func (q querier) keepContracts(ctx context.Context, digest string, files access.ContractFiles) error {
	_, err := q.exec(ctx, `INSERT INTO contract_sets (digest, files) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING`, digest, encodeJSON(files))
	return err
}

// Contracts returns the files of a set, whose digest it verifies. Errors are also
// CodeNotFound, and CodeEvidence for files that are not those of the digest.
func (l *Ledger) Contracts(ctx context.Context, digest string) (access.ContractFiles, error) {
	text, err := first(ctx, l.reader(), scanText, access.Refuse(access.CodeNotFound, "unknown_contracts", "the ledger keeps no contracts %s; upload them first", access.ShortDigest(digest)),
		`SELECT files FROM contract_sets WHERE digest = ?`, digest)
	if err != nil {
		return nil, err
	}
	var files access.ContractFiles
	if decodeJSON(text, &files) != nil || files.Digest() != digest {
		return nil, access.Errorf(access.CodeEvidence, "the ledger holds other contracts than %s under their digest", access.ShortDigest(digest))
	}
	return files, nil
}

// ContractAuthors returns who uploaded a set, as they were then.
func (l *Ledger) ContractAuthors(ctx context.Context, digest string) ([]access.Person, error) {
	return collect(ctx, l.reader(), scanAuthor, `SELECT person FROM contract_authors WHERE digest = ? ORDER BY person_id`, digest)
}

func scanAuthor(row scanner) (p access.Person, err error) {
	text, err := scanText(row)
	if err == nil {
		err = decodeJSON(text, &p)
	}
	return p, err
}
