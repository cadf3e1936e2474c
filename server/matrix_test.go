package server

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
)

// outcome is what somebody gets: done, or why not.
type outcome string

const (
	done      outcome = "done"
	login     outcome = "who are you"
	hidden    outcome = "there is nothing"
	forbidden outcome = "you may not"
	conflict  outcome = "not in this state"
	late      outcome = "too late"
	refused   outcome = "not this way" // to anybody who comes without what is needed
)

// The kinds of people, seen from a request of alice's under ssh-demo.
var (
	nobody    = ""
	requester = "alice"
	approver  = "bob"
	outsider  = "dave"
	security  = "carol" // approves other contracts
	operator  = "oscar"
	herAgent  = "alice-agent"
	hisAgent  = "bob-agent" // its groups approve; it never does
	service   = "deployer"  // likewise
	everybody = []string{nobody, requester, approver, outsider, security, operator, herAgent, hisAgent, service}

	sees    = []string{requester, approver, operator}
	mayAsk  = []string{requester, approver, herAgent, hisAgent, service} // in engineering
	pending = []access.State{access.StatePending}
	active  = []access.State{access.StateActive}
	// What is not over can be ended, whatever the ledger says of its state.
	unfinished = slices.DeleteFunc(access.States(), access.State.Final)
)

// rule says what somebody gets of a request in a state. Where a route is about
// no request, there is no state.
type rule func(who string, s access.State) outcome

// public is for anybody; known for anybody who says who they are.
func public(o outcome) rule { return func(string, access.State) outcome { return o } }

func known(who string, _ access.State) outcome {
	if who == nobody {
		return login
	}
	return done
}

// only is for some of those who are known.
func only(who []string, others outcome) rule {
	return func(w string, s access.State) outcome {
		if known(w, s) == login {
			return login
		}
		if !slices.Contains(who, w) {
			return others
		}
		return done
	}
}

// noneThere is only, of what the fixture does not have: a review of an earlier week.
func noneThere(who []string, others outcome) rule {
	return func(w string, s access.State) outcome {
		if o := only(who, others)(w, s); o != done {
			return o
		}
		return hidden
	}
}

// act is for some of those who see a request, in some states.
func act(who []string, in []access.State) rule {
	return func(w string, s access.State) outcome {
		switch {
		case only(sees, hidden)(w, s) != done:
			return only(sees, hidden)(w, s)
		case !slices.Contains(who, w):
			return forbidden
		case !slices.Contains(in, s):
			return conflict
		}
		return done
	}
}

// noPasskeys: programs have none, and people not here.
func noPasskeys(w string, s access.State) outcome {
	if o := only([]string{requester, approver, outsider, security, operator}, forbidden)(w, s); o != done {
		return o
	}
	return conflict
}

// notCosigned: of what is not there, auditors alone are told that it is not.
func notCosigned(w string, s access.State) outcome {
	if o := only([]string{security}, forbidden)(w, s); o != done {
		return o
	}
	return hidden
}

func decision(w string, s access.State) outcome {
	if o := act([]string{approver}, pending)(w, s); o != conflict || s != access.StateLapsed {
		return o
	}
	return late
}

