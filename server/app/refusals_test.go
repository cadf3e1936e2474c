package app

import (
	"context"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestCase65RefusalsAreCounted: however often somebody is refused, it is one event
// at once and one a minute, which says how often; a stranger's stand on no request.
func TestCase65RefusalsAreCounted(t *testing.T) {
	f := newFixture(t)
	r, nobodys := f.request(access.StatePending), access.NewRequestID()
	try := func(by access.Actor, id string) {
		_, err := f.Cancel(t.Context(), by, id, "why")
		require.Error(t, err)
	}
	for range 1100 {
		try(dave, r.ID)
		try(dave, nobodys)
		try(bob, r.ID) // who sees it
	}
	require.Len(t, f.ledger.events, 2)
	require.Empty(t, f.ledger.events[0].RequestID, "a stranger writes into nobody's timeline")
	require.Equal(t, r.ID, f.ledger.events[0].Detail["request"])
	require.Equal(t, r.ID, f.ledger.events[1].RequestID)
	counts := func() (total int) {
		for _, e := range f.ledger.events[2:] {
			n, err := strconv.Atoi(e.Detail[access.DetailCount])
			require.NoError(t, err)
			total += n
		}
		return total
	}
	f.flush(t.Context(), f.now.Add(refusalInterval-time.Second))
	require.Len(t, f.ledger.events, 2)
	f.flush(t.Context(), f.now.Add(refusalInterval))
	require.Len(t, f.ledger.events, 4)
	require.Equal(t, 2200-1+1100-1, counts(), "none is lost")
	require.Contains(t, f.ledger.events[3].Phrase(), "times more")
	f.flush(t.Context(), f.now.Add(2*refusalInterval))
	require.Len(t, f.ledger.events, 4, "nothing came")
	require.Empty(t, f.counts.recent)
	// Somebody else, another act or another reason is another refusal.
	f.ledger.events = nil
	try(bob, r.ID)
	_, err := f.Release(t.Context(), bob, r.ID, "why")
	require.Error(t, err)
	try(oscar, r.ID)
	require.Len(t, f.ledger.events, 3)
}

// TestCase65NothingTellsWhatIsHidden: an act on a hidden request and one on none
// leave the same, since who acted may read it.
func TestCase65NothingTellsWhatIsHidden(t *testing.T) {
	var seen []access.Event
	f := newFixture(t)
	r := f.request(access.StatePending)
	for _, id := range []string{r.ID, access.NewRequestID()} {
		f.ledger.events = nil
		clear(f.counts.recent)
		_, err := f.Cancel(t.Context(), dave, id, "why")
		require.Equal(t, access.CodeNotFound, access.CodeOf(err))
		e := f.ledger.events[0]
		require.Equal(t, id, e.Detail["request"])
		e.Detail["request"] = ""
		seen = append(seen, e)
	}
	require.Equal(t, seen[0], seen[1])
}

// TestCase65CountsOfManyKinds: what is remembered is bounded.
func TestCase65CountsOfManyKinds(t *testing.T) {
	f := newFixture(t)
	for i := range maxRefusals + 500 {
		f.count(t.Context(), access.Event{Kind: access.EventActRefused, Actor: "dave", Detail: map[string]string{"act": strconv.Itoa(i)}})
	}
	require.LessOrEqual(t, len(f.counts.recent), maxRefusals+1)
	require.LessOrEqual(t, len(f.ledger.events), maxRefusals+1)
}

// TestCase65StoppingRecordsTheCounts: a server that stops in order loses none.
func TestCase65StoppingRecordsTheCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); f.RecordRefusals(ctx) }()
		for range 3 {
			f.count(ctx, access.Event{At: f.now, Kind: access.EventActRefused, Actor: "dave", Detail: map[string]string{"act": "cancel"}})
		}
		stop()
		<-done
		require.Len(t, f.ledger.events, 2)
		require.Equal(t, "2", f.ledger.events[1].Detail[access.DetailCount])
	})
}
