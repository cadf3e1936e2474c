package api

import (
	"github.com/labstack/echo/v4"
	"go.temporal.io/sdk/converter"
)

// decode is the codec endpoint that the Temporal UI calls, with Temporal's own
// framing: payloads as JSON, and text for what cannot be opened.
func (a *API) decode(c echo.Context) error {
	open, err := a.app.Decoder(c.Request().Context(), actor(c))
	if err != nil {
		return err
	}
	converter.NewPayloadCodecHTTPHandler(open).ServeHTTP(c.Response(), c.Request())
	return nil
}
