package ledger

import (
	"context"
	"fmt"
	"time"

	"ramp.dev/ramp/access"
)

// ContractLine is a sequence of sets of contracts of which each replaced the one before.
type ContractLine string

const (
	// LineSource are the sets that servers read from a directory or a repository: they
	// are recorded, and come into force without the ledger.
	LineSource ContractLine = "source"
	// LineProposals are the sets that are in force because the ledger says so.
	LineProposals ContractLine = "proposals"
)

// lockContractLine is of one line of sets of contracts.
const lockContractLine lockSpace = 0x63736574

// ContractSigner signs that a set came into force.
type ContractSigner func(access.ContractsInForce) ([]byte, error)

// ContractCheck returns nil if what was signed about a request lets it bring contracts into
// force.
type ContractCheck func(statements [][]byte) error

// inForce is the newest of a line, as its row says.
type inForce struct {
	number         int64
	digest, record string
}

func scanInForce(row scanner) (x inForce, err error) {
	err = row.Scan(&x.number, &x.digest, &x.record)
	return x, err
}

// contractsKey is the key of the event about one set of a line. A record is the newest
// while the log has no event of the number after it: see Notary.
func contractsKey(line ContractLine, number int64) string {
	return fmt.Sprintf("contracts in force %s %d", line, number)
}

const selectInForce = `SELECT number, digest, record FROM contracts_in_force WHERE line = ? ORDER BY number DESC LIMIT 1`

func noContracts() error {
	return access.Errorf(access.CodeNotFound, "the ledger does not say which contracts are in force")
}

// ContractsInForce returns the signed record of the newest set of a line, which the
// caller verifies. Errors are also CodeNotFound where there is none yet, and
// CodeEvidence where the log tells of a later one: somebody has deleted it.
func (l *Ledger) ContractsInForce(ctx context.Context, line ContractLine) ([]byte, error) {
	q := l.reader()
	x, err := first(ctx, q, scanInForce, noContracts(), selectInForce, string(line))
	if err != nil && access.CodeOf(err) != access.CodeNotFound {
		return nil, err
	}
	// A later one may be committed between the two statements; then its row is there too.
	later, errLater := q.hasEvent(ctx, contractsKey(line, x.number+1))
	if errLater != nil {
		return nil, wrapError(errLater)
	}
	if later {
		now, err := first(ctx, q, scanInForce, noContracts(), selectInForce, string(line))
		if err != nil || now.number <= x.number {
			return nil, access.Errorf(access.CodeEvidence, "the log tells of contracts that came into force after those that the ledger has (number %d): a record was deleted", x.number)
		}
		return l.ContractsInForce(ctx, line)
	}
	return []byte(x.record), err
}

// TakeSource records that servers have a set of a directory or repository in force, with
// the event, unless the newest record of the line is of the same set: several servers
// record it once. With files, they are kept too.
func (l *Ledger) TakeSource(ctx context.Context, line ContractLine, r access.ContractsInForce, files access.ContractFiles, sign ContractSigner, e access.Event) error {
	return l.tx(ctx, func(q querier) error {
		x, err := q.newestContracts(ctx, line)
		if err != nil {
			return err
		}
		if line == LineProposals && x.number > 0 {
			return nil // another server was first
		}
		if line == LineSource && x.digest == r.Set {
			// Unless contracts have changed by proposals since, and no longer do.
			since, err := q.exists(ctx, `SELECT 1 FROM contracts_in_force a, contracts_in_force b
				WHERE a.line = ? AND a.number = ? AND b.line = ? AND b.taken_at > a.taken_at`, string(line), x.number, string(LineProposals))
			if err != nil || !since {
				return err
			}
		}
		if files != nil {
			if err := q.keepContracts(ctx, r.Set, files); err != nil {
				return err
			}
		}
		r.Replaces = x.digest
		return q.takeContracts(ctx, line, x, r, sign, e)
	})
}

// OpenContracts opens a grant that brings a set into force, with the record and the
// event, unless it is in force already. It is idempotent by the grant's name. check is
// given what is signed about the request, while nobody can record more: servers hold a
// record against just that, and one that came after a denial would be believed by none.
// Errors are also check's, CodeConflict if the set that it replaces is no longer in force,
// and CodeInvalid if the ledger does not have its files.
func (l *Ledger) OpenContracts(ctx context.Context, expires time.Time, r access.ContractsInForce, check ContractCheck, sign ContractSigner, e access.Event) error {
	return l.tx(ctx, func(q querier) error {
		x, err := q.newestContracts(ctx, LineProposals)
		if err != nil {
			return err
		}
		taken, err := q.exists(ctx, `SELECT 1 FROM contracts_in_force WHERE line = ? AND grant_name = ?`, string(LineProposals), r.Grant)
		if err != nil {
			return err
		}
		// An attempt that comes again after others have replaced the set brings nothing back.
		if !taken && x.digest != r.Set {
			if err := access.CheckReplaces(r.Replaces, x.digest); err != nil {
				return err
			}
			known, err := q.exists(ctx, `SELECT 1 FROM contract_sets WHERE digest = ?`, r.Set)
			if err != nil {
				return err
			}
			if !known {
				return access.Invalid(access.Issue{Code: "unknown_contracts", Field: "set", Message: "the ledger does not have these contracts"})
			}
			if err := q.checkDecided(ctx, r.RequestID, check); err != nil {
				return err
			}
			if err := q.takeContracts(ctx, LineProposals, x, r, sign, e); err != nil {
				return err
			}
		}
		_, err = q.exec(ctx, `INSERT INTO contract_grants (name, expires_at) VALUES (?, ?) ON CONFLICT (name) DO NOTHING`, r.Grant, micros(expires))
		return err
	})
}

