package pages

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/passkey"
	"ramp.dev/ramp/server/app"
	"ramp.dev/ramp/server/auth"
	"ramp.dev/ramp/server/problem"
)

// inline is what the content security policy forbids: a browser would drop it
// without a word.
var inline = regexp.MustCompile(`(?i)<script(>| [^>]*>[^<])|<style|\sstyle=|\son[a-z]+=|javascript:`)

func shown(t *testing.T, p *Pages, page string, content any) string {
	t.Helper()
	var b strings.Builder
	v := view{Person: access.Person{ID: "bob", Name: "Bob", Kind: access.KindHuman}, Nav: p.nav("/", 2, readers{}), Self: "/", Assets: "x", Content: content}
	require.NoError(t, p.templates[page].ExecuteTemplate(&b, "layout.html", v))
	require.NotRegexp(t, inline, b.String())
	require.NotContains(t, b.String(), "ZgotmplZ", "the template engine refused a value")
	require.Regexp(t, `<title>[^<]+ · Ramp</title>`, b.String())
	return b.String()
}

func example(state access.State) access.Request {
	at := time.Date(2026, 3, 1, 2, 14, 0, 0, time.UTC)
	end := at.Add(time.Hour)
	return access.Request{
		ID: "0123456789abcdef", State: state, Contract: "orders", CreatedAt: at, ActiveAt: &at, ExpiresAt: &end, EndedAt: &end,
		Requester: access.Person{ID: "bot", Name: "Bot", Kind: access.KindAgent, OnBehalfOf: "alice", Groups: []string{"engineering"}},
		Stages:    []access.StageStatus{{Stage: access.Stage{Name: "lead", From: []string{"leads"}, Approvals: 1}}},
		Decisions: []access.Decision{{Verdict: access.Deny, Approver: access.Person{ID: "carol"}, Comment: "no", At: at}},
		Timeline:  []access.Event{{Kind: access.EventRequestCreated, At: at, Actor: "bot", Message: "fix"}},
		Plan: access.Plan{Digest: "sha256:0011223344556677", Contract: "orders", Reason: "fix it", Ticket: "OPS-1", Principal: "bot",
			Params: map[string]any{"table": "orders"}, Duration: access.Duration(time.Hour), StartAt: &at, PendingUntil: end,
			Extend: &access.ExtensionLimits{Times: 1, UpTo: access.Duration(2 * time.Hour)},
			Grants: []access.PlannedGrant{{Name: "ramp-x-a", Target: "postgres/orders", Scope: access.Scope{Summary: "read orders",
				Ends: "VALID UNTIL", Facts: map[string]string{"role": "readonly_orders"}}}}},
	}
}

// TestPagesAndTemplates: each page has its template, and no template is left over.
func TestPagesAndTemplates(t *testing.T) {
	p, err := New(nil, nil, TemporalUI{})
	require.NoError(t, err)
	left := maps.Clone(p.templates)
	for _, name := range []string{"layout", "parts", "charts", "problem", "sessionover"} { // of which pages are made, and those of errors
		delete(left, name)
	}
	for _, one := range p.pages() {
		require.NotNil(t, p.templates[one.Name], one.Path)
		delete(left, one.Name)
	}
	require.Empty(t, left)
	require.Equal(t, []navItem{{"/", "Home", false, 0}, {"/requests", "Requests", true, 0}, {"/inbox", "Inbox", false, 3}}, p.nav("/requests", 3, readers{}))
}

func TestTemporalUI(t *testing.T) {
	require.Empty(t, TemporalUI{}.workflow("x"))
	require.Equal(t, "https://t.example/namespaces/default/workflows/x", TemporalUI{Address: "https://t.example/"}.workflow("x"))
	require.Equal(t, "https://t.example/namespaces/ramp.abc12/workflows/x", TemporalUI{Address: "https://t.example", Namespace: "ramp.abc12"}.workflow("x"))
}

