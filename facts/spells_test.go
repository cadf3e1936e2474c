package facts

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	logs "github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/facts/source"
)

// oneByOne is a source that has no reply for some keys.
type oneByOne struct {
	down map[string]bool
	now  *time.Time
}

func (s oneByOne) Ask(_ context.Context, _ access.FactKind, key string) (source.Reply, error) {
	if s.down[key] {
		return source.Reply{}, errors.New("503")
	}
	return source.Reply{AsOf: *s.now, Absent: true}, nil
}

// TestUnknownIsSaidOnce: while a source has no reply the log says so when that begins and
// once an hour, however often and about however much it is asked, and when it is over. The
// metric counts each.
func TestUnknownIsSaidOnce(t *testing.T) {
	log, hook := logs.NewNullLogger()
	counted := 0
	f := New(nil, log, func(string) { counted++ })
	now := time.Date(2026, 11, 26, 8, 0, 0, 0, time.UTC)
	f.now = func() time.Time { return now }
	s, other := oneByOne{map[string]bool{}, &now}, oneByOne{map[string]bool{}, &now}
	f.sources["s"], f.sources["other"] = configured{s, 0}, configured{other, 0}
	var questions []access.FactQuestion
	for _, name := range []string{"s", "other"} {
		for k := range 20 {
			questions = append(questions, access.FactQuestion{Kind: access.FactTicket, Source: name, Key: fmt.Sprint(k)})
		}
	}
	looks := func(n int, warnings, over int) {
		t.Helper()
		hook.Reset()
		for range n {
			f.Ask(t.Context(), questions...)
			now = now.Add(15 * time.Second)
		}
		warned, ended := 0, 0
		for _, e := range hook.AllEntries() {
			switch e.Level {
			case logrus.WarnLevel:
				warned++
				require.Equal(t, "facts that contracts ask for are not known", e.Message)
				require.NotContains(t, e.Data, "key", "a ticket's key is for those who may see the request")
			case logrus.InfoLevel:
				ended++
			}
		}
		require.Equal(t, []int{warnings, over}, []int{warned, ended})
	}
	set := func(of oneByOne, down bool, keys ...string) {
		for _, k := range keys {
			of.down[k] = down
		}
	}
	looks(3, 0, 0)
	set(s, true, "1", "2", "3")
	looks(4*59, 1, 0)
	require.Equal(t, 3*4*59, counted)
	looks(8, 1, 0) // an hour later
	set(other, true, "5")
	looks(2, 1, 0) // each source by itself
	set(s, false, "1", "2")
	looks(2, 0, 0)
	set(s, false, "3")
	looks(2, 0, 1)
	set(s, true, "3")
	looks(2, 1, 0)
	set(other, false, "5")
	looks(2, 0, 1)

	// A question that nobody asks any more does not hide the next fault.
	questions = questions[4:]
	looks(4*6, 0, 0)
	set(s, true, "7")
	looks(2, 1, 0)
}