func (q querier) checkDecided(ctx context.Context, request string, check ContractCheck) error {
	if _, err := q.lockWhere(ctx, `id = ?`, request); err != nil {
		return err
	}
	statements, err := collect(ctx, q, scanEnvelope, `SELECT envelope FROM statements WHERE request_id = ? ORDER BY id`, request)
	if err != nil {
		return err
	}
	return check(statements)
}

// LoggedContracts is what the log tells of a set that came into force by a request.
type LoggedContracts struct {
	Seq      int64          // of the event that it came into force; 0: the log does not tell of it
	Previous time.Time      // when the set that it replaced did; zero: it is the first
	Later    bool           // the log tells of the set that replaced it
	Before   []access.Event // of the request, before that: decisions, and that it was over
}

// LoggedContracts returns what the log tells of the set of a number that a request brought
// into force. Rows can be put back; the log shows what is missing from it.
func (l *Ledger) LoggedContracts(ctx context.Context, line ContractLine, number int64, request string) (out LoggedContracts, err error) {
	q := l.reader()
	if out.Later, err = q.hasEvent(ctx, contractsKey(line, number+1)); err != nil {
		return out, wrapError(err)
	}
	keys, args := inList([]string{contractsKey(line, number-1), contractsKey(line, number)})
	taken, err := collect(ctx, q, scanEvent, selectEvents+` WHERE request_id = '' AND idempotency_key <> '' AND idempotency_key IN `+keys, args...)
	if err != nil {
		return out, err
	}
	for _, e := range taken {
		if e.Key == contractsKey(line, number) {
			out.Seq = e.Seq
		} else {
			out.Previous = e.At
		}
	}
	if out.Seq == 0 {
		return out, nil
	}
	kinds, of := inList(append(finalKinds(), access.EventDecisionRecorded, access.EventEndOrdered))
	out.Before, err = collect(ctx, q, scanEvent, selectEvents+` WHERE request_id = ? AND request_id <> '' AND seq < ? AND kind IN `+kinds+` ORDER BY seq`, append([]any{request, out.Seq}, of...)...)
	return out, err
}

func (q querier) newestContracts(ctx context.Context, line ContractLine) (inForce, error) {
	if err := q.lock(ctx, lockContractLine, string(line)); err != nil {
		return inForce{}, err
	}
	x, err := first(ctx, q, scanInForce, noContracts(), selectInForce, string(line))
	if access.CodeOf(err) == access.CodeNotFound {
		return inForce{}, nil
	}
	return x, err
}

func (q querier) takeContracts(ctx context.Context, line ContractLine, before inForce, r access.ContractsInForce, sign ContractSigner, e access.Event) error {
	r.Number = before.number + 1
	e.Key = contractsKey(line, r.Number)
	if again, err := q.hasEvent(ctx, e.Key); err != nil || again {
		if err == nil {
			err = access.Errorf(access.CodeEvidence, "the log tells of contracts that came into force after those that the ledger has (number %d): a record was deleted", before.number)
		}
		return err
	}
	record, err := sign(r)
	if err != nil {
		return err
	}
	if _, err := q.exec(ctx, `INSERT INTO contracts_in_force (line, number, digest, grant_name, taken_at, record) VALUES (?, ?, ?, ?, ?, ?)`,
		string(line), r.Number, r.Set, r.Grant, micros(r.At), string(record)); err != nil {
		return err
	}
	return q.append(ctx, e)
}

// CloseContracts closes a grant that brought a set into force. The set stays.
func (l *Ledger) CloseContracts(ctx context.Context, grant string) error {
	return l.tx(ctx, func(q querier) error {
		_, err := q.exec(ctx, `DELETE FROM contract_grants WHERE name = ?`, grant)
		return err
	})
}

// ContractGrants returns the grants that are not closed, with their ends.
func (l *Ledger) ContractGrants(ctx context.Context) (map[string]time.Time, error) {
	type grant struct {
		name string
		end  int64
	}
	rows, err := collect(ctx, l.reader(), func(row scanner) (g grant, err error) {
		err = row.Scan(&g.name, &g.end)
		return g, err
	}, `SELECT name, expires_at FROM contract_grants`)
	out := map[string]time.Time{}
	for _, g := range rows {
		out[g.name] = timeOf(g.end)
	}
	return out, err
}
