package notices

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

var at = time.Date(2026, 11, 24, 2, 14, 0, 0, time.UTC)

var alice = access.Person{ID: "alice", Name: "Alice Ahn", Email: "alice@example.com", Kind: access.KindHuman}

func asked(change ...func(*access.Request)) access.Request {
	stages := []access.Stage{{Name: "team", AnyOf: []access.Approvers{{From: []string{"dba"}, Approvals: 2}, {People: []string{"lea"}, Approvals: 1}}},
		{Name: "security", From: []string{"security"}, Approvals: 1, Level: 1}}
	r := access.Request{ID: "0123456789abcdef", State: access.StatePending, Contract: "orders", Requester: alice, CreatedAt: at,
		Stages: []access.StageStatus{{Stage: stages[0]}, {Stage: stages[1], Waits: true}},
		Plan: access.Plan{Contract: "orders", Requester: alice, Reason: "order 4711 is stuck", Duration: access.Duration(time.Hour), PendingUntil: at.Add(time.Hour), Rule: access.Rule{Stages: stages, DenyThreshold: 1},
			Grants: []access.PlannedGrant{{Target: "postgres/orders", Scope: access.Scope{Summary: "read orders"}}}}}
	for _, c := range change {
		c(&r)
	}
	return r
}

func broken(r *access.Request) {
	r.Stages, r.Plan.Rule = nil, access.Rule{Auto: true, DenyThreshold: 1}
	r.Plan.BreakGlass = &access.BreakGlass{Reviewers: []string{"security"}, ReviewBy: at.Add(24 * time.Hour)}
}

// byAgent is a request that alice's agent made, and automatic one that nobody decides.
func byAgent(r *access.Request) {
	r.Requester = access.Person{ID: "alice-agent", Kind: access.KindAgent, OnBehalfOf: "alice"}
	r.Plan.Requester = r.Requester
}

func automatic(r *access.Request) {
	r.State, r.Stages, r.Plan.Rule = access.StateActive, nil, access.Rule{Auto: true, DenyThreshold: 1}
}

// TestWhoHearsWhat is the table of docs/notices.md, by example.
func TestWhoHearsWhat(t *testing.T) {
	alarms := []string{"watch@example.com"}
	in := func(s access.State) func(*access.Request) { return func(r *access.Request) { r.State = s } }
	next := func(r *access.Request) { r.Stages[0].Met, r.Stages[1].Waits = true, false }
	for _, c := range []struct {
		event access.EventKind
		r     access.Request
		want  string
	}{
		{access.EventRequestCreated, asked(), "group dba, person lea"},
		{access.EventRequestCreated, asked(broken), ""},
		{access.EventRequestCreated, asked(byAgent), "group dba, person lea, requester"},
		{access.EventDecisionRecorded, asked(byAgent, next), "group security"},
		{access.EventRequestCreated, asked(byAgent, automatic), ""},
		{access.EventDecisionRecorded, asked(next), "group security"},
		{access.EventDecisionRecorded, asked(in(access.StateActive)), ""},
		{access.EventRequestApproved, asked(), ""},
		{access.EventRequestScheduled, asked(), "requester"},
		{access.EventAccessActive, asked(), "requester"},
		{access.EventRequestDenied, asked(), "requester"},
		{access.EventRequestLapsed, asked(), "requester"},
		{access.EventRequestFailed, asked(), "requester, alarm"},
		{access.EventGlassBroken, asked(broken), "group security, alarm"},
		{access.EventGlassReviewed, asked(broken), "requester"},
		{access.EventAccessEnded, asked(), "requester"},
		{access.EventAccessOverdue, asked(), "alarm"},
		{access.EventGrantDrifted, asked(), "alarm"},
		{access.EventAccessReopened, asked(), "alarm"},
		{access.EventRecordAltered, asked(), "alarm"},
		{access.EventNoticeUndelivered, asked(), ""},
		{access.EventActRefused, asked(), ""},
	} {
		var got []string
		for _, h := range decide(access.Event{Kind: c.event, RequestID: c.r.ID}, c.r, alarms) {
			switch {
			case h.Group != "":
				got = append(got, "group "+h.Group)
			case h.ID != "":
				got = append(got, "person "+h.ID)
			case h.Address != "":
				got = append(got, "alarm")
			default:
				require.Equal(t, c.r.Requester, h.Person)
				got = append(got, "requester")
			}
		}
		require.Equal(t, c.want, strings.Join(got, ", "), "%s", c.event)
		require.True(t, len(got) == 0 || c.event.Noticeable(), "%s", c.event)
	}
	released := access.Event{Kind: access.EventAccessEnded, Detail: map[string]string{"outcome": "released"}}
	require.Empty(t, decide(released, asked(), alarms), "who released it knows")
	require.Len(t, decide(released, asked(byAgent), alarms), 1, "whose agent released it does not")
	for _, k := range access.EventKinds() {
		if k.Spec().OCSF.Class.UID == 2004 {
			require.True(t, k.Urgent() || concernsNoRequest(k, ""), "%s is an alarm that nobody hears", k)
		}
	}
}

