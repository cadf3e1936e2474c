package pages

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/server/auth"
	"ramp.dev/ramp/server/problem"
)

// accountsPage shows operators which accounts are one human's.
type accountsPage struct {
	Links          []accountLink
	Account, Human string // as typed
	Refused        string
}

type accountLink struct {
	access.AccountLink
	Configured bool // by the servers' configuration
}

func (p *Pages) accounts(c echo.Context) (any, error) { return p.accountsContent(c) }

func (p *Pages) accountsContent(c echo.Context) (accountsPage, error) {
	var out accountsPage
	list, err := p.app.AccountLinks(c.Request().Context(), auth.Actor(c))
	for _, l := range list {
		out.Links = append(out.Links, accountLink{l, l.LinkedBy == access.ActorRamp})
	}
	return out, err
}

func (p *Pages) linkAccount(c echo.Context) error {
	return p.changeAccounts(c, func(ctx context.Context, by access.Actor) error {
		return p.app.LinkAccount(ctx, by, c.FormValue("account"), c.FormValue("human"))
	})
}

func (p *Pages) unlinkAccount(c echo.Context) error {
	return p.changeAccounts(c, func(ctx context.Context, by access.Actor) error {
		return p.app.UnlinkAccount(ctx, by, c.FormValue("account"))
	})
}

// changeAccounts shows the page again: with what was typed where the change is
// refused.
func (p *Pages) changeAccounts(c echo.Context, change func(context.Context, access.Actor) error) error {
	err := change(c.Request().Context(), auth.Actor(c))
	if err == nil {
		return c.Redirect(http.StatusSeeOther, accountsPath)
	}
	pr := problem.From(err)
	content, listed := p.accountsContent(c)
	if listed != nil || pr.Kind == access.CodeInternal {
		return err
	}
	content.Account, content.Human, content.Refused = c.FormValue("account"), c.FormValue("human"), pr.Detail
	return p.renderAs(c, pr.Status, "accounts", content, accountsPath)
}

const accountsPath = "/accounts"
