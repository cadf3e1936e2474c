package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/server/app"
	"ramp.dev/ramp/server/auth"
	"ramp.dev/ramp/server/surface"
)

// contractSet is a set of contracts: its files by name, or the commit that holds them,
// where contracts come from a repository.
type contractSet struct {
	Files  access.ContractFiles `json:"files"`
	Commit string               `json:"commit"`
}

// filesInForce are the files of the contracts in force.
type filesInForce struct {
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
	upload := func() (app.UploadedContracts, error) {
		return a.app.UploadContracts(c.Request().Context(), actor(c), set.Files)
	}
	switch {
	case set.Commit != "" && set.Files != nil:
		return access.InvalidField("files_and_commit", "commit", "propose the files, or the commit that holds them")
	case set.Commit != "":
		upload = func() (app.UploadedContracts, error) {
			return a.app.UploadCommit(c.Request().Context(), actor(c), set.Commit)
		}
	}
	kept, err := upload()
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, kept)
}

func (a *API) contractsInForce(c echo.Context) error {
	files, err := a.app.ContractsInForce(c.Request().Context(), actor(c))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, filesInForce{files})
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
