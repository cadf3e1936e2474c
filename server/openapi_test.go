package server

import (
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

func (f *fixture) document() (libopenapi.Document, validator.Validator) {
	f.Helper()
	doc, err := libopenapi.NewDocument(f.call("", "GET", "/api/openapi.json", "", "").Body.Bytes())
	require.NoError(f, err)
	v, errs := validator.NewValidator(doc)
	require.Empty(f, errs)
	return doc, v
}

// TestOpenAPIAgreesWithTheRoutes: each call of the API is described, and each
// that is described exists.
func TestOpenAPIAgreesWithTheRoutes(t *testing.T) {
	f := newFixture(t)
	doc, v := f.document()
	valid, problems := v.ValidateDocument()
	require.True(t, valid, "%v", problems)
	require.Equal(t, "3.1.0", doc.GetVersion())
	model, err := doc.BuildV3Model()
	require.NoError(t, err)
	var described, there []string
	for path, item := range model.Model.Paths.PathItems.FromOldest() {
		for method := range item.GetOperations().FromOldest() {
			described = append(described, strings.ToUpper(method)+" "+path)
		}
	}
	param := regexp.MustCompile(`:(\w+)`)
	for _, r := range f.routes() {
		if strings.HasPrefix(r.Path, "/api/") {
			there = append(there, r.Method+" "+strings.Replace(param.ReplaceAllString(r.Path, "{$1}"), "*", "{path}", 1))
		}
	}
	require.ElementsMatch(t, there, described)
}

// TestEveryKindOfEventIsDescribed: clients in other languages are made from the document.
func TestEveryKindOfEventIsDescribed(t *testing.T) {
	doc, _ := newFixture(t).document()
	model, err := doc.BuildV3Model()
	require.NoError(t, err)
	var described []string
	for _, kind := range model.Model.Components.Schemas.GetOrZero("EventKind").Schema().Enum {
		described = append(described, kind.Value)
	}
	require.ElementsMatch(t, names(access.EventKinds()), described)
}

// TestResponsesAreAsDocumented holds real responses against the document: their
// fields, times in UTC, durations as Go writes them, problems as problems.
func TestResponsesAreAsDocumented(t *testing.T) {
	f := newFixture(t)
	_, v := f.document()
	r, active := f.request(access.StatePending), f.request(access.StateActive)
	ended := f.request(access.StateEnded)
	bob := access.Person{ID: "bob", Kind: access.KindHuman, Groups: []string{"approvers"}}
	require.NoError(t, f.ledger.Advance(context.Background(), access.Transition{RequestID: ended.ID, At: time.Now(), Outcome: access.OutcomeReleased,
		Decisions: []access.Decision{{RequestID: ended.ID, PlanDigest: ended.Plan.Digest, Verdict: access.Approve, Approver: bob, At: time.Now().UTC(),
			Passkey: &access.Assertion{CredentialID: "YQ", AuthenticatorData: "YQ", ClientDataJSON: "YQ", Signature: "YQ"}}}}))
	key, err := evidence.NewRecipient()
	require.NoError(t, err)
	for _, c := range []struct {
		who, method, path, body string
		status                  int
	}{
		{"", "GET", "/api/v1/auth-config", "", 200},
		{"", "GET", "/api/contract.schema.json", "", 200},
		{"alice-agent", "GET", "/api/v1/me", "", 200},
		{"alice", "GET", "/api/v1/me/notices", "", 200},
		{"alice", "POST", "/api/v1/me/notices", `{"off":{"mail":["handled"]},"zone":"Europe/Berlin"}`, 200},
		{"alice", "POST", "/api/v1/me/notices", `{"zone":"Mars/Olympus"}`, 400},
		{"alice", "GET", "/api/v1/catalog", "", 200},
		{"alice", "GET", "/api/v1/catalog/ssh-demo", "", 200},
		{"alice", "GET", "/api/v1/requests?limit=1", "", 200},
		{"alice", "GET", "/api/v1/requests/" + ended.ID, "", 200},
		{"alice", "POST", "/api/v1/requests", `{"contract":"ssh-demo","duration":"1h30m","reason":"` + strings.Repeat("as long as it takes ", 5) + `","startAt":"` + time.Now().Add(time.Hour).Format(time.RFC3339) + `"}`, 201},
		{"alice", "POST", "/api/v1/requests?dryRun=true", `{"contract":"ssh-demo-passkey","reason":"look into what the night has left"}`, 200},
		{"alice", "POST", "/api/v1/requests?dryRun=true", `{"contract":"ssh-demo-guarded","reason":"look into what the night has left"}`, 200},
		{"bob", "POST", "/api/v1/requests/" + r.ID + "/decision", `{"decision":"approve","planDigest":"` + r.Plan.Digest + `","comment":"go","passkey":{"credentialId":"YQ","authenticatorData":"YQ","clientDataJSON":"YQ","signature":"YQ"}}`, 200},
		{"alice", "POST", "/api/v1/requests/" + active.ID + "/extend", `{"for":"5m"}`, 200},
		{"alice", "POST", "/api/v1/requests/" + active.ID + "/credentials", `{"recipient":"` + key.Public() + `"}`, 200},
		{"alice", "POST", "/api/v1/requests/" + active.ID + "/release", `{"reason":"done"}`, 200},
		{"carol", "GET", "/api/v1/audit?limit=5", "", 200},
		{"carol", "GET", "/api/v1/audit/export?format=json", "", 200},
		{"carol", "GET", "/api/v1/audit/requests?limit=5&person=alice", "", 200},
		{"carol", "GET", "/api/v1/audit/requests?outcome=vanished", "", 400},
		{"carol", "GET", "/api/v1/audit/requests/export?format=json", "", 200},
		{"carol", "GET", "/api/v1/audit/proofs?leaf=0&leaf=2", "", 200},
		{"alice", "GET", "/api/v1/audit/proofs?leaf=0", "", 403},
		{"carol", "GET", "/api/v1/audit/entries?from=1&to=3", "", 200},
		{"carol", "GET", "/api/v1/audit/entries?from=3&to=3", "", 400},
		{"carol", "GET", "/api/v1/audit/entries?from=-1", "", 400},
		{"carol", "GET", "/api/v1/audit/removals/1", "", 404},
		{"carol", "GET", "/api/v1/audit/witnesses", "", 200},
		{"carol", "GET", "/api/v1/audit/cosigned", "", 404},
		{"carol", "GET", "/api/v1/reviews", "", 200},
		{"carol", "GET", "/api/v1/review?since=2026-01-01T00:00:00Z", "", 200},
		{"oscar", "POST", "/api/v1/accounts/link", `{"account":"slack:U1","human":"erin"}`, 204},
		{"oscar", "POST", "/api/v1/accounts/link", `{"account":"slack:U1","human":"dave"}`, 409},
		{"oscar", "GET", "/api/v1/accounts", "", 200},
		{"oscar", "GET", "/api/v1/contracts", "", 200},
		{"carol", "GET", "/api/v1/contracts", "", 200},
		{"alice", "GET", "/api/v1/contracts", "", 403},
		{"oscar", "GET", "/api/v1/targets", "", 200},
		{"alice", "GET", "/api/v1/targets", "", 403},
		{"oscar", "POST", "/api/v1/accounts/unlink", `{"account":"slack:U1"}`, 204},
		{"oscar", "POST", "/api/v1/accounts/unlink", `{"account":"slack:U1"}`, 404},
		{"alice", "POST", "/api/v1/requests", `{"contract":"ssh-demo","duration":"-1s"}`, 400},
		{"", "GET", "/api/v1/me", "", 401},
		{"dave", "POST", "/api/v1/requests", `{"contract":"ssh-demo","reason":"I would like to have a look"}`, 403},
		{"alice", "GET", "/api/v1/requests/0123456789abcdef", "", 404},
		{"alice", "POST", "/api/v1/requests/" + ended.ID + "/release", "", 409},
	} {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			token, contentType := "", ""
			if c.who != "" {
				token = f.token(c.who)
			}
			if c.method == "POST" {
				contentType = jsonType
			}
			w := f.call(token, c.method, c.path, contentType, c.body)
			require.Equal(t, c.status, w.Code, "%s", w.Body)
			req := httptest.NewRequest(c.method, "http://ramp.test"+c.path, strings.NewReader(c.body))
			if contentType != "" {
				req.Header.Set("Content-Type", contentType)
			}
			valid, problems := v.ValidateHttpResponse(req, w.Result())
			for _, p := range problems {
				t.Error(p.Message, p.Reason, p.SchemaValidationErrors)
			}
			require.True(t, valid)
			if w.Code < 400 && c.method == http.MethodPost {
				valid, problems := v.ValidateHttpRequestSync(reqWith(req, c.body, token))
				for _, p := range problems {
					t.Error(p.Message, p.Reason)
				}
				require.True(t, valid)
			}
		})
	}
}

// reqWith gives a request its body and its person again.
func reqWith(r *http.Request, body, token string) *http.Request {
	again := httptest.NewRequest(r.Method, r.URL.String(), strings.NewReader(body))
	again.Header = r.Header
	again.Header.Set("Authorization", "Bearer "+token)
	return again
}