// rules is who may do what. A route that is neither here nor public fails the
// test. What is public is declared by the routes themselves.
var rules = map[string]rule{
	"GET /auth/callback": public(refused), // without a login under way

	"POST /mcp":                 only(slices.DeleteFunc(slices.Clone(everybody), func(who string) bool { return who == service }), forbidden), // an agent acts for somebody
	"GET /api/v1/me":            known,
	"GET /api/v1/me/sessions":   known,
	"POST /api/v1/me/sign-out":  known,
	"GET /api/v1/me/notices":    known,
	"POST /api/v1/me/notices":   only([]string{requester, approver, outsider, security, operator}, forbidden), // others have a human who hears in their place
	"POST /you/notices":         only([]string{requester, approver, outsider, security, operator}, forbidden),
	"GET /you":                  known,
	"POST /you/sign-out":        known,
	"POST /you/external/code":   only(nil, hidden), // the fixture has no chat service
	"POST /you/external/unlink": known,
	"GET /api/v1/events":        known,
	"GET /api/v1/catalog":       known,
	"GET /api/v1/requests":      known,
	"GET /":                     known,
	"GET /inbox":                known,
	"GET /requests":             known,
	"GET /you/passkeys":         known,
	"POST /you/passkeys":        noPasskeys, // the fixture has none
	"GET /api/v1/requests/:id":  only(sees, hidden),
	"GET /requests/:id":         only(sees, hidden),

	"GET /api/v1/catalog/:contract": only(mayAsk, hidden),
	"GET /ask/:contract":            only(mayAsk, hidden),
	// Nobody is told of a param that is not there; choices_test.go asks for one that is.
	"GET /api/v1/catalog/:contract/params/:param/choices": only(nil, hidden),
	"POST /ask/:contract":   only(mayAsk, hidden),
	"POST /api/v1/requests": only(mayAsk, forbidden),

	"GET /api/v1/requests/:id/evidence": only(append([]string{security}, sees...), hidden),

	"POST /api/v1/codec/decode": only([]string{operator}, forbidden),

	"POST /api/v1/contract-sets":         only(nil, hidden), // the fixture's contracts do not change by proposals
	"GET /api/v1/requests/:id/contracts": only(nil, hidden), // nor does a request for access propose any

	"GET /contracts":               only([]string{operator, security}, forbidden),
	"GET /api/v1/contracts":        only([]string{operator, security}, forbidden),
	"GET /api/v1/targets":          only([]string{operator, security}, forbidden),
	"GET /api/v1/contracts/files":  only([]string{operator, security}, forbidden), // and those who may propose others; nobody may here
	"GET /accounts":                only([]string{operator}, forbidden),
	"POST /accounts/link":          only([]string{operator}, forbidden),
	"POST /accounts/unlink":        only([]string{operator}, forbidden),
	"GET /api/v1/accounts":         only([]string{operator}, forbidden),
	"POST /api/v1/accounts/link":   only([]string{operator}, forbidden),
	"POST /api/v1/accounts/unlink": only([]string{operator}, forbidden),

	"GET /review":                    only([]string{approver, security}, forbidden),
	"POST /review/findings/:id/mark": noneThere([]string{approver, security}, forbidden),
	"GET /api/v1/reviews":            only([]string{approver, security}, forbidden), // approvers own the fixture's contract
	"GET /api/v1/review":             noneThere([]string{approver, security}, forbidden),
	"POST /api/v1/findings/:id/mark": noneThere([]string{approver, security}, forbidden),

	"GET /api/v1/audit":                 only([]string{security}, forbidden),
	"GET /audit":                        only([]string{security}, forbidden),
	"GET /audit/requests/:id":           only([]string{security}, forbidden),
	"GET /api/v1/audit/export":          only([]string{security}, forbidden),
	"GET /api/v1/audit/requests":        only([]string{security}, forbidden),
	"GET /api/v1/audit/requests/export": only([]string{security}, forbidden),
	"GET /api/v1/audit/proofs":          only([]string{security}, forbidden),
	"GET /api/v1/audit/checkpoint":      only([]string{security}, forbidden),
	"GET /api/v1/audit/tile/*":          only([]string{security}, forbidden),
	"GET /api/v1/audit/entries":         only([]string{security}, forbidden),
	"GET /api/v1/audit/removals/:event": notCosigned, // the fixture has dropped nothing
	"GET /api/v1/audit/cosigned":        notCosigned, // the fixture has no witnesses
	"GET /api/v1/audit/witnesses":       only([]string{security}, forbidden),

	"POST /api/v1/requests/:id/decision":    decision,
	"POST /requests/:id/decision":           decision,
	"POST /api/v1/requests/:id/cancel":      act([]string{requester}, unfinished),
	"POST /requests/:id/cancel":             act([]string{requester}, unfinished),
	"POST /api/v1/requests/:id/release":     act([]string{requester}, unfinished),
	"POST /requests/:id/release":            act([]string{requester}, unfinished),
	"POST /api/v1/requests/:id/revoke":      act([]string{approver, operator}, unfinished),
	"POST /requests/:id/revoke":             act([]string{approver, operator}, unfinished),
	"POST /api/v1/requests/:id/review":      act(nil, pending), // nobody: no glass was broken for it
	"POST /requests/:id/review":             act(nil, pending),
	"POST /api/v1/requests/:id/extend":      act([]string{requester}, active),
	"POST /requests/:id/extend":             act([]string{requester}, active),
	"POST /api/v1/requests/:id/credentials": act([]string{requester}, active),
}

// got reads a response as an outcome. A page sends people to log in, and goes on
// to another page when something was done.
func got(code int, location string) outcome {
	switch {
	case code == http.StatusSeeOther && strings.HasPrefix(location, "/auth/login"):
		return login
	case code < 400:
		return done
	}
	switch code {
	case http.StatusUnauthorized:
		return login
	case http.StatusNotFound:
		return hidden
	case http.StatusForbidden:
		return forbidden
	case http.StatusConflict:
		return conflict
	case http.StatusGone:
		return late
	}
	return outcome(fmt.Sprint("status ", code))
}

