package scim_test

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/server/limit"
	"ramp.dev/ramp/server/scim"
	"ramp.dev/ramp/server/surface"
)

const token = "a-token-that-is-long-enough"

// site is SCIM on a real ledger.
type site struct {
	*testing.T
	e         *echo.Echo
	ledger    *ledger.Ledger
	path      string // of its database
	tokenFile string
}

func newSite(t *testing.T, change ...func(*scim.Config)) *site {
	t.Helper()
	s := &site{T: t, e: echo.New(), tokenFile: filepath.Join(t.TempDir(), "token")}
	require.NoError(t, os.WriteFile(s.tokenFile, []byte(token+"\n"), 0o600))
	var err error
	s.path = filepath.Join(t.TempDir(), "ledger.db")
	s.ledger, err = ledger.Open(context.Background(), "sqlite:"+s.path)
	require.NoError(t, err)
	t.Cleanup(func() { s.ledger.Close() })
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	s.ledger.UseNotary(evidence.NewNotary(evidence.NewSigner(key), evidence.NewKeyring(key.Public())), nil)
	log := logrus.New()
	log.SetOutput(io.Discard)
	c := scim.Config{Token: field.SecretFile(s.tokenFile)}
	for _, f := range change {
		f(&c)
	}
	require.Empty(t, c.Validate())
	require.NoError(t, s.ledger.SetDirectory(t.Context(), c.DirectoryMode()))
	fast := limit.New(limit.Rate{PerSecond: 1e6, Burst: 1e6})
	limits := surface.Limits{Address: fast, Person: fast, PersonOf: func(echo.Context) string { return "" }}
	require.NoError(t, surface.Mount(s.e, limits, log, scim.New(c, s.ledger, "https://ramp.example.com/", log).Surface()))
	return s
}

// recorded returns the kinds of all events: what the rest of Ramp hears.
func (s *site) recorded() (kinds []access.EventKind) {
	s.Helper()
	list, err := s.ledger.Events(context.Background(), ledger.EventFilter{})
	require.NoError(s, err)
	for _, e := range list[1:] { // after that the directory is in force
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

type answer struct {
	status int
	doc    map[string]any
	raw    string
}

func (s *site) as(bearer, method, path, body string) answer {
	s.Helper()
	r := httptest.NewRequest(method, "/scim/v2"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+bearer)
	w := httptest.NewRecorder()
	s.e.ServeHTTP(w, r)
	a := answer{status: w.Code, raw: w.Body.String()}
	if w.Body.Len() > 0 {
		require.Equal(s, "application/scim+json", w.Header().Get("Content-Type"))
		require.NoError(s, json.Unmarshal(w.Body.Bytes(), &a.doc), a.raw)
	}
	return a
}

func (s *site) do(method, path, body string) answer {
	s.Helper()
	return s.as(token, method, path, body)
}

func (s *site) must(status int, method, path, body string) answer {
	s.Helper()
	a := s.do(method, path, body)
	require.Equal(s, status, a.status, a.raw)
	return a
}

func (a answer) id() string { id, _ := a.doc["id"].(string); return id }

// oktaUser is what Okta posts.
func oktaUser(name string) string {
	return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":%q,"name":{"givenName":"Al","familyName":"Ahn"},
		"emails":[{"primary":true,"value":%q,"type":"work"}],"displayName":"Al Ahn","locale":"en-US","externalId":"00ujl29u0le5T6Aj10h7","groups":[],"password":"1mz050nq","active":true}`, name, name)
}

// TestCase68RenamedAndDeactivated: what a provider sends when it deletes somebody.
func TestCase68RenamedAndDeactivated(t *testing.T) {
	s := newSite(t)
	id := s.must(http.StatusCreated, "POST", "/Users", oktaUser("alice")).id()
	s.must(http.StatusOK, "PATCH", "/Users/"+id, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[
		{"op":"Replace","path":"userName","value":"283405f5alice"},{"op":"Replace","path":"active","value":"False"}]}`)
	for _, name := range []string{"alice", "Alice", "283405f5alice"} {
		roll, err := s.ledger.DirectorySnapshot(t.Context(), name)
		require.NoError(t, err)
		_, err = roll.Current(access.Person{ID: name, Kind: access.KindHuman})
		require.Equal(t, access.IssuePersonInactive, access.IssuesOf(err)[0].Code, name)
	}
}

