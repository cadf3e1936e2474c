// Package tickethook takes decisions that people make in the ticket that a request names,
// by a comment: the ticket system's webhook says who wrote what, signed with a secret that
// it shares with the servers. A comment counts for the person who has linked the system's
// user, by the rules of the page, and names the plan by its digest. The system is believed
// about who of its users wrote a comment; nobody acts there who has not linked theirs
// (docs/threats.md, case 111).
package tickethook

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/server/app"
	"ramp.dev/ramp/server/surface"
)

// kind is one kind of ticket system.
type kind struct {
	via    access.Via // also the service's name in links, and the end of its path
	name   string     // for people
	header string     // with the signature
	read   func(body []byte) (comment, bool, error)
	config System
}

// kinds returns the systems that are configured, with what they leave out.
func (c Config) kinds() (out []kind) {
	for _, k := range []kind{
		{access.ViaGitHub, "GitHub", "X-Hub-Signature-256", gitHubComment, c.GitHub},
		{access.ViaJira, "Jira", "X-Hub-Signature", jiraComment, c.Jira},
	} {
		if !k.config.On() {
			continue
		}
		if k.config.Site == "" && k.via == access.ViaGitHub {
			k.config.Site = "github.com"
		}
		if k.config.Source == "" {
			k.config.Source = string(k.via)
		}
		out = append(out, k)
	}
	return out
}

// Services are the systems as people link their users there. Others read a code that is in
// a comment, so each is for one user.
func (c Config) Services() (out []app.ExternalService) {
	for _, k := range c.kinds() {
		out = append(out, app.ExternalService{Service: string(k.via), Name: k.name, Command: word + " link", ByUser: true})
	}
	return out
}

// Hook takes decisions in tickets.
type Hook struct {
	config   Config
	app      *app.App
	acts     app.ExternalActs
	requests func(ctx context.Context, id string) (access.Request, error) // as they were signed
	log      logrus.FieldLogger
}

// New returns the endpoint of a configuration that is valid. requests returns a request as
// it was signed.
func New(c Config, a *app.App, acts app.ExternalActs, requests func(context.Context, string) (access.Request, error), log logrus.FieldLogger) *Hook {
	return &Hook{c, a, acts, requests, log}
}

// Path is where a kind of system sends.
func Path(v access.Via) string { return "/hooks/tickets/" + string(v) }

// maxBody is larger than the largest issue with a comment.
const maxBody = "2M"

// Surfaces returns the endpoint of each system. Who sends is known by the signature alone.
func (h *Hook) Surfaces() (out []surface.Surface) {
	for _, k := range h.config.kinds() {
		out = append(out, surface.Surface{Name: "tickets of " + k.name, Prefixes: []string{Path(k.via)}, Via: k.via, Rate: surface.PerStranger, BodyLimit: maxBody, Tokens: true,
			Routes: []surface.Route{surface.POST(Path(k.via), func(c echo.Context) error { return h.take(c, k) }).Open()}})
	}
	return out
}

const (
	// maxAge is how old a comment may be: neither system signs when it sends, so that what
	// was sent once could be sent again at any time.
	maxAge = 15 * time.Minute
	// maxAhead is how far the system's clock may be ahead of this server's.
	maxAhead = 5 * time.Minute
)

