package proposals_test

import (
	"database/sql"
	"testing"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/server/proposals"
)

// TestRecoveryOfTheRecordInForce: what docs/operate.md says to do when servers refuse the
// record of the contracts in force. A server that runs keeps what it has; one that starts does
// not start; and once what is missing is back, both go by the record again, and by what
// people propose after it.
func TestRecoveryOfTheRecordInForce(t *testing.T) {
	second, third := longer("1h"), longer("2h")
	for name, c := range map[string]struct{ damage, back string }{
		"the newest record was deleted": {`DELETE FROM contracts_in_force WHERE line = 'proposals' AND number = 2`,
			`INSERT INTO contracts_in_force SELECT * FROM backup_contracts_in_force WHERE line = 'proposals' AND number = 2`},
		"all records were deleted": {`DELETE FROM contracts_in_force WHERE line = 'proposals'`,
			`INSERT INTO contracts_in_force SELECT * FROM backup_contracts_in_force WHERE line = 'proposals'`},
		"the record was altered": {`UPDATE contracts_in_force SET record = (SELECT record FROM contracts_in_force WHERE line = 'proposals' AND number = 1) WHERE number = 2`,
			`UPDATE contracts_in_force SET record = (SELECT record FROM backup_contracts_in_force WHERE line = 'proposals' AND number = 2) WHERE line = 'proposals' AND number = 2`},
		"a signed decision was deleted": {`DELETE FROM statements`, `INSERT INTO statements SELECT * FROM backup_statements`},
		"the files were deleted":        {`DELETE FROM contract_sets`, `INSERT INTO contract_sets SELECT * FROM backup_contract_sets`},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			running := f.open()
			_, err := running.Read(t.Context())
			require.NoError(t, err)
			f.take(f.worker, f.first, second)
			_, err = running.Read(t.Context())
			require.NoError(t, err)
			f.backup("contracts_in_force", "statements", "contract_sets")

			f.sql(c.damage)
			got, err := running.Read(t.Context())
			require.NoError(t, err)
			require.Equal(t, second, files(got), "what runs keeps what it has")
			_, err = f.open().Read(t.Context())
			require.Error(t, err, "what starts has nothing to go by")

			f.sql(c.back)
			for _, s := range []*proposals.Source{running, f.open()} {
				got, err := s.Read(t.Context())
				require.NoError(t, err)
				require.NoError(t, got.Refused)
				require.Equal(t, second, files(got))
			}
			f.take(f.worker, second, third)
			got, err = running.Read(t.Context())
			require.NoError(t, err)
			require.NoError(t, got.Refused)
			require.Equal(t, third, files(got))
		})
	}
}

// TestRecoveryOfAWorkersKey: a record counts again once the key of the worker that signed it
// is among the workers' keys again.
func TestRecoveryOfAWorkersKey(t *testing.T) {
	f, second := newFixture(t), longer("1h")
	_, err := f.open().Read(t.Context())
	require.NoError(t, err)
	f.take(f.worker, f.first, second)
	next := signer(t)
	with := func(keys ...*evidence.Signer) *proposals.Source {
		ring := evidence.Keyring{}
		for _, k := range keys {
			ring = ring.With(k.Public(), "contracts")
		}
		s, err := proposals.New(proposals.Config{Contract: "change-contracts"}, contracts.Directory(f.dir), f.ledger, f.server, evidence.Keyring{}, ring)
		require.NoError(t, err)
		return s
	}
	_, err = with(next).Read(t.Context())
	require.Equal(t, access.CodeEvidence, access.CodeOf(err))
	require.ErrorContains(t, err, "signed by no worker of target contracts")
	got, err := with(next, f.worker).Read(t.Context())
	require.NoError(t, err)
	require.Equal(t, second, files(got))
}

// TestRecoveryByTheDirectory: where nothing brings the record back, the files that a server
// had in force are in force from a directory.
func TestRecoveryByTheDirectory(t *testing.T) {
	f, second := newFixture(t), longer("1h")
	running := f.open()
	_, err := running.Read(t.Context())
	require.NoError(t, err)
	f.take(f.worker, f.first, second)
	held, err := running.Read(t.Context())
	require.NoError(t, err)
	f.sql(`DELETE FROM contracts_in_force`)
	f.directory(files(held)["c.yaml"])
	store, err := contracts.NewStore(contracts.Directory(f.dir), logrus.New())
	require.NoError(t, err)
	require.Equal(t, second, store.Files())
}

// backup copies tables as they are.
func (f *fixture) backup(tables ...string) {
	f.Helper()
	raw, err := sql.Open("sqlite", f.file)
	require.NoError(f, err)
	defer raw.Close()
	for _, name := range tables {
		_, err := raw.Exec(`CREATE TABLE backup_` + name + ` AS SELECT * FROM ` + name)
		require.NoError(f, err)
	}
}
