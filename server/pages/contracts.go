package pages

import (
	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/server/auth"
)

// contracts shows operators and auditors which contracts are in force.
func (p *Pages) contracts(c echo.Context) (any, error) {
	return p.app.ContractsStatus(c.Request().Context(), auth.Actor(c))
}
