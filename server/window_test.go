package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const windowed = `apiVersion: ramp/v1
kind: Contract
metadata: {name: ssh-demo-window, owner: team-platform}
description: Log in to the demo host, in its window.
request:
  who: '"engineering" in person.groups'
duration: {default: 30m, max: 1h}
grants:
  - target: ssh/demo
    entitlement: {user: demo}
approval:
  stages:
    - {name: team lead, from: [approvers], approvals: 1}
`

// withWindow adds a contract whose window is shut today and tomorrow, whatever the day.
func withWindow(t *testing.T, dir string) {
	day := strings.ToLower(time.Now().UTC().AddDate(0, 0, 3).Weekday().String()[:3])
	text := windowed + "during:\n  zone: UTC\n  windows:\n    - {days: [" + day + "], from: '08:00', to: '18:00'}\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "window.yaml"), []byte(text), 0o600))
}

// TestNextWindowForAgents: an agent is planned into the next window, if it asks for that.
func TestNextWindowForAgents(t *testing.T) {
	f := newFixture(t, func(c *Config) { withWindow(t, string(c.Contracts)) })
	a := f.agent(herAgent)
	ask := map[string]any{"contract": "ssh-demo-window", "reason": "the queue of orders is stuck", "dry_run": true}
	_, failed := a.calls("request_access", ask)
	require.NotEmpty(t, failed)
	a.does("request_access", with(ask, "in_next_window", true))
}

// TestNextWindowInChat: the form asks when, where a contract has windows.
func TestNextWindowInChat(t *testing.T) {
	f := newChatFixture(t, func(c *Config) { withWindow(t, string(c.Contracts)) })
	f.runs()
	f.linksUser("alice")
	alice := users["alice"]
	f.delivers(f.slack.Command(alice, "window"))
	require.Eventually(t, func() bool { return f.slack.View(alice) != nil }, time.Minute, 5*time.Millisecond)
	f.delivers(f.slack.Choose(alice, "contract", "ssh-demo-window"))
	require.Eventually(t, func() bool { return strings.Contains(string(f.slack.View(alice).Body), `"window"`) }, time.Minute, 5*time.Millisecond)
	for window, says := range map[string]string{"now": "Not done", "next": "You asked for ssh-demo-window"} {
		f.delivers(f.slack.Send(alice, map[string]string{"duration": "30m", "reason": "the queue of orders is stuck"}, map[string]string{"contract": "ssh-demo-window", "window": window}))
		f.tells("alice", says)
	}
}
