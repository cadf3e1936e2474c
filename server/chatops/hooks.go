package chatops

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/chat"
	"ramp.dev/ramp/chat/slack"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/server/app"
	"ramp.dev/ramp/server/surface"
)

// Path is where Slack delivers.
const Path = "/hooks/slack"

// maxDelivery is larger than the largest message with its form.
const maxDelivery = "1M"

// Surface returns the address to which the service delivers. Who sends there is known by
// a signature over each body, so there are neither cookies nor tokens.
func (r *Room) Surface() surface.Surface {
	return surface.Surface{Name: "chat", Prefixes: []string{Path}, Via: access.ViaSlack, Rate: surface.Unlimited, BodyLimit: maxDelivery, Tokens: true,
		Routes: []surface.Route{surface.POST(Path, r.deliver).Open()}}
}

// deliver takes one delivery. It responds as soon as what somebody did is in the ledger,
// and does nothing slow before: the service waits three seconds, and shows people an
// error after that.
func (r *Room) deliver(c echo.Context) error {
	ctx := c.Request().Context()
	body, err := io.ReadAll(c.Request().Body)
	if err != nil {
		return err
	}
	if err := r.Slack.Verify(ctx, c.Request().Header, body, r.Now()); err != nil {
		return r.App.RefuseChat(ctx, ledger.ChatUser{Service: Service}, "", access.ActChat, err)
	}
	d, err := slack.Read(c.Request().Header.Get("Content-Type"), body)
	if err != nil {
		return err
	}
	if d.Challenge != "" {
		return c.String(http.StatusOK, d.Challenge)
	}
	if err := r.belongs(d); err != nil {
		return r.App.RefuseChat(ctx, user(d), "", access.ActChat, err)
	}
	switch {
	case d.Kind == chat.KindOther:
	case asksForForm(d):
		r.open(ctx, d)
	default:
		err = r.keep(ctx, d)
	}
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusOK)
}

// belongs refuses other apps, and users of other workspaces, who see a channel that is
// shared with theirs.
func (r *Room) belongs(d chat.Delivery) error {
	switch {
	case d.App != r.Slack.App:
		return access.Refuse(access.CodeForbidden, "chat_app", "the delivery is of another app")
	case d.Workspace != r.Slack.Workspace || d.HomeWorkspace != "" && d.HomeWorkspace != r.Slack.Workspace:
		return access.Refuse(access.CodeForbidden, "chat_workspace", "only users of the workspace that is configured act here")
	}
	return nil
}

func user(d chat.Delivery) ledger.ChatUser {
	return ledger.ChatUser{Service: Service, Workspace: d.Workspace, User: d.User}
}

// keep writes down what somebody did. The same delivery twice is a replay: Slack sends
// an interaction once.
func (r *Room) keep(ctx context.Context, d chat.Delivery) error {
	a, err := r.seal(ctx, d)
	if err != nil {
		return err
	}
	added, err := r.Ledger.AddChatAct(ctx, a)
	if err != nil {
		return err
	}
	if !added {
		return r.App.RefuseChat(ctx, user(d), "", access.ActChat, access.Refuse(access.CodeConflict, "chat_replay", "this was delivered already"))
	}
	wake(r.newActs)
	return nil
}

// act is what is kept of a delivery until it is done: nothing with which anybody could
// write to the service.
type act struct {
	Delivery   kept  `json:"delivery"`
	ReceivedAt int64 `json:"receivedAt"` // in microseconds since 1970
}

// kept are the fields of a delivery that outlast its response.
type kept struct {
	ID        string            `json:"id"`
	Workspace string            `json:"workspace"`
	User      string            `json:"user"`
	UserName  string            `json:"userName"`
	Kind      chat.Kind         `json:"kind"`
	Name      string            `json:"name"`
	Value     string            `json:"value"`
	Fields    map[string]string `json:"fields,omitempty"`
	Place     string            `json:"place"`
	Message   string            `json:"message"`
}

// seal makes the row of a delivery. Whoever writes to the ledger's database decides
// nothing by that: the row counts with the seal of a server only, which is made with
// the app's signing secret (docs/threats.md, case 7). Nor do they learn the code by which
// somebody links, which they could have a user of their own type first.
func (r *Room) seal(ctx context.Context, d chat.Delivery) (ledger.ChatAct, error) {
	now := r.Now().UTC()
	value := d.Value
	if code, links := strings.CutPrefix(value, actLink+" "); links && d.Kind == chat.KindCommand {
		value = actLink + " " + app.ChatCodeDigest(code)
	}
	b, err := json.Marshal(act{kept{d.ID, d.Workspace, d.User, d.UserName, d.Kind, d.Name, value, d.Fields, d.At.Place, d.At.ID}, now.UnixMicro()})
	if err != nil {
		return ledger.ChatAct{}, err
	}
	mark, err := r.Slack.Seal(ctx, b)
	return ledger.ChatAct{ID: Service + " " + d.ID, Service: Service, Body: mark + " " + string(b), ReceivedAt: now}, err
}

// unseal returns what a server sealed; ok is false for anything else.
func (r *Room) unseal(ctx context.Context, row ledger.ChatAct) (a act, ok bool, err error) {
	mark, text, _ := strings.Cut(row.Body, " ")
	want, err := r.Slack.Seal(ctx, []byte(text))
	if err != nil {
		return a, false, err
	}
	if !slack.SameSeal(mark, want) || readAct(text, &a) != nil {
		return a, false, nil
	}
	return a, Service+" "+a.Delivery.ID == row.ID, nil
}
