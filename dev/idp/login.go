package idp

import (
	"context"
	"html/template"
	"net/http"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// login is one login under way.
type login struct {
	id     string
	began  time.Time
	asked  oidc.AuthRequest
	person string
	at     time.Time
}

var _ op.AuthRequest = (*login)(nil)

func (l *login) copy() *login { c := *l; return &c }

func (l *login) GetID() string    { return l.id }
func (l *login) GetACR() string   { return "" }
func (l *login) GetAMR() []string { return nil }

// GetAudience adds Ramp itself, so that the token serves as a bearer token.
func (l *login) GetAudience() []string              { return []string{l.asked.ClientID, "ramp"} }
func (l *login) GetAuthTime() time.Time             { return l.at }
func (l *login) GetClientID() string                { return l.asked.ClientID }
func (l *login) GetNonce() string                   { return l.asked.Nonce }
func (l *login) GetRedirectURI() string             { return l.asked.RedirectURI }
func (l *login) GetScopes() []string                { return l.asked.Scopes }
func (l *login) GetState() string                   { return l.asked.State }
func (l *login) GetSubject() string                 { return l.person }
func (l *login) Done() bool                         { return l.person != "" }
func (l *login) GetResponseMode() oidc.ResponseMode { return l.asked.ResponseMode }
func (l *login) GetResponseType() oidc.ResponseType { return l.asked.ResponseType }
func (l *login) GetCodeChallenge() *oidc.CodeChallenge {
	if l.asked.CodeChallenge == "" {
		return nil
	}
	return &oidc.CodeChallenge{Challenge: l.asked.CodeChallenge, Method: l.asked.CodeChallengeMethod}
}

var page = template.Must(template.New("login").Parse(`<!doctype html>
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

// choice is what the page of people is for.
type choice struct {
	ID     string // of a login under way
	Device bool   // a login on a device, by its code
	Code   string
	People []Person
}

func (s *storage) loginPage(w http.ResponseWriter, r *http.Request) {
	s.choose(w, choice{ID: r.FormValue("id")})
}

func (s *storage) choose(w http.ResponseWriter, c choice) {
	c.People = People()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("X-Frame-Options", "DENY")
	_ = page.Execute(w, c)
}

// login notes who was chosen and goes back to the protocol.
func (s *storage) login(callback func(context.Context, string) string, issuer *op.IssuerInterceptor) http.HandlerFunc {
	return issuer.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, person := r.FormValue("id"), r.FormValue("person")
		if _, err := Find(person); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if err := s.decide(id, person); err != nil {
			http.Error(w, "This login is over. Go back to Ramp and log in again.", http.StatusGone)
			return
		}
		http.Redirect(w, r, callback(r.Context(), id), http.StatusSeeOther)
	})
}
