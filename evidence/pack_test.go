package evidence

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
)

// story makes the pack of one request, as server and worker would.
type story struct {
	testing.TB
	server, worker *Signer
	plan           access.Plan
	statements     []Envelope
	events         []access.Event
	state          access.State
	asOf           time.Duration // when the pack is made, after the plan
}

const contractText = "kind: Contract\nmetadata: {name: c}\n"

func newTale(t testing.TB, change ...func(*access.Plan)) *story {
	p := plan(lead)
	p.ContractVersion = DigestOf([]byte(contractText))
	p.Principal = "alice"
	p.Extend = &access.ExtensionLimits{Times: 1, UpTo: access.Duration(2 * time.Hour)}
	p.Grants = []access.PlannedGrant{{Name: "ramp-0123456789abcdef-a", Target: "ssh/demo", Entitlement: access.Entitlement{"user": "demo", "n": 1},
		Scope: access.Scope{Summary: "log in as demo", Facts: map[string]string{"user": "demo"}}}}
	for _, c := range change {
		c(&p)
	}
	s := &story{TB: t, server: signer(), worker: signer(), plan: p, state: access.StateEnded, asOf: 3 * time.Hour}
	_, s.plan.Digest, _ = s.server.SignPlan(p)
	s.event(access.EventRequestCreated, "alice", 0, map[string]string{"planDigest": s.plan.Digest})
	return s
}

func (s *story) keep(e Envelope, err error) {
	require.NoError(s, err)
	s.statements = append(s.statements, e)
}

func (s *story) event(kind access.EventKind, actor string, after time.Duration, detail map[string]string) {
	s.events = append(s.events, access.Event{Seq: int64(len(s.events)*3 + 5), At: at.Add(after), RequestID: s.plan.RequestID,
		Kind: kind, Actor: actor, Key: fmt.Sprint(kind, after), Detail: detail})
}

func (s *story) evaluate() {
	s.keep(s.server.SignEvaluation(access.Evaluation{RequestID: s.plan.RequestID, PlanDigest: s.plan.Digest, Contract: s.plan.Contract,
		ContractVersion: s.plan.ContractVersion, Trace: json.RawMessage(`[]`), At: at}))
}

func (s *story) decide(p access.Person, v access.Verdict, after time.Duration) {
	s.keep(s.server.SignDecision(access.Decision{RequestID: s.plan.RequestID, PlanDigest: s.plan.Digest, Verdict: v, Approver: p, At: at.Add(after)}))
	s.event(access.EventDecisionRecorded, p.ID, after, map[string]string{"decision": string(v)})
}

func (s *story) open(after time.Duration, change ...func(*access.Receipt)) {
	g, expires := s.plan.Grants[0], at.Add(after+time.Hour)
	r := access.Receipt{RequestID: s.plan.RequestID, Grant: g.Name, Target: g.Target, Kind: access.ReceiptOpened, At: at.Add(after),
		Principal: "alice", Entitlement: g.Entitlement, Scope: &g.Scope, ExpiresAt: &expires}
	for _, c := range change {
		c(&r)
	}
	s.keep(s.worker.SignReceipt(r))
	s.event(access.EventGrantOpened, "ramp", after, map[string]string{"grant": g.Name})
}

func (s *story) close(after time.Duration, found access.ReadBack) {
	s.closeUsed(after, found, nil, nil)
}

// closeUsed is close, with what the worker signed and what the event says of use.
func (s *story) closeUsed(after time.Duration, found access.ReadBack, signed, recorded *access.Usage) {
	g := s.plan.Grants[0]
	s.keep(s.worker.SignReceipt(access.Receipt{RequestID: s.plan.RequestID, Grant: g.Name, Target: g.Target, Kind: access.ReceiptClosed,
		At: at.Add(after), Found: &found, Usage: signed}))
	detail := map[string]string{"grant": g.Name}
	if recorded != nil {
		recorded.Into(detail)
	}
	s.event(access.EventGrantClosed, "ramp", after, detail)
	s.event(access.EventAccessEnded, "ramp", after+1000, nil)
}

