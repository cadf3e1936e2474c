package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// asksInForm fills the form in, sends it and returns the new request's id.
func (t *tab) asksInForm(reason string) string {
	t.in.Helper()
	t.opens("/")
	t.clicks(`a[href="/ask/ssh-demo"]`)
	t.clicks(`.chips label:has([value="30m"])`)
	t.types("#reason", reason)
	t.clicks("#ask")
	t.is("pending")
	id, ok := strings.CutPrefix(t.at(), "/requests/")
	require.True(t.in, ok, t.at())
	return id
}

// TestBrowser is the main job in a real browser. One Ramp and one Chromium serve
// all of it.
func TestBrowser(t *testing.T) {
	t.Parallel()
	in := install(t)
	in.start(nil, "dev").ready()
	b := in.browser()
	for name, story := range map[string]func(*installation, *browser){
		"asked, approved, used, released":                     webStory,
		"without JavaScript":                                  plainStory,
		"a choice of what the target has":                     choosesInForm,
		"a form with mistakes":                                mistakes,
		"Case08 a reason that attacks":                        hostileReason,
		"a credential in the page":                            pickUpInPage,
		"the Temporal UI":                                     temporalUI,
		"linked accounts":                                     linkedAccounts,
		"Case127 an auditor verifies in the page":             auditsInPage,
		"Case50 sessions that somebody wrote into the ledger": writtenSessions,
	} {
		t.Run(name, func(t *testing.T) {
			sub := *in
			sub.T = t
			story(&sub, b)
		})
	}
}

func webStory(in *installation, b *browser) {
	alice, bob := b.as(in, "alice"), b.as(in, "bob")
	bob.opens("/inbox") // and nothing else: what follows comes by itself
	id := alice.asksInForm("the nightly import is stuck again")

	bob.sees(`a[href="/requests/` + id + `"]`)
	bob.clicks(`a[href="/requests/` + id + `"]`)
	bob.is("pending")
	showsThePlan(in, bob, id)
	bob.types("#comment", "go ahead")
	bob.clicks("#approve")
	bob.sees(`[data-live]:not([data-state="pending"])`)

	alice.is("active")
	require.Contains(in, alice.reads("#said"), "active", "said to those who do not see")
	require.Contains(in, alice.reads(".title .left"), "left")
	require.Contains(in, alice.reads("main"), "go ahead")
	require.Contains(in, alice.reads("#zone"), eval[string](alice, `Intl.DateTimeFormat().resolvedOptions().timeZone`))
	alice.clicks("#release")
	alice.is("ended")
	bob.is("ended")
	require.Contains(in, alice.reads(".status"), "released it")
	require.Empty(in, in.admitted())
}

// showsThePlan: an approver sees every fact of what they approve.
func showsThePlan(in *installation, t *tab, id string) {
	in.Helper()
	var r struct {
		Requester struct {
			ID, Name string
			Groups   []string
		}
		Stages []struct {
			Name string
			From []string
		}
		Plan struct {
			Digest, Contract, ContractVersion, Principal, Reason string
			Grants                                               []struct {
				Name, Target string
				Scope        struct {
					Summary, Ends string
					Facts         map[string]string
				}
			}
		}
	}
	require.Equal(in, 200, in.as("bob").call("GET", "/api/v1/requests/"+id, nil, &r))
	facts := append([]string{r.Requester.ID, r.Requester.Name, r.Stages[0].Name, r.Stages[0].From[0], r.Plan.Contract,
		r.Plan.Principal, r.Plan.Reason, "30 minutes", id}, r.Requester.Groups...)
	for _, g := range r.Plan.Grants {
		facts = append(facts, g.Name, g.Target, g.Scope.Summary, g.Scope.Ends)
		for k, v := range g.Scope.Facts {
			facts = append(facts, k, v)
		}
	}
	page := t.reads("main")
	for _, f := range facts {
		require.NotEmpty(in, f)
		require.Contains(in, page, f)
	}
	t.sees(fmt.Sprintf(`form [title="%s"]`, r.Plan.Digest))
	t.sees(fmt.Sprintf(`.facts [title="%s"]`, r.Plan.ContractVersion))
	require.Equal(in, r.Plan.Digest, t.value(`[name="planDigest"]`))
}

