package api

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/server/app"
	"ramp.dev/ramp/server/auth"
)

func (a *API) submit(c echo.Context) error {
	var ask access.RequestInput
	if err := read(c, &ask, false); err != nil {
		return err
	}
	ctx, by := c.Request().Context(), actor(c)
	dry, err := flagParam(c, "dryRun")
	if err != nil {
		return err
	}
	if dry {
		r, err := a.app.DryRun(ctx, by, ask)
		if err != nil {
			return err
		}
		return c.JSON(http.StatusOK, r)
	}
	r, created, err := a.app.Submit(ctx, by, ask, c.Request().Header.Get("Idempotency-Key"))
	if err != nil {
		return err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	c.Response().Header().Set("Location", "/api/v1/requests/"+r.ID)
	return c.JSON(status, r)
}

func (a *API) list(c echo.Context) error {
	q := app.Query{Target: c.QueryParam("target"), Cursor: c.QueryParam("cursor")}
	var err error
	if q.Mine, err = flagParam(c, "mine"); err != nil {
		return err
	}
	if q.ToDecide, err = flagParam(c, "toDecide"); err != nil {
		return err
	}
	if q.ToReview, err = flagParam(c, "toReview"); err != nil {
		return err
	}
	if q.Limit, err = limitParam(c, 200); err != nil {
		return err
	}
	if q.States, err = statesParam(c); err != nil {
		return err
	}
	items, next, err := a.app.Requests(c.Request().Context(), auth.Person(c), q)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, page[access.Request]{Items: items, NextCursor: next})
}

func (a *API) show(c echo.Context) error {
	r, err := a.app.RequestWithTimeline(c.Request().Context(), auth.Person(c), c.Param("id"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, r)
}

func (a *API) decide(c echo.Context) error {
	var body struct {
		Decision   access.Verdict    `json:"decision"`
		PlanDigest string            `json:"planDigest"`
		Comment    string            `json:"comment"`
		Confirmed  []string          `json:"confirmed"`
		UpTo       string            `json:"upTo"`
		StartAt    *time.Time        `json:"startAt"`
		Passkey    *access.Assertion `json:"passkey"`
	}
	if err := read(c, &body, false); err != nil {
		return err
	}
	upTo, err := app.ParseUpTo(body.UpTo)
	if err != nil {
		return err
	}
	r, err := a.app.Decide(c.Request().Context(), actor(c), c.Param("id"),
		app.DecisionInput{Verdict: body.Decision, PlanDigest: body.PlanDigest, Comment: body.Comment, Confirmed: body.Confirmed, UpTo: upTo, StartAt: body.StartAt, Passkey: body.Passkey})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, r)
}

type endFunc func(ctx context.Context, by access.Actor, id, reason string) (access.Request, error)

// end serves the acts that end a request: they differ in who may and when.
func (a *API) end(act endFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		var body struct {
			Reason string `json:"reason"`
		}
		if err := read(c, &body, true); err != nil {
			return err
		}
		r, err := act(c.Request().Context(), actor(c), c.Param("id"), body.Reason)
		if err != nil {
			return err
		}
		return c.JSON(http.StatusOK, r)
	}
}

func (a *API) extend(c echo.Context) error {
	var body struct {
		For    string     `json:"for"`
		Reason string     `json:"reason"`
		From   *time.Time `json:"from"`
	}
	if err := read(c, &body, false); err != nil {
		return err
	}
	r, err := a.app.Extend(c.Request().Context(), actor(c), c.Param("id"), body.For, body.Reason, body.From)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, r)
}

func (a *API) review(c echo.Context) error {
	var body struct {
		PlanDigest string `json:"planDigest"`
		Justified  bool   `json:"justified"`
		Comment    string `json:"comment"`
	}
	if err := read(c, &body, false); err != nil {
		return err
	}
	r, err := a.app.Review(c.Request().Context(), actor(c), c.Param("id"), app.ReviewInput{Justified: body.Justified, Comment: body.Comment, PlanDigest: body.PlanDigest})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, r)
}

func (a *API) pickUp(c echo.Context) error {
	var body struct {
		Grant     string `json:"grant"`
		Recipient string `json:"recipient"`
	}
	if err := read(c, &body, false); err != nil {
		return err
	}
	sealed, err := a.app.PickUp(c.Request().Context(), actor(c), c.Param("id"), body.Grant, body.Recipient)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.JSON(http.StatusOK, sealed)
}
