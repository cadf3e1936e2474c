package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// FuzzBody: a body is read one way or refused as the sender's mistake. What is
// taken holds, field by field, what any other reader of JSON finds in it.
func FuzzBody(f *testing.F) {
	for _, b := range []string{
		`{"contract":"ssh-demo","reason":"look at the orders","duration":"30m","params":{"bucket":"eu"},"ticket":"OPS-1","startAt":"2026-11-25T09:00:00Z"}`,
		`{"contract":"a","contract":"b"}`, `{"Contract":"a"}`, `{"contract":"a","params":{"x":1,"x":2}}`, `{"contrac\u0074":"a","contract":"b"}`,
		`{"contract":null}`, `{"contract":{"a":[]}}`, `[]`, `null`, `"x"`, `{`, `{}{}`, `{"params":{"a":{"a":{"a":[[[[[[[[[[[[[[]]]]]]]]]]]]]]}}}}`,
		`{"startAt":"yesterday"}`, `{"startAt":5}`, "{\"contract\":\"\xff\"}", `{"\ud800":1}`, "\ufeff{}", `{"duration":30}`, `{"params":[1]}`,
		`{"ſtartAt":null}`, `{"reason":"` + strings.Repeat("a", 5000) + `"}`, `true`, `1e999`, `{"params":{"n":1e999}}`,
	} {
		f.Add([]byte(b))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var ask access.RequestInput
		err := read(post(string(body)), &ask, false)
		var he *echo.HTTPError
		switch {
		case err == nil:
		case errors.As(err, &he):
			require.Less(t, he.Code, 500)
			return
		default:
			require.Equal(t, access.CodeInvalid, access.CodeOf(err), "%v", err)
			require.NotEmpty(t, access.IssuesOf(err))
			return
		}
		var fields map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(body, &fields))
		for name, raw := range fields {
			var says string
			switch name {
			case "contract":
				says = ask.Contract
			case "duration":
				says = ask.Duration
			case "reason":
				says = ask.Reason
			case "ticket":
				says = ask.Ticket
			case "params", "startAt":
				continue
			default:
				t.Fatalf("%q was taken, and is no field", name)
			}
			var other *string
			require.NoError(t, json.Unmarshal(raw, &other))
			if other != nil {
				require.Equal(t, *other, says, "%s", name)
			}
		}
	})
}

func post(body string) echo.Context {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return echo.New().NewContext(r, httptest.NewRecorder())
}
