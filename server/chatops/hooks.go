package chatops

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/chat"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/server/app"
	"ramp.dev/ramp/server/surface"
)

// Path is where the service sends what people do.
func (w *Workspace) Path() string { return "/hooks/" + w.Service.Name() }

// maxBody is larger than the largest message with its form.
const maxBody = "1M"

// Surface returns the address to which a service sends that does not Listen. Who sends there is known by
// a signature over each body, so there are neither cookies nor tokens.
func (w *Workspace) Surface() surface.Surface {
	return surface.Surface{Name: "chat", Prefixes: []string{w.Path()}, Via: access.Via(w.Service.Name()), Rate: surface.PerStranger, BodyLimit: maxBody, Tokens: true,
		Routes: []surface.Route{surface.POST(w.Path(), w.receive).Open()}}
}

// receive takes one request of the service. It responds as soon as what somebody did is
// in the ledger, and does nothing slow before: the service waits three seconds, and shows
// people an error after that.
func (w *Workspace) receive(c echo.Context) error {
	ctx := c.Request().Context()
	body, err := io.ReadAll(c.Request().Body)
	if err != nil {
		return err
	}
	i, err := w.Service.Receive(ctx, c.Request().Header, body, w.Now())
	if err != nil {
		return w.App.RefuseExternal(ctx, ledger.ExternalUser{Service: w.Service.Name()}, "", access.ActExternal, err)
	}
	surface.Proven(c)
	if i.Challenge != "" {
		return c.String(http.StatusOK, i.Challenge)
	}
	if err := w.Take(ctx, i); err != nil {
		return err
	}
	return c.NoContent(http.StatusOK)
}

// Take takes what a user did, which the service has vouched for. Once it returns without
// an error the service may be told that it arrived. Errors are CodeForbidden for another
// app or workspace and CodeConflict for what was taken before, both recorded, and the
// ledger's.
func (w *Workspace) Take(ctx context.Context, i chat.Interaction) error {
	if err := w.Service.Belongs(i); err != nil {
		return w.App.RefuseExternal(ctx, w.user(i), "", access.ActExternal, err)
	}
	switch {
	case i.Kind == chat.KindOther:
		return nil
	case asksForForm(i):
		w.open(ctx, i)
		return nil
	}
	return w.keep(ctx, i)
}

// listenAgain is how long after a connection could not be had it is tried again, such as
// with a token that does not count.
const listenAgain = 30 * time.Second

// listen takes what people do over the service's own connection, until ctx ends. Each
// server has one; the service gives an interaction to one of them.
func (w *Workspace) listen(ctx context.Context) {
	for ctx.Err() == nil {
		err := w.Service.Listen(ctx, w.takeOnce, func(connected bool) {
			if w.connected.Swap(connected) != connected {
				w.Log.WithField("connected", connected).Info("the connection over which the chat service says what people do has changed")
			}
		})
		if err != nil {
			w.Log.WithError(err).Error("the chat service cannot say what people do; it is tried again")
			wait(ctx, nil, listenAgain)
		}
	}
}

// takeOnce is Take without what is refused, which the service need not send again.
func (w *Workspace) takeOnce(ctx context.Context, i chat.Interaction) error {
	err := w.Take(ctx, i)
	if err == nil || !app.MayRepeat(err) {
		return nil
	}
	w.Log.WithError(err).Warn("what somebody did in chat could not be written down, and is not acknowledged")
	return err
}

// Connected reports whether what people do arrives: always, where the service sends
// requests.
func (w *Workspace) Connected() bool { return !w.Service.Listens() || w.connected.Load() }

func (w *Workspace) user(i chat.Interaction) ledger.ExternalUser {
	return ledger.ExternalUser{Service: w.Service.Name(), Workspace: i.Workspace, User: i.User}
}

// keep writes down what somebody did. The same interaction twice is a replay: a service
// sends it once.
func (w *Workspace) keep(ctx context.Context, d chat.Interaction) error {
	a, err := w.seal(ctx, d)
	if err != nil {
		return err
	}
	added, err := w.Ledger.AddExternalAct(ctx, a)
	if err != nil {
		return err
	}
	if !added {
		return w.App.RefuseExternal(ctx, w.user(d), "", access.ActExternal, access.Refuse(access.CodeConflict, "chat_replay", "this was delivered already"))
	}
	wake(w.newActs)
	return nil
}

// act is what is kept of an interaction until it is done: nothing with which anybody could
// write to the service.
type act struct {
	Interaction kept  `json:"interaction"`
	ReceivedAt  int64 `json:"receivedAt"` // in microseconds since 1970
}

// kept are the fields of an interaction that outlast its response.
type kept struct {
	ID           string            `json:"id"`
	Workspace    string            `json:"workspace"`
	User         string            `json:"user"`
	UserName     string            `json:"userName"`
	Kind         chat.Kind         `json:"kind"`
	Name         string            `json:"name"`
	Value        string            `json:"value"`
	Fields       map[string]string `json:"fields,omitempty"`
	Conversation string            `json:"conversation"`
	Message      string            `json:"message"`
}

// seal makes the row of an interaction. Whoever writes to the ledger's database decides
// nothing by that: the row counts with the seal of a server only, which is made with
// a secret that the service and the servers share (docs/threats.md, case 7). Nor do they learn the code by which
// somebody links, which they could have a user of their own type first.
func (w *Workspace) seal(ctx context.Context, d chat.Interaction) (ledger.ExternalAct, error) {
	now := w.Now().UTC()
	value := d.Value
	if code, links := strings.CutPrefix(value, actLink+" "); links && d.Kind == chat.KindCommand {
		value = actLink + " " + app.LinkCodeDigest(code)
	}
	b, err := json.Marshal(act{kept{d.ID, d.Workspace, d.User, d.UserName, d.Kind, d.Name, value, d.Fields, d.At.Conversation, d.At.ID}, now.UnixMicro()})
	if err != nil {
		return ledger.ExternalAct{}, err
	}
	mark, err := w.Service.Seal(ctx, b)
	return ledger.ExternalAct{ID: w.Service.Name() + " " + d.ID, Service: w.Service.Name(), Body: mark + " " + string(b), ReceivedAt: now}, err
}

// unseal returns what a server sealed; ok is false for anything else.
func (w *Workspace) unseal(ctx context.Context, row ledger.ExternalAct) (a act, ok bool, err error) {
	mark, text, _ := strings.Cut(row.Body, " ")
	want, err := w.Service.Seal(ctx, []byte(text))
	if err != nil {
		return a, false, err
	}
	if !chat.SameSeal(mark, want) || readAct(text, &a) != nil {
		return a, false, nil
	}
	return a, w.Service.Name()+" "+a.Interaction.ID == row.ID, nil
}
