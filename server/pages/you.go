package pages

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/server/app"
	"ramp.dev/ramp/server/auth"
)

// youPage shows people who Ramp takes them for, and where they are signed in.
type youPage struct {
	Sessions []auth.SessionInfo
	Operator bool
	Auditor  bool
	Chat     chatPart
	Notices  noticePart
}

// chatPart is which user of a chat service a person is, and the code that makes them
// one. The code is shown once, in the response to the form.
type chatPart struct {
	Service string // empty: none is set up
	Name    string // for people
	Slack   bool
	Link    *ledger.ExternalLink
	Code    string
	Login   access.Duration // how recent a login must be to get a code, where the person's is older; else 0
}

func (p *Pages) you(c echo.Context) (any, error) { return p.youContent(c) }

func (p *Pages) youContent(c echo.Context) (youPage, error) {
	list, err := p.auth.ListSessions(c.Request().Context(), auth.Person(c))
	if err != nil {
		return youPage{}, err
	}
	link, err := p.app.ExternalLinkOf(c.Request().Context(), auth.Person(c))
	if err != nil {
		return youPage{}, err
	}
	settings, err := p.app.NoticeSettings(c.Request().Context(), auth.Person(c))
	return youPage{Sessions: list, Operator: p.app.SeesAll(auth.Person(c)), Auditor: p.app.ReadsLog(auth.Person(c)), Notices: noticesOf(settings), Chat: chatPart{Service: p.app.ChatService(), Name: p.app.ChatName(), Slack: p.app.ChatService() == string(access.ViaSlack), Link: link, Login: p.app.RequiredMaxAge(auth.Person(c), app.LinkLogin)}}, err
}

// linkCode shows a code by which the person links a chat user.
func (p *Pages) linkCode(c echo.Context) error {
	code, err := p.app.NewLinkCode(c.Request().Context(), auth.Actor(c))
	if err != nil {
		return err
	}
	content, err := p.youContent(c)
	if err != nil {
		return err
	}
	content.Chat.Code = code
	return p.renderAs(c, http.StatusOK, "you", content, "/you")
}

func (p *Pages) unlinkExternalUser(c echo.Context) error {
	if err := p.app.UnlinkExternalUser(c.Request().Context(), auth.Actor(c)); err != nil && access.CodeOf(err) != access.CodeNotFound {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/you")
}

func (p *Pages) signOut(c echo.Context) error {
	if err := p.auth.SignOut(c.Request().Context(), auth.Person(c)); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/signed-out")
}

// signInPage lets people choose where they log in. The login itself checks where
// Next leads.
type signInPage struct {
	Choices     []string
	Next, Again string
}

func (p *Pages) signIn(c echo.Context) (any, error) {
	return signInPage{p.auth.LoginProviders(), c.QueryParam("next"), c.QueryParam("again")}, nil
}
