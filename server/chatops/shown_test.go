package chatops

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/chat/slack"
	"ramp.dev/ramp/ledger"
)

// TestReminderSaysWhoHasIt: an agent's human is not asked to save work that is not theirs.
func TestReminderSaysWhoHasIt(t *testing.T) {
	ends := time.Date(2026, 11, 26, 15, 38, 14, 0, time.UTC)
	w := New(Config{Service: slack.New(slack.Config{}), Pages: "https://ramp.test"})
	for kind, want := range map[access.PersonKind]string{
		access.KindHuman: "It ends 26 Nov 2026, 15:38 UTC. Save your work, extend it, or release it.",
		access.KindAgent: "It ends 26 Nov 2026, 15:38 UTC. Your agent has it.",
	} {
		q := access.Request{ID: "k2m4q6s8u0w2y4a6", Contract: "orders", State: access.StateActive, ExpiresAt: &ends, Requester: access.Person{ID: "a", Kind: kind}}
		require.Equal(t, want, w.reminder(q).Text.String())
	}
}

// TestCase105WhatIsApprovedIsShown: a message says all that its button approves, or has
// none.
func TestCase105WhatIsApprovedIsShown(t *testing.T) {
	now := time.Now()
	w := New(Config{Service: slack.New(slack.Config{}), Pages: "https://ramp.test"})
	request := func() access.Request {
		return access.Request{ID: "k2m4q6s8u0w2y4a6", Contract: "one-command", State: access.StatePending, Requester: access.Person{ID: "mallory", Kind: access.KindHuman},
			Plan: access.Plan{Digest: "sha256:x", RequestID: "k2m4q6s8u0w2y4a6", Duration: access.Duration(time.Hour), PendingUntil: now.Add(time.Hour),
				Extend:  &access.ExtensionLimits{Times: 20, UpTo: access.Duration(200 * time.Hour)},
				EndWhen: []access.EndCondition{{If: "!ticket.open", Because: "the ticket was closed"}},
				Choices: []access.Chosen{{Param: "account", Target: "t", List: "accounts", Choice: access.Choice{Value: "payroll-prod", Label: "Payroll"}}},
				Grants: []access.PlannedGrant{
					{Target: "ssh/demo", Scope: access.Scope{Summary: "run one command", Facts: map[string]string{"command": "rm -rf /srv"}}},
					{Target: "aws/prod", Scope: access.Scope{Summary: "9 actions on 7 resources", Facts: map[string]string{"actions": "iam:PassRole, s3:*", "resources": "arn:aws:s3:::ledger/*"}}}}}}
	}
	shown := func(q access.Request) string {
		b, err := json.Marshal(w.render(q, &ledger.ChatMessage{ID: "m", Conversation: "C0CHAN"}))
		require.NoError(t, err)
		return string(b)
	}
	for _, what := range []string{"rm -rf /srv", "iam:PassRole, s3:*", "arn:aws:s3:::ledger/*", "payroll-prod Payroll", "20, to 200h in all", "the ticket was closed: !ticket.open", `"Approve"`} {
		require.Contains(t, shown(request()), what)
	}
	for name, change := range map[string]func(*access.Request){
		"a fact that is cut off":   func(q *access.Request) { q.Plan.Grants[0].Scope.Facts["command"] = strings.Repeat("x", maxShownText+1) },
		"a fact of several lines":  func(q *access.Request) { q.Plan.Grants[0].Scope.Facts["command"] = "true\nrm -rf /srv" },
		"a change of contracts":    func(q *access.Request) { q.Plan.Change = &access.ContractChange{} },
		"more rows than are shown": func(q *access.Request) { q.Plan.Grants = make([]access.PlannedGrant, maxShownRows) },
	} {
		q := request()
		change(&q)
		text := shown(q)
		require.NotContains(t, text, `"Approve"`, name)
		require.Contains(t, text, "approve on the page", name)
		require.Contains(t, text, `"Deny"`, name)
	}
}

func TestSeveralGrantsAreUsedByName(t *testing.T) {
	q := access.Request{ID: "0123456789abcdef", State: access.StateActive, Plan: access.Plan{Grants: make([]access.PlannedGrant, 1)}}
	require.Contains(t, new(Workspace).howToUse(q), "ramp exec 0123456789abcdef -- COMMAND")
	q.Plan.Grants = make([]access.PlannedGrant, 2)
	require.Contains(t, new(Workspace).howToUse(q), "ramp exec 0123456789abcdef --grant TARGET -- COMMAND")
}

// TestChatSaysThatOpeningFailed, and not in the words of a target's error, which name what is on
// its worker's machine: a channel has more readers than the page.
func TestChatSaysThatOpeningFailed(t *testing.T) {
	w := New(Config{Service: slack.New(slack.Config{}), Pages: "https://ramp.test"})
	now := time.Now()
	q := access.Request{ID: "k2m4q6s8u0w2y4a6", Contract: "orders", State: access.StateEnded, Outcome: access.OutcomeFailed, EndedAt: &now,
		Requester: access.Person{ID: "a", Kind: access.KindHuman}, Problem: "opening failed: grant on ssh/web: open /etc/ramp/ssh-ca: permission denied"}
	q.Plan = access.Plan{Digest: "sha256:x", RequestID: q.ID}
	b, err := json.Marshal(w.render(q, &ledger.ChatMessage{ID: "m", Conversation: "C0CHAN"}))
	require.NoError(t, err)
	require.Contains(t, string(b), "opening it failed")
	require.NotContains(t, string(b), "ssh-ca")
}
