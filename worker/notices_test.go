package worker

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger/verified"
	"ramp.dev/ramp/notices"
	"ramp.dev/ramp/notices/mail"
	"ramp.dev/ramp/notices/mail/mailtest"
)

// TestCase46BreakGlassIsHeard: with Temporal away, a worker tells reviewers and those who
// watch alarms of a use of break glass, in the words that were signed.
func TestCase46BreakGlassIsHeard(t *testing.T) {
	box := mailtest.Start(t, nil, "")
	s := newSite(t, nil)
	s.config = Config{Notices: notices.Config{Pages: "https://ramp.example.com", Mail: mail.Config{Server: box.Addr, From: "ramp@example.com", TLS: "none"},
		Alarms: []string{"watch@example.com"}, Groups: map[string][]string{"security": {"security@example.com"}}}}
	require.Empty(t, s.config.Validate())
	s.start()
	s.eventually(func() bool { all, err := s.ledger.Cursors(t.Context()); return err == nil && len(all) == 1 }, "it follows the events")
	s.stopTemporal()
	a, _ := s.submits(10*time.Minute, func(p *access.Plan) {
		p.Reason = "hunter2 does not work"
		p.Rule = access.Rule{Auto: true, DenyThreshold: 1}
		p.BreakGlass = &access.BreakGlass{Reviewers: []string{"security"}, ReviewBy: p.CreatedAt.Add(time.Hour)}
	})
	<-box.Next()
	<-box.Next()
	for _, m := range box.Mails() {
		require.Contains(t, m.Body, a.id())
		require.NotContains(t, m.Body, a.plan.Reason)
	}
	s.eventually(func() bool {
		c, err := s.ledger.NoticeCounts(t.Context())
		return err == nil && c.Waiting == 0
	}, "it says that they are sent")
	n, err := testutil.GatherAndCount(s.worker.metrics.registry, "ramp_notices_waiting", "ramp_notices_urgent_failing", "ramp_notices_given_up")
	require.NoError(t, err)
	require.Equal(t, 3, n)
}

// TestCase48NoticesSayWhatWasSigned: what somebody wrote into the ledger is in no notice.
func TestCase48NoticesSayWhatWasSigned(t *testing.T) {
	s := newSite(t, nil)
	a, _ := s.submits(time.Minute)
	read := signedRequests(&verified.Requests{Ledger: s.ledger, Keys: evidence.NewKeyring(s.signer.Public()), Log: logrus.New(), Now: time.Now})
	r, err := read(t.Context(), a.id())
	require.NoError(t, err)
	require.Equal(t, a.plan.Contract, r.Contract)
	require.Equal(t, a.plan.Requester.ID, r.Requester.ID)
	require.Len(t, r.Stages, len(a.plan.Rule.Stages))

	plan, err := json.Marshal(access.Plan{RequestID: a.id(), Contract: "free beer", Requester: access.Person{ID: "mallory", Email: "mallory@example.com"}})
	require.NoError(t, err)
	s.sql(`UPDATE requests SET contract = 'free beer', requester = '{"id":"mallory","email":"mallory@example.com"}', plan = ? WHERE id = ?`, string(plan), a.id())
	r, err = read(t.Context(), a.id())
	require.NoError(t, err)
	require.Equal(t, a.plan.Contract, r.Contract)
	require.Equal(t, a.plan.Requester.ID, r.Requester.ID)

	s.sql(`UPDATE requests SET decisions = '{' WHERE id = ?`, a.id())
	r, err = read(t.Context(), a.id())
	require.NoError(t, err, "a damaged row keeps nobody's notices back")
	require.Equal(t, a.plan.Contract, r.Contract)
	require.Contains(t, r.Altered, "the row in the ledger cannot be read (decisions)")

	forged := a.plan
	forged.Contract, forged.Digest = "free beer", ""
	signed, _, err := evidence.NewSigner(strangerKey(t)).SignPlan(forged)
	require.NoError(t, err)
	envelope, err := json.Marshal(signed)
	require.NoError(t, err)
	s.sql(`UPDATE requests SET plan_envelope = ? WHERE id = ?`, string(envelope), a.id())
	r, err = read(t.Context(), a.id())
	require.NoError(t, err)
	require.Equal(t, access.Request{ID: a.id(), State: r.State, Contract: "a request", Altered: []string{"its plan is not one that a server signed"}}, r)
}