// TestAuthorizationMatrix: every route, every kind of person, every state of a
// request. What is refused never reaches Temporal.
func TestAuthorizationMatrix(t *testing.T) {
	t.Parallel()
	f := newFixture(t, withSCIM(t))
	tokens := map[string]string{nobody: ""}
	for _, who := range everybody[1:] {
		tokens[who] = f.token(who)
	}
	requests := map[access.State]access.Request{}
	for _, s := range access.States() {
		requests[s] = f.request(s)
	}
	left := maps.Clone(rules)
	cells := 0
	for surface, route := range f.routes() {
		name := route.Method + " " + route.Path
		want, ok := rules[name]
		delete(left, name)
		switch {
		case ok:
		case surface.Name == "SCIM":
			want = public(login) // the identity provider's own token opens it, and nobody's of a person
		case route.Public:
			want = public(done)
		default:
			t.Errorf("%s: a new route needs a rule here: who may do what, in which state", name)
			continue
		}
		states := access.States()
		if !strings.Contains(route.Path, ":id") {
			states = []access.State{access.StatePending}
		}
		t.Run(name, func(t *testing.T) {
			for _, s := range states {
				for _, who := range everybody {
					contentType, body := f.question(route.Method, route.Path, requests[s], cells)
					at := address(route, requests[s])
					require.NotContains(t, at, ":", "what stands for this in the path?")
					before := f.temporal.messages.Load()
					w := f.call(tokens[who], route.Method, at, contentType, body)
					expected := want(who, s)
					if expected == refused {
						expected = login
					}
					if o := got(w.Code, w.Header().Get("Location")); o != expected {
						t.Errorf("%s by %q of a request that is %s: %s (%d), should be: %s\n%s", name, who, s, o, w.Code, expected, w.Body)
					}
					if expected != done && f.temporal.messages.Load() != before {
						t.Errorf("%s by %q of a request that is %s was refused after it was done", name, who, s)
					}
					if ending := path.Base(route.Path); expected == done && (ending == "cancel" || ending == "release" || ending == "revoke") {
						// That one is ending, whatever Temporal says.
						rows, err := f.ledger.Grants(t.Context(), ledger.GrantFilter{RequestID: requests[s].ID})
						require.NoError(t, err)
						for _, row := range rows {
							require.NoError(t, f.ledger.MarkClosed(t.Context(), row.Name, time.Now()))
						}
						for _, final := range []access.State{access.StateCancelled, access.StateEnded} {
							require.NoError(t, f.ledger.Advance(t.Context(), access.Transition{RequestID: requests[s].ID, To: final, At: time.Now()}))
						}
						requests[s] = f.request(s)
					}
					cells++
				}
			}
		})
	}
	require.Empty(t, left, "there is a rule for a route that is not there")
	require.Greater(t, cells, 1000)
}

// question is what a program, or a form, would send to a route about r. Each
// is a different one.
func (f *fixture) question(method, route string, r access.Request, n int) (contentType, body string) {
	if method != http.MethodPost {
		return "", ""
	}
	fields := map[string]string{}
	switch {
	case route == "/mcp":
		return jsonType, `{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}`
	case route == "/api/v1/requests":
		fields = map[string]string{"contract": "ssh-demo", "reason": fmt.Sprint("as the matrix asks, number ", n)}
	case strings.HasSuffix(route, "/contract-sets"):
		return jsonType, `{"files": {"a.yaml": ""}}`
	case strings.HasPrefix(route, "/ask/"):
		fields = map[string]string{"reason": fmt.Sprint("as the matrix asks, number ", n), "key": access.NewRequestID()}
	case strings.HasSuffix(route, "/mark"):
		fields = map[string]string{"mark": "fixed"}
	case strings.HasSuffix(route, "/accounts/link"):
		fields = map[string]string{"account": "linked-before-it-is-unlinked", "human": "somebody"}
	case strings.HasSuffix(route, "/accounts/unlink"):
		fields = map[string]string{"account": "linked-before-it-is-unlinked"}
	case strings.HasSuffix(route, "/decision"):
		fields = map[string]string{"decision": "approve", "planDigest": r.Plan.Digest}
	case strings.HasSuffix(route, "/extend"):
		fields = map[string]string{"for": "5m"}
	case strings.HasSuffix(route, "/credentials"):
		key, err := evidence.NewRecipient()
		require.NoError(f, err)
		fields = map[string]string{"recipient": key.Public()}
	}
	if strings.HasPrefix(route, "/api/") {
		b, err := json.Marshal(fields)
		require.NoError(f, err)
		return jsonType, string(b)
	}
	form := url.Values{}
	for k, v := range fields {
		form.Set(k, v)
	}
	return "application/x-www-form-urlencoded", form.Encode()
}
