package ledger_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/ledger/ledgertest"
)

// uploads keeps a set that a person wrote.
func (b fixture) uploads(who, text string, when time.Time) (digest string, err error) {
	files := access.ContractFiles{"a.yaml": text}
	return files.Digest(), b.KeepContracts(ctx, files, access.Person{ID: who, Kind: access.KindHuman, Groups: []string{"owners"}, LoggedInAt: at},
		access.Event{At: when, Kind: access.EventContractsKept, Actor: who})
}

func (b fixture) authors(digest string) (ids []string) {
	b.Helper()
	people, err := b.ContractAuthors(ctx, digest)
	require.NoError(b, err)
	for _, p := range people {
		require.Empty(b, p.Groups)
		require.Zero(b, p.LoggedInAt)
		ids = append(ids, p.ID)
	}
	return ids
}

func (b fixture) sql(statement string, args ...any) {
	b.Helper()
	for n := 1; !b.sqlite() && n <= len(args); n++ {
		statement = strings.Replace(statement, "?", fmt.Sprintf("$%d", n), 1)
	}
	result, err := b.raw.Exec(statement, args...)
	require.NoError(b, err)
	n, err := result.RowsAffected()
	require.NoError(b, err)
	require.NotZero(b, n, statement)
}

var uploadSuite = map[string]func(b fixture){
	"Case106 whoever writes to the ledger takes no author away": func(b fixture) {
		digest, err := b.uploads("mallory", "taken away", at)
		require.NoError(b, err)
		_, err = b.uploads("friend", "taken away", at)
		require.NoError(b, err)
		require.Equal(b, []string{"mallory", "friend"}, b.authors(digest))
		b.sql(`DELETE FROM contract_uploads WHERE id = ?`, digest+" 1")
		_, err = b.ContractAuthors(ctx, digest)
		b.code(access.CodeEvidence, err)
		require.Equal(b, "contracts_author_missing", access.IssuesOf(err)[0].Code)
		_, err = b.uploads("mallory", "taken away", at)
		b.code(access.CodeEvidence, err)
		b.sql(`DELETE FROM contract_uploads WHERE digest = ?`, digest)
		_, err = b.ContractAuthors(ctx, digest)
		b.code(access.CodeEvidence, err)

		// Nor by the record of another upload in the place of theirs.
		other, err := b.uploads("friend", "the same but for this", at)
		require.NoError(b, err)
		digest, err = b.uploads("mallory", "with another record", at)
		require.NoError(b, err)
		b.sql(`UPDATE contract_uploads SET record = (SELECT record FROM contract_uploads WHERE id = ?) WHERE id = ?`, other+" 1", digest+" 1")
		_, err = b.ContractAuthors(ctx, digest)
		b.code(access.CodeEvidence, err)
		digest, err = b.uploads("mallory", "twice the friend", at)
		require.NoError(b, err)
		_, err = b.uploads("friend", "twice the friend", at)
		require.NoError(b, err)
		b.sql(`UPDATE contract_uploads SET record = (SELECT record FROM contract_uploads WHERE id = ?) WHERE id = ?`, digest+" 2", digest+" 1")
		_, err = b.ContractAuthors(ctx, digest)
		b.code(access.CodeEvidence, err)
	},
	"Case106 whoever writes to the ledger makes nobody an author": func(b fixture) {
		digest, err := b.uploads("mallory", "with an owner", at)
		require.NoError(b, err)
		owners, err := b.uploads("olga", "what the owner wrote", at)
		require.NoError(b, err)
		b.sql(`INSERT INTO contract_uploads (id, digest, person_key, uploaded_at, record) VALUES (?, ?, 'olga', 0, '{"digest": "x", "number": 2, "person": {"id": "olga"}}')`, digest+" 2", digest)
		b.sql(`INSERT INTO contract_uploads (id, digest, person_key, uploaded_at, record) SELECT ?, ?, person_key, uploaded_at, record FROM contract_uploads WHERE id = ?`, digest+" 3", digest, owners+" 1")
		require.Equal(b, []string{"mallory"}, b.authors(digest))
		_, err = b.uploads("friend", "with an owner", at)
		require.NoError(b, err, "a row of somebody's own keeps nobody out")
		require.Equal(b, []string{"mallory", "friend"}, b.authors(digest))
	},
	"Case108 a person uploads so many sets, and those that nobody proposes are forgotten": func(b fixture) {
		start := at.Add(365 * 24 * time.Hour)
		_, err := b.ForgetContracts(ctx, start) // of other tests
		require.NoError(b, err)
		var first string
		for n := range ledger.ContractUploads {
			digest, err := b.uploads("eager", fmt.Sprint("set ", n), start)
			require.NoError(b, err)
			if n == 0 {
				first = digest
			}
		}
		last, err := b.uploads("eager", "one more", start)
		b.code(access.CodeThrottled, err)
		eager := access.Person{ID: "Eager"} // one person in every letter case
		b.code(access.CodeThrottled, b.CheckContractUploads(ctx, last, eager, start))
		require.NoError(b, b.CheckContractUploads(ctx, first, eager, start))
		_, err = b.uploads("eager", "set 0", start)
		require.NoError(b, err, "the same again is none more")
		_, err = b.uploads("patient", "one more", start)
		require.NoError(b, err)
		_, err = b.uploads("eager", "set 1", start.Add(ledger.ContractUploadsIn+time.Second))
		require.NoError(b, err)
		_, err = b.uploads("eager", "later", start.Add(ledger.ContractUploadsIn+time.Second))
		require.NoError(b, err)

		change := &access.ContractChange{Set: first, Replaces: last}
		b.submitted(func(s *ledger.Submission) { s.Request.Plan.Change = change })
		n, err := b.ForgetContracts(ctx, start.Add(ledger.ContractsKept+time.Second))
		require.NoError(b, err)
		require.EqualValues(b, ledger.ContractUploads-2+1, n, "but the proposed one, and the one that was uploaded again")
		_, err = b.Contracts(ctx, first)
		require.NoError(b, err)
		_, err = b.Contracts(ctx, last)
		b.code(access.CodeNotFound, err)
		require.Equal(b, []string{"patient"}, b.authors(last), "who wrote them is kept")
		_, err = b.Submit(ctx, b.submission(func(s *ledger.Submission) { s.Request.Plan.Change = &access.ContractChange{Set: last} }))
		b.code(access.CodeNotFound, err)
		_, err = b.uploads("eager", "set 0", start.Add(ledger.ContractsKept))
		require.NoError(b, err)
		n, err = b.ForgetContracts(ctx, start.Add(20*ledger.ContractsKept))
		require.NoError(b, err)
		require.NotZero(b, n)
		_, err = b.Contracts(ctx, first)
		require.NoError(b, err, "what was proposed once is kept")
	},
}

