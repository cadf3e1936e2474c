package pages

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/server/app"
	"ramp.dev/ramp/server/auth"
	"ramp.dev/ramp/server/problem"
)

type requestPage struct {
	access.Request
	Can        app.Permissions
	Passkey    *app.PasskeyChallenge // for approving; nil where none is required
	Login      access.Duration       // how recent a login must be to go on, where the person's is older; else 0
	Refused    string                // why the last act was not done
	Typed      map[string]string     // what was typed with it, by field
	Difference []string              // of the files that it proposes to those they replace, line by line
	TemporalUI string                // this request's workflow, for operators
}

func (p *Pages) request(c echo.Context) (any, error) {
	r, err := p.app.RequestWithTimeline(c.Request().Context(), auth.Person(c), c.Param("id"))
	if err != nil {
		return nil, err
	}
	return p.requestContent(c, r), nil
}

func (p *Pages) requestContent(c echo.Context, r access.Request) requestPage {
	person := auth.Person(c)
	out := requestPage{Request: r, Can: p.app.Permissions(c.Request().Context(), person, r)}
	switch {
	case out.Can.Decide:
		out.Passkey = p.app.PasskeyChallenge(person, r)
		out.Login = p.app.RequiredMaxAge(person, r.Plan.Rule.StepUp)
	case out.Can.DecideExtension:
		out.Passkey = p.app.ExtensionChallenge(person, r)
		out.Login = p.app.RequiredMaxAge(person, r.Plan.Extend.Rule.StepUp)
	case out.Can.PickUp:
		out.Login = p.app.RequiredMaxAge(person, r.Plan.StepUp)
	}
	if r.Plan.Change != nil {
		// Without it the page says so; the words of the plan and denying remain.
		out.Difference, _ = p.app.ContractDifference(c.Request().Context(), person, r.ID)
	}
	if out.Can.Operate {
		out.TemporalUI = p.temporalUI.workflow(r.ID)
	}
	return out
}

func requestPath(id string) string { return "/requests/" + id }

func (p *Pages) decide(c echo.Context) error {
	signed, err := assertion(c)
	var less app.DecisionInput
	if err == nil {
		less, err = narrowing(c)
	}
	if err == nil {
		form, _ := c.FormParams() // what cannot be read confirms nothing
		_, err = p.app.Decide(c.Request().Context(), auth.Actor(c), c.Param("id"), app.DecisionInput{Verdict: access.Verdict(c.FormValue("decision")),
			PlanDigest: c.FormValue("planDigest"), Comment: c.FormValue("comment"), Confirmed: form["confirmed"], UpTo: less.UpTo, StartAt: less.StartAt, Passkey: signed})
	}
	return p.done(c, err)
}

func (p *Pages) review(c echo.Context) error {
	_, err := p.app.Review(c.Request().Context(), auth.Actor(c), c.Param("id"), app.ReviewInput{
		PlanDigest: c.FormValue("planDigest"), Justified: c.FormValue("justified") == "true", Comment: c.FormValue("review")})
	return p.done(c, err)
}

// narrowing reads the shorter length and the later start of an approval.
func narrowing(c echo.Context) (in app.DecisionInput, err error) {
	if access.Verdict(c.FormValue("decision")) != access.Approve {
		return in, nil // what was typed for an approval is not meant
	}
	if in.UpTo, err = app.ParseUpTo(spaceless(c.FormValue("upTo"))); err != nil {
		return in, err
	}
	if text := c.FormValue("startAt"); text != "" {
		at, err := parseStart(text)
		in.StartAt = &at
		return in, err
	}
	return in, nil
}

// parseStart reads a time as a browser's field sends it, which the page says is UTC.
func parseStart(text string) (time.Time, error) {
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, access.InvalidField("time_malformed", "startAt", "a time is written like 2026-01-31T14:00, in UTC")
}

func (p *Pages) extend(c echo.Context) error {
	var from *time.Time
	if text := c.FormValue("from"); text != "" {
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return p.done(c, access.InvalidField("time_malformed", "from", "the end of access is not readable; load the page again"))
		}
		from = &at
	}
	_, err := p.app.Extend(c.Request().Context(), auth.Actor(c), c.Param("id"), spaceless(c.FormValue("for")), c.FormValue("reason"), from)
	return p.done(c, err)
}

type endFunc func(ctx context.Context, by access.Actor, id, reason string) (access.Request, error)

// end serves the forms that end a request: they differ in who may and when.
func (p *Pages) end(act endFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r, err := act(c.Request().Context(), auth.Actor(c), c.Param("id"), c.FormValue("reason"))
		if err == nil {
			p.awaitChange(c, r)
		}
		return p.done(c, err)
	}
}

// maxWait is how long the end of a request may take to show before its page is
// shown.
const maxWait = 3 * time.Second

// awaitChange waits until a request that was told to end has changed: a page that
// still said "active" would look like a failure to people without JavaScript. It
// is no more than a courtesy, so it gives up.
func (p *Pages) awaitChange(c echo.Context, was access.Request) {
	ctx, cancel := context.WithTimeout(c.Request().Context(), maxWait)
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
		if now, err = p.app.Request(ctx, auth.Person(c), was.ID); err != nil {
			return
		}
	}
}

// done goes back to the request's page: as it is now, or with why the act was
// refused and what was typed.
func (p *Pages) done(c echo.Context, err error) error {
	if err == nil {
		return c.Redirect(http.StatusSeeOther, requestPath(c.Param("id")))
	}
	pr := problem.From(err)
	r, e := p.app.RequestWithTimeline(c.Request().Context(), auth.Person(c), c.Param("id"))
	if e != nil || pr.Kind == access.CodeInternal {
		return err
	}
	content := p.requestContent(c, r)
	content.Refused, content.Typed = pr.Detail, map[string]string{}
	for _, field := range []string{"comment", "reason", "review", "for", "upTo", "startAt"} {
		content.Typed[field] = c.FormValue(field)
	}
	return p.renderAs(c, pr.Status, "request", content, requestPath(r.ID))
}
