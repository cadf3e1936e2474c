package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/server/auth"
	"ramp.dev/ramp/server/surface"
)

// contractSet is a set of contracts, by the names of its files.
type contractSet struct {
	Files access.ContractFiles `json:"files"`
}

// proposedSet is what a request proposes, beside what that would replace.
type proposedSet struct {
	Files    access.ContractFiles `json:"files"`
	Replaced access.ContractFiles `json:"replaced"`
}

// ContractSets returns the call that takes a set of contracts to be proposed. It is a
// surface of its own, since a set is larger than everything else that people send.
func (a *API) ContractSets() surface.Surface {
	s := a.Surface()
	s.Name, s.Prefixes, s.BodyLimit = "contract sets", []string{"/api/v1/contract-sets"}, "2M"
	s.Routes = []surface.Route{surface.POST("/api/v1/contract-sets", a.uploadContracts)}
	return s
}

func (a *API) uploadContracts(c echo.Context) error {
	var set contractSet
	if err := read(c, &set, false); err != nil {
		return err
	}
	kept, err := a.app.UploadContracts(c.Request().Context(), actor(c), set.Files)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, kept)
}

func (a *API) proposedContracts(c echo.Context) error {
	files, err := a.app.ProposedContracts(c.Request().Context(), auth.Person(c), c.Param("id"))
	if err != nil {
		return err
	}
	replaced, err := a.app.ReplacedContracts(c.Request().Context(), auth.Person(c), c.Param("id"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, proposedSet{Files: files, Replaced: replaced})
}