// pack puts the request's events among others' into a log, and signs.
func (s *story) pack() Pack {
	s.Helper()
	p := Pack{Version: PackVersion, RequestID: s.plan.RequestID, Contract: ContractText{"c", contractText}, Statements: s.statements}
	var tree memoryTree
	for _, e := range s.events {
		require.NoError(s, tree.add([]byte("somebody else's")))
		p.Events = append(p.Events, LoggedEvent{Leaf: tree.size, Event: e})
		require.NoError(s, tree.add(e.Leaf()))
	}
	m := access.Manifest{RequestID: s.plan.RequestID, PlanDigest: s.plan.Digest, State: s.state, Size: tree.size, At: at.Add(s.asOf)}
	for i := range p.Events {
		proof, err := tlog.ProveRecord(tree.size, p.Events[i].Leaf, &tree)
		require.NoError(s, err)
		p.Events[i].Proof = proof
		m.Leaves = append(m.Leaves, p.Events[i].Leaf)
	}
	for _, e := range s.statements {
		d, err := PayloadDigest(e)
		require.NoError(s, err)
		m.Statements = append(m.Statements, d)
	}
	root, err := tlog.TreeHash(tree.size, &tree)
	require.NoError(s, err)
	p.Checkpoint, err = s.server.SignCheckpoint(Checkpoint{Origin: "test/log", Size: tree.size, Root: root})
	require.NoError(s, err)
	unsigned := s.plan
	p.Plan, _, err = s.server.SignPlan(unsigned)
	require.NoError(s, err)
	p.Manifest, err = s.server.SignManifest(m)
	require.NoError(s, err)
	return p
}

func (s *story) verify(p Pack) Report {
	return p.Verify(NewKeyring(s.server.Public()), NewKeyring(s.worker.Public()))
}

func whole(t testing.TB) *story {
	s := newTale(t)
	s.evaluate()
	s.decide(human("bob", "approvers"), access.Approve, time.Minute)
	s.open(2 * time.Minute)
	s.keep(s.server.SignExtension(access.ExtensionOrder{RequestID: s.plan.RequestID, PlanDigest: s.plan.Digest, Number: 1,
		From: at.Add(time.Hour + 2*time.Minute), Adds: access.Duration(time.Minute), By: human("alice"), At: at.Add(3 * time.Minute)}))
	s.close(time.Hour, access.ReadBack{})
	return s
}

func TestPackProves(t *testing.T) {
	s := whole(t)
	r := s.verify(s.pack())
	require.Equal(t, ProvenEnded, r.Conclusion, r.Summary)
	require.Len(t, r.Checks, 13)

	s = newTale(t)
	s.evaluate()
	s.state = access.StatePending
	require.Equal(t, NeverOpened, s.verify(s.pack()).Conclusion)
	s.decide(human("bob", "approvers"), access.Approve, time.Minute)
	s.open(2 * time.Minute)
	s.state, s.asOf = access.StateActive, 30*time.Minute
	r = s.verify(s.pack())
	require.Equal(t, ProvenOpen, r.Conclusion)
	for _, c := range r.Checks {
		require.Equal(t, c.Name == "closed and read back", c.Open, c.Name)
	}
	s.decide(human("ben", "approvers"), access.Deny, 3*time.Minute) // docs/threats.md, case 15: closes it
	s.close(4*time.Minute, access.ReadBack{})
	s.state = access.StateEnded
	require.Equal(t, ProvenEnded, s.verify(s.pack()).Conclusion)
}

