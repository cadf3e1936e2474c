package chat_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/chat"
)

var at = time.Date(2026, 11, 26, 17, 38, 14, 0, time.FixedZone("", 2*3600))

func TestText(t *testing.T) {
	text := chat.Say("Active until ").Time(at).And(".\n").And("alice\u202e  asks")
	require.Equal(t, "Active until 26 Nov 2026, 15:38 UTC.\nalice  asks", strings.ReplaceAll(text.String(), "\u202e", ""))
	require.Equal(t, chat.Text{{Text: "Active until "}, {At: at}, {Text: ".\n"}, {Text: "alice asks"}}, text.Lines(100))
	for name, c := range map[string]struct {
		text chat.Text
		n    int
		want string
	}{
		"cut in a text":          {chat.Say("Active until ").Time(at).And(" and longer"), 40, "Active until 26 Nov 2026, 15:38 UTC and …"},
		"cut in a time":          {chat.Say("Active until ").Time(at), 20, "Active until …"},
		"cut before a time":      {chat.Say("Active until ").Time(at), 13, "Active until …"},
		"blanks between":         {chat.Say("a ").And(" ").And("").Time(at).And("  \n  b"), 100, "a  26 Nov 2026, 15:38 UTC\nb"},
		"lines of their own":     {chat.Say("a\n\tb\n").Time(at), 100, "a\nb\n26 Nov 2026, 15:38 UTC"},
		"nothing but a time":     {chat.Text{}.Time(at), 100, "26 Nov 2026, 15:38 UTC"},
		"only what is not shown": {chat.Say("\u200b").Time(at), 100, "26 Nov 2026, 15:38 UTC"},
	} {
		got := c.text.Lines(c.n)
		require.Equal(t, c.want, got.String(), name)
		for _, p := range got {
			require.NotEmpty(t, p.String(), name)
		}
	}
}

// TestTextsAddedToShareNothing: a text that two texts begin with is changed by neither.
func TestTextsAddedToShareNothing(t *testing.T) {
	start := append(make(chat.Text, 0, 8), chat.Part{Text: "a"})
	b, c := start.And("b"), start.And("c")
	require.Equal(t, []string{"ab", "ac"}, []string{b.String(), c.String()})
}

// TestTextAsJSON: servers of before there were times in texts read those without.
func TestTextAsJSON(t *testing.T) {
	for want, text := range map[string]chat.Text{
		`""`: nil, `"ab"`: chat.Say("a").And("b"),
		`[{"text":"until "},{"at":"2026-11-26T15:38:14Z"}]`: chat.Say("until ").Time(at.UTC()),
	} {
		b, err := json.Marshal(text)
		require.NoError(t, err)
		require.Equal(t, want, string(b))
		var read chat.Text
		require.NoError(t, json.Unmarshal(b, &read))
		require.Equal(t, text.String(), read.String())
	}
	var read chat.Text
	require.Error(t, json.Unmarshal([]byte(`{"text":"a"}`), &read))
}
