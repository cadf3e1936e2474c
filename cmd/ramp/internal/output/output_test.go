package output

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var rows = [][]string{{"REQUEST", "STATE", "REASON"}, {"0123456789abcdef", "active", "the orders of yesterday evening are stuck in the queue"}, {"fedcba9876543210", "ended", ""}}

func TestTable(t *testing.T) {
	require.Equal(t, ""+
		"REQUEST           STATE   REASON\n"+
		"0123456789abcdef  active  the orders of yesterday evening are stuck in the queue\n"+
		"fedcba9876543210  ended\n", render(rows, 0))
	require.Equal(t, render(rows, 0), render(rows, 200))
}

// TestNarrowTable: what does not fit is wrapped within its column.
func TestNarrowTable(t *testing.T) {
	for _, width := range []int{80, 60, 50} {
		out := render(rows, width)
		for line := range strings.Lines(out) {
			require.LessOrEqual(t, len(strings.TrimRight(line, "\n")), width, out)
		}
		require.Contains(t, out, "0123456789abcdef  active", "what is short stays whole")
	}
	require.NotEmpty(t, render(rows, 1), "a width that nothing fits into")
	require.Empty(t, strings.TrimSpace(render(nil, 80)))
}

// TestNarrowTableKeepsIDs: at 80 columns an id or a name is never broken, which nobody
// could copy; what follows it goes below, and no line is longer than the terminal.
func TestNarrowTableKeepsIDs(t *testing.T) {
	wide := [][]string{
		{"REQUEST", "STATE", "CONTRACT", "REQUESTER", "DURATION", "END", "REASON"},
		{"8y0khjbc5j0hb09d", "ended", "web-deploy", "alice", "3m", "released", "restart the web servers again, since the queue of orders grows and nobody knows why"},
		{"r85xg41ezjzeatet", "cancelled", "ssh-demo-emergency", "alice", "2m", "never opened", ""},
	}
	require.Equal(t, ""+
		"REQUEST           STATE      CONTRACT            REQUESTER  DURATION\n"+
		"  END\n"+
		"  REASON\n"+
		"8y0khjbc5j0hb09d  ended      web-deploy          alice      3m\n"+
		"  released\n"+
		"  restart the web servers again, since the queue of orders grows and nobody\n"+
		"  knows why\n"+
		"r85xg41ezjzeatet  cancelled  ssh-demo-emergency  alice      2m\n"+
		"  never opened\n", render(wide, 80))
	two := [][]string{{"NUMBER", "AT", "WHAT"}, {"15", "2026-11-27 04:47:27 UTC", "reading which contracts are in force was refused: only operators see them"}}
	require.Contains(t, render(two, 80), "15      2026-11-27 04:47:27 UTC  reading which contracts are in force was\n")
}

func TestFormat(t *testing.T) {
	for name, want := range map[string]string{"table": "for people", "json": "{\n  \"at\": \"<1>\"\n}\n", "yaml": "at: <1>\n"} {
		var f Format
		require.NoError(t, f.Set(name))
		var out bytes.Buffer
		require.NoError(t, f.Print(&out, struct {
			At string `json:"at"`
		}{"<1>"}, func(w io.Writer) { _, _ = w.Write([]byte("for people")) }))
		require.Equal(t, want, out.String())
	}
	var f Format
	require.Error(t, f.Set("xml"))
	require.True(t, f.IsTable())
}

// TestCase99Clean: what others wrote moves no cursor and writes no line.
func TestCase99Clean(t *testing.T) {
	require.Equal(t, "a·b·c·[2J·d·e", Clean("a\nb\u202ec\x1b[2J\u200bd\u2028e"))
	require.Equal(t, "a\nb·c·[2J·", Lines("a\nb\u202ec\x1b[2J\r"))
	require.NotContains(t, render([][]string{{"a\nfaked row\x1b[1A"}}, 0), "\nfaked")
	var out bytes.Buffer
	require.NoError(t, (&Format{}).Print(&out, nil, func(w io.Writer) {
		fmt.Fprintf(w, "%s\n", "\x1b]0;title\x07\u202e")
		fmt.Fprint(Exactly(w), "exact\u200b")
	}))
	require.Equal(t, "·]0;title··\nexact\u200b", out.String())
	require.Equal(t, "1 grant", Count(1, "grant"))
	require.Equal(t, "0 grants", Count(0, "grant"))
}

// TestWithTimes: a time within a text is in the reader's zone, as those in tables are.
func TestWithTimes(t *testing.T) {
	at := time.Date(2026, 11, 26, 8, 47, 58, 0, time.UTC)
	require.Equal(t, "it ends at "+Time(at)+" instead of "+Time(at)+".", WithTimes("it ends at 2026-11-26T08:47:58Z instead of 2026-11-26T08:47:58.5Z."))
	require.Equal(t, "2026-13-26T08:47:58Z", WithTimes("2026-13-26T08:47:58Z"))
}
