package proposals_test

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/server/proposals"
)

const text = `apiVersion: ramp/v1
kind: Contract
metadata: {name: change-contracts, owner: security}
request:
  who: '"engineering" in person.groups'
  params:
    set: {type: string, pattern: 'sha256:[0-9a-f]{64}', required: true}
    replaces: {type: string, pattern: 'sha256:[0-9a-f]{64}', required: true}
duration: {default: 1m, max: 5m}
grants:
  - target: contracts
    entitlement: {set: '{{params.set}}', replaces: '{{params.replaces}}'}
approval: {stages: [{name: security, from: [security]}]}
`

// fixture is a ledger, and the keys of a server, of the worker of the target and of
// another worker.
type fixture struct {
	*testing.T
	ledger                     *ledger.Ledger
	server, worker, other, own *evidence.Signer
	dir, file                  string
	first                      access.ContractFiles
}

func signer(t *testing.T) *evidence.Signer {
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	return evidence.NewSigner(key)
}

func newFixture(t *testing.T) *fixture {
	file := filepath.Join(t.TempDir(), "ledger.db")
	led, err := ledger.Open(t.Context(), "sqlite:"+file)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, led.Close()) })
	f := &fixture{T: t, ledger: led, server: signer(t), worker: signer(t), other: signer(t), own: signer(t), dir: t.TempDir(), file: file, first: access.ContractFiles{"c.yaml": text}}
	led.UseNotary(evidence.NewNotary(f.server, evidence.NewKeyring(f.server.Public())), nil)
	f.directory(text)
	return f
}

// directory writes the directory that the first set comes from.
func (f *fixture) directory(text string) {
	require.NoError(f, os.WriteFile(filepath.Join(f.dir, "c.yaml"), []byte(text), 0o600))
}

// open is a server that starts.
func (f *fixture) open() *proposals.Source {
	f.Helper()
	workers := evidence.Keyring{}.With(f.worker.Public(), "contracts").With(f.other.Public(), "ssh/demo")
	s, err := proposals.New(proposals.Config{Contract: "change-contracts"}, contracts.Directory(f.dir), f.ledger, f.server, evidence.Keyring{}, workers)
	require.NoError(f, err)
	return s
}

// plan is a request under a contract, signed and submitted; change may be nil.
func (f *fixture) plan(contract string, change *access.ContractChange) access.Plan {
	f.Helper()
	id, now := access.NewRequestID(), time.Now().UTC().Truncate(time.Microsecond)
	p := access.Plan{RequestID: id, Contract: contract, Requester: access.Person{ID: "alice", Kind: access.KindHuman}, Principal: "alice", Reason: "why", Duration: access.Duration(time.Minute),
		CreatedAt: now, PendingUntil: now.Add(time.Hour), Rule: access.Rule{DenyThreshold: 1, Stages: []access.Stage{{Name: "security", From: []string{"security"}, Approvals: 1}}}, Change: change,
		Grants: []access.PlannedGrant{{Name: access.GrantName(id, 0), Target: "contracts"}}}
	signed, digest, err := f.server.SignPlan(p)
	require.NoError(f, err)
	p.Digest = digest
	envelope, err := json.Marshal(signed)
	require.NoError(f, err)
	_, err = f.ledger.Submit(f.Context(), ledger.Submission{PlanEnvelope: envelope, Request: access.Request{ID: id, Plan: p, Requester: p.Requester,
		State: access.StatePending, Contract: contract, CreatedAt: now, Stages: []access.StageStatus{}}})
	require.NoError(f, err)
	return p
}

// keep has somebody upload files.
func (f *fixture) keep(files access.ContractFiles) {
	f.Helper()
	require.NoError(f, f.ledger.KeepContracts(f.Context(), files, access.Person{ID: "alice"}, access.Event{At: time.Now().UTC(), Kind: access.EventContractsKept, Actor: "alice"}))
}