// TestPackOfStages: what a rule asks of an approval, the offline verifier asks too.
func TestPackOfStages(t *testing.T) {
	bob, erin := human("bob", "approvers"), human("erin", "security")
	levels := func(p *access.Plan) {
		p.Rule.Stages = []access.Stage{lead, {Name: "security", From: []string{"security"}, Approvals: 1, Level: 1}}
	}
	sameTeam := func(p *access.Plan) {
		p.Rule.Stages = []access.Stage{{Name: "lead", From: []string{"approvers"}, Approvals: 1, Where: &access.ApproverCheck{Field: "attributes.team", In: []string{"payments"}}}}
	}
	// Who owns what was chosen is in the rule by their id, whatever the choice's attributes say.
	owner := func(p *access.Plan) {
		p.Choices = []access.Chosen{{Param: "account", Target: "t/t", List: "accounts", Choice: access.Choice{Value: "a", Attributes: map[string]string{"owner": "erin"}}}}
		p.Rule.Stages = []access.Stage{{Name: "owner", From: []string{"approvers"}, Approvals: 1, Where: &access.ApproverCheck{Field: "id", In: []string{"bob"}}}}
	}
	confirm := func(p *access.Plan) { p.Rule.Confirm = []string{"I have asked."} }
	payments := bob
	payments.Attributes = map[string]string{"team": "payments"}
	for name, c := range map[string]struct {
		plan   func(*access.Plan)
		do     func(s *story)
		proven bool
	}{
		"levels in order":   {levels, func(s *story) { s.decide(bob, access.Approve, 1); s.decide(erin, access.Approve, 2) }, true},
		"levels at once":    {levels, func(s *story) { s.decide(erin, access.Approve, 1); s.decide(bob, access.Approve, 2) }, false},
		"the same team":     {sameTeam, func(s *story) { s.decide(payments, access.Approve, 1) }, true},
		"no team":           {sameTeam, func(s *story) { s.decide(bob, access.Approve, 1) }, false},
		"the owner":         {owner, func(s *story) { s.decide(bob, access.Approve, 1) }, true},
		"another owner":     {owner, func(s *story) { s.decide(human("olaf", "approvers"), access.Approve, 1) }, false},
		"no owner's people": {owner, func(s *story) { s.decide(erin, access.Approve, 1) }, false},
		"not confirmed":     {confirm, func(s *story) { s.decide(bob, access.Approve, 1) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newTale(t, c.plan)
			s.evaluate()
			c.do(s)
			s.open(time.Minute)
			s.close(time.Hour, access.ReadBack{})
			require.Equal(t, c.proven, s.verify(s.pack()).Proven(), s.verify(s.pack()).Summary)
		})
	}
}

// TestNarrowedInPacks: an opening for longer, or earlier, than an approver said yes to
// proves nothing, and neither does an extension of what was shortened.
func TestNarrowedInPacks(t *testing.T) {
	bob := human("bob", "approvers")
	opened := func(upTo time.Duration, from, length time.Duration, extend bool) Report {
		s := newTale(t)
		s.evaluate()
		d := access.Decision{RequestID: s.plan.RequestID, PlanDigest: s.plan.Digest, Verdict: access.Approve, Approver: bob, At: at.Add(time.Minute), UpTo: access.Duration(upTo)}
		if from > 0 {
			start := at.Add(from)
			d.StartAt = &start
		}
		s.keep(s.server.SignDecision(d))
		s.event(access.EventDecisionRecorded, bob.ID, time.Minute, map[string]string{"decision": string(access.Approve)})
		s.open(2*time.Minute, func(r *access.Receipt) { end := r.At.Add(length); r.ExpiresAt = &end })
		if extend {
			s.keep(s.server.SignExtension(access.ExtensionOrder{RequestID: s.plan.RequestID, PlanDigest: s.plan.Digest, Number: 1,
				Adds: access.Duration(time.Minute), By: human("alice"), At: at.Add(3 * time.Minute)}))
		}
		s.close(20*time.Minute, access.ReadBack{})
		return s.verify(s.pack())
	}
	require.True(t, opened(30*time.Minute, 0, 30*time.Minute, false).Proven())
	require.False(t, opened(30*time.Minute, 0, time.Hour, false).Proven(), "for longer")
	require.False(t, opened(30*time.Minute, 0, 30*time.Minute, true).Proven(), "extended")
	require.False(t, opened(0, time.Hour, 30*time.Minute, false).Proven(), "earlier")
}

