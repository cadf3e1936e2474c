// Package codecserver is the codec endpoint that the Temporal UI calls to show
// payloads in clear (Temporal's remote codec protocol): operators only, from the
// UI's own pages only, each reading recorded, nothing ever encrypted.
package codecserver

import (
	"context"

	"github.com/labstack/echo/v4"
	"go.temporal.io/sdk/converter"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/server/auth"
	"ramp.dev/ramp/server/surface"
)

// Prefix is the endpoint's address; the UI adds /decode to it.
const Prefix = "/api/v1/codec"

// maxPayloads bounds one call: Temporal takes payloads of 2 MB, and base64
// adds a third.
const maxPayloads = "4M"

// Decoders give an operator a codec for one reading.
type Decoders interface {
	Decoder(ctx context.Context, by access.Actor) (converter.PayloadCodec, error)
}

// Surface returns the endpoint. temporalUI is the address of the Temporal UI: its
// pages may send with an operator's cookie, since what is sent here changes
// nothing; "" is no UI.
func Surface(d Decoders, a *auth.Auth, temporalUI string) surface.Surface {
	decode := func(c echo.Context) error {
		codec, err := d.Decoder(c.Request().Context(), auth.Actor(c))
		if err != nil {
			return err
		}
		converter.NewPayloadCodecHTTPHandler(codec).ServeHTTP(c.Response(), c.Request())
		return nil
	}
	return surface.Surface{
		Name: "codec endpoint", Prefixes: []string{Prefix}, Via: access.ViaTemporal, BodyLimit: maxPayloads, Origins: surface.Origins(temporalUI),
		Authenticate: a.Identify, Require: auth.Require,
		Routes: []surface.Route{surface.POST(Prefix+"/decode", decode)},
	}
}
