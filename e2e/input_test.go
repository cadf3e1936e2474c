package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// withParams is a contract with everything that can be wrong in a question.
const withParams = `apiVersion: ramp/v1
kind: Contract
metadata: {name: ssh-demo-params, owner: team-platform}
description: Log in to the demo host for one region.
request:
  who: '"engineering" in person.groups'
  params:
    region: {type: string, enum: [eu, us], required: true}
    copies: {type: int, min: 1, max: 3}
  reason: {minLength: 10}
  ticket: {when: 'duration > duration("1h")', pattern: 'OPS-[0-9]+'}
duration: {default: 10m, max: 2h, justifyOver: 30m}
grants:
  - target: ssh/demo
    entitlement: {user: demo}
approval:
  stages:
    - {name: team lead, from: [approvers], approvals: 1}
`

type ask map[string]any

const because = "fix the stuck order of the night"

// with is a good question with some fields changed; nil leaves one out.
func with(changes ask) string {
	a := ask{"contract": "ssh-demo", "duration": "10m", "reason": because}
	for k, v := range changes {
		if a[k] = v; v == nil {
			delete(a, k)
		}
	}
	b, _ := json.Marshal(a)
	return string(b)
}

// TestBadInput sends everything that people, programs and attackers get wrong,
// through HTTP, and checks that each response says what is allowed.
func TestBadInput(t *testing.T) {
	t.Parallel()
	in := install(t)
	in.start(nil, "dev").ready()
	alice, dave := in.as("alice"), in.as("dave")
	in.contract(alice, "ssh-demo-params", withParams)
	long := strings.Repeat("very long ", 400)
	deep := func(n int) string {
		return `{"contract":"ssh-demo","params":{"a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}}`
	}
	params := func(more ask) string {
		a := ask{"contract": "ssh-demo-params", "params": ask{"region": "eu"}}
		for k, v := range more {
			a[k] = v
		}
		return with(a)
	}
	const requests = "/api/v1/requests"
	rows := []struct {
		name, method, path, body string
		header                   http.Header // alice with JSON, if nil
		status                   int
		code, says               string
	}{
		{"contract unknown", "POST", requests, with(ask{"contract": "ssh-dmeo"}), nil, 404, "unknown_contract", `did you mean "ssh-demo"?`},
		{"contract missing", "POST", requests, with(ask{"contract": nil}), nil, 400, "contract_missing", "name the contract"},
		{"contract of others (case 16)", "POST", requests, with(nil), jsonAs(dave.token), 403, "not_eligible", "not for you"},
		{"contract of others in the catalogue", "GET", "/api/v1/catalog/ssh-demo", "", bearer(dave.token), 404, "unknown_contract", "there is no contract"},
		{"param unknown", "POST", requests, params(ask{"params": ask{"region": "eu", "regoin": "eu"}}), nil, 400, "unknown_param", `did you mean "region"?`},
		{"param missing", "POST", requests, params(ask{"params": ask{}}), nil, 400, "param_missing", "allowed are eu, us"},
		{"param out of its list", "POST", requests, params(ask{"params": ask{"region": "ap"}}), nil, 400, "param_not_allowed", "allowed are eu, us"},
		{"param of another type", "POST", requests, params(ask{"params": ask{"region": 5}}), nil, 400, "param_type", "must be a string"},
		{"param out of bounds", "POST", requests, params(ask{"params": ask{"region": "eu", "copies": 4}}), nil, 400, "param_not_allowed", "between 1 and 3"},
		{"param not whole", "POST", requests, params(ask{"params": ask{"region": "eu", "copies": 1.5}}), nil, 400, "param_type", "whole number"},
		{"target unknown in a filter", "GET", requests + "?target=ssh/dmeo", "", nil, 400, "unknown_target", `did you mean "ssh/demo"?`},

		{"duration zero", "POST", requests, with(ask{"duration": "0s"}), nil, 400, "duration_not_positive", "not more than zero"},
		{"duration negative (case 23)", "POST", requests, with(ask{"duration": "-5m"}), nil, 400, "duration_not_positive", "not more than zero"},
		{"duration fractional", "POST", requests, with(ask{"duration": "1500ms"}), nil, 400, "duration_fractional", "whole number of seconds"},
		{"duration over the max", "POST", requests, with(ask{"duration": "3h"}), nil, 400, "duration_over_max", "2h"},
		{"duration of years (case 23)", "POST", requests, with(ask{"duration": "9000h"}), nil, 400, "duration_too_long", "8760h"},
		{"duration overflowing (case 23)", "POST", requests, with(ask{"duration": "99999999999h"}), nil, 400, "duration_malformed", "90s, 30m or 1h30m"},
		{"duration in words", "POST", requests, with(ask{"duration": "two hours"}), nil, 400, "duration_malformed", "90s, 30m or 1h30m"},
		{"duration without a unit", "POST", requests, with(ask{"duration": "30"}), nil, 400, "duration_malformed", "90s, 30m or 1h30m"},
		{"duration blank", "POST", requests, with(ask{"duration": " "}), nil, 400, "duration_missing", "30m"},
		{"duration a number", "POST", requests, with(ask{"duration": 30}), nil, 400, "wrong_type", "must be a string"},
		{"long without justification", "POST", requests, with(ask{"duration": "90m"}), nil, 400, "reason_needs_justification", "at least"},
		{"long without a ticket", "POST", requests, params(ask{"duration": "90m", "reason": because + ", which the vendor asked us to watch for the whole evening"}), nil, 400, "ticket_missing", "needs a ticket"},
		{"ticket of another form", "POST", requests, params(ask{"ticket": "JIRA 5"}), nil, 400, "ticket_malformed", "OPS-[0-9]+"},
		{"start in the past (case 23)", "POST", requests, with(ask{"startAt": "2020-01-01T00:00:00Z"}), nil, 400, "start_in_past", "past"},
		{"start far ahead", "POST", requests, with(ask{"startAt": time.Now().AddDate(1, 0, 0).UTC().Format(time.RFC3339)}), nil, 400, "start_too_far", "30 days"},
		{"start in words", "POST", requests, with(ask{"startAt": "tomorrow"}), nil, 400, "time_malformed", "2026-01-31T14:00:00Z"},
		{"start a number", "POST", requests, with(ask{"startAt": 5}), nil, 400, "time_malformed", "2026-01-31T14:00:00Z"},

		{"reason empty", "POST", requests, with(ask{"reason": ""}), nil, 400, "reason_missing", "say why"},
		{"reason missing", "POST", requests, with(ask{"reason": nil}), nil, 400, "reason_missing", "say why"},
		{"reason blank", "POST", requests, with(ask{"reason": " \n\t           "}), nil, 400, "reason_missing", "say why"},
		{"reason short", "POST", requests, with(ask{"reason": "fix it"}), nil, 400, "reason_too_short", "at least 10"},
		{"reason huge (case 8)", "POST", requests, with(ask{"reason": long}), nil, 400, "reason_too_long", "characters"},
		{"reason with control characters", "POST", requests, with(ask{"reason": because + "\x1b[2J"}), nil, 400, "reason_characters", "control"},
		{"reason right to left (case 8)", "POST", requests, with(ask{"reason": because + "\u202eevil"}), nil, 400, "reason_characters", "direction"},
		{"reason of broken text", "POST", requests, `{"contract":"ssh-demo","reason":"fix the stuck order ` + "\xff\xfe" + `"}`, nil, 400, "json_malformed", "UTF-8"},

		{"JSON malformed", "POST", requests, `{"contract":`, nil, 400, "json_malformed", "ends too early"},
		{"JSON with a comma too many", "POST", requests, `{"contract":"ssh-demo",}`, nil, 400, "json_malformed", "at byte"},
		{"body empty", "POST", requests, "", nil, 400, "body_missing", "a JSON object is needed"},
		{"body null", "POST", requests, "null", nil, 400, "body_missing", "a JSON object is needed"},
		{"body a list", "POST", requests, "[]", nil, 400, "wrong_type", "must be a JSON object"},
		{"body a list, of a decision", "POST", requests + "/0123456789abcdef/decision", "[]", nil, 400, "wrong_type", "must be a JSON object"},
		{"field of another type", "POST", requests, with(ask{"params": "eu"}), nil, 400, "wrong_type", "must be an object"},
		{"field unknown", "POST", requests, with(ask{"principal": "root"}), nil, 400, "unknown_field", "there is no such field"},
		{"several values", "POST", requests, with(nil) + with(nil), nil, 400, "json_malformed", "more than one JSON value"},
		{"field twice", "POST", requests, `{"contract":"ssh-demo","contract":"ssh-demo-guarded","reason":"` + because + `"}`, nil, 400, "field_twice", "given twice"},
		{"field in other letters", "POST", requests, `{"Contract":"ssh-demo","reason":"` + because + `"}`, nil, 400, "unknown_field", "there is no such field"},
		{"nested deeply", "POST", requests, deep(9000), nil, 400, "json_malformed", "deep"},
		{"nested beyond depth", "POST", requests, deep(25000), nil, 400, "json_malformed", "deep"},
		{"body too large", "POST", requests, with(ask{"reason": strings.Repeat("x", 70_000)}), nil, 413, "body_too_large", "64 KiB"},
		{"content type of a form", "POST", requests, "contract=ssh-demo", http.Header{"Authorization": {"Bearer " + alice.token}, "Content-Type": {"application/x-www-form-urlencoded"}}, 415, "content_type", "application/json"},
		{"content type missing", "POST", requests, with(nil), bearer(alice.token), 415, "content_type", "application/json"},
		{"idempotency key too long", "POST", requests, with(nil), http.Header{"Authorization": {"Bearer " + alice.token}, "Content-Type": {"application/json"}, "Idempotency-Key": {strings.Repeat("k", 201)}}, 400, "idempotency_key_too_long", "200"},
		{"flag neither true nor false", "POST", requests + "?dryRun=perhaps", with(nil), nil, 400, "flag_malformed", "true or false"},

		{"cursor bad", "GET", requests + "?cursor=%21%21", "", nil, 400, "cursor_malformed", "not a cursor"},
		{"cursor of another kind", "GET", requests + "?cursor=" + base64.RawURLEncoding.EncodeToString([]byte("1 2' OR 1=1 --")), "", nil, 400, "cursor_malformed", "not a cursor"},
		{"limit in words", "GET", requests + "?limit=many", "", nil, 400, "limit_out_of_range", "between 1 and 200"},
		{"limit zero", "GET", requests + "?limit=0", "", nil, 400, "limit_out_of_range", "between 1 and 200"},
		{"limit too high", "GET", requests + "?limit=201", "", nil, 400, "limit_out_of_range", "between 1 and 200"},
		{"state unknown", "GET", requests + "?state=activ", "", nil, 400, "unknown_state", "there are pending"},
		{"mine in words", "GET", requests + "?mine=yes", "", nil, 400, "flag_malformed", "true or false"},
		{"event number bad", "GET", "/api/v1/events?after=x", "", nil, 400, "event_id_malformed", "number"},
		{"event number negative", "GET", "/api/v1/events?after=-1", "", nil, 400, "event_id_malformed", "number"},

		{"path unknown", "GET", "/api/v1/nothing", "", nil, 404, "unknown_path", "nothing at this address"},
		{"path unknown, to nobody", "GET", "/api/v2/requests", "", http.Header{}, 404, "unknown_path", "nothing at this address"},
		{"method not taken", "DELETE", requests, "", nil, 405, "method_not_allowed", "GET, HEAD, POST"},
		{"method unknown", "BREW", requests, "", nil, 405, "method_not_allowed", "GET, HEAD, POST"},
		{"request unknown", "GET", requests + "/0123456789abcdef", "", nil, 404, "unknown_request", "there is no request"},
		{"request id malformed", "GET", requests + "/..%2f..%2fetc", "", nil, 404, "unknown_request", "there is no request"},
		{"decision on nothing", "POST", requests + "/0123456789abcdef/decision", `{"decision":"approve","planDigest":"x"}`, nil, 404, "unknown_request", "there is no request"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			h := r.header
			if h == nil {
				h = jsonAs(alice.token)
			}
			in.within(t).send(r.method, r.path, r.body, h).refuses(t, r.status, r.code, r.says)
		})
	}

	t.Run("everything wrong is told at once", func(t *testing.T) {
		a := in.within(t).send("POST", requests, params(ask{"params": ask{"zone": 1}, "duration": "-1s", "reason": ""}), jsonAs(alice.token))
		a.refuses(t, 400, "invalid", "say why")
		require.ElementsMatch(t, []string{"unknown_param", "param_missing", "duration_not_positive", "reason_missing"}, a.codes())
	})
	t.Run("Case18 a duration left out is the contract's, not none", func(t *testing.T) {
		var r struct {
			Plan struct {
				Duration string `json:"duration"`
			} `json:"plan"`
		}
		require.Equal(t, http.StatusOK, alice.call("POST", requests+"?dryRun=true", json.RawMessage(with(ask{"duration": nil})), &r))
		require.Equal(t, "15m", r.Plan.Duration)
	})
	t.Run("nothing of all this was recorded as a request", func(t *testing.T) {
		var page struct{ Items []request }
		require.Equal(t, http.StatusOK, alice.call("GET", requests+"?mine=true", nil, &page))
		require.Empty(t, page.Items)
	})
	t.Run("idempotency", func(t *testing.T) { testIdempotency(t, in.within(t)) })
	t.Run("tokens", func(t *testing.T) { testTokens(t, in.within(t)) })
	t.Run("decisions", func(t *testing.T) { testDecisions(t, in.within(t)) })
}

// testIdempotency: one key is one request.
func testIdempotency(t *testing.T, in *installation) {
	alice, erin := in.as("alice"), in.as("erin")
	key := []string{"Idempotency-Key", fmt.Sprint("key-", time.Now().UnixNano())}
	post := func(p *person, duration string) response {
		return p.sends("/api/v1/requests", ask{"contract": "ssh-demo", "duration": duration, "reason": because}, key...)
	}
	id := func(a response) string {
		var r request
		require.NoError(t, json.Unmarshal([]byte(a.body), &r))
		return r.ID
	}
	first := post(alice, "11m")
	require.Equal(t, http.StatusCreated, first.status, first.body)
	again := post(alice, "11m")
	require.Equal(t, http.StatusOK, again.status, again.body)
	require.Equal(t, id(first), id(again))
	require.Equal(t, "/api/v1/requests/"+id(first), again.header.Get("Location"))
	post(alice, "12m").refuses(t, 409, "idempotency_key_reused", "another request")
	// Another person's key is another key.
	other := post(erin, "11m")
	require.Equal(t, http.StatusCreated, other.status, other.body)
	require.NotEqual(t, id(first), id(other))
}