// proposed is a request for one change, which nobody has decided.
func (f *fixture) proposed(from, to access.ContractFiles) access.Plan {
	f.Helper()
	f.keep(to)
	return f.plan("change-contracts", &access.ContractChange{Replaces: from.Digest(), Set: to.Digest(), Differences: []string{}})
}

// decides is a decision that a server took and recorded.
func (f *fixture) decides(who string, v access.Verdict, p access.Plan) access.Decision {
	f.Helper()
	d := access.Decision{RequestID: p.RequestID, PlanDigest: p.Digest, Verdict: v, Via: access.ViaWeb, Approver: access.Person{ID: who, Kind: access.KindHuman, Groups: []string{"security"}}, At: time.Now().UTC().Truncate(time.Microsecond)}
	signed, err := f.server.SignDecision(d)
	require.NoError(f, err)
	envelope, err := json.Marshal(signed)
	require.NoError(f, err)
	require.NoError(f, f.ledger.Advance(f.Context(), access.DecisionRecorded(d, envelope)))
	return d
}

// approved is a request that people approved.
func (f *fixture) approved(from, to access.ContractFiles) access.Plan {
	f.Helper()
	p := f.proposed(from, to)
	f.decides("olga", access.Approve, p)
	return p
}

// sql is somebody who writes to the ledger's database.
func (f *fixture) sql(statement string, args ...any) {
	f.Helper()
	raw, err := sql.Open("sqlite", f.file)
	require.NoError(f, err)
	defer raw.Close()
	result, err := raw.Exec(statement, args...)
	require.NoError(f, err)
	n, err := result.RowsAffected()
	require.NoError(f, err)
	require.NotZero(f, n, statement)
}

// take brings files into force in place of others, by a request that was approved.
func (f *fixture) take(by *evidence.Signer, from, to access.ContractFiles, change ...func(*access.ContractsInForce)) {
	f.Helper()
	require.NoError(f, f.opened(by, f.approved(from, to), from, to, change...))
}

// opened is what whoever has a key and the ledger can record: no check keeps them from it.
func (f *fixture) opened(by *evidence.Signer, p access.Plan, from, to access.ContractFiles, change ...func(*access.ContractsInForce)) error {
	f.keep(to)
	now := time.Now().UTC().Truncate(time.Microsecond)
	return f.ledger.OpenContracts(f.Context(), now.Add(time.Hour), access.ContractsInForce{Set: to.Digest(), Replaces: from.Digest(), RequestID: p.RequestID, Grant: p.Grants[0].Name, At: now},
		func([][]byte) error { return nil }, func(r access.ContractsInForce) ([]byte, error) {
			for _, c := range change {
				c(&r)
			}
			return by.SignContracts(r)
		}, access.Event{At: now, Kind: access.EventContractsInForce, Actor: access.ActorRamp})
}

func longer(length string) access.ContractFiles {
	return access.ContractFiles{"c.yaml": strings.Replace(text, "max: 5m", "max: "+length, 1)}
}

func files(s contracts.Snapshot) access.ContractFiles {
	out := access.ContractFiles{}
	for name, b := range s.Files {
		out[name] = string(b)
	}
	return out
}

// TestSource: the directory is where the first set comes from; every server has the newest
// that was opened, also one that starts again, whatever its directory says.
func TestSource(t *testing.T) {
	f := newFixture(t)
	one := f.open()
	got, err := one.Read(t.Context())
	require.NoError(t, err)
	require.Equal(t, f.first, files(got))
	require.EqualValues(t, 1, got.Revision.Number)
	f.take(f.worker, f.first, longer("1h"))
	for _, s := range []*proposals.Source{one, f.open()} {
		f.directory("what somebody writes into the directory")
		got, err := s.Read(t.Context())
		require.NoError(t, err)
		require.NoError(t, got.Refused)
		require.Equal(t, longer("1h"), files(got))
		require.EqualValues(t, 2, got.Revision.Number)
		require.NotEmpty(t, got.Revision.Request)
	}
	f.take(f.worker, longer("1h"), f.first) // taken back
	got, err = one.Read(t.Context())
	require.NoError(t, err)
	require.Equal(t, f.first, files(got))

	gone, cancel := context.WithCancel(t.Context())
	cancel()
	got, err = one.Read(gone)
	require.NoError(t, err, "the ledger is out of reach")
	require.Error(t, got.Refused)
	require.Equal(t, f.first, files(got))
}