// TestCase69OneUserInEveryForm: a second user whom people would take for the first is
// refused, and found by either form.
func TestCase69OneUserInEveryForm(t *testing.T) {
	s := newSite(t)
	s.must(http.StatusCreated, "POST", "/Users", `{"userName":"Éva1","active":true}`)
	for _, name := range []string{"éva1", "E\u0301va1", "e\u0301VA1"} {
		s.must(http.StatusConflict, "POST", "/Users", fmt.Sprintf(`{"userName":%q,"active":false}`, name))
		found := s.must(http.StatusOK, "GET", "/Users?filter="+url.QueryEscape(fmt.Sprintf(`userName eq %q`, name)), "")
		require.EqualValues(t, 1, found.doc["totalResults"], found.raw)
	}
}

// TestCase51ChangedInTheLedger: what somebody else wrote is not signed by a change of
// another part of it.
func TestCase51ChangedInTheLedger(t *testing.T) {
	s := newSite(t)
	user := s.must(http.StatusCreated, "POST", "/Users", `{"userName":"dave","active":true}`).id()
	group := s.must(http.StatusCreated, "POST", "/Groups", `{"displayName":"approvers"}`).id()
	db, err := sql.Open("sqlite", s.path)
	require.NoError(t, err)
	defer db.Close()
	_, err = db.Exec(`INSERT INTO directory_members (group_id, user_id) VALUES (?, ?)`, group, user)
	require.NoError(t, err)
	_, err = db.Exec(`UPDATE directory_users SET user_name = 'carol', user_name_key = 'carol', record = ' ' || record || ' x'`)
	require.NoError(t, err)
	rename := `{"Operations":[{"op":"replace","path":"displayName","value":"Approvers"}]}`
	for _, at := range []string{"/Users/" + user, "/Groups/" + group} {
		a := s.do("PATCH", at, rename)
		require.GreaterOrEqual(t, a.status, 400, a.raw)
		require.Contains(t, a.raw, "PUT")
	}
	s.must(http.StatusOK, "PUT", "/Groups/"+group, `{"displayName":"approvers"}`)
	require.Equal(t, false, s.must(http.StatusOK, "PUT", "/Users/"+user, `{"userName":"dave"}`).doc["active"], "only what is told")
	require.Equal(t, true, s.must(http.StatusOK, "PUT", "/Users/"+user, `{"userName":"dave","active":true}`).doc["active"])
	roll, err := s.ledger.DirectorySnapshot(t.Context(), "dave")
	require.NoError(t, err)
	require.Empty(t, roll.Members["dave"].Groups)
	require.True(t, roll.Members["dave"].Active)
}

