package server

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/chat/slack/slacktest"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/server/app"
)

// linksWith links bob's user with a login of so long ago.
func (f *chatFixture) linksWith(ago time.Duration) {
	f.Helper()
	const code = "AAAABBBBCCCC" // the page gives none to so old a login: the link has grown old since
	bob := access.Person{ID: "bob", Kind: access.KindHuman, Groups: []string{"engineering", "approvers"}, LoggedInAt: time.Now().UTC().Add(-ago)}
	require.NoError(f, f.ledger.AddLinkCode(f.Context(), ledger.LinkCode{Digest: app.LinkCodeDigest(code), Service: "slack", Person: bob, ExpiresAt: time.Now().Add(time.Minute)}))
	_, err := f.app.LinkExternalUser(f.Context(), ledger.ExternalUser{Service: "slack", Workspace: slacktest.Workspace, User: users["bob"]}, "bob", app.LinkCodeDigest(code))
	require.NoError(f, err)
}

// refusedWith waits until something was refused with a code.
func (f *chatFixture) refusedWith(code string) {
	f.Helper()
	require.Eventually(f, func() bool {
		for _, e := range append(f.eventsOf(access.EventActRefused), f.eventsOf(access.EventDecisionRefused)...) {
			if e.Detail["code"] == code {
				return true
			}
		}
		return false
	}, time.Minute, 5*time.Millisecond, "nothing of code %s is recorded", code)
}

// TestCase108LinkNeedsARecentLogin: a token or a session that is left open gets no code, and the
// page says what is needed.
func TestCase108LinkNeedsARecentLogin(t *testing.T) {
	f := newChatFixture(t)
	old := f.tokenOf("bob", 16*time.Minute)
	require.Contains(t, f.call(old, "GET", "/you", "", "").Body.String(), "To link, you must have logged in within the last")
	w := f.call(old, "POST", "/you/external/code", "application/x-www-form-urlencoded", "service=slack")
	require.Equal(t, http.StatusUnauthorized, w.Code)
	require.NotRegexp(t, shownCode, w.Body.String())
	f.refusedWith(access.IssueStepUpNeeded)
	f.code("bob")
}

// TestCase07GroupsOfAnOldLogin: where no directory says who is in which group, a login
// counts for hours, and not for as long as the link lasts.
func TestCase07GroupsOfAnOldLogin(t *testing.T) {
	f := newChatFixture(t)
	f.linksWith(13 * time.Hour)
	f.runs()
	r := f.request(access.StatePending)
	m := f.post(r, "Approve")
	before := f.temporal.messages.Load()
	require.Equal(t, http.StatusOK, f.delivers(f.slack.Press(users["bob"], m, "approve")))
	f.refusedWith("chat_login_old")
	f.tells("bob", "take the link back and link again")
	require.Equal(t, before, f.temporal.messages.Load())
}

// TestCase07WhatNeedsMoreThanAClick: a click is no recent login and no passkey, however
// lately somebody logged in to link. The message has no button to approve, and a
// delivery that has one all the same is refused.
func TestCase07WhatNeedsMoreThanAClick(t *testing.T) {
	for contract, code := range map[string]string{"ssh-demo-guarded": access.IssueStepUpNeeded, "ssh-demo-passkey": ""} {
		t.Run(contract, func(t *testing.T) {
			f := newChatFixture(t)
			f.linksWith(0)
			f.runs()
			w := f.call(f.token("alice"), "POST", "/api/v1/requests", jsonType, `{"contract": "`+contract+`", "reason": "look at the host together"}`)
			require.Equal(t, http.StatusCreated, w.Code, "%s", w.Body)
			var r access.Request
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &r))
			m := f.post(r, "Deny")
			_, approve := slacktest.Button(m, "approve")
			require.False(t, approve)
			require.Contains(t, m.Shown(), "/requests/"+r.ID, "the page is where it is approved")
			value, _ := slacktest.Button(m, "deny")
			before := f.temporal.messages.Load()
			require.Equal(t, http.StatusOK, f.delivers(f.slack.PressWith(users["bob"], m, "approve", value)))
			f.tells("bob", "Not done")
			if code != "" {
				f.refusedWith(code)
			}
			require.Equal(t, before, f.temporal.messages.Load())
		})
	}
}

// TestAskingInChat: the form lists what its user may ask for, with the params of what was
// chosen, and the same delivery makes one request.
func TestAskingInChat(t *testing.T) {
	f := newChatFixture(t)
	f.runs()
	alice := users["alice"]
	require.Equal(t, http.StatusOK, f.delivers(f.slack.Command(alice, "")))
	f.tells("alice", "type /ramp link")
	f.linksUser("alice")
	require.Equal(t, http.StatusOK, f.delivers(f.slack.Command(alice, "incident")))
	form := func(has string) string {
		t.Helper()
		var body string
		require.Eventually(t, func() bool {
			v := f.slack.View(alice)
			if v != nil {
				body = string(v.Body)
			}
			return strings.Contains(body, has)
		}, time.Minute, 5*time.Millisecond, "%s", body)
		return body
	}
	require.NotContains(t, form("ssh-demo"), `"submit"`, "what must be typed depends on what is chosen")
	require.Equal(t, http.StatusOK, f.delivers(f.slack.Choose(alice, "contract", "ssh-demo")))
	require.Contains(t, form(`"reason"`), "At most 2h.")
	require.Equal(t, http.StatusOK, f.delivers(f.slack.Send(alice, map[string]string{"duration": "1h", "reason": "short"}, map[string]string{"contract": "ssh-demo"})))
	f.tells("alice", "Not done")
	require.Equal(t, http.StatusOK, f.delivers(f.slack.Send(alice, map[string]string{"duration": "30m", "reason": "the order is stuck"}, map[string]string{"contract": "ssh-demo"})))
	f.tells("alice", "You asked for ssh-demo.")
	list, _, err := f.ledger.Requests(t.Context(), ledger.RequestFilter{Limit: 10})
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, access.ViaSlack, list[0].Plan.Via)

	// A contract that she may not use is not one that she finds by its name.
	require.Equal(t, http.StatusOK, f.delivers(f.slack.Send(alice, map[string]string{"reason": "the order is stuck"}, map[string]string{"contract": "no-such-contract"})))
	f.tells("alice", "there is no contract")
}
