package idp

import (
	"context"
	"html/template"
	"net/http"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// login is one authorization request that is under way.
type login struct {
	id      string
	began   time.Time
	request oidc.AuthRequest
	person  string    // empty until somebody was chosen
	at      time.Time // when that was
}

var _ op.AuthRequest = (*login)(nil)

func (l *login) copy() *login { c := *l; return &c }

func (l *login) GetID() string    { return l.id }
func (l *login) GetACR() string   { return "" }
func (l *login) GetAMR() []string { return nil }

// GetAudience adds Ramp's API, so that the access token works as a bearer token.
func (l *login) GetAudience() []string              { return []string{l.request.ClientID, "ramp"} }
func (l *login) GetAuthTime() time.Time             { return l.at }
func (l *login) GetClientID() string                { return l.request.ClientID }
func (l *login) GetNonce() string                   { return l.request.Nonce }
func (l *login) GetRedirectURI() string             { return l.request.RedirectURI }
func (l *login) GetScopes() []string                { return l.request.Scopes }
func (l *login) GetState() string                   { return l.request.State }
func (l *login) GetSubject() string                 { return l.person }
func (l *login) Done() bool                         { return l.person != "" }
func (l *login) GetResponseMode() oidc.ResponseMode { return l.request.ResponseMode }
func (l *login) GetResponseType() oidc.ResponseType { return l.request.ResponseType }
func (l *login) GetCodeChallenge() *oidc.CodeChallenge {
	if l.request.CodeChallenge == "" {
		return nil
	}
	return &oidc.CodeChallenge{Challenge: l.request.CodeChallenge, Method: l.request.CodeChallengeMethod}
}

var pageTemplate = template.Must(template.New("login").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>Who are you today?</title>
<style>
:root { --ink: #17211c; --dim: #5b6a62; --paper: #fbfcfb; --card: #fff; --line: #dde4e0; --go: #0b6e4f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4ebe7; --dim: #98a79f; --paper: #101513; --card: #181f1b; --line: #2b352f; --go: #3fbf8f; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 32rem; margin: 0 auto; padding: 2rem 1rem; }
h1 { font-size: 1.5rem; margin: 0; } p { color: var(--dim); }
button { display: block; width: 100%; text-align: left; font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line);
  border-radius: 10px; padding: .7rem 1rem; margin-top: .6rem; cursor: pointer; }
button:hover, button:focus-visible { border-color: var(--go); outline: 2px solid var(--go); }
small { color: var(--dim); display: block; }
</style></head><body><main>
<h1>Who are you today?</h1><p>This is Ramp's identity provider for development. There are no passwords.</p>
<form method="post">{{if .Device}}<p><label>The code that your terminal shows <input name="user_code" value="{{.Code}}" required></label></p>
{{else}}<input type="hidden" name="id" value="{{.ID}}">
{{end}}{{range .People}}<button name="person" value="{{.ID}}"><b>{{.Name}}</b> ({{.ID}})<small>{{.About}}</small></button>{{end}}
</form></main></body></html>`))

// peoplePage is the page on which the developer chooses who to be.
type peoplePage struct {
	ID     string // of the login that it belongs to; empty for a device
	Device bool
	Code   string // the device's user code, if the address names it
	People []Person
}

func (s *storage) loginPage(w http.ResponseWriter, r *http.Request) {
	s.showPeople(w, peoplePage{ID: r.FormValue("id")})
}

func (s *storage) showPeople(w http.ResponseWriter, p peoplePage) {
	p.People = People()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("X-Frame-Options", "DENY")
	_ = pageTemplate.Execute(w, p)
}

// login records who was chosen and redirects to the client.
func (s *storage) login(callback func(context.Context, string) string, issuer *op.IssuerInterceptor) http.HandlerFunc {
	return issuer.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, person := r.FormValue("id"), r.FormValue("person")
		if _, err := Find(person); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if err := s.recordLogin(id, person); err != nil {
			http.Error(w, "This login has expired. Go back to Ramp and log in again.", http.StatusGone)
			return
		}
		http.Redirect(w, r, callback(r.Context(), id), http.StatusSeeOther)
	})
}