func TestDeactivation(t *testing.T) {
	for name, body := range map[string]string{
		"Okta":                   `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","value":{"active":false}}]}`,
		"Entra ID":               `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Replace","path":"active","value":"False"}]}`,
		"Entra ID, aadOptscim":   `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"active","value":false}]}`,
		"with the schema":        `{"Operations":[{"op":"replace","path":"urn:ietf:params:scim:schemas:core:2.0:User:active","value":false}]}`,
		"among other changes":    `{"Operations":[{"op":"Replace","path":"displayName","value":"A"},{"op":"Add","path":"emails[type eq \"work\"].value","value":"a@b.example"},{"op":"Replace","path":"active","value":false}]}`,
		"names in large letters": `{"operations":[{"OP":"replace","Path":"ACTIVE","Value":false}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			id := s.must(http.StatusCreated, "POST", "/Users", oktaUser("al@example.com")).id()
			a := s.must(http.StatusOK, "PATCH", "/Users/"+id, body)
			require.Equal(t, false, a.doc["active"])
			roll, err := s.ledger.DirectorySnapshot(t.Context(), "al@example.com")
			require.NoError(t, err)
			require.False(t, roll.Members["al@example.com"].Active)
			require.Equal(t, []access.EventKind{access.EventPersonAdded, access.EventPersonLeft}, s.recorded())
			// Okta's PUT says everything again; one that says nothing of it changes nothing of it.
			require.Equal(t, false, s.must(http.StatusOK, "PUT", "/Users/"+id, `{"userName":"al@example.com","displayName":"Al"}`).doc["active"])
			require.Equal(t, true, s.must(http.StatusOK, "PUT", "/Users/"+id, oktaUser("al@example.com")).doc["active"])
			s.must(http.StatusNoContent, "DELETE", "/Users/"+id, "")
			s.must(http.StatusNotFound, "GET", "/Users/"+id, "")
			s.must(http.StatusNotFound, "PATCH", "/Users/"+id, body)
		})
	}
}

func TestUsers(t *testing.T) {
	s := newSite(t)
	a := s.must(http.StatusCreated, "POST", "/Users", oktaUser("al@example.com"))
	require.NotContains(t, a.raw, "1mz050nq", "a password is not kept")
	require.Equal(t, "al@example.com", a.doc["userName"])
	require.Equal(t, "Al", a.doc["name"].(map[string]any)["givenName"])
	require.Equal(t, "https://ramp.example.com/scim/v2/Users/"+a.id(), a.doc["meta"].(map[string]any)["location"])
	u, err := s.ledger.User(t.Context(), a.id())
	require.NoError(t, err)
	require.Equal(t, "Al Ahn", u.Name)
	require.Equal(t, "al@example.com", u.Email)
	require.NotContains(t, u.Attributes, "1mz050nq")

	again := s.must(http.StatusConflict, "POST", "/Users", oktaUser("AL@example.com"))
	require.Equal(t, "uniqueness", again.doc["scimType"])
	for i := range 3 {
		s.must(http.StatusCreated, "POST", "/Users", fmt.Sprintf(`{"userName":"u%d","externalId":"e%d"}`, i, i))
	}
	total := func(query string) float64 {
		t.Helper()
		return s.must(http.StatusOK, "GET", "/Users?"+query, "").doc["totalResults"].(float64)
	}
	filter := func(f string) string { return "filter=" + url.QueryEscape(f) }
	require.EqualValues(t, 4, total(""))
	require.EqualValues(t, 1, total(filter(`userName eq "Al@example.com"`)))
	require.EqualValues(t, 1, total(filter(`externalId eq "e1"`)))
	require.EqualValues(t, 1, total(filter(`externalId eq "e1" and userName eq "u1"`)))
	require.EqualValues(t, 0, total(filter(`userName eq "nobody"`)))
	require.EqualValues(t, 0, total(filter(`userName eq "x\" or \"1\" eq \"1"`)))
	page := s.must(http.StatusOK, "GET", "/Users?startIndex=2&count=2", "").doc
	require.Len(t, page["Resources"], 2)
	require.EqualValues(t, 2, page["startIndex"])
	require.Empty(t, s.must(http.StatusOK, "GET", "/Users?count=0", "").doc["Resources"])
	for _, f := range []string{`userName co "a"`, `password eq "x"`, `userName eq "a" or userName eq "b"`, `userName eq true`, `(`, strings.Repeat("(", 5000)} {
		a := s.must(http.StatusBadRequest, "GET", "/Users?"+filter(f), "")
		require.Equal(t, "invalidFilter", a.doc["scimType"], f)
	}
	t.Run("attributes of an extension", func(t *testing.T) {
		a := s.must(http.StatusOK, "PATCH", "/Users/"+a.id(), `{"Operations":[{"op":"Add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department","value":"Ops"},
			{"op":"Add","value":{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"7"},"name.givenName":"Alma"}}]}`)
		require.Equal(t, map[string]any{"department": "Ops", "employeeNumber": "7"}, a.doc["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"])
		require.Equal(t, "Alma", a.doc["name"].(map[string]any)["givenName"])
		require.Equal(t, "Ahn", a.doc["name"].(map[string]any)["familyName"])
	})
	t.Run("an address is changed where it is, and added where it is not", func(t *testing.T) {
		patch := func(op, value string) {
			s.must(http.StatusOK, "PATCH", "/Users/"+a.id(), fmt.Sprintf(`{"Operations":[{"op":%q,"path":"emails[type eq \"work\"].value","value":%q}]}`, op, value))
			u, err := s.ledger.User(t.Context(), a.id())
			require.NoError(t, err)
			require.Equal(t, value, u.Email)
		}
		patch("Replace", "new@example.com")
		s.must(http.StatusOK, "PATCH", "/Users/"+a.id(), `{"Operations":[{"op":"remove","path":"emails"}]}`)
		patch("Add", "again@example.com")
	})
}

func TestGroups(t *testing.T) {
	s := newSite(t)
	var ids []string
	for i := range 4 {
		ids = append(ids, s.must(http.StatusCreated, "POST", "/Users", fmt.Sprintf(`{"userName":"u%d"}`, i)).id())
	}
	g := s.must(http.StatusCreated, "POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"approvers","externalId":"g1","members":[]}`).id()
	members := func() []string {
		t.Helper()
		g, err := s.ledger.Group(t.Context(), g)
		require.NoError(t, err)
		return g.Members
	}
	patch := func(op string) answer { t.Helper(); return s.do("PATCH", "/Groups/"+g, `{"Operations":[`+op+`]}`) }
	for _, step := range []struct {
		op   string
		want []string
	}{
		{`{"op":"Add","path":"members","value":[{"value":"` + ids[0] + `"},{"value":"` + ids[1] + `"}]}`, ids[:2]},
		{`{"op":"add","path":"members","value":[{"value":"` + ids[1] + `"},{"value":"` + ids[2] + `","display":"u2"}]}`, ids[:3]},
		{`{"op":"Remove","path":"members","value":[{"value":"` + ids[0] + `"}]}`, ids[1:3]},
		{`{"op":"remove","path":"members[value eq \"` + ids[1] + `\"]"}`, ids[2:3]},
		{`{"op":"remove","path":"members[value eq \"` + ids[1] + `\"]"}`, ids[2:3]}, // told again
		{`{"op":"replace","value":{"id":"` + g + `","displayName":"leads"}}`, ids[2:3]},
		{`{"op":"replace","path":"members","value":[{"value":"` + ids[3] + `"}]}`, ids[3:]},
		{`{"op":"add","value":{"members":[{"value":"` + ids[0] + `"}]}}`, []string{ids[0], ids[3]}},
		{`{"op":"remove","path":"members"}`, nil},
	} {
		a := patch(step.op)
		require.Equal(t, http.StatusOK, a.status, a.raw)
		require.ElementsMatch(t, step.want, members(), step.op)
	}
	a := patch(`{"op":"add","path":"members","value":[{"value":"nobody"}]}`)
	require.Equal(t, http.StatusBadRequest, a.status)
	require.Equal(t, "invalidValue", a.doc["scimType"])
	a = patch(`{"op":"add","path":"members","value":[{"value":"` + ids[0] + `","type":"Group"}]}`)
	require.Equal(t, http.StatusBadRequest, a.status)

	s.must(http.StatusOK, "PUT", "/Groups/"+g, `{"displayName":"leads","members":[{"value":"`+ids[0]+`"}]}`)
	require.Equal(t, ids[:1], members())
	got := s.must(http.StatusOK, "GET", "/Users/"+ids[0], "").doc["groups"].([]any)
	require.Equal(t, "leads", got[0].(map[string]any)["display"])
	list := s.must(http.StatusOK, "GET", "/Groups?excludedAttributes=members&filter="+url.QueryEscape(`displayName eq "Leads"`), "")
	require.EqualValues(t, 1, list.doc["totalResults"])
	require.NotContains(t, list.raw, "members")
	require.EqualValues(t, 1, s.must(http.StatusOK, "GET", "/Groups?filter="+url.QueryEscape(`id eq "`+g+`" and members eq "`+ids[0]+`"`), "").doc["totalResults"])
	s.must(http.StatusNoContent, "DELETE", "/Groups/"+g, "")
	s.must(http.StatusNotFound, "GET", "/Groups/"+g, "")
}

