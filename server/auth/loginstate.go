package auth

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/internal/strictjson"
)

// loginState is one login under way, kept by the browser that began it: state
// and nonce tie the provider's response to it. Each has a cookie of its own, so
// that several tabs log in at once and none undoes another; and the ledger has no
// row of anybody who is not known yet.
//
// The cookie is sealed with the servers' key, for its own name: neither the browser
// nor somebody who can set its cookies makes a login, changes where one leads, or reads
// the secret half of PKCE.
type loginState struct {
	State, Nonce, Verifier, Next string
	Issuer                       string // by its name: no other provider's response counts
	Began                        time.Time
	Reauthenticate               bool // the person must log in again
}

// maxLogins bounds how many logins one browser may have under way; beyond them
// the oldest is given up.
const maxLogins = 8

// loginCookies returns the beginning of the names of these cookies. Over https
// only this host can set one (__Host-), not one beside it.
func (a *Auth) loginCookies() string {
	if a.base.Scheme == "https" {
		return "__Host-ramp_login_"
	}
	return "ramp_login_"
}

func (a *Auth) loginCookie(state, value string, maxAge int) *http.Cookie {
	// #nosec G124 -- Secure wherever the server is reached by https; plain http is for loopback only
	return &http.Cookie{Name: a.loginCookies() + state, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true,
		Secure: a.base.Scheme == "https", SameSite: http.SameSiteLaxMode}
}

// keepLogin gives a login under way to the browser.
func (a *Auth) keepLogin(c echo.Context, at loginState) error {
	b, err := json.Marshal(at)
	if err != nil {
		return err
	}
	under := a.logins(c)
	slices.SortFunc(under, func(x, y loginState) int { return x.Began.Compare(y.Began) })
	for len(under) >= maxLogins {
		c.SetCookie(a.loginCookie(under[0].State, "", -1))
		under = under[1:]
	}
	name := a.loginCookies() + at.State
	c.SetCookie(a.loginCookie(at.State, base64.RawURLEncoding.EncodeToString(a.Sealer.logins.seal(b, []byte(name))), int(loginWithin.Seconds())))
	return nil
}

// logins returns the logins under way in this browser; what cannot be read is
// none.
func (a *Auth) logins(c echo.Context) []loginState {
	var out []loginState
	for _, cookie := range c.Cookies() {
		state, ours := strings.CutPrefix(cookie.Name, a.loginCookies())
		if !ours {
			continue
		}
		at := loginState{}
		box, err := base64.RawURLEncoding.DecodeString(cookie.Value)
		b, sealed := a.Sealer.logins.open(box, []byte(cookie.Name))
		if err != nil || !sealed || strictjson.UnmarshalOpen(b, &at) != nil || at.State != state {
			at = loginState{State: state} // begun before all others
		}
		out = append(out, at)
	}
	return out
}

// takeLogin returns the login of a state, once: the browser forgets it.
func (a *Auth) takeLogin(c echo.Context, state string) (loginState, bool) {
	for _, at := range a.logins(c) {
		if at.Verifier != "" && at.State != "" && subtle.ConstantTimeCompare([]byte(at.State), []byte(state)) == 1 {
			c.SetCookie(a.loginCookie(at.State, "", -1))
			return at, true
		}
	}
	return loginState{}, false
}