func TestPackOfALiar(t *testing.T) {
	bob := human("bob", "approvers")
	for name, tell := range map[string]struct {
		want string
		do   func(s *story)
	}{
		"Case40 opened without a decision":     {"rule was not satisfied", func(s *story) { s.open(time.Minute); s.close(time.Hour, access.ReadBack{}) }},
		"Case01 approved by the requester":     {"rule was not satisfied", func(s *story) { s.decide(human("alice", "approvers"), access.Approve, 1); s.open(time.Minute) }},
		"approved by somebody of another team": {"rule was not satisfied", func(s *story) { s.decide(human("dave"), access.Approve, 1); s.open(time.Minute) }},
		"opened after a denial":                {"denied", func(s *story) { s.decide(bob, access.Deny, 1); s.open(time.Minute) }},
		"approved only later":                  {"rule was not satisfied", func(s *story) { s.open(time.Minute); s.decide(bob, access.Approve, 5*time.Minute) }},
		"Case13 approved too late":             {"rule was not satisfied", func(s *story) { s.decide(bob, access.Approve, 2*time.Hour); s.open(3 * time.Hour) }},
		"Case09 another entitlement": {"not what was approved", func(s *story) {
			s.decide(bob, access.Approve, 1)
			s.open(time.Minute, func(r *access.Receipt) { r.Entitlement = access.Entitlement{"user": "root"} })
		}},
		"Case52 another scope than approvers were shown": {"not what approvers were shown", func(s *story) {
			s.decide(bob, access.Approve, 1)
			s.open(time.Minute, func(r *access.Receipt) { r.Scope = &access.Scope{Summary: "log in as root"} })
		}},
		"Case52 a receipt without a scope": {"does not say what it opened", func(s *story) {
			s.decide(bob, access.Approve, 1)
			s.open(time.Minute, func(r *access.Receipt) { r.Scope = nil })
		}},
		"closed elsewhere": {"closed elsewhere", func(s *story) {
			s.keep(s.worker.SignReceipt(access.Receipt{RequestID: s.plan.RequestID, Grant: s.plan.Grants[0].Name, Target: "vault/main",
				Kind: access.ReceiptClosed, At: at.Add(time.Hour), Found: &access.ReadBack{}}))
		}},
		"for longer": {"longer", func(s *story) {
			s.decide(bob, access.Approve, 1)
			s.open(time.Minute, func(r *access.Receipt) { *r.ExpiresAt = r.ExpiresAt.Add(time.Hour) })
		}},
		"another grant": {"not in the plan", func(s *story) {
			s.decide(bob, access.Approve, 1)
			s.open(time.Minute, func(r *access.Receipt) { r.Grant = "ramp-0123456789abcdef-b" })
		}},
		"ended without proof": {"no proof", func(s *story) { s.decide(bob, access.Approve, 1); s.open(time.Minute) }},
		"a session was left": {"read back as gone", func(s *story) {
			s.decide(bob, access.Approve, 1)
			s.open(time.Minute)
			s.close(time.Hour, access.ReadBack{Sessions: 1})
		}},
		"a decision nobody signed": {"nobody signed", func(s *story) {
			s.event(access.EventDecisionRecorded, "bob", time.Minute, map[string]string{"decision": "approve"})
		}},
		"Case10 a decision of another request": {"another request", func(s *story) {
			s.keep(s.server.SignDecision(access.Decision{RequestID: "another", PlanDigest: s.plan.Digest, Verdict: access.Approve, Approver: bob, At: at}))
		}},
		"a receipt signed by the server": {"is not valid under", func(s *story) {
			s.keep(s.server.SignReceipt(access.Receipt{RequestID: s.plan.RequestID, Kind: access.ReceiptClosed}))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newTale(t)
			s.evaluate()
			tell.do(s)
			r := s.verify(s.pack())
			require.False(t, r.Proven())
			require.Contains(t, r.Summary, tell.want)
		})
	}
	s := whole(t)
	r := s.pack().Verify(NewKeyring(signer().Public()), NewKeyring(s.worker.Public()))
	require.False(t, r.Proven(), "another server's key")
	r = s.pack().Verify(NewKeyring(s.server.Public()), Keyring{})
	require.False(t, r.Proven(), "no worker is believed")
	r = s.pack().Verify(NewKeyring(s.server.Public()), Keyring{}.With(s.worker.Public(), "vault/main", "ssh/other"))
	require.False(t, r.Proven(), "the worker serves other targets")
	r = s.pack().Verify(NewKeyring(s.server.Public()), Keyring{}.With(s.worker.Public(), "vault/main", "ssh/demo"))
	require.True(t, r.Proven(), r.Summary)
}

