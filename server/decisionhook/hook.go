// Package decisionhook takes decisions from another program, such as a ticket system whose
// approvals people use: each message is signed by the scheme of Standard Webhooks
// (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md),
// names the plan by its digest, and counts for the person who has linked the program's
// user, by the same rules as on the page. The program is believed about who of its users
// acted; it decides for nobody who has not linked theirs.
package decisionhook

import (
	"context"
	"io"
	"net/http"
	"regexp"

	"github.com/labstack/echo/v4"
	"github.com/sirupsen/logrus"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/internal/strictjson"
	"ramp.dev/ramp/internal/webhooksecret"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/server/app"
	"ramp.dev/ramp/server/surface"
)

// Path is where the program sends.
const Path = "/hooks/decisions"

// Service is what links, and acts that come this way, are recorded with.
const Service = string(access.ViaDecisions)

// Config is the program that may send decisions.
type Config struct {
	// Name is the program's, such as ServiceNow, for people, and part of the key of each
	// link: the same id may be another user's in another program. With another name
	// nobody is linked any more.
	Name    string         `yaml:"name,omitempty"`
	Secrets []field.Secret `yaml:"secrets,omitempty"` // whsec_ and 24 to 64 bytes in base64; any of them signs
}

// On reports whether a program is configured.
func (c Config) On() bool { return c.Name != "" || len(c.Secrets) > 0 }

// Ping reads the secrets.
func (c Config) Ping(ctx context.Context) error {
	for _, ref := range c.Secrets {
		if _, err := webhooksecret.Read(ctx, ref); err != nil {
			return err
		}
	}
	return nil
}

var nameForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9 -]{0,39}$`)

// Validate returns everything that is wrong, reaching for nothing.
func (c Config) Validate() (issues access.Issues) {
	if c.On() {
		issues.Require(nameForm.MatchString(c.Name), "decisions_name", "server.decisions.name", "the program's name is needed, as people know it: letters, digits, spaces and dashes, 40 at most")
		issues.Require(len(c.Secrets) > 0, "secret_missing", "server.decisions.secrets", "a secret is needed with which the program signs; make one with: echo whsec_$(openssl rand -base64 32)")
	}
	return issues
}

// Hook takes decisions.
type Hook struct {
	config   Config
	app      *app.App
	messages app.ExternalActs
	log      logrus.FieldLogger
}

// New returns the endpoint of a configuration that is valid.
func New(c Config, a *app.App, m app.ExternalActs, log logrus.FieldLogger) *Hook {
	return &Hook{c, a, m, log}
}

// Surface returns the endpoint. Who sends is known by the signature alone.
func (h *Hook) Surface() surface.Surface {
	return surface.Surface{Name: "decisions", Prefixes: []string{Path}, Via: access.ViaDecisions, Rate: surface.PerAddress, Tokens: true,
		Routes: []surface.Route{surface.POST(Path, h.take).Open()}}
}

// message is what the program says: that a user decided, or typed the code that links
// them.
type message struct {
	Type       string         `json:"type"` // decision or link
	User       string         `json:"user"` // the program's id of its user, which nobody chooses
	Name       string         `json:"name"` // of the user, for people; with link
	Code       string         `json:"code"` // with link
	Request    string         `json:"request"`
	PlanDigest string         `json:"planDigest"`
	Decision   access.Verdict `json:"decision"`
	Comment    string         `json:"comment"`
}

func (h *Hook) take(c echo.Context) error {
	ctx := c.Request().Context()
	body, err := io.ReadAll(c.Request().Body)
	if err != nil {
		return err
	}
	id := c.Request().Header.Get(standardwebhooks.HeaderWebhookID)
	if err := h.verify(ctx, c.Request().Header, body); err != nil {
		return h.app.RefuseExternal(ctx, ledger.ExternalUser{Service: Service, Workspace: h.config.Name}, "", access.ActDecide, err)
	}
	var m message
	if err := strictjson.Unmarshal(body, &m); err != nil {
		return access.Invalid(access.Issue{Code: "message_malformed", Field: "body", Message: err.Error()})
	}
	if m.User == "" || len(m.User) > 100 || m.Type != "decision" && m.Type != "link" {
		return access.Invalid(access.Issue{Code: "message_malformed", Field: "type", Message: `a message is of type "decision" or "link", and names the program's user`})
	}
	u := ledger.ExternalUser{Service: Service, Workspace: h.config.Name, User: m.User}
	var reply result
	err = h.app.DoOnce(ctx, h.messages, app.ExternalMessage{ID: Service + " " + id, What: "message", User: u, Request: m.Request, Act: access.ActDecide}, h.log,
		func(ctx context.Context) (err error) { reply, err = h.do(ctx, u, m); return err })
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, reply)
}

// result is what the program learns.
type result struct {
	Request string       `json:"request,omitempty"`
	State   access.State `json:"state,omitempty"`
	Linked  bool         `json:"linked,omitempty"`
}

func (h *Hook) do(ctx context.Context, u ledger.ExternalUser, m message) (result, error) {
	if m.Type == "link" {
		_, err := h.app.LinkExternalUser(ctx, u, m.Name, app.LinkCodeDigest(m.Code))
		return result{Linked: err == nil}, err
	}
	by, err := h.app.ExternalActor(ctx, u)
	if err != nil {
		return result{}, h.app.RefuseExternal(ctx, u, m.Request, access.ActDecide, err)
	}
	r, err := h.app.Decide(ctx, by, m.Request, app.DecisionInput{Verdict: m.Decision, PlanDigest: m.PlanDigest, Comment: m.Comment})
	return result{Request: r.ID, State: r.State}, err
}

// verify holds a message against its signature and its time, five minutes at the most
// from this server's.
func (h *Hook) verify(ctx context.Context, header http.Header, body []byte) error {
	if id := header.Get(standardwebhooks.HeaderWebhookID); id == "" || len(id) > 100 {
		return access.Refuse(access.CodeUnauthenticated, "hook_signature", "a message has a webhook-id of 100 characters at most")
	}
	for _, ref := range h.config.Secrets {
		w, err := webhooksecret.Read(ctx, ref)
		if err != nil {
			h.log.WithError(err).Error("a secret of server.decisions cannot be used")
			return access.Errorf(access.CodeUnavailable, "a secret of server.decisions cannot be used")
		}
		if w.Verify(body, header) == nil {
			return nil
		}
	}
	return access.Refuse(access.CodeUnauthenticated, "hook_signature", "the message is not signed with a secret that is known here, or is more than five minutes old or early")
}