// extending has an extension of open access wait for people.
func extending(r *access.Request) {
	r.State, r.Stages[0].Met, r.Stages[1].Waits, r.Stages[1].Met = access.StateActive, true, false, true
	r.Asked = &access.Asked{Order: access.ExtensionOrder{Digest: "d2", Adds: access.Duration(20 * time.Minute), From: at.Add(time.Hour), Reason: "it takes longer"}, Until: at.Add(80 * time.Minute), Tally: access.TallyUndecided,
		Stages: []access.StageStatus{{Stage: access.Stage{From: []string{"leads"}, OnCall: []string{"db"}, Approvals: 1}}, {Stage: access.Stage{From: []string{"security"}}, Waits: true}}}
}

// TestWhoHearsOfAnExtension: those who may decide it now, each once for each extension
// that waits, and not of one that does not any more.
func TestWhoHearsOfAnExtension(t *testing.T) {
	groups := func(k access.EventKind, digest string, r access.Request) (out []string) {
		for _, h := range decide(access.Event{Kind: k, Detail: map[string]string{"orderDigest": digest}}, r, nil) {
			require.Equal(t, access.EventExtensionAsked, h.Of)
			out = append(out, h.Group+h.OnCall)
		}
		return out
	}
	r := asked(extending)
	require.Equal(t, []string{"leads", "db"}, groups(access.EventExtensionAsked, "d2", r))
	require.Empty(t, groups(access.EventExtensionAsked, "d1", r), "another one waits now")
	require.False(t, moot(access.EventExtensionAsked, whyApprover, r))
	r.Asked.Stages[0].Met, r.Asked.Stages[1].Waits = true, false
	require.Equal(t, []string{"security"}, groups(access.EventExtensionDecided, "d2", r), "the next level's turn")

	id := func(k access.EventKind, digest string) string {
		return noticeID(addressed{channel: mailChannel, address: "lea@example.com", why: whyApprover, of: access.EventExtensionAsked}, access.Event{Seq: int64(len(k)), Kind: k, RequestID: r.ID, Detail: map[string]string{"orderDigest": digest}})
	}
	require.Equal(t, id(access.EventExtensionAsked, "d2"), id(access.EventExtensionDecided, "d2"))
	require.NotEqual(t, id(access.EventExtensionAsked, "d2"), id(access.EventExtensionAsked, "d3"))

	m := Config{Reasons: true}.compose(ledger.Notice{Kind: access.EventExtensionAsked}, r, time.UTC)
	require.Equal(t, "[Ramp] Alice Ahn asks for 20m more of orders", m.Subject)
	require.Contains(t, m.Text, "To extend:    it takes longer\nEnds:         Tue 24 Nov 2026, 03:14 UTC\nIt would end: Tue 24 Nov 2026, 03:34 UTC\nDecide until: Tue 24 Nov 2026, 03:14 UTC\n")

	r.Asked.Tally = access.TallyDenied
	require.Empty(t, groups(access.EventExtensionDecided, "d2", r))
	require.True(t, moot(access.EventExtensionAsked, whyApprover, r))
	require.True(t, moot(access.EventExtensionAsked, whyApprover, access.Request{State: access.StateEnded}))
}