func (h *Hook) take(c echo.Context, k kind) error {
	ctx := c.Request().Context()
	body, err := io.ReadAll(c.Request().Body)
	if err != nil {
		return err
	}
	keys, err := secrets(ctx, k.config)
	if err != nil {
		h.log.WithError(err).Error("a comment on a ticket could not be verified")
		return err
	}
	u := ledger.ExternalUser{Service: string(k.via), Workspace: k.config.Site}
	if !signed(keys, body, c.Request().Header.Get(k.header)) {
		return h.app.RefuseExternal(ctx, u, "", access.ActDecide, access.Refuse(access.CodeUnauthenticated, "hook_signature", "the message is not signed with the secret of the webhook"))
	}
	surface.Proven(c)
	said, is, err := k.read(body)
	if err != nil {
		return access.InvalidField("message_malformed", "body", "%s", err)
	}
	if !is {
		return c.NoContent(http.StatusNoContent)
	}
	do, is, err := parse(said.Text)
	if err != nil || !is {
		if err == nil {
			err = c.NoContent(http.StatusNoContent)
		}
		return err
	}
	u.User = said.User
	if err := may(said, time.Now()); err != nil {
		return h.app.RefuseExternal(ctx, u, do.Request, do.act(), err)
	}
	message := app.ExternalMessage{ID: string(k.via) + " " + k.config.Site + " " + said.ID, What: "comment", User: u, Request: do.Request, Act: do.act()}
	if err := h.app.DoOnce(ctx, h.acts, message, h.log, func(ctx context.Context) error { return h.do(ctx, k, u, said, do) }); err != nil {
		return final(err)
	}
	return c.NoContent(http.StatusNoContent)
}

// final returns an error as the systems take it for final: Jira sends a message again to
// which the response was 409
// (https://developer.atlassian.com/cloud/jira/platform/webhooks/#retry-policy).
func final(err error) error {
	if access.CodeOf(err) == access.CodeConflict {
		return access.WithCode(err, access.CodeForbidden)
	}
	return err
}

// may refuses comments by which nobody may do anything, whatever they say.
func may(said comment, now time.Time) error {
	age := now.Sub(said.Written)
	switch {
	case said.ID == "" || said.User == "" || said.Ticket == "" || len(said.ID) > 100 || len(said.User) > 100:
		return access.InvalidField("message_malformed", "comment", "a comment has an id, an author and a ticket")
	case age > maxAge || age < -maxAhead:
		return access.Refuse(access.CodeTooLate, "hook_time", "the comment was written %s away from this server's time; %s are allowed: write it again", age.Abs().Round(time.Second), access.Duration(maxAge))
	case !said.Own:
		return access.Refuse(access.CodeForbidden, "not_human", "programs and customers do not act here, and nobody in the name of another")
	}
	return nil
}

func (h *Hook) do(ctx context.Context, k kind, u ledger.ExternalUser, said comment, do command) error {
	if do.Verdict == "" {
		_, err := h.app.LinkExternalUser(ctx, u, said.Name, app.LinkCodeDigest(do.Code))
		return err
	}
	by, err := h.app.ExternalActor(ctx, u)
	if err == nil && do.Verdict == access.Approve && !k.config.Approvals {
		err = access.Refuse(access.CodeForbidden, "tickets_deny_only", "comments on tickets of %s deny and do not approve here: approve on the request's page", k.name)
	}
	if err == nil {
		err = h.names(ctx, k, do.Request, said.Ticket)
	}
	if err != nil {
		return h.app.RefuseExternal(ctx, u, do.Request, do.act(), err)
	}
	_, err = h.app.Decide(ctx, by, do.Request, app.DecisionInput{Verdict: do.Verdict, PlanDigest: do.Digest, Comment: do.Comment})
	return err
}

// names refuses a decision on a request that does not name the ticket, as the system's
// source of facts said when the plan was signed: those who follow the ticket read what is
// decided there. Names of tickets differ in more than the case of their letters.
func (h *Hook) names(ctx context.Context, k kind, request, ticket string) error {
	r, err := h.requests(ctx, request)
	if err != nil && access.CodeOf(err) != access.CodeNotFound {
		return err
	}
	if err != nil || !strings.EqualFold(r.Plan.Ticket, ticket) || !slices.ContainsFunc(r.Plan.Facts, func(f access.Fact) bool {
		return f.Kind == access.FactTicket && f.State == access.FactKnown && f.Source == k.config.Source && f.Key == r.Plan.Ticket
	}) {
		return access.Refuse(access.CodeForbidden, "unknown_request", "there is no such request of this ticket")
	}
	return nil
}