// TestFirstSet: contracts that nobody could propose others under are not the first.
func TestFirstSet(t *testing.T) {
	for name, bad := range map[string]string{"a mistake": "kind", "no contract": strings.Replace(text, "change-contracts", "other", 1), "another target": strings.Replace(text, "target: contracts", "target: others", 1)} {
		f := newFixture(t)
		f.directory(bad)
		_, err := f.open().Read(t.Context())
		require.Equal(t, access.CodeInvalid, access.CodeOf(err), name)
		_, err = f.ledger.ContractsInForce(t.Context(), ledger.LineProposals)
		require.Equal(t, access.CodeNotFound, access.CodeOf(err), name)
	}
	_, err := proposals.New(proposals.Config{Contract: "c"}, contracts.Directory("x"), nil, signer(t), evidence.Keyring{}, evidence.Keyring{})
	require.Equal(t, access.CodeInvalid, access.CodeOf(err), "no worker's key")
}

// TestCase101LedgerSaysOtherContracts: whoever writes to the ledger brings no contracts into
// force, neither theirs nor older ones: what is in force stays, and the server says why
// the newest are not.
func TestCase101LedgerSaysOtherContracts(t *testing.T) {
	second := longer("1h")
	for name, attack := range map[string]func(*fixture){
		"a key that nobody trusts":   func(f *fixture) { f.take(f.own, f.first, second) },
		"a server's key":             func(f *fixture) { f.take(f.server, f.first, second) },
		"a worker of another target": func(f *fixture) { f.take(f.other, f.first, second) },
		"another set than was approved": func(f *fixture) {
			f.take(f.worker, f.first, second, func(r *access.ContractsInForce) { r.Set = longer("2h").Digest() })
		},
		"in place of another set": func(f *fixture) {
			f.take(f.worker, f.first, second, func(r *access.ContractsInForce) { r.Replaces = longer("2h").Digest() })
		},
		"a server's, by no request": func(f *fixture) {
			f.take(f.server, f.first, second, func(r *access.ContractsInForce) { r.RequestID, r.Grant = "", "" })
		},
		"a request for something else": func(f *fixture) {
			p := f.plan("change-contracts", nil)
			f.decides("olga", access.Approve, p)
			require.NoError(f, f.opened(f.worker, p, f.first, second))
		},
		"a request by another contract": func(f *fixture) {
			f.keep(second)
			p := f.plan("quietly", &access.ContractChange{Replaces: f.first.Digest(), Set: second.Digest(), Differences: []string{}})
			f.decides("olga", access.Approve, p)
			require.NoError(f, f.opened(f.worker, p, f.first, second))
		},
		"a request that is not there": func(f *fixture) {
			f.take(f.worker, f.first, second, func(r *access.ContractsInForce) { r.RequestID = access.NewRequestID() })
		},
		"an older number": func(f *fixture) { f.take(f.worker, f.first, second, func(r *access.ContractsInForce) { r.Number = 0 }) },
		"a set that nobody could change": func(f *fixture) {
			f.take(f.worker, f.first, access.ContractFiles{"c.yaml": strings.Replace(text, "change-contracts", "other", 1)})
		},
		"a set that is broken": func(f *fixture) { f.take(f.worker, f.first, access.ContractFiles{"c.yaml": "kind"}) },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			s := f.open()
			_, err := s.Read(t.Context())
			require.NoError(t, err)
			attack(f)
			got, err := s.Read(t.Context())
			require.NoError(t, err)
			require.Error(t, got.Refused)
			require.Equal(t, f.first, files(got))
			_, err = f.open().Read(t.Context())
			require.Error(t, err, "a server that starts goes by nothing that is not proven")
		})
	}
}