// TestPackTampered changes one place of a pack's JSON at a time, wherever there
// is one: the pack must then prove nothing, unless it still says the same.
func TestPackTampered(t *testing.T) {
	s := whole(t)
	good := s.pack()
	b, err := json.Marshal(good)
	require.NoError(t, err)
	good, err = ReadPack(bytes.NewReader(b))
	require.NoError(t, err)
	require.True(t, s.verify(good).Proven())
	places := 0
	check := func(t require.TestingT, what string, doc any) {
		changed, err := json.Marshal(doc)
		require.NoError(t, err)
		p, err := ReadPack(bytes.NewReader(changed))
		if err != nil || reflect.DeepEqual(p, good) {
			return
		}
		places++
		require.False(t, s.verify(p).Proven(), "%s was changed, and the pack still proves something", what)
	}
	var doc any
	require.NoError(t, json.Unmarshal(b, &doc))
	walk(&doc, "", func(path string, get any, set func(any)) {
		for _, v := range []any{nil, "", "x", 0, 7, true, []any{}, map[string]any{}} {
			set(v)
			check(t, path, doc)
		}
		switch v := get.(type) {
		case string:
			for i := range len(v) {
				if i > 40 && i < len(v)-4 && i%17 != 0 {
					continue
				}
				set(v[:i] + string(rune(v[i]^1)) + v[i+1:])
				check(t, path, doc)
			}
		case float64:
			set(v + 1)
			check(t, path, doc)
		case []any:
			for i := range v {
				set(append(append([]any{}, v[:i]...), v[i+1:]...))
				check(t, path+" without one", doc)
				set(append(append([]any{}, v...), v[i]))
				check(t, path+" with one twice", doc)
				if i > 0 {
					swapped := append([]any{}, v...)
					swapped[i], swapped[i-1] = swapped[i-1], swapped[i]
					set(swapped)
					check(t, path+" in another order", doc)
				}
			}
		}
		set(get)
	})
	require.Greater(t, places, 1000)
	rapid.Check(t, func(rt *rapid.T) {
		i := rapid.IntRange(0, len(b)-1).Draw(rt, "at")
		changed := bytes.Clone(b)
		changed[i] ^= byte(rapid.IntRange(1, 255).Draw(rt, "flip"))
		p, err := ReadPack(bytes.NewReader(changed))
		if err == nil && !reflect.DeepEqual(p, good) {
			require.False(rt, s.verify(p).Proven())
		}
	})
}

// walk visits every value of a JSON document.
func walk(v *any, path string, visit func(path string, get any, set func(any))) {
	visit(path, *v, func(n any) { *v = n })
	switch x := (*v).(type) {
	case map[string]any:
		for k := range x {
			e := x[k]
			walk(&e, path+"."+k, func(p string, get any, set func(any)) { visit(p, get, func(n any) { set(n); x[k] = e }) })
			x[k] = e
		}
	case []any:
		for i := range x {
			walk(&x[i], fmt.Sprint(path, "[", i, "]"), visit)
		}
	}
}