func TestWhoMaySpeak(t *testing.T) {
	s := newSite(t)
	for _, bad := range []string{"", "another", token + "x", strings.ToUpper(token)} {
		a := s.as(bad, "GET", "/Users", "")
		require.Equal(t, http.StatusUnauthorized, a.status)
		require.Equal(t, "401", a.doc["status"])
	}
	s.must(http.StatusOK, "GET", "/Users", "")
	require.NoError(t, os.WriteFile(s.tokenFile, []byte("the next token of the provider"), 0o600))
	require.Equal(t, http.StatusUnauthorized, s.do("GET", "/Users", "").status, "a rotated token is worth nothing")
	require.Equal(t, http.StatusOK, s.as("the next token of the provider", "GET", "/Users", "").status)
	for _, broken := range []string{"", "short"} {
		require.NoError(t, os.WriteFile(s.tokenFile, []byte(broken), 0o600))
		require.Equal(t, http.StatusServiceUnavailable, s.as(broken, "GET", "/Users", "").status, "an empty token is not everybody's")
	}
	require.NoError(t, os.Remove(s.tokenFile))
	require.Equal(t, http.StatusServiceUnavailable, s.do("GET", "/Users", "").status)
	require.Empty(t, s.recorded())
}

func TestWrongBodies(t *testing.T) {
	s := newSite(t)
	id := s.must(http.StatusCreated, "POST", "/Users", `{"userName":"al"}`).id()
	for body, code := range map[string]string{
		`{"userName":""}`:                     "invalidValue",
		`{"userName":7}`:                      "invalidValue",
		`{"userName":"x","active":"perhaps"}`: "invalidValue",
		`[]`:                                  "invalidSyntax",
		`{`:                                   "invalidSyntax",
		``:                                    "invalidSyntax",
		`{"userName":"x"}{}`:                  "invalidSyntax",
		`{"userName":"` + strings.Repeat("x", 300) + `"}`:                "invalidValue",
		`{"userName":"x","title":"` + strings.Repeat("x", 20<<10) + `"}`: "invalidValue",
	} {
		a := s.do("POST", "/Users", body)
		require.Equal(t, http.StatusBadRequest, a.status, body)
		if code != "invalidValue" {
			require.Equal(t, code, a.doc["scimType"], body)
		}
	}
	for _, op := range []string{``, `{"op":"move","path":"active","value":true}`, `{"op":"remove"}`, `{"op":"add","value":7}`, `{"op":"replace","path":"active"}`,
		`{"op":"replace","path":"emails[","value":"x"}`, `{"op":"replace","path":"active","value":"perhaps"}`, `{"op":"remove","path":"userName"}`,
		`{"op":"replace","path":"emails[type gt 7].value","value":"x"}`, `7`} {
		a := s.do("PATCH", "/Users/"+id, `{"Operations":[`+op+`]}`)
		require.Equal(t, http.StatusBadRequest, a.status, op)
	}
	require.Equal(t, http.StatusRequestEntityTooLarge, s.do("POST", "/Users", `{"userName":"`+strings.Repeat("x", 3<<20)+`"}`).status)
	require.Equal(t, true, s.must(http.StatusOK, "GET", "/Users/"+id, "").doc["active"])
}

func TestWhatThisServerCanDo(t *testing.T) {
	s := newSite(t)
	require.Equal(t, true, s.must(http.StatusOK, "GET", "/ServiceProviderConfig", "").doc["patch"].(map[string]any)["supported"])
	require.Len(t, s.must(http.StatusOK, "GET", "/ResourceTypes", "").doc["Resources"], 2)
	require.Len(t, s.must(http.StatusOK, "GET", "/Schemas", "").doc["Resources"], 3)
}

func TestPersonByExternalID(t *testing.T) {
	s := newSite(t, func(c *scim.Config) { c.Person, c.Prefix = "externalId", "okta:" })
	s.must(http.StatusCreated, "POST", "/Users", oktaUser("al@example.com"))
	roll, err := s.ledger.DirectorySnapshot(t.Context(), "okta:00ujl29u0le5T6Aj10h7", "al@example.com")
	require.NoError(t, err)
	require.Len(t, roll.Members, 1)
	require.True(t, roll.Members[access.FoldID("okta:00ujl29u0le5T6Aj10h7")].Active)
}