func plainStory(in *installation, b *browser) {
	alice, bob := b.as(in, "alice", withoutJavaScript()), b.as(in, "bob", withoutJavaScript())
	id := alice.asksInForm("no script, and still stuck")
	require.Contains(in, alice.reads(".status time"), "UTC")
	require.Equal(in, "Times are in UTC.", alice.reads("#zone"))
	bob.opens("/inbox")
	bob.clicks(`a[href="/requests/` + id + `"]`)
	bob.clicks("#approve")
	bob.sees(`[data-live]:not([data-state="pending"])`)
	alice.is("active") // the page asks again by itself
	require.Contains(in, alice.reads(".use"), "ramp exec "+id)
	require.NotNil(in, get(alice, chromedp.Attributes(chromedp.CSS(".pick-up[hidden]"))), "a button that needs JavaScript is not shown without it")
	alice.clicks("#release")
	alice.sees(`[data-live]:not([data-state="active"])`)
	in.as("alice").awaits(id, "ended", endingBound)
	alice.opens("/requests/" + id)
	alice.is("ended")
}

func mistakes(in *installation, b *browser) {
	alice := b.as(in, "alice")
	alice.opens("/ask/ssh-demo")
	alice.clicks(`.chips label:has([value="other"])`)
	alice.types("#duration", "9h")
	alice.clicks("#ask")
	alice.sees("#refused")
	require.Contains(in, alice.reads("#refused"), "was not made")
	require.Equal(in, "9h", alice.value("#duration"))
	require.Contains(in, alice.reads("#duration-issue"), "over the most")
	require.Contains(in, alice.reads("#duration-issue"), "2h")
	require.Contains(in, alice.reads("#reason-issue"), "say why")
	require.Contains(in, alice.reads("#reason-help"), "10 letters and digits")
	require.Equal(in, "duration", eval[string](alice, `document.activeElement.id`), "the first field that needs a change")

	alice.types("#reason", "short")
	alice.clicks(`.chips label:has([value="15m"])`)
	alice.clicks("#ask")
	alice.do(chromedp.WaitNotPresent(chromedp.CSS("#duration-issue"))) // the next page
	alice.sees("#reason-issue")
	require.Equal(in, "short", alice.value("#reason"), "what was typed is kept")
	require.Equal(in, "15m", eval[string](alice, `document.querySelector("[name=duration]:checked").value`))
	alice.types("#reason", ", but now long enough")
	alice.clicks("#ask")
	alice.is("pending")
	alice.clicks("#cancel")
	alice.is("cancelled")

	alice.opens("/ask/ssh-demo")
	alice.clicks(`.chips label:has([value="other"])`)
	alice.types("#reason", "a length was chosen and not said")
	alice.clicks("#ask")
	require.Contains(in, alice.reads("#duration-issue"), "a duration is needed")
}

