package pages

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/server/app"
	"ramp.dev/ramp/server/auth"
	"ramp.dev/ramp/server/problem"
)

type askPage struct {
	Proposals  bool // contracts are proposed under it, by commands: nobody types digests
	Offer      contracts.Offer
	Login      access.Duration                 // how recent a login must be to request this, where the person's is older; else 0
	Choices    map[string]contracts.ChoicePage // by param, the first of what may be chosen
	NoPasskeys string                          // why nobody can approve this here; "" where they can
	Key        string                          // idempotency key: the form sent twice is one request
	Values     map[string]string               // as typed, so that nothing is lost over a mistake
	Issues     map[string]string               // by field
	Others     []string                        // issues of no field
}

func (p *Pages) ask(c echo.Context) (any, error) {
	o, err := p.app.Offer(c.Request().Context(), auth.Person(c), c.Param("contract"))
	if err != nil {
		return nil, err
	}
	return p.askContent(c, o, access.NewRequestID()), nil
}

func (p *Pages) askContent(c echo.Context, o contracts.Offer, key string) askPage {
	return askPage{Offer: o, Proposals: p.app.IsForProposals(o.Contract), Choices: p.firstChoices(c, o), Login: p.app.RequiredMaxAge(auth.Person(c), o.StepUp.Request), NoPasskeys: p.app.PasskeyProblem(o), Key: key,
		Values: map[string]string{}, Issues: map[string]string{}}
}

// firstChoices returns the first of what may be chosen for each param, for browsers that
// run no script.
func (p *Pages) firstChoices(c echo.Context, o contracts.Offer) map[string]contracts.ChoicePage {
	out := map[string]contracts.ChoicePage{}
	for _, one := range o.Params {
		if one.Choices == nil {
			continue
		}
		page, err := p.app.Choices(c.Request().Context(), auth.Person(c), app.ChoiceQuery{Contract: o.Contract, Param: one.Name, Limit: contracts.MaxChoicesPerPage})
		if err != nil {
			page.Unknown = problem.From(err).Detail
		}
		out[one.Name] = page
	}
	return out
}

func (p *Pages) submit(c echo.Context) error {
	ctx, person := c.Request().Context(), auth.Person(c)
	o, err := p.app.Offer(ctx, person, c.Param("contract"))
	if err != nil {
		return err
	}
	in, values := readAsk(c, o)
	r, _, err := p.app.Submit(ctx, auth.Actor(c), in, c.FormValue("key"))
	if err == nil {
		return c.Redirect(http.StatusSeeOther, requestPath(r.ID))
	}
	pr := problem.From(err)
	if pr.Status >= http.StatusInternalServerError && pr.Kind != access.CodeUnavailable {
		return err
	}
	content := p.askContent(c, o, c.FormValue("key"))
	content.Values = values
	for _, i := range pr.Issues {
		if _, shown := values[i.Field]; shown {
			content.Issues[i.Field] = i.Message
		} else {
			content.Others = append(content.Others, i.String())
		}
	}
	if len(pr.Issues) == 0 {
		content.Others = []string{pr.Detail}
	}
	return p.render(c, pr.Status, "ask", content)
}

// readAsk reads the form. Params stay text, which the contract reads by their
// declared types and refuses in its own words. A checkbox that is not ticked is
// not sent by the browser, and means false whatever the default is.
func readAsk(c echo.Context, o contracts.Offer) (in access.RequestInput, values map[string]string) {
	in = access.RequestInput{Contract: o.Contract, Params: map[string]any{}, Duration: askedDuration(c),
		Reason: c.FormValue("reason"), Ticket: c.FormValue("ticket"), BreakGlass: c.FormValue("breakGlass") == "true" && o.BreakGlass != nil}
	in.InNextWindow = c.FormValue("inNextWindow") == "true" && o.During != "" && !in.BreakGlass
	if in.BreakGlass && in.Duration == o.Duration.Default.String() {
		in.Duration = "" // preselected: break glass then gives the default up to its own maximum
	}
	values = map[string]string{"duration": in.Duration, "reason": in.Reason, "ticket": in.Ticket, "breakGlass": c.FormValue("breakGlass"),
		"inNextWindow": c.FormValue("inNextWindow")}
	for _, p := range o.Params {
		field := "params." + p.Name
		text := c.FormValue(field)
		if p.Type == "bool" && text == "" {
			text = "false"
		}
		values[field] = text
		if text != "" {
			in.Params[p.Name] = text
		}
	}
	return in, values
}

// askedDuration returns the duration that was chosen, or typed; "1h 30m" is 1h30m.
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

// spaceless returns "1h 30m", as people write it, without the space; what is no
// duration either way is returned as it was typed.
func spaceless(typed string) string {
	joined := strings.Join(strings.Fields(typed), "")
	if _, err := access.ParseDuration("duration", joined); err != nil {
		return strings.TrimSpace(typed)
	}
	return joined
}
