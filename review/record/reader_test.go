package record_test

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/ledger/ledgertest"
	"ramp.dev/ramp/review"
	"ramp.dev/ramp/review/record"
)

const contract = `apiVersion: ramp/v1
kind: Contract
metadata: {name: orders, owner: team-data}
description: Read the orders.
request: {who: '"engineering" in person.groups', reason: {minLength: 5}}
duration: {default: 30m, max: 8h}
grants: [{target: ssh/orders, entitlement: {user: orders}}]
approval: {pendingFor: 1h, stages: [{name: leads, from: [leads], approvals: 1}]}
`

// book is a ledger with requests as servers and workers record them.
type book struct {
	*testing.T
	*ledger.Ledger
	raw    *sql.DB
	signer *evidence.Signer
	keys   evidence.Keyring
	set    *contracts.Set
	files  access.ContractFiles
	n      int
}

var (
	until  = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	period = review.Period{From: until.Add(-28 * 24 * time.Hour), To: until}
)

// onBoth runs a test on both kinds of database.
func onBoth(t *testing.T, test func(b *book)) {
	for name, address := range map[string]func(t *testing.T) (address, driver, raw string){
		"sqlite": func(t *testing.T) (string, string, string) {
			path := filepath.Join(t.TempDir(), "ledger.db")
			return "sqlite:" + path, "sqlite", path
		},
		"postgres": func(t *testing.T) (string, string, string) {
			a := ledgertest.Postgres(t)
			return a, "pgx", a
		},
	} {
		t.Run(name, func(t *testing.T) {
			at, driver, path := address(t)
			led, err := ledger.Open(t.Context(), at)
			require.NoError(t, err)
			raw, err := sql.Open(driver, path)
			require.NoError(t, err)
			_, key, err := ed25519.GenerateKey(nil)
			require.NoError(t, err)
			files := access.ContractFiles{"orders.yaml": contract}
			set, err := contracts.Parse(map[string][]byte{"orders.yaml": []byte(contract)})
			require.NoError(t, err)
			b := &book{T: t, Ledger: led, raw: raw, signer: evidence.NewSigner(key), keys: evidence.NewKeyring(key.Public()), set: set, files: files}
			t.Cleanup(func() { raw.Close(); require.NoError(t, led.Close()) })
			test(b)
		})
	}
}

func (b *book) envelope(e evidence.Envelope, err error) []byte {
	b.Helper()
	require.NoError(b, err)
	out, err := json.Marshal(e)
	require.NoError(b, err)
	return out
}

// ask records a request of somebody's that bob approved a minute later, which was open for
// so long, and of which minted credentials were picked up.
func (b *book) ask(who string, at time.Time, length time.Duration, minted int) string {
	b.Helper()
	b.n++
	id := access.NewRequestID()
	c, _ := b.set.Find("orders")
	plan := access.Plan{RequestID: id, Contract: "orders", ContractVersion: c.Version, CreatedAt: at, PendingUntil: at.Add(time.Hour),
		Requester: access.Person{ID: who, Kind: access.KindHuman, Groups: []string{"engineering"}, Attributes: map[string]string{"team": "data"}},
		Reason:    fmt.Sprintf("order %d is stuck", b.n), Duration: access.Duration(length),
		Grants: []access.PlannedGrant{{Name: access.GrantName(id, 0), Target: "ssh/orders", Entitlement: access.Entitlement{"user": "orders"}}},
		Rule:   access.Rule{DenyThreshold: 1, Stages: []access.Stage{{Name: "leads", From: []string{"leads"}, Approvals: 1}}}}
	signed, digest, err := b.signer.SignPlan(plan)
	plan.Digest = digest
	created, err := b.Submit(b.Context(), ledger.Submission{Request: access.Request{ID: id, Contract: "orders", State: access.StatePending, CreatedAt: at,
		Requester: plan.Requester, Plan: plan, Stages: []access.StageStatus{}, Decisions: []access.Decision{}}, PlanEnvelope: b.envelope(signed, err)})
	require.NoError(b, err)
	require.True(b, created)
	d := access.Decision{RequestID: id, PlanDigest: digest, Verdict: access.Approve, At: at.Add(time.Minute),
		Approver: access.Person{ID: "bob", Kind: access.KindHuman, Groups: []string{"leads"}}}
	decided, err := b.signer.SignDecision(d)
	opened := at.Add(2 * time.Minute)
	step := access.DecisionRecorded(d, b.envelope(decided, err))
	step.Events = append(step.Events, access.Event{RequestID: id, At: d.At, Kind: access.EventRequestApproved, Actor: access.ActorRamp, Key: access.KeyApproved})
	step.To = access.StateApproved
	require.NoError(b, b.Advance(b.Context(), step))
	for i := range minted {
		require.NoError(b, b.AppendEvent(b.Context(), access.Event{RequestID: id, At: opened, Kind: access.EventCredentialMinted, Actor: who,
			Detail: map[string]string{"target": "ssh/orders", access.DetailCredential: "ssh"}, Key: access.KeyMinted("g", opened.Add(time.Duration(i)))}))
	}
	require.NoError(b, b.AppendEvent(b.Context(), access.Activation(id, opened, opened.Add(length)).Events[0]))
	require.NoError(b, b.AppendEvent(b.Context(), access.Ended(id, access.OutcomeExpired, opened.Add(length)).Events[0]))
	return id
}

