package server

import (
	"crypto/ed25519"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/chat/slack/slacktest"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/server/proposals"
)

// TestCase105ProposalIsApprovedOnThePage: a message has no room for what contracts
// become, so it has no button to approve, and an approval by one all the same is refused.
func TestCase105ProposalIsApprovedOnThePage(t *testing.T) {
	s := slacktest.Start(t)
	for name, id := range users {
		s.SetUser(slacktest.User{ID: id, Name: name})
	}
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	p := proposing{worker: evidence.NewSigner(key)}
	p.fixture = newFixtureWith(t, func(f *fixture, d *Deps) {
		d.Workers = evidence.Keyring{}.With(key.Public(), "contracts")
		require.NoError(t, os.WriteFile(filepath.Join(f.dir, "contracts", "ssh.yaml"), []byte(changing), 0o600))
	}, func(c *Config) { c.Proposals = proposals.Config{Contract: "change-contracts"}; c.Slack = s.Config() })
	go p.contracts.Run(t.Context())
	f := &chatFixture{fixture: p.fixture, slack: s, file: filepath.Join(p.dir, "ledger.db")}
	f.chat.Every = time.Millisecond
	f.runs()
	f.linksUser("carol")
	u, _, _ := p.upload("alice", strings.Replace(changing, "max: 1h", "max: 9h", 1))
	r, status, body := p.propose("alice", u)
	require.Equal(t, http.StatusCreated, status, body)
	m := f.post(r, "approve on the page")
	_, there := slacktest.Button(m, "approve")
	require.False(t, there)
	before := f.temporal.messages.Load()
	require.Equal(t, http.StatusOK, f.delivers(f.slack.PressWith(users["carol"], m, "approve", r.ID+" "+r.Plan.Digest)))
	f.tells("carol", "approve on the page")
	f.refusedWith("chat_not_shown")
	require.Equal(t, before, f.temporal.messages.Load())
}
