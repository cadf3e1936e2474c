package evidence

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestCase156BegunAfterAll: evidence that says of a grant that it was never begun, and that
// it was, proves nothing.
func TestCase156BegunAfterAll(t *testing.T) {
	failed := func(t *testing.T) *story {
		s := newTale(t)
		s.evaluate()
		s.decide(human("bob", "approvers"), access.Approve, time.Minute)
		return s
	}
	neverBegun := func(s *story, by *Signer, change ...func(*access.NotBegun)) {
		g := s.plan.Grants[0]
		n := access.NotBegun{RequestID: s.plan.RequestID, PlanDigest: s.plan.Digest, Grant: g.Name, Target: g.Target, LogSize: 5, At: at.Add(time.Hour)}
		for _, c := range change {
			c(&n)
		}
		s.keep(by.SignNotBegun(n))
	}
	s := failed(t)
	neverBegun(s, s.server)
	s.event(access.EventAccessEnded, "ramp", time.Hour, nil)
	r := s.verify(s.pack())
	require.Equal(t, NeverOpened, r.Conclusion, r.Summary)
	require.Contains(t, r.Checks[10].Detail, "never begun, by the log: 1")
	contents, err := s.pack().Contents()
	require.NoError(t, err)
	require.Len(t, contents.NotBegun, 1)
	for name, begin := range map[string]func(s *story){
		"it was opened": func(s *story) {
			neverBegun(s, s.server)
			s.open(2 * time.Minute)
			s.close(time.Hour, access.ReadBack{})
		},
		"an opening was recorded": func(s *story) {
			s.event(access.EventGrantIntended, "ramp", 2*time.Minute, map[string]string{"grant": s.plan.Grants[0].Name})
			neverBegun(s, s.server)
		},
		"a worker says so":           func(s *story) { neverBegun(s, s.worker) },
		"of a grant of no such plan": func(s *story) { neverBegun(s, s.server, func(n *access.NotBegun) { n.Grant = "ramp-x-z" }) },
		"of another target":          func(s *story) { neverBegun(s, s.server, func(n *access.NotBegun) { n.Target = "ssh/other" }) },
		"of another request":         func(s *story) { neverBegun(s, s.server, func(n *access.NotBegun) { n.RequestID = "x" }) },
	} {
		t.Run(name, func(t *testing.T) {
			s := failed(t)
			begin(s)
			require.Equal(t, NotProven, s.verify(s.pack()).Conclusion)
		})
	}
}