func (b *book) report(last *review.Report) review.Report {
	b.Helper()
	marks, err := b.Marks(b.Context(), time.Time{})
	require.NoError(b, err)
	r := &record.Reader{Ledger: b.Ledger, Keys: b.keys, TeamAttribute: "team", Owner: func(string) string { return "team-data" },
		Checkpoint: func(ctx context.Context) (evidence.Checkpoint, error) {
			t, err := b.Tree(ctx)
			return evidence.Checkpoint{Origin: t.Origin, Size: t.Size, Root: t.Root}, err
		}}
	out, some, err := r.Report(context.WithoutCancel(b.Context()), record.Input{Period: period, Contracts: b.set, Files: b.files, Last: last, Marks: marks, Now: until})
	require.NoError(b, err)
	require.True(b, some)
	return out
}

func (b *book) exec(query string, args ...any) {
	b.Helper()
	_, err := b.raw.ExecContext(b.Context(), query, args...)
	require.NoError(b, err)
}

func kinds(r review.Report) (out []string) {
	for _, f := range r.Findings {
		out = append(out, string(f.Kind)+" "+f.Subject)
	}
	return out
}

// TestReader: requests are read as they were signed and as the log tells of them, and what
// they show has its proposal, tried on them.
func TestReader(t *testing.T) {
	onBoth(t, func(b *book) {
		b.ask("alice", period.From.Add(-80*24*time.Hour), 20*time.Minute, 1)
		for i := range 40 {
			b.ask("alice", period.From.Add(time.Duration(9+12*i)*time.Hour), 20*time.Minute, 1)
		}
		unused := review.DefaultThresholds().NeverUsed
		for i := range unused {
			b.ask("mallory", period.From.Add(time.Duration(10+30*i)*time.Hour), 20*time.Minute, 0)
		}
		b.ask("alice", until.Add(time.Hour), time.Hour, 1) // after the period
		long := b.ask("alice", period.From.Add(26*24*time.Hour), 2*time.Hour, 1)
		refused := access.Event{At: period.From.Add(time.Hour), Kind: access.EventActRefused, Actor: "mallory", Detail: map[string]string{"act": "request", "code": "not_eligible", access.DetailCount: "12"}}
		require.NoError(b, b.AppendEvent(b.Context(), refused))

		r := b.report(nil)
		require.Equal(b, 41+unused, r.Figures.Requests)
		require.Equal(b, map[string]int{"ended": 41 + unused}, r.Figures.ByState)
		require.Equal(b, access.Duration(time.Minute), r.Figures.ToDecide.Median)
		require.Contains(b, kinds(r), "never_used mallory")
		require.Contains(b, kinds(r), "one_approver bob")
		require.Contains(b, kinds(r), "refusals_repeat mallory request not_eligible")
		require.Equal(b, []string{"Of 41 of the accesses of the period that are over it is not known for how long they were used: their targets do not say."}, r.Unknown)
		f := r.Findings[0]
		for _, f = range r.Findings {
			if f.Kind == review.MaxTooLong {
				break
			}
		}
		require.Equal(b, review.MaxTooLong, f.Kind)
		require.Equal(b, "team-data", f.Owner)
		require.Empty(b, f.Proposal.Problem)
		require.Contains(b, f.Proposal.Patch, "-duration: {default: 30m, max: 8h}\n+duration: {default: ")
		require.Equal(b, 41+unused, f.Proposal.Tried)
		require.Zero(b, f.Proposal.Otherwise, "%v", f.Proposal.Changed)
		entries, err := b.Events(b.Context(), ledger.EventFilter{RequestID: long})
		require.NoError(b, err)
		require.Contains(b, f.Evidence, entries[len(entries)-1].Seq, "the longest is among what shows it")

		// The next report remembers: of what somebody said, and of what is gone.
		require.NoError(b, b.AppendEvent(b.Context(), access.Event{At: until, Kind: access.EventFindingMarked, Actor: "carol", Message: "she was ill",
			Detail: map[string]string{record.DetailFinding: f.ID, record.DetailMark: string(review.Accepted)}}))
		again := b.report(&r)
		kept, _ := again.Find(f.ID)
		require.Equal(b, "carol", kept.Mark.By)
		require.Equal(b, until, kept.Since)
	})
}

