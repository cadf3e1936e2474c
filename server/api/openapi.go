package api

import (
	_ "embed"
	"net/http"
	"sync"

	"github.com/goccy/go-yaml"
	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/contracts"
)

//go:embed openapi.yaml
var openAPISource []byte

var openAPIJSON = sync.OnceValues(func() ([]byte, error) { return yaml.YAMLToJSON(openAPISource) })

// contractSchema is at an address that stays, for editors: it is the language that this
// server reads.
func (a *API) contractSchema(c echo.Context) error {
	return c.Blob(http.StatusOK, "application/schema+json", contracts.Schema())
}

func (a *API) openAPI(c echo.Context) error {
	b, err := openAPIJSON()
	if err != nil {
		return err
	}
	return c.Blob(http.StatusOK, "application/json", b)
}
