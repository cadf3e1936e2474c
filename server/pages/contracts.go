package pages

import (
	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/server/auth"
)

// contractsPage is which contracts are in force and, for operators and auditors, whether
// their targets can be used.
type contractsPage struct {
	contracts.Status
	States []access.TargetState
}

// contracts shows operators and auditors which contracts are in force.
func (p *Pages) contracts(c echo.Context) (any, error) {
	ctx, by := c.Request().Context(), auth.Actor(c)
	status, err := p.app.ContractsStatus(ctx, by)
	if err != nil {
		return nil, err
	}
	content := contractsPage{Status: status}
	if p.app.SeesAll(by.Person) || p.app.ReadsLog(by.Person) {
		content.States, err = p.app.Targets(ctx, by)
	}
	return content, err
}
