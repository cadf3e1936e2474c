package access

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func drawnEvent(rt *rapid.T) Event {
	text := rapid.String()
	return Event{Seq: rapid.Int64Min(1).Draw(rt, "seq"), At: time.UnixMicro(rapid.Int64Range(0, 1<<52).Draw(rt, "at")),
		RequestID: text.Draw(rt, "request"), Kind: EventKind(text.Draw(rt, "kind")), Actor: text.Draw(rt, "actor"),
		Message: text.Draw(rt, "message"), Key: text.Draw(rt, "key"), Detail: rapid.MapOf(text, text).Draw(rt, "detail")}.Normalized()
}

func TestLeafIsTheEvent(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		a, b := drawnEvent(rt), drawnEvent(rt)
		got, err := ParseLeaf(a.Leaf())
		require.NoError(rt, err)
		require.Equal(rt, a, got)
		if string(a.Leaf()) == string(b.Leaf()) {
			require.Equal(rt, a, b)
		}
	})
}

// TestLeafForEver: logs hold these bytes; they may never change.
func TestLeafForEver(t *testing.T) {
	e := Event{Seq: 7, At: time.Date(2026, 11, 24, 2, 14, 0, 1000, time.UTC), RequestID: "0123456789abcdef", Kind: EventDecisionRecorded,
		Actor: "bob", Message: "gö", Key: "k", Detail: map[string]string{"z": "1", "a": ""}}
	want := "12:ramp event 1,1:7,16:1795486440000001,16:0123456789abcdef,17:decision.recorded,3:bob,3:gö,1:k,1:a,0:,1:z,1:1,"
	require.Equal(t, want, string(e.Leaf()))
}

// Whatever somebody makes a worker record, the log can still be read.
func TestLeavesAreShort(t *testing.T) {
	for _, s := range []string{"x", "\U0001F600", "\x00", "\xff"} {
		long := strings.Repeat(s, 1<<20)
		e := Event{Seq: math.MinInt64, At: time.UnixMicro(math.MinInt64), RequestID: long, Kind: EventKind(long), Actor: long, Message: long, Key: long, Detail: map[string]string{}}
		for i := range 100 {
			e.Detail[strconv.Itoa(i)+long] = long
		}
		r := e.Normalized()
		require.LessOrEqual(t, len(r.Leaf()), MaxLeaf)
		require.Equal(t, r, r.Normalized())
		other := e
		other.Key += "y"
		require.NotEqual(t, r.Key, other.Normalized().Key, "two keys stay two")
	}
}

func FuzzParseLeaf(f *testing.F) {
	f.Add([]byte("12:ramp event 1,1:7,1:0,0:,1:k,1:a,0:,0:,"))
	f.Add([]byte("99999999999999999999:,"))
	f.Fuzz(func(t *testing.T, leaf []byte) {
		if e, err := ParseLeaf(leaf); err == nil {
			require.Equal(t, leaf, e.Leaf())
		}
	})
}
