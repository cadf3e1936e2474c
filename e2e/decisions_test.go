package e2e

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// lapsing is a contract whose time for deciding is short.
const lapsing = `apiVersion: ramp/v1
kind: Contract
metadata: {name: ssh-demo-lapsing, owner: team-platform}
description: Log in to the demo host, decided at once or never.
request:
  who: '"engineering" in person.groups'
duration: {default: 10m, max: 1h}
grants:
  - target: ssh/demo
    entitlement: {user: demo}
approval:
  pendingFor: 2s
  stages:
    - {name: team lead, from: [approvers], approvals: 1}
`

// decides sends a verdict on a digest.
func (p *person) decides(id, verdict, digest string) response {
	p.in.Helper()
	return p.sends("/api/v1/requests/"+id+"/decision", map[string]any{"decision": verdict, "planDigest": digest, "comment": "as talked about"})
}

// kinds counts what the timeline tells.
func (r request) kinds() map[string]int {
	out := map[string]int{}
	for _, e := range r.Timeline {
		out[e.Kind]++
	}
	return out
}

// testDecisions: who decides what, when, and how often.
func testDecisions(t *testing.T, in *installation) {
	alice, bob, dave, oscar := in.as("alice"), in.as("bob"), in.as("dave"), in.as("oscar")
	beth := in.person("beth", map[string]any{"groups": []string{"engineering", "approvers"}})
	agent := func(id, of string, groups ...string) *person {
		return in.person(id, map[string]any{"ramp_kind": "agent", "ramp_on_behalf_of": of, "groups": groups})
	}
	n := 0
	fresh := func(t *testing.T) request { // never the same question twice
		n++
		return alice.asks("ssh-demo", (20*time.Minute + time.Duration(n)*time.Second).String())
	}
	pending := fresh(t)
	digest := pending.Plan.Digest

	for _, r := range []struct {
		name           string
		who            *person
		verdict, about string
		status         int
		code, says     string
	}{
		{"Case01 one's own request", in.person("alice", map[string]any{"groups": []string{"engineering", "approvers"}}), "approve", digest, 403, "own_request", "nobody decides their own"},
		{"Case02 one's own request, by a second account", agent("alice-2", "alice", "approvers"), "approve", digest, 404, "unknown_request", "there is no request"},
		{"Case03 by an agent of the requester, for whom it does not exist", agent("alice-agent", "alice", "engineering", "approvers"), "approve", digest, 404, "unknown_request", "there is no request"},
		{"Case03 by an agent of the approver, likewise", agent("bob-agent", "bob", "engineering", "approvers"), "approve", digest, 404, "unknown_request", "there is no request"},
		{"by a service, for which it does not exist", in.person("deployer", map[string]any{"ramp_kind": "service", "groups": []string{"approvers"}}), "approve", digest, 404, "unknown_request", "there is no request"},
		{"by an outsider, for whom it does not exist", dave, "approve", digest, 404, "unknown_request", "there is no request"},
		{"by an operator, whose power decides nothing", oscar, "approve", digest, 403, "not_an_approver", "none of those who approve"},
		{"by the requester, as she is", alice, "deny", digest, 403, "own_request", "nobody decides their own"},
		{"Case09 on another digest", bob, "approve", "sha256:" + string(make([]byte, 64)), 409, "wrong_digest", "look at it again"},
		{"without a digest (case 18)", bob, "approve", "", 400, "plan_digest_missing", "by its digest"},
		{"neither approve nor deny", bob, "maybe", digest, 400, "decision_unknown", `"approve" or "deny"`},
	} {
		t.Run(r.name, func(t *testing.T) {
			r.who.in = in.within(t)
			r.who.decides(pending.ID, r.verdict, r.about).refuses(t, r.status, r.code, r.says)
		})
	}
	t.Run("all that was refused is on record, and nothing decided", func(t *testing.T) {
		r := alice.sees(pending.ID)
		require.Equal(t, "pending", r.State)
		require.Equal(t, 3, r.kinds()["decision.refused"], "those who see it; alice is refused the same twice")
		var page struct {
			Items []struct{ Detail map[string]string }
		}
		in.as("carol").call("GET", "/api/v1/audit?kind=act.refused", nil, &page)
		hidden := 0
		for _, e := range page.Items {
			if e.Detail["request"] == pending.ID {
				hidden++
			}
		}
		require.Equal(t, 5, hidden, "strangers, whose acts are not on the request itself (case 65)")
		require.Zero(t, r.kinds()["decision.recorded"])
	})
	t.Run("Case10 an approval of one request on another", func(t *testing.T) {
		other := fresh(t)
		require.Equal(t, http.StatusOK, bob.decides(other.ID, "approve", other.Plan.Digest).status)
		bob.decides(pending.ID, "approve", other.Plan.Digest).refuses(t, 409, "wrong_digest", "look at it again")
	})
	t.Run("Case13 too late", func(t *testing.T) {
		in.contract(alice, "ssh-demo-lapsing", lapsing)
		r := alice.asks("ssh-demo-lapsing", "10m")
		alice.awaits(r.ID, "lapsed", 60*time.Second)
		bob.decides(r.ID, "approve", r.Plan.Digest).refuses(t, 410, "lapsed", "the time for decisions ended at")
	})
	t.Run("twice: the same again changes nothing", func(t *testing.T) {
		r := fresh(t)
		for range 2 {
			a := bob.decides(r.ID, "approve", r.Plan.Digest)
			require.Equal(t, http.StatusOK, a.status, a.body)
		}
		active := alice.awaits(r.ID, "active", 60*time.Second)
		require.Equal(t, 1, active.kinds()["decision.recorded"])

		t.Run("Case14 approving what is open does not extend it", func(t *testing.T) {
			require.Equal(t, http.StatusOK, bob.decides(r.ID, "approve", r.Plan.Digest).status)
			beth.decides(r.ID, "approve", r.Plan.Digest).refuses(t, 409, "wrong_state", "active")
			require.Equal(t, active.ExpiresAt, alice.sees(r.ID).ExpiresAt)
		})
		t.Run("Case15 a denial of what is open closes it", func(t *testing.T) {
			a := beth.decides(r.ID, "deny", r.Plan.Digest)
			require.Equal(t, http.StatusOK, a.status, a.body)
			require.Equal(t, "revoked", alice.awaits(r.ID, "ended", 60*time.Second).Outcome)
			bob.decides(r.ID, "deny", r.Plan.Digest).refuses(t, 409, "wrong_state", "ended")
		})
	})
	t.Run("Case11 two approvers at the same instant", func(t *testing.T) {
		r := fresh(t)
		answers := atOnce(func() response { return bob.decides(r.ID, "approve", r.Plan.Digest) },
			func() response { return beth.decides(r.ID, "approve", r.Plan.Digest) })
		for _, a := range answers {
			require.Contains(t, []int{http.StatusOK, http.StatusConflict}, a.status, a.body)
		}
		active := alice.awaits(r.ID, "active", 60*time.Second)
		require.Equal(t, 1, active.kinds()["grant.opened"])
		require.Equal(t, 1, active.kinds()["request.approved"])
		require.Equal(t, http.StatusOK, alice.call("POST", "/api/v1/requests/"+r.ID+"/release", map[string]any{}, nil))
		ended := alice.awaits(r.ID, "ended", 60*time.Second)
		require.Equal(t, 1, ended.kinds()["grant.closed"])
	})
	t.Run("Case12 approval and denial race", func(t *testing.T) {
		r := fresh(t)
		answers := atOnce(func() response { return bob.decides(r.ID, "approve", r.Plan.Digest) },
			func() response { return beth.decides(r.ID, "deny", r.Plan.Digest) })
		require.True(t, answers[0].status == http.StatusOK || answers[1].status == http.StatusOK)
		var last request
		in.eventually(60*time.Second, "settled, with nothing open", func() bool {
			last = alice.sees(r.ID)
			return last.State == "denied" || last.State == "ended"
		})
		taken := 0
		for _, a := range answers {
			if a.status == http.StatusOK {
				taken++
			} else {
				a.refuses(t, 409, a.Code, "")
			}
		}
		require.Equal(t, taken, last.kinds()["decision.recorded"], "each that was taken is on record")
		for _, name := range in.admitted() {
			require.NotContains(t, name, r.ID)
		}
	})
	t.Run("acts of others, and in other states", func(t *testing.T) {
		path := "/api/v1/requests/" + pending.ID
		post := func(p *person, act string, body any) response { return p.sends(path+"/"+act, body) }
		post(bob, "release", map[string]any{}).refuses(t, 403, "not_requester", "only the requester")
		post(alice, "revoke", map[string]any{}).refuses(t, 403, "not_revoker", "operators, approvers")
		post(bob, "cancel", map[string]any{}).refuses(t, 403, "not_requester", "only the requester")
		post(oscar, "extend", map[string]any{"for": "5m"}).refuses(t, 403, "not_requester", "only the requester")
		post(alice, "extend", map[string]any{"for": "5m"}).refuses(t, 409, "wrong_state", "pending, not active")
		post(alice, "extend", map[string]any{"for": "-5m"}).refuses(t, 400, "duration_not_positive", "zero")
		post(alice, "credentials", map[string]any{"recipient": "garbage"}).refuses(t, 400, "recipient_malformed", "X25519")
		a := post(alice, "cancel", map[string]any{"reason": "not needed any more"})
		require.Equal(t, http.StatusOK, a.status, a.body)
		alice.awaits(pending.ID, "cancelled", 60*time.Second)
		// Its workflow takes it for as long as it has something to record.
		in.eventually(60*time.Second, "there is nothing more to end", func() bool { return post(oscar, "revoke", map[string]any{}).status == 409 })
		post(oscar, "revoke", map[string]any{}).refuses(t, 409, "wrong_state", "cancelled")
		require.Equal(t, http.StatusOK, post(alice, "cancel", map[string]any{}).status, "what is so already is no error")
		require.Equal(t, 1, alice.sees(pending.ID).kinds()["request.cancelled"])
	})
}

// atOnce lets both begin at the same moment.
func atOnce(acts ...func() response) []response {
	out := make([]response, len(acts))
	begin := make(chan struct{})
	var wg sync.WaitGroup
	for i, act := range acts {
		wg.Go(func() {
			<-begin
			out[i] = act()
		})
	}
	close(begin)
	wg.Wait()
	return out
}
