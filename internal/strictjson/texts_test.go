package strictjson

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestCase64TextsAreReadOneWay: the quick reader of texts takes what the strict one takes,
// as the same, and nothing else.
func TestCase64TextsAreReadOneWay(t *testing.T) {
	type slow map[string]string // which the quick reader does not know
	both := func(t require.TestingT, b []byte) (taken bool) {
		var quick map[string]string
		var strict slow
		got, want := Unmarshal(b, &quick), Unmarshal(b, &strict)
		require.Equal(t, want, got, "%s", b)
		require.Equal(t, map[string]string(strict), quick, "%s", b)
		_, taken = simpleTexts(b)
		require.False(t, taken && want != nil, "%s", b)
		return taken
	}
	for _, text := range []string{`{}`, `{"a":"b"}`, `{"a":"b","c":"d"}`, `{"":""}`, `{"ä":"€"}`, `{"a":"}"}`, `{"a":":\u002c"}`} {
		both(t, []byte(text))
	}
	require.True(t, both(t, []byte(`{"grant":"ramp-x-a","target":"postgres/orders"}`)))
	for _, text := range []string{``, `{`, `}`, `{"a"}`, `{"a":}`, `{"a":"b",}`, `{,"a":"b"}`, `{"a":"b""c":"d"}`, `{"a":"b","a":"c"}`, `{"a":"b"}}`, `{"a":"b"}{"a":"b"}`, `{"a":1}`, `{"a":null}`,
		`{"a":["b"]}`, `null`, `["a"]`, "{\"a\":\"\xff\"}", "{\"a\":\"\x01\"}", "{\"a\":\"\n\"}", `{"a":"\ud800"}`, `{"a":"\q"}`, `{"a":"b";"c":"d"}`, `{a:"b"}`, `{"a": "b"}`, `{"a":"b"} `} {
		both(t, []byte(text))
	}
	rapid.Check(t, func(rt *rapid.T) {
		b, err := json.Marshal(rapid.MapOf(rapid.String(), rapid.String()).Draw(rt, "texts"))
		require.NoError(rt, err)
		both(rt, b)
		at := rapid.IntRange(0, len(b)-1).Draw(rt, "at") // something in it is damaged
		b[at] = byte(rapid.SampledFrom([]rune(`{}",:\a1 `+"\x00")).Draw(rt, "damage"))
		both(rt, b)
	})
}
