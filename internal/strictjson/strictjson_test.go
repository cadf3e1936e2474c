package strictjson_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ramp.dev/ramp/internal/strictjson"
)

type inner struct {
	Name string          `json:"name"`
	Raw  json.RawMessage `json:"raw,omitempty"`
}

type base struct {
	Kind string `json:"kind"`
}

type document struct {
	base
	ID       string            `json:"id"`
	At       time.Time         `json:"at"`
	One      *inner            `json:"one"`
	List     []inner           `json:"list"`
	Texts    map[string]string `json:"texts"`
	Any      any               `json:"any"`
	Untagged int
	Secret   string `json:"-"`
	hidden   string
}

// refused are documents that two readers could read differently, and what is wrong
// with each.
var refused = map[string]string{
	`{"id":"a","id":"b"}`:                  "field_twice id",
	`{"id":"a","ID":"b"}`:                  "unknown_field ID",
	`{"Id":"a"}`:                           "unknown_field Id",
	`{"id":"a","\u0069d":"b"}`:             "field_twice id",
	`{"one":{"name":"a","name":"b"}}`:      "field_twice one.name",
	`{"one":{"NAME":"a"}}`:                 "unknown_field one.NAME",
	`{"one":{"raw":{"a":1,"a":2}}}`:        "field_twice one.raw.a",
	`{"list":[{"name":"a"},{"Name":"b"}]}`: "unknown_field list[1].Name",
	`{"texts":{"a":"1","a":"2"}}`:          "field_twice texts.a",
	`{"any":[{"a":{"b":1,"b":2}}]}`:        "field_twice any[0].a.b",
	`{"untagged":1}`:                       "unknown_field untagged",
	`{"at":{"wall":1,"wall":2}}`:           "field_twice at.wall",
	`{"KIND":"a"}`:                         "unknown_field KIND",
	`{"id":"a"}{"id":"b"}`:                 "json_malformed ",
	`{"id":"a"} x`:                         "json_malformed ",
	`{"id":"a"`:                            "json_malformed ",
	``:                                     "json_malformed ",
	"{\"id\":\"\xff\"}":                    "json_malformed ",
	`{"id":"\ud800"}`:                      "json_malformed ",
	`{"id":"\ud800\u0041"}`:                "json_malformed ",
	`{"id":"\udc00\ud800"}`:                "json_malformed ",
	`{"any":{"\ud800":1}}`:                 "json_malformed ",
	"\ufeff{}":                             "json_malformed ",
	`{"id":5}`:                             "wrong_type id",
	`{"at":"yesterday"}`:                   "time_malformed ",
	`[]`:                                   "wrong_type ",
	`{"any":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`: "json_malformed ",
}

// TestCase64OneReading: what could be read in two ways is not read.
func TestCase64OneReading(t *testing.T) {
	_ = document{}.hidden
	for text, want := range refused {
		for name, read := range map[string]func([]byte, any) error{"Unmarshal": strictjson.Unmarshal, "UnmarshalOpen": strictjson.UnmarshalOpen} {
			var e *strictjson.Error
			require.True(t, errors.As(read([]byte(text), new(document)), &e), "%s took %s", name, text)
			require.Equal(t, want, e.Code+" "+e.Field, "%s of %s", name, text)
		}
	}
	for _, text := range []string{`{"later":1}`, `{"Secret":"s"}`, `{"hidden":"h"}`, `{"-":"s"}`, `{"":1}`, `{"base":{}}`, `{"one":{"later":1}}`} {
		require.Error(t, strictjson.Unmarshal([]byte(text), new(document)), text)
		var d document
		require.NoError(t, strictjson.UnmarshalOpen([]byte(text), &d), text)
		require.Empty(t, d.Secret)
	}
	var d document
	require.NoError(t, strictjson.Unmarshal([]byte(` {"kind":"k","id":"a\ud83d\ude00\\u","at":"2026-11-26T00:00:00Z","one":{"name":"n","raw":{"A":1,"a":2}},
		"list":[{},{"name":"x"}],"texts":{"A":"1","a":"2"},"any":[null,{"x":1.5}],"Untagged":7}`+"\n"), &d))
	require.Equal(t, "a😀\\u", d.ID)
	require.Equal(t, "k", d.Kind)
	require.Equal(t, 7, d.Untagged)
}

