package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/server/app"
	"ramp.dev/ramp/server/auth"
	"ramp.dev/ramp/server/problem"
)

type askPage struct {
	Offer  contracts.Offer
	Login  access.Duration   // how lately the person must have logged in to ask, and has not; 0: nothing is needed
	Key    string            // sent twice, it is one request
	Values map[string]string // as typed, so that nothing is lost over a mistake
	Issues map[string]string // by field
	Others []string          // issues of no field
}

func (w *Web) askForm(c echo.Context) error {
	o, err := w.app.Offer(c.Request().Context(), auth.Person(c), c.Param("contract"))
	if err != nil {
		return err
	}
	return w.render(c, http.StatusOK, "ask", askPage{Offer: o, Login: w.app.RequiredMaxAge(auth.Person(c), o.StepUp.Request),
		Key: access.NewRequestID(), Values: map[string]string{}})
}

func (w *Web) ask(c echo.Context) error {
	ctx, p := c.Request().Context(), auth.Person(c)
	o, err := w.app.Offer(ctx, p, c.Param("contract"))
	if err != nil {
		return err
	}
	ask, values := readAsk(c, o)
	r, _, err := w.app.Submit(ctx, auth.Actor(c), ask, c.FormValue("key"))
	if err == nil {
		return c.Redirect(http.StatusSeeOther, "/requests/"+r.ID)
	}
	pr := problem.From(err)
	if pr.Status >= 500 && pr.Kind != access.CodeUnavailable {
		return err
	}
	page := askPage{Offer: o, Login: w.app.RequiredMaxAge(p, o.StepUp.Request), Key: c.FormValue("key"), Values: values, Issues: map[string]string{}}
	for _, i := range pr.Issues {
		if _, shown := values[i.Field]; shown {
			page.Issues[i.Field] = i.Message
		} else {
			page.Others = append(page.Others, i.String())
		}
	}
	if len(pr.Issues) == 0 {
		page.Others = []string{pr.Detail}
	}
	return w.render(c, pr.Status, "ask", page)
}

// readAsk reads the form. Params stay text, which the contract reads by their
// declared types and refuses in its own words. A checkbox that is not ticked is
// not sent by the browser, and means false whatever the default is.
func readAsk(c echo.Context, o contracts.Offer) (access.RequestInput, map[string]string) {
	ask := access.RequestInput{Contract: o.Contract, Params: map[string]any{}, Duration: askedDuration(c),
		Reason: c.FormValue("reason"), Ticket: c.FormValue("ticket")}
	values := map[string]string{"duration": ask.Duration, "reason": ask.Reason, "ticket": ask.Ticket}
	for _, p := range o.Params {
		field := "params." + p.Name
		text := c.FormValue(field)
		if p.Type == "bool" && text == "" {
			text = "false"
		}
		values[field] = text
		if text != "" {
			ask.Params[p.Name] = text
		}
	}
	return ask, values
}

// askedDuration is the length that was chosen, or typed; "1h 30m" is 1h30m.
func askedDuration(c echo.Context) string {
	chosen := c.FormValue("duration")
	if chosen != "other" {
		return chosen
	}
	if typed := spaceless(c.FormValue("durationOther")); typed != "" {
		return typed
	}
	return " " // not "", which is the contract's default and was not chosen
}

// spaceless reads "1h 30m" as people write it; what is no duration either way
// stays as it was typed.
func spaceless(typed string) string {
	joined := strings.Join(strings.Fields(typed), "")
	if _, err := access.ParseDuration("duration", joined); err != nil {
		return strings.TrimSpace(typed)
	}
	return joined
}

func (w *Web) decide(c echo.Context) error {
	signed, err := assertion(c)
	if err == nil {
		_, err = w.app.Decide(c.Request().Context(), auth.Actor(c), c.Param("id"), app.DecisionInput{Verdict: access.Verdict(c.FormValue("decision")),
			PlanDigest: c.FormValue("planDigest"), Comment: c.FormValue("comment"), Passkey: signed})
	}
	return w.done(c, err)
}

func (w *Web) extend(c echo.Context) error {
	_, err := w.app.Extend(c.Request().Context(), auth.Actor(c), c.Param("id"), spaceless(c.FormValue("for")), c.FormValue("reason"))
	return w.done(c, err)
}

type endFunc func(ctx context.Context, by access.Actor, id, reason string) (access.Request, error)

func (w *Web) stop(act endFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r, err := act(c.Request().Context(), auth.Actor(c), c.Param("id"), c.FormValue("reason"))
		if err == nil {
			w.movesOn(c, r)
		}
		return w.done(c, err)
	}
}

// movesOnWithin is how long a stop may take to show before its page is shown.
const movesOnWithin = 3 * time.Second

// movesOn waits until a request that was told to stop is seen to: the message
// is on its way, and a page that still said "active" would look like a failure
// to people without JavaScript. It is no more than a courtesy, so it gives up.
func (w *Web) movesOn(c echo.Context, was access.Request) {
	ctx, cancel := context.WithTimeout(c.Request().Context(), movesOnWithin)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for now := was; now.State == was.State && !now.State.Final(); {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		var err error
		if now, err = w.app.Request(ctx, auth.Person(c), was.ID); err != nil {
			return
		}
	}
}

// done goes back to the request's page: as it is now, or with why not and what
// was typed.
func (w *Web) done(c echo.Context, err error) error {
	if err == nil {
		return c.Redirect(http.StatusSeeOther, "/requests/"+c.Param("id"))
	}
	p := problem.From(err)
	r, e := w.app.Request(c.Request().Context(), auth.Person(c), c.Param("id"))
	if e != nil || p.Kind == access.CodeInternal {
		return err
	}
	typed := map[string]string{}
	for _, field := range []string{"comment", "reason", "for"} {
		typed[field] = c.FormValue(field)
	}
	return w.showRequest(c, p.Status, r, p.Detail, typed)
}
