package api

import (
	"math"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/server/auth"
)

// eventSearch reads what a search through the log is narrowed by.
func eventSearch(c echo.Context) (f ledger.EventSearch, err error) {
	f = ledger.EventSearch{Actor: c.QueryParam("actor"), Kind: access.EventKind(c.QueryParam("kind")),
		Request: c.QueryParam("request"), Cursor: c.QueryParam("cursor")}
	if f.Since, err = timeParam(c, "since"); err != nil {
		return f, err
	}
	if f.Until, err = timeParam(c, "until"); err != nil {
		return f, err
	}
	f.Limit, err = limitParam(c, 1000)
	return f, err
}

// requestSearch reads what a search through requests is narrowed by.
func requestSearch(c echo.Context) (f ledger.RequestSearch, err error) {
	f = ledger.RequestSearch{Person: c.QueryParam("person"), Contract: c.QueryParam("contract"), Target: c.QueryParam("target"),
		Outcome: c.QueryParam("outcome"), Cursor: c.QueryParam("cursor")}
	if f.Since, err = timeParam(c, "since"); err != nil {
		return f, err
	}
	if f.Until, err = timeParam(c, "until"); err != nil {
		return f, err
	}
	f.Limit, err = limitParam(c, 200)
	return f, err
}

// audit searches all recorded events.
func (a *API) audit(c echo.Context) error {
	f, err := eventSearch(c)
	if err != nil {
		return err
	}
	items, next, err := a.app.Audit(c.Request().Context(), actor(c), f)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, page[ledger.Entry]{Items: items, NextCursor: next})
}

// auditRequests searches all requests.
func (a *API) auditRequests(c echo.Context) error {
	f, err := requestSearch(c)
	if err != nil {
		return err
	}
	items, next, err := a.app.AuditRequests(c.Request().Context(), actor(c), f)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, page[access.Request]{Items: items, NextCursor: next})
}

// proofs proves events to be in the signed log.
func (a *API) proofs(c echo.Context) error {
	var leaves []int64
	for _, text := range c.QueryParams()["leaf"] {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return access.InvalidField("leaf_malformed", "leaf", "%q is no place in the log; the first is 0", access.Clip(text, 40))
		}
		leaves = append(leaves, n)
	}
	out, err := a.app.Proofs(c.Request().Context(), actor(c), leaves)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

func (a *API) checkpoint(c echo.Context) error {
	signed, err := a.app.Checkpoint(c.Request().Context(), actor(c))
	if err != nil {
		return err
	}
	return c.String(http.StatusOK, signed)
}

// cosigned serves the newest checkpoint that witnesses have cosigned. It has a path of its
// own: the checkpoint has one signature and one text for each size.
func (a *API) cosigned(c echo.Context) error {
	signed, err := a.app.Cosigned(c.Request().Context(), actor(c))
	if err != nil {
		return err
	}
	return c.String(http.StatusOK, signed)
}

func (a *API) witnesses(c echo.Context) error {
	w, err := a.app.Witnesses(c.Request().Context(), actor(c))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, w)
}

func (a *API) tile(c echo.Context) error {
	b, err := a.app.Tile(c.Request().Context(), actor(c), c.Param("*"))
	if err != nil {
		return err
	}
	return c.Blob(http.StatusOK, echo.MIMEOctetStream, b)
}

// entries serves events by their places in the log, also where bodies were dropped.
func (a *API) entries(c echo.Context) error {
	at := map[string]int64{"from": 0, "to": evidence.TileWidth}
	for _, name := range []string{"from", "to"} {
		text := c.QueryParam(name)
		n, err := strconv.ParseInt(text, 10, 64)
		switch {
		case text == "" && name == "to":
			at["to"] += at["from"]
		case text == "":
		case err != nil || n > math.MaxInt32:
			return access.InvalidField("leaf_malformed", name, "%q is no place in the log; the first is 0", access.Clip(text, 40))
		default:
			at[name] = n
		}
	}
	items, err := a.app.LogEntries(c.Request().Context(), actor(c), at["from"], at["to"])
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, page[evidence.StoredLeaf]{Items: items})
}

// removal serves the signed statement of what was dropped that an event tells of.
func (a *API) removal(c echo.Context) error {
	n, err := strconv.ParseInt(c.Param("event"), 10, 64)
	if err != nil {
		return access.InvalidField("event_id_malformed", "event", "%q is no number of an event", access.Clip(c.Param("event"), 40))
	}
	b, err := a.app.Removal(c.Request().Context(), actor(c), n)
	if err != nil {
		return err
	}
	return c.JSONBlob(http.StatusOK, b)
}

func (a *API) evidence(c echo.Context) error {
	pack, err := a.app.Evidence(c.Request().Context(), auth.Person(c), c.Param("id"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, pack)
}
