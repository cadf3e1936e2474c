package pages

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/server/app"
	"ramp.dev/ramp/server/auth"
)

// externalPart is which user of another program a person is, and the code that makes them
// one. The code is shown once, in the response to the form.
type externalPart struct {
	app.ExternalAccount
	Code, User string
	Login      access.Duration // how recent a login must be to get a code, where the person's is older; else 0
}

func (p *Pages) externalParts(ctx context.Context, who access.Person) (out []externalPart, err error) {
	list, err := p.app.ExternalAccounts(ctx, who)
	for _, account := range list {
		out = append(out, externalPart{ExternalAccount: account, Login: p.app.RequiredMaxAge(who, app.LinkLogin)})
	}
	return out, err
}

// linkCode shows a code by which the person links a user of another program.
func (p *Pages) linkCode(c echo.Context) error {
	service, user := c.FormValue("service"), c.FormValue("user")
	code, err := p.app.NewLinkCode(c.Request().Context(), auth.Actor(c), service, user)
	if err != nil {
		return err
	}
	content, err := p.youContent(c)
	if err != nil {
		return err
	}
	for i := range content.External {
		if content.External[i].Service == service {
			content.External[i].Code, content.External[i].User = code, user
		}
	}
	return p.renderAs(c, http.StatusOK, "you", content, "/you")
}

func (p *Pages) unlinkExternalUser(c echo.Context) error {
	err := p.app.UnlinkExternalUser(c.Request().Context(), auth.Actor(c), c.FormValue("service"))
	if err != nil && access.CodeOf(err) != access.CodeNotFound {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/you")
}