// TestEveryPage renders every page in every state, with everything that can be
// on it: a template fails when it is executed, not when it is parsed.
func TestEveryPage(t *testing.T) {
	p, err := New(nil, nil, TemporalUI{})
	require.NoError(t, err)
	all := app.Permissions{Decide: true, Cancel: true, Release: true, Revoke: true, Extend: true, PickUp: true}
	for _, s := range access.States() {
		r := example(s)
		for _, content := range []requestPage{{Request: r}, {Request: r, Can: all, Refused: "no", TemporalUI: "http://ui",
			Typed: map[string]string{"comment": "typed"}}} {
			html := shown(t, p, "request", content)
			for _, fact := range []string{"Bot", "bot", "for alice", "1 hour", "read orders", "postgres/orders", "readonly_orders",
				"VALID UNTIL", "ramp-x-a", "fix it", "OPS-1", "lead", string(s)} {
				require.Contains(t, html, fact, s)
			}
			require.Equal(t, !s.Final() && !content.Can.Decide, strings.Contains(html, `http-equiv="refresh"`), "asks again, but not under somebody who types")
			require.Equal(t, content.Can.Decide, strings.Contains(html, `value="sha256:0011223344556677"`))
		}
	}
	r := example(access.StateEnding)
	r.Overdue, r.Problem = true, "the host does not answer"
	require.Contains(t, shown(t, p, "request", requestPage{Request: r}), `class="status overdue"`)

	several := example(access.StateActive)
	several.Plan.Grants = append(several.Plan.Grants, access.PlannedGrant{Name: "ramp-x-b", Target: "ssh/orders"})
	use := shown(t, p, "request", requestPage{Request: several, Can: all})
	require.Contains(t, use, "># postgres/orders\nramp exec 0123456789abcdef --grant ramp-x-a -- COMMAND\n# ssh/orders\nramp exec 0123456789abcdef --grant ramp-x-b -- COMMAND<")
	require.Contains(t, shown(t, p, "request", requestPage{Request: example(access.StateActive), Can: all}), "ramp exec 0123456789abcdef -- COMMAND<")

	for _, asked := range []app.PasskeyChallenge{{Problem: "why not"}, {Challenge: "Y2g", RPID: "ramp.example.com"},
		{Challenge: "Y2g", RPID: "ramp.example.com", Keys: []string{"YQ", "Yg"}}} {
		html := shown(t, p, "request", requestPage{Request: example(access.StatePending), Can: all, Passkey: &asked})
		require.Equal(t, len(asked.Keys) > 0, strings.Contains(html, `data-challenge="Y2g" data-rp="ramp.example.com" data-keys="YQ Yg"`))
		require.Equal(t, len(asked.Keys) == 0, strings.Contains(html, `value="approve" disabled`), "deny is all that is left")
		require.Contains(t, html, asked.Problem)
		enrolment := app.Enrolment{PasskeyChallenge: asked, Person: "bob", Algorithms: []int{-7, -8},
			Enrolled: []passkey.Key{{Name: "laptop", Enrolled: "2026-01-31"}}}
		html = shown(t, p, "passkeys", passkeysPage{Enrolment: enrolment, Entry: "bob: <b>", Refused: "no"})
		require.Equal(t, asked.Problem == "", strings.Contains(html, `data-algorithms="-7 -8 "`))
		require.Contains(t, html, "bob: &lt;b&gt;")
	}

	rows := []access.Request{example(access.StatePending), r}
	shown(t, p, "home", homePage{Live: rows, ToDo: rows})
	require.Contains(t, shown(t, p, "home", homePage{}), "No active access")
	require.Contains(t, shown(t, p, "inbox", listPage{}), "Nothing to decide")
	require.Contains(t, shown(t, p, "inbox", listPage{Items: rows, NextURL: "/inbox?cursor=x"}), `href="/inbox?cursor=x"`)
	for _, tab := range tabs {
		require.Contains(t, shown(t, p, "requests", listPage{Tab: tab.Show, Tabs: tabs}), `aria-current="page">`+tab.Name)
	}
	html := shown(t, p, "you", youPage{Operator: true, Sessions: []auth.SessionInfo{{UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0", Current: true}, {}}})
	for _, want := range []string{"<b>Firefox on Linux</b>", "this browser", "rv:133.0", "<b>Unknown browser</b>"} {
		require.Contains(t, html, want)
	}
	require.Contains(t, html, `href="/accounts"`)
	require.Contains(t, shown(t, p, "you", youPage{Auditor: true}), `href="/contracts"`)
	require.NotContains(t, shown(t, p, "you", youPage{}), `href="/contracts"`)
	require.Len(t, p.nav("/accounts", 0, readers{}), 3)
	require.Equal(t, []navItem{{Path: "/contracts", Name: "Contracts"}, {Path: "/accounts", Name: "Accounts", Current: true}}, p.nav("/accounts", 0, readers{Operator: true})[3:])
	require.Equal(t, []navItem{{Path: "/contracts", Name: "Contracts", Current: true}, {Path: "/audit", Name: "Audit"}}, p.nav("/contracts", 0, readers{Auditor: true})[3:])
	require.Contains(t, shown(t, p, "accounts", accountsPage{}), "No accounts are linked")
	html = shown(t, p, "accounts", accountsPage{Account: "<typed>", Human: "h", Refused: "no", Links: []accountLink{
		{AccountLink: access.AccountLink{Account: "partner:carol", Human: "carol", LinkedBy: "oscar", Unproven: true}},
		{AccountLink: access.AccountLink{Account: "bob-admin", Human: "bob", LinkedBy: access.ActorRamp}, Configured: true}}})
	for _, want := range []string{"partner:carol", "oscar", "counts for nobody", "configuration", `value="&lt;typed&gt;"`, "Not done."} {
		require.Contains(t, html, want)
	}
	html = shown(t, p, "contracts", contractsPage{Status: contracts.Status{Source: "https://git.example.com/c.git main", Version: "sha256:x", Error: "c.yaml:3:1: <b>",
		Revision: contracts.Revision{Commit: "0123", Signers: []string{"alice", "bob"}}},
		States: []access.TargetState{{Target: "postgres/orders", Condition: access.TargetOff, Reason: "no <password>"}, {Target: "ssh/web", Condition: access.TargetSilent}}})
	for _, want := range []string{"not in force", "c.yaml:3:1: &lt;b&gt;", "alice, bob", "0123", "postgres/orders", "no &lt;password&gt;", "no worker of it has been heard of"} {
		require.Contains(t, html, want)
	}
	html = shown(t, p, "contracts", contractsPage{Status: contracts.Status{Source: "/etc/ramp/contracts"}})
	require.NotContains(t, html, "Commit")
	require.NotContains(t, html, `id="targets"`, "what a server cannot say is not shown as an empty table")
	shown(t, p, "signedout", nil)
	for status := range problemTitles {
		shown(t, p, "problem", problem.Problem{Status: status, Detail: "why"})
	}
}

// TestFormKeepsWhatWasTyped, of every type of param, beside what is wrong.
func TestFormKeepsWhatWasTyped(t *testing.T) {
	p, err := New(nil, nil, TemporalUI{})
	require.NoError(t, err)
	html := shown(t, p, "ask", askPage{
		Offer: contracts.Offer{Contract: "orders", Ticket: "always", Params: []contracts.OfferParam{
			{Name: "table", Type: "string", Enum: []string{"orders", "refunds"}, Required: true}, {Name: "dry", Type: "bool", Default: true, Description: "look only"},
			{Name: "rows", Type: "int", Default: 100}}, Duration: contracts.OfferDuration{Default: access.Duration(time.Minute), Max: access.Duration(time.Hour)}},
		Values: map[string]string{"params.table": "refunds", "params.dry": "false", "params.rows": "many", "duration": "9h", "reason": "<b>", "ticket": "X"},
		Issues: map[string]string{"duration": "at most 1h", "params.rows": "a whole number"},
	})
	for _, kept := range []string{`<option selected>refunds</option>`, `value="many"`, "look only", `value="9h"`, `&lt;b&gt;</textarea>`, `value="X"`,
		`id="duration-issue">at most 1h`, `id="params.rows-issue">a whole number`, `value="other" id="duration-other" checked`} {
		require.Contains(t, html, kept)
	}
	require.NotContains(t, html, `name="params.dry" value="true" checked`, "unticked stays unticked, whatever the default")
}

func TestAskedDuration(t *testing.T) {
	for form, want := range map[string]string{
		"duration=30m":                        "30m",
		"duration=30m&durationOther=9h":       "30m",
		"duration=other&durationOther=1h+30m": "1h30m",
		"duration=other&durationOther=":       " ",
		"duration=other":                      " ",
		"":                                    "",
		"duration=other&durationOther=" + url.QueryEscape("an hour"): "an hour",
	} {
		r := httptest.NewRequest(http.MethodPost, "/ask/x", strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		require.Equal(t, want, askedDuration(echo.New().NewContext(r, httptest.NewRecorder())), form)
	}
}

// TestPageSaysWhichConditionEndedAccess: of several one did, and the order says which.
func TestPageSaysWhichConditionEndedAccess(t *testing.T) {
	p, err := New(nil, nil, TemporalUI{})
	require.NoError(t, err)
	r := example(access.StateEnded)
	r.Outcome = access.OutcomeCondition
	require.Contains(t, shown(t, p, "request", requestPage{Request: r}), "Ended: a condition of its contract ended it. Verified")
	r.Timeline = append(r.Timeline, access.Event{Kind: access.EventEndOrdered, Actor: access.ActorContract, Message: "the ticket was closed"})
	require.Contains(t, shown(t, p, "request", requestPage{Request: r}), "Ended: its contract ended it, because the ticket was closed. Verified")
}

// TestPageSaysHowAccessWasUsed by each target that says it, with times as all are shown, and
// nothing where an event is no longer what was recorded.
func TestPageSaysHowAccessWasUsed(t *testing.T) {
	p, err := New(nil, nil, TemporalUI{})
	require.NoError(t, err)
	r := example(access.StateEnded)
	active := time.Date(2026, 11, 26, 8, 0, 0, 0, time.UTC)
	ended := active.Add(time.Hour)
	r.ActiveAt, r.EndedAt = &active, &ended
	closed := access.Event{Seq: 9, Kind: access.EventGrantClosed, Actor: access.ActorRamp, Detail: map[string]string{"grant": "g", "target": "ssh/demo"}}
	require.NotContains(t, shown(t, p, "request", requestPage{Request: r}), "How it was used")
	access.Usage{Kind: access.UsageSessions, First: active.Add(10 * time.Minute), Last: active.Add(40 * time.Minute), Sessions: 3, For: access.Duration(12 * time.Minute)}.Into(closed.Detail)
	r.Timeline = append(r.Timeline, closed)
	require.Contains(t, shown(t, p, "request", requestPage{Request: r}), `<dt>How it was used</dt><dd>used from <time datetime="2026-11-26T08:10:00Z">26 Nov 2026, 08:10:00 UTC</time> to `+
		`<time datetime="2026-11-26T08:40:00Z">26 Nov 2026, 08:40:00 UTC</time>: 3 sessions, 12m of 1h <span class="dim">says ssh/demo</span></dd>`)
	r.TimelineCheck = &access.TimelineCheck{Altered: []int64{9}}
	require.NotContains(t, shown(t, p, "request", requestPage{Request: r}), "How it was used")
}

// TestTimesOfTexts: a time within a text is shown as others are, and the text stays text.
func TestTimesOfTexts(t *testing.T) {
	require.Equal(t, `it ends &lt;b&gt; at <time datetime="2026-11-26T08:47:58Z">26 Nov 2026, 08:47:58 UTC</time> instead of <time datetime="2026-11-26T08:38:13Z">26 Nov 2026, 08:38:13 UTC</time>.`,
		string(withTimes("it ends <b> at 2026-11-26T08:47:58Z instead of 2026-11-26T08:38:13.123Z.")))
	require.Equal(t, "2026-13-26T08:47:58Z, <b>"[:22]+"&lt;b&gt;", string(withTimes("2026-13-26T08:47:58Z, <b>")))
	require.Empty(t, withTimes(""))
}

// TestApproversReadWhatEndsAccess: the ticket, what was chosen and what ends access early stand
// beside the decision, and a chosen value is not said again as a param.
func TestApproversReadWhatEndsAccess(t *testing.T) {
	p, err := New(nil, nil, TemporalUI{})
	require.NoError(t, err)
	r := example(access.StatePending)
	r.Plan.Params = map[string]any{"login": "demo", "table": "orders"}
	r.Plan.Choices = []access.Chosen{{Param: "login", Choice: access.Choice{Value: "demo", Label: "The demo"}}}
	r.Plan.EndWhen = []access.EndCondition{{If: "!ticket.open", Because: "the ticket was closed"}}
	html := shown(t, p, "request", requestPage{Request: r})
	card, rest, _ := strings.Cut(html, "</section>")
	for _, want := range []string{">OPS-1</dd>", ">demo</b>", ">The demo</span>", "as soon as <span", ">the ticket was closed</span>"} {
		require.Contains(t, card, want)
	}
	require.NotContains(t, rest, "<dt>login</dt>")
	require.Contains(t, rest, "<dt>table</dt>")
}

// TestTimelineIsHeldAgainstTheLog: a page says what its timeline was held against.
func TestTimelineIsHeldAgainstTheLog(t *testing.T) {
	p, err := New(nil, nil, TemporalUI{})
	require.NoError(t, err)
	page := func(check access.TimelineCheck) string {
		r := example(access.StateActive)
		r.Timeline[0].Seq, r.TimelineCheck = 7, &check
		return shown(t, p, "request", requestPage{Request: r})
	}
	at := time.Date(2026, 11, 26, 1, 0, 0, 0, time.UTC)
	html := page(access.TimelineCheck{Size: 9, Signed: 8, SignedAt: &at})
	require.Contains(t, html, "Every entry is in the log as it was recorded: checked just now, among its 9 events. Ramp’s latest signature, of ")
	require.NotContains(t, html, "No longer what was recorded")
	t.Run("Case67 an altered entry", func(t *testing.T) {
		html := page(access.TimelineCheck{Size: 9, Signed: 8, SignedAt: &at, Altered: []int64{7}})
		require.Contains(t, html, "<strong>No longer what was recorded.</strong>")
		require.Contains(t, html, "somebody has changed the ledger’s database")
		require.Contains(t, html, "All other entries are in the log as it was recorded")
	})
	t.Run("Case67 a log that cannot be verified", func(t *testing.T) {
		html := page(access.TimelineCheck{Problem: "The log no longer holds what was signed before."})
		require.Contains(t, html, "The log no longer holds what was signed before. Do not rely on this timeline")
		require.NotContains(t, html, "checked just now")
	})
}