// TestWhoHearsByContract: beside those who always hear, whom the signed plan names.
func TestWhoHearsByContract(t *testing.T) {
	r := asked(func(r *access.Request) {
		r.Plan.Notify = []access.Notice{{Of: []access.EventKind{access.EventRequestCreated, access.EventAccessActive}, Groups: []string{"watch"}},
			{Of: []access.EventKind{access.EventAccessEnded, access.EventActRefused}, Whom: []access.NoticeAudience{access.NoticeApprovers, access.NoticeRequester}}}
	})
	at := func(k access.EventKind) (out []string) {
		for _, h := range decide(access.Event{Kind: k, Detail: map[string]string{"outcome": "released"}}, r, nil) {
			if h.Why == whyContract {
				require.Equal(t, k, h.Of)
				out = append(out, h.Group+h.ID+h.Person.ID)
			}
		}
		return out
	}
	require.Equal(t, []string{"watch"}, at(access.EventRequestCreated))
	require.Equal(t, []string{"watch"}, at(access.EventAccessActive))
	require.Equal(t, []string{"dba", "lea", "alice"}, at(access.EventAccessEnded))
	require.Empty(t, at(access.EventActRefused), "anybody can cause any number of these")
	require.Empty(t, at(access.EventRequestDenied))
	require.True(t, moot(access.EventRequestCreated, whyApprover, access.Request{State: access.StateActive}))
	require.False(t, moot(access.EventRequestCreated, whyContract, access.Request{State: access.StateActive}))
}

// TestEveryNoticeMayBeSent: whatever is decided is sent, in every state that the request may
// be in by then.
func TestEveryNoticeMayBeSent(t *testing.T) {
	alarms := []string{"watch@example.com"}
	for _, change := range []func(*access.Request){func(*access.Request) {}, broken, func(r *access.Request) { r.Stages[0].Met, r.Stages[1].Waits = true, false }, func(r *access.Request) {
		extending(r)
		r.Plan.Extend = &access.ExtensionLimits{Rule: &access.Rule{Stages: []access.Stage{r.Asked.Stages[0].Stage, r.Asked.Stages[1].Stage}}}
	}} {
		r := asked(change)
		r.Plan.Notify = []access.Notice{{Of: access.EventKinds(), Whom: []access.NoticeAudience{access.NoticeApprovers, access.NoticeRequester, access.NoticeReviewers}, Groups: []string{"watch"}}}
		later := r
		later.State, later.Stages, later.Asked = access.StateActive, nil, nil
		for _, k := range access.EventKinds() {
			if k == access.EventGlassBroken && r.Plan.BreakGlass == nil {
				continue
			}
			for _, h := range decide(access.Event{Kind: k, Detail: map[string]string{"orderDigest": "d2"}}, r, alarms) {
				require.Contains(t, mayHear(h.Of, h.Why, later, alarms), h, "%s", k)
			}
		}
	}
}

// directory is one of a few people, of whom bob hears of no decision.
type directory map[string]access.Member

func (d directory) NoticeChoices(context.Context, ...string) (map[string]access.NoticeChoice, error) {
	return map[string]access.NoticeChoice{"bob": {Off: map[string][]access.NoticeTopic{"mail": {access.TopicDecisions}}, Zone: "Asia/Tokyo"}}, nil
}