// TestReaderDistrusts: whoever writes to the ledger's database moves no request to another
// time, and takes none away unnoticed.
func TestReaderDistrusts(t *testing.T) {
	onBoth(t, func(b *book) {
		_, stranger, err := ed25519.GenerateKey(nil)
		require.NoError(b, err)
		at := period.From.Add(9 * time.Hour)
		moved, deleted, replaced, stripped := b.ask("mallory", at, time.Hour, 1), b.ask("mallory", at, time.Hour, 1), b.ask("mallory", at, time.Hour, 1), b.ask("mallory", at, time.Hour, 1)
		whole := b.report(nil)
		require.Equal(b, 4, whole.Figures.Requests)
		require.NotContains(b, strings.Join(whole.Unknown, "\n"), "log tells of")

		b.exec(`UPDATE requests SET created_at = 1, requester_id = 'alice', state = 'denied' WHERE id = '` + moved + `'`)
		b.exec(`DELETE FROM statements WHERE request_id = '` + deleted + `'`)
		b.exec(`DELETE FROM requests WHERE id = '` + deleted + `'`)
		forged := access.Plan{RequestID: replaced, Contract: "orders", CreatedAt: at, Requester: access.Person{ID: "alice"}, Rule: access.Rule{DenyThreshold: 1}}
		envelope, _, err := evidence.NewSigner(stranger).SignPlan(forged)
		b.exec(`UPDATE requests SET plan_envelope = '` + string(b.envelope(envelope, err)) + `' WHERE id = '` + replaced + `'`)
		b.exec(`DELETE FROM statements WHERE request_id = '` + stripped + `'`)
		d, err := evidence.NewSigner(stranger).SignDecision(access.Decision{RequestID: stripped, Verdict: access.Approve, Approver: access.Person{ID: "eve"}, At: at})
		b.exec(`INSERT INTO statements (request_id, key, envelope) VALUES ('` + stripped + `', 'decision-eve', '` + string(b.envelope(d, err)) + `')`)

		r := b.report(nil)
		require.Equal(b, 2, r.Figures.Requests, "the moved and the stripped one")
		require.Equal(b, map[string]int{"ended": 2}, r.Figures.ByState)
		require.Equal(b, "mallory", r.Heat[0].Person.ID)
		unknown := strings.Join(r.Unknown, "\n")
		require.Contains(b, unknown, "The log tells of 1 request that the ledger no longer has: "+deleted+".")
		require.Contains(b, unknown, "Of 1 request in the ledger the plan is not one that Ramp signed, and the review has no more of it than this: "+replaced+".")
		require.Contains(b, unknown, stripped)
		require.Equal(b, 1, r.Figures.ToDecide.Count, "what nobody signed decided nothing")
	})
}