// TestCase64AgreesWithTheStandardLibrary: what is taken, encoding/json reads as the
// same; what encoding/json writes is taken.
func TestCase64AgreesWithTheStandardLibrary(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := drawDocument(rt)
		b, err := json.Marshal(d)
		require.NoError(rt, err)
		var got, want document
		require.NoError(rt, strictjson.Unmarshal(b, &got))
		require.NoError(rt, json.Unmarshal(b, &want))
		require.Equal(rt, want, got)

		// One more member of any object, under a name that is there.
		var fields map[string]json.RawMessage
		require.NoError(rt, json.Unmarshal(b, &fields))
		name := rapid.SampledFrom([]string{"id", "at", "one", "list", "texts", "any", "kind", "Untagged"}).Draw(rt, "twice")
		extra, err := json.Marshal(rapid.SampledFrom([]string{name, strings.ToUpper(name), strings.ToLower(name), strings.ToUpper(name[:1]) + name[1:]}).Draw(rt, "spelled"))
		require.NoError(rt, err)
		twice := append(append([]byte{}, b[:len(b)-1]...), []byte(","+string(extra)+":"+string(fields[name])+"}")...)
		require.Error(rt, strictjson.Unmarshal(twice, new(document)), "%s", twice)
		require.Error(rt, strictjson.UnmarshalOpen(twice, new(document)), "%s", twice)
	})
}

func drawDocument(rt *rapid.T) document {
	text := rapid.String()
	in := rapid.Custom(func(t *rapid.T) inner {
		raw, _ := json.Marshal(rapid.MapOf(text, text).Draw(t, "raw"))
		return inner{Name: text.Draw(t, "name"), Raw: raw}
	})
	d := document{base: base{Kind: text.Draw(rt, "kind")}, ID: text.Draw(rt, "id"), At: time.Unix(rapid.Int64Range(0, 1<<33).Draw(rt, "at"), 0).UTC(),
		List: rapid.SliceOf(in).Draw(rt, "list"), Texts: rapid.MapOf(text, text).Draw(rt, "texts"), Untagged: rapid.Int().Draw(rt, "untagged")}
	if rapid.Bool().Draw(rt, "one?") {
		one := in.Draw(rt, "one")
		d.One = &one
	}
	d.Any = rapid.SampledFrom([]any{nil, true, 1.5, "x", []any{"y", nil}, map[string]any{"z": 1.0}}).Draw(rt, "any")
	return d
}

// FuzzUnmarshal: a document is read one way or not at all, and never panics. What is
// read is what encoding/json reads, and says the same when it is written and read
// again.
func FuzzUnmarshal(f *testing.F) {
	for text := range refused {
		f.Add([]byte(text))
	}
	f.Add([]byte(`{"kind":"k","id":"a","at":"2026-11-26T00:00:00Z","one":{"name":"n"},"list":[{}],"texts":{"a":"1"},"any":[1]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var strict, standard, open document
		err := strictjson.Unmarshal(b, &strict)
		if err != nil {
			var e *strictjson.Error
			require.True(t, errors.As(err, &e), "%T", err)
			return
		}
		require.NoError(t, json.Unmarshal(b, &standard))
		require.Equal(t, standard, strict)
		require.NoError(t, strictjson.UnmarshalOpen(b, &open))
		require.Equal(t, strict, open)
		again, err := json.Marshal(strict)
		require.NoError(t, err)
		var back document
		require.NoError(t, strictjson.Unmarshal(again, &back))
	})
}
