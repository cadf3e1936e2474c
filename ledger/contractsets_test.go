package ledger_test

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

var contractSuite = map[string]func(b fixture){
	"contracts are kept by their digest, with all who uploaded them": func(b fixture) {
		files := access.ContractFiles{"a.yaml": "a: \"ü\"\n", "b.yml": ""}
		digest := files.Digest()
		_, err := b.Contracts(ctx, digest)
		b.code(access.CodeNotFound, err)
		alice, bob := access.Person{ID: "alice", Kind: access.KindHuman, Email: "a@example.com"}, access.Person{ID: "bob", Kind: access.KindHuman}
		for _, p := range []access.Person{bob, alice, alice} {
			require.NoError(b, b.KeepContracts(ctx, files, p, access.Event{At: at, Kind: access.EventContractsKept, Actor: p.ID, Key: "kept by " + p.ID}))
		}
		got, err := b.Contracts(ctx, digest)
		require.NoError(b, err)
		require.Equal(b, files, got)
		authors, err := b.ContractAuthors(ctx, digest)
		require.NoError(b, err)
		require.Equal(b, []access.Person{bob, alice}, authors)

		_, err = b.raw.Exec(`UPDATE contract_sets SET files = '{"a.yaml":"other"}' WHERE digest = '` + digest + `'`)
		require.NoError(b, err)
		_, err = b.Contracts(ctx, digest)
		b.code(access.CodeEvidence, err)
	},
	"Case101: of two proposals that replace the same contracts one comes into force": func(b fixture) {
		first, second, third := access.ContractFiles{"a.yaml": "1"}, access.ContractFiles{"a.yaml": "2"}, access.ContractFiles{"a.yaml": "3"}
		open := func(grant string, from, to access.ContractFiles) error {
			return b.OpenContracts(ctx, at.Add(time.Hour), access.ContractsInForce{Set: to.Digest(), Replaces: from.Digest(), Grant: grant, At: at}, undisputed, recordOf, inForceEvent(grant))
		}
		// A directory's sets are recorded once, however many servers see them.
		source := func(set string) {
			require.NoError(b, b.TakeSource(ctx, ledger.LineSource, access.ContractsInForce{Set: set, Source: "contracts", At: at.Add(-time.Minute)}, nil, recordOf, inForceEvent(set)))
		}
		var servers sync.WaitGroup
		for range 4 {
			servers.Go(func() { source("sha256:one") })
		}
		servers.Wait()
		source("sha256:two")
		source("sha256:one") // taken back
		source("sha256:one")
		require.Equal(b, []string{"sha256:one", "sha256:two", "sha256:one"}, inForceEvents(b, "sha256:one", "sha256:two"))

		_, err := b.ContractsInForce(ctx, ledger.LineProposals)
		b.code(access.CodeNotFound, err)
		b.code(access.CodeConflict, open("early", first, second))
		for range 2 { // two servers
			require.NoError(b, b.TakeSource(ctx, ledger.LineProposals, access.ContractsInForce{Set: first.Digest(), At: at}, first, recordOf, inForceEvent("first")))
		}
		require.NoError(b, b.TakeSource(ctx, ledger.LineProposals, access.ContractsInForce{Set: second.Digest(), At: at}, second, recordOf, inForceEvent("a server with another directory")))
		b.code(access.CodeInvalid, open("unknown", first, third))
		for _, files := range []access.ContractFiles{second, third} {
			require.NoError(b, b.KeepContracts(ctx, files, access.Person{ID: "alice"}, access.Event{At: at, Kind: access.EventContractsKept, Actor: "alice", Key: files.Digest()}))
		}
		require.NoError(b, open("wins", first, second))
		require.NoError(b, open("wins", first, second), "a reply was lost")
		b.code(access.CodeConflict, open("loses", first, third))
		require.NoError(b, open("next", second, third))
		require.NoError(b, open("wins", first, second), "an attempt that comes late brings nothing back")
		record, err := b.ContractsInForce(ctx, ledger.LineProposals)
		require.NoError(b, err)
		require.Equal(b, third.Digest()+" 3", string(record))
		require.Equal(b, []string{"first", "wins", "next"}, inForceEvents(b, "first", "a server with another directory", "early", "unknown", "wins", "loses", "next", "over it", "again"))

		open2, err := b.ContractGrants(ctx)
		require.NoError(b, err)
		require.Equal(b, map[string]time.Time{"wins": at.Add(time.Hour), "next": at.Add(time.Hour)}, open2)
		require.NoError(b, b.CloseContracts(ctx, "wins"))
		require.NoError(b, b.CloseContracts(ctx, "wins"))
		open2, err = b.ContractGrants(ctx)
		require.NoError(b, err)
		require.Len(b, open2, 1)
		_, err = b.ContractsInForce(ctx, ledger.LineProposals)
		require.NoError(b, err, "what came into force stays")

		// Contracts no longer change by proposals: the directory is in force again.
		source("sha256:one")
		require.Len(b, inForceEvents(b, "sha256:one"), 3)

		// Somebody deletes the newest record, to have older contracts back.
		_, err = b.raw.Exec(`DELETE FROM contracts_in_force WHERE line = 'proposals' AND number = 3`)
		require.NoError(b, err)
		_, err = b.ContractsInForce(ctx, ledger.LineProposals)
		b.code(access.CodeEvidence, err)
		b.code(access.CodeEvidence, open("over it", second, first))
		_, err = b.raw.Exec(`DELETE FROM contracts_in_force WHERE line = 'proposals'`)
		require.NoError(b, err)
		_, err = b.ContractsInForce(ctx, ledger.LineProposals)
		b.code(access.CodeEvidence, err)
		b.code(access.CodeEvidence, b.TakeSource(ctx, ledger.LineProposals, access.ContractsInForce{Set: first.Digest(), At: at}, first, recordOf, inForceEvent("again")))
	},
}

// undisputed is a request that nothing speaks against.
func undisputed([][]byte) error { return nil }

// recordOf stands for a signature.
func recordOf(r access.ContractsInForce) ([]byte, error) {
	return fmt.Appendf(nil, "%s %d", r.Set, r.Number), nil
}

func inForceEvent(message string) access.Event {
	return access.Event{At: at, Kind: access.EventContractsInForce, Actor: access.ActorRamp, Message: message}
}

// inForceEvents returns those of the messages that events about contracts in force have.
func inForceEvents(b fixture, of ...string) (out []string) {
	events, err := b.Events(ctx, ledger.EventFilter{Limit: 100_000})
	require.NoError(b, err)
	for _, e := range events {
		if e.Kind == access.EventContractsInForce && slices.Contains(of, e.Message) {
			out = append(out, e.Message)
		}
	}
	return out
}