// hostileReason: what a reason says is text, wherever it is shown.
func hostileReason(in *installation, b *browser) {
	alice := b.as(in, "alice")
	hostile := `<script>window.ran=1</script><img src=x onerror="window.ran=1"> **Approved by security** ` +
		`[yes](javascript:window.ran=1) </dd></dl><b id=forged>ok</b> שלום עולם {{.Digest}} "quoted" &amp;`
	id := alice.asksInForm(hostile)
	bob := b.as(in, "bob")
	for _, page := range []struct{ path, at string }{
		{"/inbox", `a[href="/requests/` + id + `"] .why`},
		{"/requests?show=all", `a[href="/requests/` + id + `"] .why`},
		{"/requests/" + id, ".reason"},
	} {
		bob.opens(page.path)
		require.Equal(in, hostile, bob.reads(page.at), page.path)
		found := eval[struct {
			Ran    bool   `json:"ran"`
			Forged int    `json:"forged"`
			Bidi   string `json:"bidi"`
		}](bob, `({ran: "ran" in window, forged: document.querySelectorAll("#forged, main img, main script, a[href^=javascript]").length,
			bidi: getComputedStyle(document.querySelector('`+page.at+`')).unicodeBidi})`)
		require.False(in, found.Ran, "a script ran on %s", page.path)
		require.Zero(in, found.Forged, "markup got in on %s", page.path)
		require.Contains(in, found.Bidi, "isolate", "right-to-left text does not turn its surroundings on %s", page.path)
	}
	// The second line, were markup ever to get in: no script that is not ours runs.
	ran := eval[bool](bob, `(() => { const s = document.createElement("script"); s.textContent = "window.ran = 1"; document.body.append(s);
		document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.ran=1'><p onclick='window.ran=1' id=trap>");
		document.getElementById("trap").click(); return "ran" in window })()`)
	require.False(in, ran, "the content security policy lets an inline script run")

	alice.opens("/ask/ssh-demo")
	alice.do(chromedp.SetValue(chromedp.CSS("#reason"), "harmless \u202egnitirw\u202c indeed"))
	alice.clicks("#ask")
	require.Contains(in, alice.reads("#reason-issue"), "direction-changing")
	alice.opens("/requests/" + id)
	alice.clicks("#cancel")
	alice.is("cancelled")
}

// choosesInForm: what the target's worker listed is searched for with the keyboard, taken
// with Enter, and is in the plan; what is not listed is refused beside the field.
func choosesInForm(in *installation, b *browser) {
	contract := `apiVersion: ramp/v1
kind: Contract
metadata: {name: login-of-the-host}
request:
  who: '"engineering" in person.groups'
  params: {login: {type: string, required: true, choices: {from: ssh/demo, list: users}}}
duration: {default: 30m, max: 1h}
grants: [{target: ssh/demo, entitlement: {user: '{{ params.login }}'}}]
approval: {stages: [{name: lead, from: [approvers]}]}
`
	require.NoError(in, os.WriteFile(filepath.Join(in.dir, "contracts", "logins.yaml"), []byte(contract), 0o600))
	alice := b.as(in, "alice")
	in.eventually(60*time.Second, "the contract is in force", func() bool {
		alice.opens("/")
		return strings.Contains(alice.reads("main"), "login-of-the-host")
	})
	const field = `[id="params.login"]`
	release := alice.opensWithout("/static/choose.js", "/ask/login-of-the-host")
	alice.clicks(field)
	release() // a click before the script has come is not lost
	alice.sees(`.popup [role="option"]`)
	require.Equal(in, "true", eval[string](alice, `document.querySelector('`+field+`').getAttribute("aria-expanded")`))
	alice.types(field, "nobody has this")
	alice.sees(`.popup [role="status"]`)
	require.Contains(in, alice.reads(`.popup [role="status"]`), "Nothing that you may choose matches")
	eval[bool](alice, `(document.querySelector('`+field+`').value = "") === ""`)
	alice.types(field, "DEM")
	alice.sees(`.popup [role="option"]`)
	alice.types(field, kb.ArrowDown+kb.Enter)
	require.Equal(in, "demo", alice.value(field))
	require.Equal(in, "/ask/login-of-the-host", alice.at(), "Enter takes the choice, and sends nothing")
	alice.types("#reason", "look into what the host says")
	alice.clicks("#ask")
	alice.is("pending")
	require.Contains(in, alice.reads("main"), "one of the users of ssh/demo as of")

	plain := b.as(in, "alice", withoutJavaScript())
	plain.opens("/ask/login-of-the-host")
	require.Equal(in, "demo", plain.value(field), "the only value is there already")
	plain.types(field, "s") // before what is there
	plain.types("#reason", "look into what the host says")
	plain.clicks("#ask")
	plain.sees("#refused")
	require.Contains(in, plain.reads(`[id="params.login-issue"]`), `cannot be "sdemo"; allowed are demo`)
}
