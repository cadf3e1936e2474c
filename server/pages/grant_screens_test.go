package pages

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/server/app"
)

// TestScreensOfGrants writes the page of a request with three grants as it is through its life
// and its failures, to be looked at, as TestScreens does.
func TestScreensOfGrants(t *testing.T) {
	p, err := New(nil, nil, TemporalUI{})
	require.NoError(t, err)
	styles, err := staticFiles.ReadFile("static/ramp.css")
	require.NoError(t, err)
	at := time.Date(2026, 3, 1, 2, 14, 0, 0, time.UTC)
	const notOpened = "opening failed: target vault/payments is off: its worker cannot start it (it cannot be reached)"
	targets := []string{"sshfleet/shop-frontends", "vault/payments", "postgres/orders"}
	events := func(spec ...string) (out []access.Event) {
		kinds := map[byte]access.EventKind{'i': access.EventGrantIntended, 'o': access.EventGrantOpened, 'x': access.EventGrantClosed,
			'n': access.EventGrantNotBegun, 'e': access.EventAccessEnding, 'p': access.EventGrantPartly, 'q': access.EventGrantPartly}
		for i, s := range spec {
			e := access.Event{Seq: int64(i + 1), Kind: kinds[s[0]], At: at.Add(time.Duration(i) * time.Second), Actor: "ramp", Detail: map[string]string{"grant": "ramp-0123456789abcdef-" + s[1:], "target": targets[max(0, strings.Index("abc", s[1:]))]}}
			switch s[0] {
			case 'e':
				e.Message = notOpened
			case 'p':
				e.Message, e.Detail[access.DetailDone] = "2 of 3 hosts have it; shop-frontend-07.eu-central-1.prod.example.com does not respond", access.PartlyOpened
			case 'q':
				e.Message, e.Detail[access.DetailDone] = "2 of 3 hosts have ended it; shop-frontend-07.eu-central-1.prod.example.com does not respond", access.PartlyEnded
			}
			out = append(out, e)
		}
		return append([]access.Event{{Kind: access.EventRequestCreated, At: at, Actor: "alice", Message: "fix"}}, out...)
	}
	for name, c := range map[string]struct {
		state   access.State
		outcome access.Outcome
		problem string
		overdue bool
		events  []access.Event
		says    []string
	}{
		"opening":      {state: access.StateGranting, events: events("ia", "oa", "ib"), says: []string{">open<", ">opening<", ">waiting<"}},
		"open":         {state: access.StateActive, events: events("ia", "oa", "ib", "ob", "ic", "oc"), says: []string{">open<", "ramp exec"}},
		"partly":       {state: access.StateActive, events: events("ia", "oa", "ib", "ob", "ic", "oc", "pa"), says: []string{"2 of 3 hosts have it"}},
		"closing":      {state: access.StateEnding, outcome: access.OutcomeExpired, events: events("ia", "oa", "ib", "ob", "ic", "oc", "xc", "qa"), says: []string{">closing<", ">closed<", "have ended it"}},
		"overdue":      {state: access.StateEnding, outcome: access.OutcomeExpired, overdue: true, problem: "1 of 3 grants is not proven closed after 1m; Ramp keeps trying", events: events("ia", "oa", "ib", "ob", "ic", "oc", "xc", "xb"), says: []string{"Overdue"}},
		"ended":        {state: access.StateEnded, outcome: access.OutcomeExpired, events: events("ia", "oa", "ib", "ob", "ic", "oc", "xc", "xb", "xa"), says: []string{">closed<"}},
		"failed":       {state: access.StateEnded, outcome: access.OutcomeFailed, problem: notOpened, events: events("ia", "oa", "ib", "e", "xb", "xa"), says: []string{">failed<", ">not opened<", "what was open was revoked"}},
		"never-begun":  {state: access.StateEnding, outcome: access.OutcomeFailed, problem: notOpened, events: events("e", "na"), says: []string{"Nothing was opened. The request ends once the target confirms it."}},
		"never-opened": {state: access.StateEnded, outcome: access.OutcomeFailed, problem: notOpened, events: events("e", "na", "nb", "nc"), says: []string{"Ended: opening it failed. Nothing was opened; over at"}},
	} {
		r := example(c.state)
		r.Outcome, r.Problem, r.Overdue, r.Timeline = c.outcome, c.problem, c.overdue, c.events
		if c.outcome == access.OutcomeFailed {
			r.ActiveAt = nil
		}
		r.Plan.Grants = nil
		for i, target := range targets {
			r.Plan.Grants = append(r.Plan.Grants, access.PlannedGrant{Name: fmt.Sprintf("ramp-0123456789abcdef-%c", 'a'+i), Target: target, Scope: access.Scope{Summary: "log in to 3 hosts (shop-frontend-0[5-7].eu-central-1.prod.example.com) as deploy", Ends: "the host removes it"}})
		}
		r.Grants = r.GrantStates()
		html := shown(t, p, "request", requestPage{Request: r, Can: app.Permissions{PickUp: c.state == access.StateActive, Release: c.state == access.StateActive, Extend: c.state == access.StateActive}})
		for _, says := range c.says {
			require.Contains(t, html, says, name)
		}
		html = strings.Replace(html, "</head>", "<style>"+string(styles)+"</style></head>", 1)
		require.NoError(t, os.WriteFile(filepath.Join(t.ArtifactDir(), name+".html"), []byte(html), 0o600))
	}
}
