package ledger

import (
	"context"

	"ramp.dev/ramp/access"
)

// MaxContracts bounds the files of one set of contracts, in bytes.
const MaxContracts = 1 << 20

// keepContracts keeps the files of a set that is in force.
func (q querier) keepContracts(ctx context.Context, digest string, files access.ContractFiles) error {
	_, err := q.exec(ctx, `INSERT INTO contract_sets (digest, files) VALUES (?, ?) ON CONFLICT (digest) DO UPDATE SET forget_at = NULL`, digest, encodeJSON(files))
	return err
}

// Contracts returns the files of a set, whose digest it verifies. Errors are also
// CodeNotFound, and CodeEvidence for files that are not those of the digest.
func (l *Ledger) Contracts(ctx context.Context, digest string) (access.ContractFiles, error) {
	text, err := first(ctx, l.reader(), scanText, unknownContracts(digest),
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