// TestCase107DeniedWhenItOpens: a denial that is recorded before contracts come into force
// is among the statements that are looked at then, and keeps them out.
func TestCase107DeniedWhenItOpens(t *testing.T) {
	for name, address := range map[string]string{"sqlite": "", "postgres": ledgertest.Postgres(t)} {
		t.Run(name, func(t *testing.T) {
			b := fresh(t, address)
			first, second := access.ContractFiles{"a.yaml": "1"}, access.ContractFiles{"a.yaml": "2"}
			for _, files := range []access.ContractFiles{first, second} { // a directory's are kept without an author
				require.NoError(t, b.TakeSource(ctx, ledger.LineSource, access.ContractsInForce{Set: files.Digest(), At: at}, files, recordOf, inForceEvent("source")))
			}
			require.NoError(t, b.TakeSource(ctx, ledger.LineProposals, access.ContractsInForce{Set: first.Digest(), At: at}, first, recordOf, inForceEvent("first")))
			r := b.submitted(func(s *ledger.Submission) {
				s.Request.Plan.Change = &access.ContractChange{Set: second.Digest(), Replaces: first.Digest()}
			}).Request
			denial := access.Decision{RequestID: r.ID, Verdict: access.Deny, Approver: access.Person{ID: "olga"}, At: at}
			require.NoError(t, b.Advance(ctx, access.DecisionRecorded(denial, []byte(`{"denied":true}`))))
			var given [][]byte
			refused := access.Errorf(access.CodeConflict, "somebody denied it")
			open := func(check ledger.ContractCheck) error {
				return b.OpenContracts(ctx, at.Add(time.Hour), access.ContractsInForce{Set: second.Digest(), Replaces: first.Digest(), RequestID: r.ID, Grant: "g", At: at.Add(time.Minute)}, check, recordOf, inForceEvent("second"))
			}
			b.code(access.CodeConflict, open(func(statements [][]byte) error { given = statements; return refused }))
			require.Equal(t, [][]byte{[]byte(`{"denied":true}`)}, given)
			record, err := b.ContractsInForce(ctx, ledger.LineProposals)
			require.NoError(t, err)
			require.Equal(t, first.Digest()+" 1", string(record))

			// What the log tells of the two.
			require.NoError(t, open(undisputed))
			logged, err := b.LoggedContracts(ctx, ledger.LineProposals, 2, r.ID)
			require.NoError(t, err)
			require.Len(t, logged.Before, 1)
			require.Equal(t, access.KeyDecision(denial), logged.Before[0].Key)
			require.Less(t, logged.Before[0].Seq, logged.Seq)
			require.Equal(t, at, logged.Previous)
			require.False(t, logged.Later)
			logged, err = b.LoggedContracts(ctx, ledger.LineProposals, 1, "")
			require.NoError(t, err)
			require.True(t, logged.Later)
			require.NotZero(t, logged.Seq)
			require.Empty(t, logged.Before)
		})
	}
}
