package server

import (
	"database/sql"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/encoding/protojson"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/codec"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/server/codecserver"
)

const (
	ui         = "http://127.0.0.1:8233"
	decodePath = codecserver.Prefix + "/decode"
)

func withUI(c *Config) { c.TemporalUI = ui + "/" }

// sealed is a payload as Temporal keeps it, in the UI's question.
func sealed(t *testing.T, key codec.Key, workflow string) string {
	c, err := codec.New(key)
	require.NoError(t, err)
	out, err := c.WithSerializationContext(converter.WorkflowSerializationContext{Namespace: "default", WorkflowID: workflow}).
		Encode([]*commonpb.Payload{{Metadata: map[string][]byte{"encoding": []byte("json/plain")}, Data: []byte(`"MARKED"`)}})
	require.NoError(t, err)
	b, err := protojson.Marshal(&commonpb.Payloads{Payloads: out})
	require.NoError(t, err)
	return string(b)
}

// asUI is what a browser sends from a page at origin, with a person's token for
// the cookie, which the login tests have.
func (f *fixture) asUI(origin, who, method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://ramp.test"+path, strings.NewReader(body))
	r.Header.Set("Origin", origin)
	r.Header.Set("Sec-Fetch-Site", "same-site")
	r.Header.Set("Content-Type", jsonType)
	if method == http.MethodOptions {
		r.Header.Set("Access-Control-Request-Method", "POST")
		r.Header.Set("Access-Control-Request-Headers", "content-type,x-namespace")
	}
	if who != "" {
		r.Header.Set("Authorization", "Bearer "+f.token(who))
	}
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, r)
	return w
}

func (f *fixture) decoded() []ledger.Entry {
	list, _, err := f.ledger.SearchEvents(f.Context(), ledger.EventSearch{Kind: access.EventPayloadDecoded})
	require.NoError(f, err)
	return list
}

func TestOperatorsDecode(t *testing.T) {
	f := newFixture(t, withUI)
	question := sealed(t, codec.Key{1}, "access-1")
	w := f.asUI(ui, "oscar", "POST", decodePath+"?preserveStorageRefs=true", question)
	require.Equal(t, http.StatusOK, w.Code, "%s", w.Body)
	var out commonpb.Payloads
	require.NoError(t, protojson.Unmarshal(w.Body.Bytes(), &out))
	require.Equal(t, `"MARKED"`, string(out.Payloads[0].Data))
	require.Equal(t, []string{ui}, w.Header().Values("Access-Control-Allow-Origin"))
	require.Equal(t, "true", w.Header().Get("Access-Control-Allow-Credentials"))

	list := f.decoded()
	require.Len(t, list, 1)
	require.Equal(t, "oscar", list[0].Actor)
	require.Equal(t, map[string]string{"payloads": "1", "workflows": "access-1", "via": "temporal-ui"}, list[0].Detail)

	// Case52: what a stranger wrote in clear is not shown as if it were Ramp's.
	var mixed commonpb.Payloads
	require.NoError(t, protojson.Unmarshal([]byte(question), &mixed))
	mixed.Payloads = append([]*commonpb.Payload{{Metadata: map[string][]byte{"encoding": []byte("json/plain")}, Data: []byte(`"MARKED"`)}}, mixed.Payloads...)
	clear, err := protojson.Marshal(&mixed)
	require.NoError(t, err)
	w = f.asUI(ui, "oscar", "POST", decodePath, string(clear))
	require.Equal(t, http.StatusOK, w.Code, "%s", w.Body)
	out.Reset()
	require.NoError(t, protojson.Unmarshal(w.Body.Bytes(), &out))
	require.Contains(t, string(out.Payloads[0].Data), "NOT RAMP'S")
	require.NotContains(t, string(out.Payloads[0].Data), "MARKED")
	require.Equal(t, `"MARKED"`, string(out.Payloads[1].Data))
	require.Len(t, f.decoded(), 2)

	w = f.asUI(ui, "alice", "POST", decodePath, question)
	require.Equal(t, http.StatusForbidden, w.Code)
	require.NotContains(t, w.Body.String(), "TUFSS0VE") // MARKED, in base64
	require.NotEmpty(t, w.Header().Get("Access-Control-Allow-Origin"), "the UI is told why")
	for name, body := range map[string]string{"another key's": sealed(t, codec.Key{2}, "a"),
		"moved": strings.Replace(question, "YWNjZXNzLTE", "YWNjZXNzLTI", 1), "nonsense": "{"} {
		require.Equal(t, http.StatusBadRequest, f.asUI(ui, "oscar", "POST", decodePath, body).Code, name)
	}
	require.Equal(t, http.StatusRequestEntityTooLarge, f.asUI(ui, "oscar", "POST", decodePath, strings.Repeat(" ", 5<<20)).Code)
	require.NotEqual(t, http.StatusOK, f.asUI(ui, "oscar", "POST", "/api/v1/codec/encode", question).Code, "decode only")
	require.Len(t, f.decoded(), 2, "what was not decoded is no decode")

	raw, err := sql.Open("sqlite", filepath.Join(f.dir, "ledger.db"))
	require.NoError(t, err)
	defer raw.Close()
	_, err = raw.Exec(`CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'the disk is full'); END`)
	require.NoError(t, err)
	w = f.asUI(ui, "oscar", "POST", decodePath, question)
	require.NotContains(t, w.Body.String(), "TUFSS0VE", "what cannot be recorded is not answered")
}

// TestOneOriginDecodes: the exception for the Temporal UI is of its origin, to
// one address.
func TestOneOriginDecodes(t *testing.T) {
	f := newFixture(t, withUI)
	preflight := f.asUI(ui, "", "OPTIONS", decodePath, "")
	require.Equal(t, http.StatusNoContent, preflight.Code)
	require.Equal(t, ui, preflight.Header().Get("Access-Control-Allow-Origin"))
	require.Equal(t, "POST", preflight.Header().Get("Access-Control-Allow-Methods"))
	require.Contains(t, preflight.Header().Get("Access-Control-Allow-Headers"), "X-Namespace")

	body := sealed(t, codec.Key{1}, "a")
	require.Equal(t, http.StatusUnauthorized, f.asUI(ui, "", "POST", decodePath, body).Code, "past the CSRF check, and then nobody")
	for _, other := range []string{"http://127.0.0.1:8234", "https://127.0.0.1:8233", "http://127.0.0.1:8233.evil.example", "http://evil.example", "null", "*"} {
		for _, method := range []string{"OPTIONS", "POST"} {
			w := f.asUI(other, "", method, decodePath, body)
			require.Empty(t, w.Header().Get("Access-Control-Allow-Origin"), "%s from %s", method, other)
			if method == "POST" {
				require.Contains(t, w.Body.String(), "cross_origin", other)
			}
		}
	}
	for s, route := range f.routes() {
		if route.Path == decodePath || route.Method == http.MethodGet {
			continue
		}
		path := address(route, access.Request{ID: "0123456789abcdef"})
		for _, method := range []string{"OPTIONS", route.Method} {
			require.Empty(t, f.asUI(ui, "", method, path, "").Header().Get("Access-Control-Allow-Origin"), "%s %s", method, path)
		}
		if !s.Tokens {
			require.Contains(t, f.asUI(ui, "", route.Method, path, "").Body.String(), "cross_origin", path)
		}
	}
	for _, bad := range []string{"temporal.example.com", "ftp://x", "/", "*"} {
		require.ErrorContains(t, access.Invalid(Config{TemporalUI: bad}.Validate()...), "temporalUI", bad)
	}
}