func (d directory) PeopleOf(_ context.Context, group string) (ids []string, _ error) {
	for id, m := range d {
		if slices.Contains(m.Groups, group) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return append(ids, "forged"), nil // a row that no server signed
}

func (d directory) DirectorySnapshot(context.Context, ...string) (access.DirectorySnapshot, error) {
	return access.DirectorySnapshot{KnowsGroups: true, Members: d, Unproven: map[string]string{"forged": "nobody signed it"}}, nil
}

// TestWhoHasAnAddress: an address comes from the configuration or from what a server
// signed, the requester is not asked to approve their own, and nobody hears twice.
func TestWhoHasAnAddress(t *testing.T) {
	d := directory{
		"alice":  {ID: "alice", Email: "alice.new@example.com", Active: true, Groups: []string{"dba"}},
		"bob":    {ID: "bob", Email: "bob@example.com", Active: true, Groups: []string{"dba", "security"}},
		"gone":   {ID: "gone", Email: "gone@example.com", Groups: []string{"dba"}},
		"lea":    {ID: "lea", Email: "LEA@example.com", Active: true},
		"forged": {ID: "forged", Email: "mallory@example.com", Active: true, Groups: []string{"dba"}},
	}
	requester := alice
	resolve := func(c Config, list ...hearer) (out []string) {
		got, err := resolver{Config: c, directory: d}.resolve(t.Context(), list, requester)
		require.NoError(t, err)
		for _, a := range got {
			require.Equal(t, mailChannel, a.channel)
			if !a.muted {
				out = append(out, a.address)
			}
		}
		return out
	}
	require.Equal(t, []string{"bob@example.com", "LEA@example.com"}, resolve(Config{}, hearer{Group: "dba"}, hearer{ID: "lea"}, hearer{ID: "alice"}, hearer{Address: "lea@example.com"}))
	require.Equal(t, []string{"dba-list@example.com"}, resolve(Config{Groups: map[string][]string{"dba": {"dba-list@example.com"}}}, hearer{Group: "dba"}))
	own := Config{Groups: map[string][]string{"dba": {"alice@example.com", "dba-list@example.com"}}}
	require.Len(t, resolve(own, hearer{Group: "dba", Why: whyReviewer}), 2, "an address that they only say is theirs keeps nobody from hearing")
	requester.EmailVerified = true
	require.Equal(t, []string{"dba-list@example.com"}, resolve(own, hearer{Group: "dba", Why: whyApprover}), "the requester does not decide it")
	require.Equal(t, []string{"dba-list@example.com"}, resolve(own, hearer{Group: "dba", Why: whyReviewer}))
	require.Len(t, resolve(own, hearer{Group: "dba", Why: whyContract}), 2, "whom the contract wants to hear of it")
	requester = alice
	require.Equal(t, []string{"alice.new@example.com"}, resolve(Config{}, hearer{Person: alice}), "as the directory has it now")
	require.Empty(t, resolve(Config{}, hearer{Person: access.Person{ID: "gone", Email: "gone@example.com"}}), "they have left")
	agent := access.Person{ID: "bob-agent", Kind: access.KindAgent, OnBehalfOf: "bob"}
	require.Equal(t, []string{"bob@example.com"}, resolve(Config{}, hearer{Person: agent}), "an agent's human")
	require.Empty(t, resolve(Config{}, hearer{Group: "unknown"}))
	require.Empty(t, resolve(Config{}, hearer{Group: "security", Why: whyApprover}), "bob chose so")
	for _, why := range []string{whyReviewer, whyContract, whyAlarm} {
		require.Equal(t, []string{"bob@example.com"}, resolve(Config{}, hearer{Group: "security", Why: whyApprover}, hearer{Group: "security", Why: why}), "which nobody switches off")
	}
	require.Empty(t, resolve(Config{}, hearer{Person: access.Person{ID: "new", Email: "Pay now <victim@bank.example>"}}))
}

// TestCase48WhatANoticeSays: no reason unless the configuration has it in, and no line of
// anybody's making.
func TestCase48WhatANoticeSays(t *testing.T) {
	c := Config{Pages: "https://ramp.example.com/"}
	r := asked()
	r.Requester.Name = "Alice\r\nBcc: mallory@example.com\u202e"
	m := c.compose(ledger.Notice{ID: "7f", RequestID: r.ID, Kind: access.EventRequestCreated, Why: whyApprover}, r, time.UTC)
	require.Equal(t, "[Ramp] Alice Bcc: mallory@example.com asks for orders", m.Subject)
	require.Equal(t, `Alice Bcc: mallory@example.com asks for orders.

Requester:    Alice Bcc: mallory@example.com (alice)
Contract:     orders
Access:       read orders on postgres/orders
Duration:     1h
Decide until: Tue 24 Nov 2026, 03:14 UTC

Decide on the page, logged in.

https://ramp.example.com/requests/0123456789abcdef

You hear of this because you may decide it. A notice carries no credential, and Ramp asks for none by mail.
`, m.Text)
	c.Reasons = true
	require.Contains(t, c.compose(ledger.Notice{Kind: access.EventRequestCreated}, r, time.UTC).Text, "Reason:       order 4711 is stuck\n")
	planned := asked()
	planned.Plan.Grants[0].Scope.Facts = map[string]string{"plan 01": "create a", "plan 02": "create b"}
	require.Contains(t, c.compose(ledger.Notice{Kind: access.EventRequestCreated}, planned, time.UTC).Text, "Access:       read orders on postgres/orders\nIn detail:    2 facts of the plan, on the page\n")
	require.NotContains(t, c.compose(ledger.Notice{Kind: access.EventAccessActive}, planned, time.UTC).Text, "In detail", "nothing is left to decide")
	require.Contains(t, c.composeComment(ledger.Notice{RequestID: r.ID, Kind: access.EventRequestCreated}, planned).Text, "In detail: 2 facts of the plan, on the page\n")
	r = asked(broken)
	r.Altered = []string{"the state"}
	m = c.compose(ledger.Notice{Kind: access.EventGlassBroken, Urgent: true}, r, time.UTC)
	require.Equal(t, "[Ramp] BREAK GLASS: Alice Ahn opened orders, and nobody approved it", m.Subject)
	require.Contains(t, m.Text, "Review until: Wed 25 Nov 2026, 02:14 UTC")
	require.Contains(t, m.Text, "WARNING:      the ledger does not say what was signed: the state")
	for _, k := range access.EventKinds() {
		require.NotEmpty(t, c.compose(ledger.Notice{Kind: k}, r, time.UTC).Subject)
	}
}

// TestQuietHours by the clock of their zone, across midnight and a change to winter
// time.
func TestQuietHours(t *testing.T) {
	berlin := Quiet{From: "22:00", To: "07:00", Zone: "Europe/Berlin"}
	for _, c := range []struct {
		q         Quiet
		now, want string
	}{
		{berlin, "2026-11-24T20:59:59Z", "2026-11-24T20:59:59Z"},
		{berlin, "2026-11-24T21:00:00Z", "2026-11-25T06:00:00Z"},
		{berlin, "2026-11-24T02:14:00Z", "2026-11-24T06:00:00Z"},
		{berlin, "2026-11-24T06:00:00Z", "2026-11-24T06:00:00Z"},
		{berlin, "2026-10-24T21:00:00Z", "2026-10-25T06:00:00Z"}, // the clock goes back that night
		{Quiet{From: "12:00", To: "13:00"}, "2026-11-24T12:30:00Z", "2026-11-24T13:00:00Z"},
		{Quiet{}, "2026-11-24T12:30:00Z", "2026-11-24T12:30:00Z"},
	} {
		now, err := time.Parse(time.RFC3339, c.now)
		require.NoError(t, err)
		got, err := c.q.until(now)
		require.NoError(t, err)
		require.Equal(t, c.want, got.Format(time.RFC3339), "%v at %s", c.q, c.now)
	}
}

func TestConfig(t *testing.T) {
	good := func() Config {
		c := Config{Pages: "https://ramp.example.com", Alarms: []string{"watch@example.com"}, Groups: map[string][]string{"dba": {"dba@example.com"}}}
		c.Mail.Server, c.Mail.From = "smtp.example.com:587", "ramp@example.com"
		return c
	}
	require.Empty(t, good().Validate())
	require.Empty(t, Config{}.Validate())
	for code, change := range map[string]func(*Config){
		"notices_pages":   func(c *Config) { c.Pages = "" },
		"notices_alarms":  func(c *Config) { c.Alarms = nil },
		"notices_address": func(c *Config) { c.Groups["dba"] = []string{"DBA <dba@example.com>"} },
		"notices_quiet":   func(c *Config) { c.Quiet.From = "late" },
		"mail_server":     func(c *Config) { c.Mail.Server = "" },
	} {
		c := good()
		change(&c)
		issues := c.Validate()
		require.Len(t, issues, 1, code)
		require.Equal(t, code, issues[0].Code)
	}
}

// TestWhatStaysDoesNotEnd: mail about a change of contracts says that it is in force, and
// names no end and no length.
func TestWhatStaysDoesNotEnd(t *testing.T) {
	r := asked()
	at, end := r.CreatedAt, r.CreatedAt.Add(time.Minute)
	r.Plan.Change, r.State, r.ActiveAt, r.ExpiresAt = &access.ContractChange{}, access.StateActive, &at, &end
	require.Len(t, r.Plan.Grants, 1)
	_, reminds := remindAt(r)
	require.False(t, reminds)
	for _, kind := range []access.EventKind{access.EventAccessActive, access.EventAccessEnded} {
		text := Config{}.compose(ledger.Notice{Kind: kind}, r, time.UTC).Text + Config{}.composeComment(ledger.Notice{Kind: kind}, r).Text
		require.Contains(t, text, "In force:")
		for _, untrue := range []string{"gone", "open", "Ends:", "Ended:", "Duration:"} {
			require.NotContains(t, text, untrue)
		}
		r.State, r.EndedAt = access.StateEnded, &end
	}
}
